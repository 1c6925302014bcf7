"""The built pages hold the icons that they show, and no others."""

import base64
import importlib.util
import io
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

from rules import ROOT

SPEC = importlib.util.spec_from_file_location("icons", ROOT / "book" / "_ext" / "icons.py")
icons = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(icons)

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
SHEET = (
    '.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}.fa-sun:before{content:"\\f185"}.fa-moon:before{content:"x"}'
)


@pytest.mark.parametrize(
    ("page", "sheet", "expected"),
    [
        ('<i class="fa-solid fa-bars"></i>', SHEET, {0xF0C9}),
        ('<i class="fa-navicon"></i><i class="fa-sun"></i>', SHEET, {0xF0C9, 0xF185}),
        ("<p>none</p>", SHEET + ':root{--pst-icon-bell:"\uf0f3"}', {0xF0F3}),
        ("<p>none</p>", '.onthispage:after{content:"\\f107";color:red}', {0xF107}),
        ("<p>none</p>", SHEET, set()),
    ],
)
def test_icons_in_use_are_found(page, sheet, expected):
    assert icons.codes_in_use([page], sheet) == expected


def test_theme_writes_its_icons_as_expected():
    sheet = (THEME / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    found = icons.codes_in_use(['<i class="fa-bars">'], sheet)
    assert 0xF0C9 in found
    assert 10 < len(found) < 30  # the icons of admonitions among them, and not all of the font's


def test_style_sheet_holds_the_signs_asked_for():
    text = icons.style_sheet(THEME.parent / "static" / icons.FONT.removeprefix("_static/"), {0xF0C9, 0xF185})
    data = re.search(r"base64,([^)]+)", text).group(1)
    with TTFont(io.BytesIO(base64.b64decode(data))) as font:
        assert set(font.getBestCmap()) == {0xF0C9, 0xF185}
    assert "unicode-range: U+F0C9, U+F185;" in text
    assert len(text) < 3000


def test_script_goes_and_others_stay():
    other = '<script src="../_static/scripts/bootstrap.js"></script>'
    script = '<script defer src="../_static/scripts/fontawesome.js?digest=55c2"></script>'
    assert icons.SCRIPT.sub("", script + other + script) == other
