"""The book as one PDF, printed by Chromium from the pages that are built.

`make pdf` runs it. All pages become one document, so that links, headings and
page numbers are those of one book. The numbers of the contents are known
once it is printed, so it is printed twice.
"""

import io
import sys
from pathlib import Path

import yaml
from pypdf import PdfReader

from rules import browser

BOOK = Path(__file__).parent
# Size, and margins in which the number of the page stands
PAPER = {
    "format": "A4",
    "margin": {
        "top": "18mm",
        "bottom": "20mm",
        "left": "20mm",
        "right": "20mm",
    },
}
COLUMN = 643  # CSS pixels of the 170 mm between the margins
NUMBER = (
    '<div style="width: 100%; text-align: center; font-size: 8pt; '
    'font-family: sans-serif"><span class="pageNumber"></span></div>'
)
TIMEOUT = 600_000  # ms; a whole book takes longer than a page


def listed(chapters, depth=0):
    """Return name and depth of each page below an entry of the contents."""
    found = []
    for entry in chapters:
        found.append({"name": entry["file"], "depth": depth})
        found += listed(entry.get("sections", []), depth + 1)
    return found


def parts_of(toc):
    """Return the parts of a parsed _toc.yml: caption, and the pages in it."""
    first = [{"name": toc["root"], "depth": 0}]
    parts = [{"caption": "", "names": first}]
    for part in toc.get("parts", []):
        names = listed(part["chapters"])
        parts.append({"caption": part.get("caption", ""), "names": names})
    return parts


def call(page, function, argument=None):
    """Call a function of paper.js in a page."""
    script = (BOOK / "paper.js").read_text("utf-8")
    expression = f"(argument) => ({script}).{function}(argument)"
    return page.evaluate(expression, argument)


def take(chromium, file, name, names):
    """Return a page's part for print and its title, all of it drawn."""
    address = file.as_uri()
    with browser.opened(chromium, address, color_scheme="light") as opened:
        page, watch = opened
        if watch.complaints:
            raise RuntimeError(f"{file}: {'; '.join(watch.complaints)}")
        taken = call(page, "taken", {"name": name, "names": names})
        if taken is None:
            raise RuntimeError(f"{file} has no element `article`.")
        return taken


def printed(page):
    """Print a page; return the bytes."""
    return page.pdf(
        **PAPER,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=NUMBER,
        print_background=True,
        outline=True,
        tagged=True,
    )


def numbers_of(pdf, names):
    """Return the number of the page on which each named place lies."""
    reader = PdfReader(io.BytesIO(pdf))
    places = reader.named_destinations
    return {
        name: reader.get_destination_page_number(places[f"/{name}"]) + 1
        for name in names
    }


def files_of(build, names):
    """Return the file of each page; raise where one is not built."""
    files = {name: Path(build, f"{name}.html").resolve() for name in names}
    for name, file in files.items():
        if not file.is_file():
            raise FileNotFoundError(
                f"The page {name} is not built: there is no {file}. "
                "Run `make book` first."
            )
    return files


def assemble(page, book):
    """Make the open page the whole book, laid out for paper."""
    missing = call(page, "assembled", book)
    if missing:
        raise RuntimeError(f"Links lead nowhere: {sorted(set(missing))}")
    page.add_style_tag(path=BOOK / "paper.css")
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size({"width": COLUMN, "height": 900})
    failed = page.evaluate(browser.DRAWN)
    if failed:
        raise RuntimeError("; ".join(failed))
    too_wide = call(page, "fitted")
    if too_wide:
        raise RuntimeError(f"Wider than the paper: {too_wide}")


def make(chromium, build, toc, config):
    """Return the PDF of the pages under `build` that `toc` lists.

    `toc` and `config` are _toc.yml and _config.yml, parsed. Raises
    FileNotFoundError where a page is not built, RuntimeError where one fails
    to draw, a link leads nowhere, or something is wider than the paper.
    """
    parts = parts_of(toc)
    names = [entry["name"] for part in parts for entry in part["names"]]
    files = files_of(build, names)
    addresses = {file.as_uri(): name for name, file in files.items()}
    book = {
        "title": config["title"],
        "author": config["author"],
        "footer": config.get("html", {}).get("extra_footer", ""),
        "parts": parts,
        "pages": {
            name: take(chromium, file, name, addresses)
            for name, file in files.items()
        },
    }
    first = files[names[0]].as_uri()
    with browser.opened(chromium, first, color_scheme="light") as (page, _):
        page.set_default_timeout(TIMEOUT)
        assemble(page, book)
        numbers = numbers_of(printed(page), names)
        call(page, "numbered", numbers)
        pdf = printed(page)
    if numbers_of(pdf, names) != numbers:
        raise RuntimeError("The contents' page numbers moved the pages.")
    return pdf


def main():
    root = BOOK.parent
    build = root / "_build" / "html"
    if not (build / "index.html").is_file():
        sys.exit("No book under _build/html to print: run `make book` first.")
    executable = browser.find_chromium()
    if executable is None:
        sys.exit(
            "NO CHROMIUM, which prints the book. Install it (Debian and "
            "Ubuntu: apt-get install chromium), or name it in the "
            "environment variable AECOURSE_CHROMIUM."
        )
    toc, config = (
        yaml.safe_load((root / name).read_text("utf-8"))
        for name in ("_toc.yml", "_config.yml")
    )
    with browser.launched(executable) as chromium:
        pdf = make(chromium, build, toc, config)
    file = root / "_build" / "book.pdf"
    file.write_bytes(pdf)
    n_pages = len(PdfReader(io.BytesIO(pdf)).pages)
    address = file.resolve().as_uri()
    sys.stdout.write(f"The book on paper, {n_pages} pages: {address}\n")


if __name__ == "__main__":
    main()
