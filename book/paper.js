// Makes one document for print of many pages. Each function runs in a page by itself, called from paper.py.
({
  // Of one page: what to print of it, its links led to the other pages' places in the book.
  taken({name, names}) {
    const article = document.querySelector("article");
    if (!article) return null;
    article.querySelectorAll(".headerlink, .copybtn, .toggle-button, .d-print-none, button").forEach((e) => e.remove());
    for (const script of article.querySelectorAll("script")) script.remove();
    // What only a script can show stands still on paper.
    for (const still of article.querySelectorAll("noscript")) {
      const box = document.createElement("div");
      box.innerHTML = still.textContent;
      still.replaceWith(box);
    }
    for (const folded of article.querySelectorAll(".toggle-hidden")) folded.classList.remove("toggle-hidden");
    for (const details of article.querySelectorAll("details")) details.open = true;
    for (const image of article.querySelectorAll("img")) {
      image.src = image.src;  // absolute from here on
      image.removeAttribute("loading");
    }
    for (const link of article.querySelectorAll("a[href]")) {
      const [address, place] = link.href.split("#");
      if (address in names) {
        Object.assign(link.dataset, {page: names[address], place: decodeURIComponent(place ?? "")});
      } else if (link.protocol === "file:") {
        link.replaceWith(...link.childNodes);  // a file beside the pages, which paper lacks
      }
    }
    const section = document.createElement("section");
    section.className = "paper-page";
    section.dataset.name = name;
    section.append(article);
    return {html: section.outerHTML, title: article.querySelector("h1").innerText.trim()};
  },

  // In the first page: the front, the contents and all that was taken, instead of what was there.
  assembled({title, author, footer, parts, pages}) {
    const made = (tag, className, ...children) => {
      const element = document.createElement(tag);
      element.className = className;
      element.append(...children);
      return element;
    };
    const front = made("header", "paper-front", made("p", "paper-title", title), made("p", "", author));
    front.append(made("p", "", footer));
    const logo = document.querySelector(".logo__image");
    if (logo) {
      logo.className = "";
      logo.alt = "";  // the title follows
      front.prepend(logo);
    }
    const contents = made("nav", "paper-contents", made("h1", "", "Contents"));
    for (const {caption, names} of parts) {
      if (caption) contents.append(made("p", "paper-part", caption));
      for (const {name, depth} of names) {
        const link = made("a", "", made("span", "", pages[name].title), made("span", "paper-number", "000"));
        link.dataset.page = name;
        link.dataset.place = "";
        contents.append(made("p", `paper-entry depth-${depth}`, link));
      }
    }
    const body = made("div", "bd-content paper");
    body.innerHTML = Object.values(pages).map(({html}) => html).join("\n");
    body.prepend(front, contents);
    document.body.replaceChildren(body);
    document.documentElement.dataset.theme = "light";
    document.title = title;

    const missing = [];
    for (const link of document.querySelectorAll("a[data-page]")) {
      const {page, place} = link.dataset;
      const section = document.querySelector(`.paper-page[data-name="${CSS.escape(page)}"]`);
      const target = place ? section.querySelector(`[id="${CSS.escape(place)}"], [data-was="${CSS.escape(place)}"]`) : section;
      if (!target) {
        missing.push(`${page}#${place}`);
        continue;
      }
      if (place && !target.dataset.was) target.dataset.was = place;
      target.id = place ? `${page}--${place}` : page;
      link.setAttribute("href", `#${target.id}`);
    }
    return missing;
  },

  // As wide as paper: what is wider than its column is made smaller. Returns what is too wide even so.
  fitted() {
    // On a screen plots fill the column. Here all are drawn to one scale, so that their letters are of one size.
    for (const plot of document.querySelectorAll(".cell_output img"))
      Object.assign(plot.style, {width: `min(100%, ${0.65 * plot.naturalWidth}px)`, height: "auto"});
    const least = 0.55;  // smaller, and the words of a table can't be read
    const tooWide = [];
    const wide = 'table, pre, mjx-container[display="true"], .paper-page svg';
    for (const element of document.querySelectorAll(wide)) {
      const room = element.parentElement.getBoundingClientRect().width;
      const needed = Math.max(element.scrollWidth, element.getBoundingClientRect().width);
      if (!room || needed <= room + 1) continue;
      element.style.zoom = room / needed;
      if (room / needed < least) tooWide.push(element);
    }
    const edge = document.querySelector(".paper").getBoundingClientRect().right + 1;
    for (const element of document.querySelectorAll(".paper-page *:not(mjx-assistive-mml, mjx-assistive-mml *)"))
      if (element.getBoundingClientRect().right > edge) tooWide.push(element);
    return tooWide.map((element) => element.outerHTML.slice(0, 120));
  },

  numbered(numbers) {
    for (const link of document.querySelectorAll(".paper-contents a"))
      link.querySelector(".paper-number").textContent = numbers[link.dataset.page];
  },
})
