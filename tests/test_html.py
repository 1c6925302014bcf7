"""The rules for built pages see what they are there to see; `make book` holds them against the real pages."""

import pytest

from rules import html

SENTENCE = "Both losses fall and stay together for all fifty seeds."
GOOD = f"""
<link rel="stylesheet" href="_static/style.css"><link rel="canonical" href="https://x.org/page.html">
<script src="_static/mathjax.js?v=1"></script>
<a href="https://x.org">elsewhere</a> <a href="#here">here</a> <a href="page.html#here">this page</a>
<img src="_static/loss.png" alt="{SENTENCE}"> <span class="math">x</span>
"""
BAD = {
    "script": (
        html.external_requests,
        '<script src="https://cdn.x.org/a.js"></script>',
        "loads https://cdn.x.org/a.js",
    ),
    "no protocol": (html.external_requests, '<img src="//x.org/a.png" alt="a">', "loads //x.org/a.png"),
    "stylesheet": (html.external_requests, '<link rel="stylesheet" href="https://x.org/a.css">', "https://x.org/a.css"),
    "srcset": (html.external_requests, '<img srcset="a.png 1x, https://x.org/b.png 2x">', "https://x.org/b.png"),
    "style": (html.external_requests, "<style>p {background: url('https://x.org/a.png')}</style>", "x.org/a.png"),
    "style attribute": (html.external_requests, '<p style="background: url(//x.org/a.png)">', "//x.org/a.png"),
    "frame": (html.external_requests, '<iframe src="https://x.org/video"></iframe>', "https://x.org/video"),
    "dead picture": (
        html.missing_files,
        '<img src="_images/gone.png" alt="a">',
        "_images/gone.png, which is not there",
    ),
    "dead link": (html.missing_files, '<a href="gone.html#top">x</a>', "gone.html#top, which is not there"),
    "no alt": (html.alt_texts, '<img src="a.png">', "a.png has alt text ''"),
    "file name": (html.alt_texts, '<img src="a.png" alt="_images/loss.png">', "has alt text '_images/loss.png'"),
    "formula": (html.formulas, '<div class="math">x</div>', "does not load MathJax"),
}


def site(folder, body):
    (folder / "_static").mkdir()
    for name in ("style.css", "mathjax.js", "loss.png"):
        (folder / "_static" / name).write_text("")
    # The theme's fragments are no pages.
    (folder / "_static" / "macros.html").write_text('<script src="https://x.org/a.js"></script>')
    (folder / "page.html").write_text(f"<html><body>{body}</body></html>")
    return folder


@pytest.mark.parametrize("rule", [html.external_requests, html.missing_files, html.alt_texts, html.formulas])
def test_good_page_passes(tmp_path, rule):
    assert rule(site(tmp_path, GOOD)) == []


@pytest.mark.parametrize(("rule", "body", "message"), BAD.values(), ids=BAD)
def test_bad_page_is_told(tmp_path, rule, body, message):
    complaints = rule(site(tmp_path, body))
    assert any(message in complaint for complaint in complaints), complaints


def test_import_in_a_stylesheet_is_told(tmp_path):
    (site(tmp_path, "") / "_static" / "style.css").write_text("@import 'https://x.org/fonts.css';")
    assert html.external_requests(tmp_path) == ["_static/style.css loads https://x.org/fonts.css from another host"]
