"""Sphinx extension: the icons that the pages show, and no others.

The theme brings Font Awesome whole, twice: as a script of 1.5 MB, and as a
font of 0.15 MB, which Firefox refuses to load for a page opened as a file. Of
the font the few icons in use are cut out and written into a style sheet.
"""

import base64
import io
import re
from pathlib import Path

from fontTools import subset

SHEET = "icons.css"
FONT = "_static/vendor/fontawesome/webfonts/fa-solid-900.ttf"
SCRIPT = re.compile(
    r"<script[^>]*_static/scripts/fontawesome\.js[^>]*></script>"
)
# Written as an escape, or as the character itself from Unicode's private area
SIGN = r'"(?:\\(?P<code>f[0-9a-f]{3})|(?P<sign>[\ue000-\uf8ff]))"'
# Every icon of the font has a class; few are on a page.
OF_CLASSES = re.compile(
    r"(?P<names>(?:\.fa-[a-z0-9-]+:before,?)+)\{content:" + SIGN
)
OF_THEME = re.compile(
    r"(?:--pst-icon-[a-z-]+:|onthispage:after\{content:)" + SIGN
)


def _code(match):
    return int(match["code"], 16) if match["code"] else ord(match["sign"])


def codes_in_use(pages, sheet):
    """Return the code points of the icons in texts of pages and styles."""
    named = {}
    for match in OF_CLASSES.finditer(sheet):
        names = re.findall(r"fa-[a-z0-9-]+", match["names"])
        named |= dict.fromkeys(names, _code(match))
    shown = {
        name for page in pages for name in re.findall(r"fa-[a-z0-9-]+", page)
    }
    by_name = {code for name, code in named.items() if name in shown}
    return by_name | {_code(match) for match in OF_THEME.finditer(sheet)}


def style_sheet(font_file, codes):
    """Return a style sheet that holds these signs of the font."""
    options = subset.Options(flavor="woff", layout_features=[])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    woff = io.BytesIO()
    with subset.load_font(font_file, options) as font:
        cutter.subset(font)
        subset.save_font(font, woff, options)
    data = base64.b64encode(woff.getvalue()).decode()
    signs = ", ".join(f"U+{code:04X}" for code in sorted(codes))
    return f"""/* From Font Awesome Free 6, fontawesome.com (SIL OFL 1.1) */
@font-face {{
  font-family: "Font Awesome 6 Free";
  font-weight: 900;
  src: url(data:font/woff;base64,{data}) format("woff");
  unicode-range: {signs};
}}
"""


def _write(app, exception):
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    files = [
        path
        for path in folder.rglob("*.html")
        if "_static" not in path.relative_to(folder).parts
    ]
    pages = {path: path.read_text(encoding="utf-8") for path in files}
    sheets = sorted((folder / "_static" / "styles").glob("*.css"))
    styles = "".join(path.read_text(encoding="utf-8") for path in sheets)
    codes = codes_in_use(pages.values(), styles)
    text = style_sheet(folder / FONT, codes)
    (folder / "_static" / SHEET).write_text(text, encoding="utf-8")
    for path, page in pages.items():
        path.write_text(SCRIPT.sub("", page), encoding="utf-8")


def setup(app):
    app.add_css_file(SHEET)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
