"""The table of contents and the files of the book agree."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from rules import ROOT, toc

TOC = "format: jb-book\nroot: book/intro\nparts:\n  - caption: One\n    chapters:\n      - file: book/wine\n"


@pytest.mark.parametrize("rule", toc.RULES, ids=lambda rule: rule.__name__)
def test_book_keeps_rule(rule):
    complaints = rule(ROOT)
    assert not complaints, "\n".join(complaints)


def book(folder, contents=TOC, **pages):
    """Write a table of contents and the pages intro and wine, and ``pages`` beside them or in their place."""
    (folder / "book" / "_static").mkdir(parents=True)
    (folder / "book" / "_static" / "README.md").write_text("not a page")
    (folder / "_toc.yml").write_text(contents)
    for stem, text in {"intro": "# Intro", "wine": "# Wine", **pages}.items():
        (folder / "book" / f"{stem}.md").write_text(text)
    return folder


GOOD_LINKS = (
    "[w](wine.md) [part](wine.md#data) {doc}`wine` {doc}`the wine </book/wine>` [web](https://x.org) [here](#a)"
)
BAD = {
    "no file": ({"contents": TOC + "      - file: book/digits\n"}, "names book/digits, which has no"),
    "no entry": ({"digits": "# Digits"}, "book/digits is not in _toc.yml"),
    "twice": ({"contents": TOC + "      - file: book/wine\n"}, "names book/wine 2 times"),
    "dead link": ({"intro": "[w](wines.md)"}, "book/intro.md links to wines.md, which is not there"),
    "dead picture": ({"intro": "![a plot](_static/plot.svg)"}, "links to _static/plot.svg"),
    "dead page": ({"intro": "{doc}`wines`"}, "links to page wines"),
    "dead page, named": ({"intro": "{doc}`the wine </wine>`"}, "links to page /wine"),
}


def complaints_about(root):
    return [complaint for rule in toc.RULES for complaint in rule(root)]


def test_good_book_passes(tmp_path):
    assert complaints_about(book(tmp_path, intro=GOOD_LINKS)) == []


@pytest.mark.parametrize(("pages", "message"), BAD.values(), ids=BAD)
def test_mismatch_is_told(tmp_path, pages, message):
    complaints = complaints_about(book(tmp_path, **pages))
    assert any(message in complaint for complaint in complaints), complaints


def test_two_files_of_one_stem_are_told(tmp_path):
    # A notebook paired with its text: sphinx would take one and warn of the other.
    notebook = new_notebook(cells=[new_markdown_cell("{doc}`gone`")])
    nbformat.write(notebook, book(tmp_path) / "book" / "wine.ipynb")
    complaints = complaints_about(tmp_path)
    assert "book/wine has 2 files: only one can be the page" in complaints
    assert "book/wine.ipynb links to page gone, which is not there" in complaints
