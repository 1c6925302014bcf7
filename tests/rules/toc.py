"""The table of contents against the files of the book, and the links between its pages."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import yaml

SUFFIXES = (".md", ".ipynb")
MASTERS = "assignments"  # with solutions and hidden tests: no pages
# [text](address) but for web addresses and anchors within the page; {doc}`page` and {doc}`text <page>`
LINK = re.compile(r"\]\((?!\w+:|#|//)(?P<address>[^)\s#]+)")
DOC = re.compile(r"\{doc\}`(?:[^`<]*<(?P<named>[^>`]+)>|(?P<bare>[^`<]+))`")


def entries(toc):
    """Return every page that a parsed _toc.yml names, without suffix, in order."""
    if isinstance(toc, list):
        return [entry for part in toc for entry in entries(part)]
    if not isinstance(toc, dict):
        return []
    own = [toc[key] for key in ("root", "file") if key in toc]
    return own + [entry for value in toc.values() for entry in entries(value)]


def page_files(root):
    """Return the sources of pages below book/: folders that begin with _ or ., and masters, hold other things."""
    found = []
    for path in sorted(Path(root, "book").rglob("*")):
        inner = path.relative_to(root).parts
        if path.suffix in SUFFIXES and not any(part.startswith(("_", ".")) or part == MASTERS for part in inner):
            found.append(path)
    return found


def toc_matches_files(root):
    """Each entry has its file and each file its entry, once."""
    named = Counter(entries(yaml.safe_load(Path(root, "_toc.yml").read_text(encoding="utf-8"))))
    stems = Counter(path.relative_to(root).with_suffix("").as_posix() for path in page_files(root))
    complaints = [f"_toc.yml names {entry}, which has no .md or .ipynb file" for entry in named if entry not in stems]
    complaints += [f"{stem} is not in _toc.yml" for stem in stems if stem not in named]
    complaints += [f"_toc.yml names {entry} {count} times" for entry, count in named.items() if count > 1]
    complaints += [f"{stem} has {count} files: only one can be the page" for stem, count in stems.items() if count > 1]
    return complaints


def links(root):
    """Links from page to page, and to pictures, lead to files that are there."""
    complaints = []
    for path in page_files(root):
        text = _prose(path)
        for match in LINK.finditer(text):
            if not (path.parent / match["address"]).exists():
                complaints.append(f"{path.relative_to(root)} links to {match['address']}, which is not there")
        for match in DOC.finditer(text):
            page = match["named"] or match["bare"]
            target = Path(root, page[1:]) if page.startswith("/") else path.parent / page
            if not any(Path(f"{target}{suffix}").exists() for suffix in SUFFIXES):
                complaints.append(f"{path.relative_to(root)} links to page {page}, which is not there")
    return complaints


def _prose(path):
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


RULES = [toc_matches_files, links]
