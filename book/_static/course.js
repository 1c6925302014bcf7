// What is wider than its box scrolls inside it: a reader without a mouse reaches it by the Tab key, as the theme
// already provides for code.
(() => {
  "use strict";
  const BOXES = [
    '.bd-content mjx-container[display="true"]',
    ".bd-content .cell_output .output.text_html",
    ".bd-content .pst-scrollable-table-container",
  ].join();
  const mark = (box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const watch = new ResizeObserver((entries) => entries.forEach(({target}) => mark(target)));
    for (const box of document.querySelectorAll(BOXES)) watch.observe(box);
  });
})();
