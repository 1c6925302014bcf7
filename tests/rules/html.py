"""Rules for the built pages: they load nothing from elsewhere, and what they show can be read out."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# What a browser fetches by itself; a link to click on may lead anywhere.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
}
# Relations of <link> that only point, without loading
POINTERS = {"index", "search", "next", "prev", "canonical", "author", "license", "alternate"}
FROM_CSS = re.compile(r"""url\(\s*['"]?((?:https?:)?//[^'")]+)|@import\s+['"]((?:https?:)?//[^'"]+)""")
FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


def pages(build):
    """Return the pages below ``build``, without the theme's own fragments."""
    return sorted(path for path in Path(build).rglob("*.html") if "_static" not in path.relative_to(build).parts)


def parse(page):
    """Return the page as a tree to search."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def loaded_addresses(tree):
    """Return every address that a browser fetches to show the page."""
    addresses = []
    for tag, attribute in LOADED.items():
        for element in tree.find_all(tag):
            if tag == "link" and POINTERS & set(element.get("rel", [])):
                continue
            addresses += [element[attribute]] if element.get(attribute) else []
            addresses += [part.split()[0] for part in element.get("srcset", "").split(",") if part.strip()]
    return addresses


def external_requests(build):
    """Complain of each file that a page or stylesheet fetches from another host."""
    complaints = []
    for page in pages(build):
        tree = parse(page)
        found = [address for address in loaded_addresses(tree) if urlsplit(address).netloc]
        styles = [style.get_text() for style in tree.find_all("style")]
        styles += [element["style"] for element in tree.find_all(style=True)]
        found += [a or b for style in styles for a, b in FROM_CSS.findall(style)]
        complaints += [f"{page.relative_to(build)} loads {address} from another host" for address in found]
    for sheet in sorted(Path(build).rglob("*.css")):
        found = [a or b for a, b in FROM_CSS.findall(sheet.read_text(encoding="utf-8"))]
        complaints += [f"{sheet.relative_to(build)} loads {address} from another host" for address in found]
    return complaints


def missing_files(build):
    """Complain of each local file that a page loads or links to and that was not built."""
    complaints = []
    for page in pages(build):
        tree = parse(page)
        addresses = loaded_addresses(tree) + [link["href"] for link in tree.find_all("a", href=True)]
        for address in dict.fromkeys(addresses):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            if not (page.parent / unquote(parts.path)).exists():
                complaints.append(f"{page.relative_to(build)} refers to {address}, which is not there")
    return complaints


def alt_texts(build):
    """Complain of each picture without alternative text, or with a file name for it."""
    complaints = []
    for page in pages(build):
        for image in parse(page).find_all("img"):
            alt = image.get("alt", "").strip()
            if not alt or FILE_NAME.match(alt) or alt == Path(urlsplit(image["src"]).path).name:
                complaints.append(f"{page.relative_to(build)}: picture {image['src']} has alt text {alt!r}")
    return complaints


def formulas(build):
    """Complain of each page that has formulas and does not load MathJax."""
    complaints = []
    for page in pages(build):
        tree = parse(page)
        loads_mathjax = any("mathjax" in address for address in loaded_addresses(tree))
        if tree.select(".math") and not loads_mathjax:
            complaints.append(f"{page.relative_to(build)} has formulas and does not load MathJax")
    return complaints
