// What is wider than its box scrolls inside it: a reader without a mouse reaches it by the Tab key. The theme provides
// for code, but looks once after the window has changed, which on a busy machine is before its own transitions end.
(() => {
  "use strict";
  const BOXES = [
    ".bd-content pre",
    '.bd-content mjx-container[display="true"]',
    ".bd-content .cell_output .output.text_html",
    ".bd-content .pst-scrollable-table-container",
    ".bd-content .cell_output figure",
    ".bd-content .replication-picture",
  ].join();
  const mark = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };

  // On a phone the words of a wide plot that shrinks to the column can't be read: it keeps this share of its size, as
  // plots of usual width do in the column.
  const READABLE = 0.49;
  const phone = window.matchMedia("(max-width: 576px)");
  const fit = (plot) => {
    const width = phone.matches ? Math.round(READABLE * plot.naturalWidth) : 0;
    Object.assign(plot.style, width ? {maxWidth: "none", width: `max(100%, ${width}px)`} : {maxWidth: "", width: ""});
  };
  for (const plot of document.querySelectorAll(".bd-content .cell_output figure img")) {
    if (plot.complete) fit(plot);
    plot.addEventListener("load", () => fit(plot));
    phone.addEventListener("change", () => fit(plot));
  }

  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const watch = new ResizeObserver((entries) => entries.forEach(({target}) => mark(target)));
    for (const box of document.querySelectorAll(BOXES)) watch.observe(box);
  });
})();
