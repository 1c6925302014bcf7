"""Tables of the built pages can be read out."""

import importlib.util

from bs4 import BeautifulSoup

from rules import ROOT

SPEC = importlib.util.spec_from_file_location("accessible", ROOT / "book" / "_ext" / "accessible.py")
accessible = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(accessible)

TABLE = """<table border="1" class="dataframe"><thead><tr>
<th></th><th class="blank">&nbsp;</th><th>loss</th></tr></thead>
<tbody><tr><th>seed</th><th scope="rowgroup">1</th><td></td></tr></tbody></table>"""


def test_headings_are_never_empty_and_say_what_they_head():
    tree = BeautifulSoup(accessible.mend_tables(TABLE), "html.parser")
    heads = {head.get_text(): head["scope"] for head in tree.find_all("th")}
    assert heads == {"loss": "col", "seed": "row", "1": "rowgroup"}
    assert [len(row.find_all(["td", "th"])) for row in tree.find_all("tr")] == [3, 3]


def test_data_frames_lose_their_border_alone():
    table = BeautifulSoup(accessible.mend_tables(TABLE), "html.parser").table
    assert table.attrs == {"class": ["dataframe"]}


def test_arrows_have_a_name_and_corners_are_no_headings():
    page = '<summary><span class="toctree-toggle"></span></summary><th class="head"><p></p></th><th class="head">x</th>'
    tree = BeautifulSoup(accessible.mend_page(page), "html.parser")
    assert tree.summary["aria-label"]
    assert [head.get_text() for head in tree.find_all("th")] == ["x"]
    assert tree.td is not None
