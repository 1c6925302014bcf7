"""The book on paper: a book of two pages is printed, and the PDF holds it whole."""

import importlib.util
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pypdf import PdfReader

from rules import ROOT, browser

SPEC = importlib.util.spec_from_file_location("paper", ROOT / "book" / "paper.py")
paper = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(paper)

TOC = {"root": "book/wine", "parts": [{"caption": "Pictures", "chapters": [{"file": "book/digits"}]}]}
CONFIG = {"title": "Measured", "author": "Ada", "html": {"extra_footer": "CC BY 4.0"}}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<title>A page</title></head><body><nav>sidebar</nav><main><article>%s</article></main></body></html>"""
COLUMNS = "".join(f"<td>column_{i}</td>" for i in range(14))  # wider than the paper
WINE = f"""<h1>Wine and its thirteen numbers</h1><p>See <a href="digits.html#errors">the errors</a>,
<a href="#loss">the loss</a>, <a href="../notes.txt">notes</a> and <a href="https://example.org/">others</a>.</p>
<table><tr>{COLUMNS}</tr></table>{"<p>Alcohol.</p>" * 4}
<h2 id="loss">Loss</h2><div class="cell_output"><img src="tall.png" alt="Both losses fall."></div>
<noscript><p>A still picture.</p></noscript>"""
DIGITS = """<h1>Digits<a class="headerlink" href="#">#</a></h1><button>Copy</button><p>Ten of them.</p>
<h2 id="errors" style="break-before: page">Errors</h2>
<details><summary>Solution</summary><p>They are unfolded.</p></details>
<style>div.cell.container details.hide.above-input > summary {display: flex}</style>
<div class="cell container"><details class="hide above-input"><summary>Hide code</summary>
<p>x = 1</p></details></div>"""


@pytest.fixture
def build(tmp_path):
    """A built book; its picture is higher than a page is."""
    (tmp_path / "book").mkdir()
    (tmp_path / "notes.txt").write_text("a file beside the pages")
    plt.imsave(tmp_path / "book" / "tall.png", np.linspace(0, 1, 900 * 3000).reshape(3000, 900))
    write(tmp_path, "wine", WINE)
    write(tmp_path, "digits", DIGITS)
    return tmp_path


def write(build, name, body):
    (build / "book" / f"{name}.html").write_text(PAGE % body)


@pytest.fixture
def reader(chromium, build):
    return PdfReader(io.BytesIO(paper.make(chromium, build, TOC, CONFIG)))


def links(reader):
    """Return (page, where to) of each link: a page's position within the book, an address outside of it."""
    found = []
    for number, page in enumerate(reader.pages):
        for reference in page.get("/Annots", []):
            link = reference.get_object()
            if "/Dest" in link:
                place = reader.named_destinations[link["/Dest"]]
                found.append((number, reader.get_destination_page_number(place)))
            else:
                found.append((number, link["/A"]["/URI"]))
    return found


def pictures(reader):
    """Return for each page how many pictures it draws."""
    counts = []
    for page in reader.pages:
        drawn = page["/Resources"].get("/XObject", {}).values()
        counts.append(sum(drawing.get_object()["/Subtype"] == "/Image" for drawing in drawn))
    return counts


def test_book_is_whole(reader):
    front, contents, wine, picture, digits, errors = (page.extract_text() for page in reader.pages)
    assert "Measured" in front
    assert "CC BY 4.0" in front
    assert "column_13" in wine
    assert "Loss" in picture  # a heading stays with what it heads
    assert "A still picture." in picture
    assert "They are unfolded." in errors
    assert "x = 1" in errors
    assert "Hide code" not in errors  # nothing folds on paper
    # Chapters begin on the third and fifth page, as the contents say, and the feet of the pages too.
    assert contents.splitlines() == ["Contents", "Wine and its thirteen numbers 3", "Pictures", "Digits 5", "2"]
    assert [text.split()[-1] for text in (wine, digits, errors)] == ["3", "5", "6"]
    assert not any(word in wine + digits for word in ("sidebar", "Copy", "#"))


def test_outline_names_chapters_and_sections(reader):
    def pages(entries):
        return [
            pages(entry) if isinstance(entry, list) else (entry.title, reader.get_destination_page_number(entry))
            for entry in entries
        ]

    wine, digits = ("Wine and its thirteen numbers", 2), ("Digits", 4)
    assert pages(reader.outline) == [("Contents", 1), wine, [("Loss", 3)], digits, [("Errors", 5)]]


def test_links_work_inside(reader):
    # Two of the contents; to the other chapter's section, to the own one, and to the web. Of the file there is none.
    assert links(reader) == [(1, 2), (1, 4), (2, 5), (2, 3), (2, "https://example.org/")]


def test_a_long_report_begins_below_its_heading(chromium, build):
    rows = "".join(f"<tr><td><p>claim_{i}</p><p>held</p></td></tr>" for i in range(60))
    table = f'<table class="replication"><tbody>{rows}</tbody></table>'
    write(build, "digits", f'<h1>Digits</h1><h2 id="errors">Errors</h2><p>The source.</p>{table}')
    reader = PdfReader(io.BytesIO(paper.make(chromium, build, TOC, CONFIG)))
    first, *_, last = (text for page in reader.pages if "claim_" in (text := page.extract_text()))
    assert "The source." in first
    assert "claim_59" in last


def test_no_picture_is_cut(reader):
    assert pictures(reader) == [0, 0, 0, 1, 0, 0]


def test_pdf_is_tagged_and_has_a_title(reader):
    # By the tags a screen reader knows headings, tables and the pictures' descriptions.
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "Measured"


BAD = {
    "dead link": ('<h1>Wine</h1><a href="digits.html#gone">x</a>', "Links lead nowhere: .*book/digits#gone"),
    "too wide": ('<h1>Wine</h1><div style="width: 900px">x</div>', "Wider than the paper: .*900px"),
    "table": (f"<h1>Wine</h1><table><tr>{COLUMNS * 2}</tr></table>", "Wider than the paper: .*column_0"),
    "dead picture": ('<h1>Wine</h1><img src="gone.png" alt="Losses fall.">', "image failed: .*gone.png"),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=BAD)
def test_fault_is_told(chromium, build, body, message):
    write(build, "wine", body)
    with pytest.raises(RuntimeError, match=message):
        paper.make(chromium, build, TOC, CONFIG)


def test_page_that_is_not_built_is_told(build):
    (build / "book" / "digits.html").unlink()
    with pytest.raises(FileNotFoundError, match=r"book/digits is not built.*make book"):
        paper.make(None, build, TOC, CONFIG)


def test_no_book_and_no_browser_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(paper, "BOOK", tmp_path / "book")
    with pytest.raises(SystemExit, match="run `make book` first"):
        paper.main()
    (tmp_path / "_build" / "html").mkdir(parents=True)
    (tmp_path / "_build" / "html" / "index.html").write_text("")
    monkeypatch.setattr(browser, "find_chromium", lambda: None)
    with pytest.raises(SystemExit, match="NO CHROMIUM"):
        paper.main()
