"""The rules for pages in a browser see what they are there to see; `make book` holds them against the real pages."""

import pytest

from rules import ROOT, browser

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Wine</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<script>
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
  follow(); dark.addEventListener("change", follow);
</script>
<style>[data-theme=dark] body {background: #111; color: #eee} [data-theme=dark] .dim {color: #222}</style>
</head><body><main><h1>Wine</h1>%s</main></body></html>
"""
GOOD = '<p>Losses fall.</p><img src="loss.svg" alt="Both losses fall."><pre><span class="k">del</span></pre>'
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
BAD_ANYWHERE = {
    "another host": (
        '<script src="https://example.org/a.js"></script>',
        "request to another host: https://example.org",
    ),
    "late request": ('<script>fetch("https://example.org/a").catch(() => {})</script>', "request to another host"),
    "console": ('<script>console.error("lost")</script>', "console error: lost"),
    "script": ("<script>undefined_name()</script>", "undefined_name is not defined"),
    "dead picture": ('<img src="gone.png" alt="Both losses fall.">', "gone.png"),
    "broken picture": ('<img src="data:image/png;base64,AAAA" alt="Both losses fall.">', "image failed"),
    "formula": ('<span class="math">\\(x^2\\)</span>', "formula not rendered: \\(x^2\\)"),
    "formula's error": (
        '<span class="math"><mjx-container><g data-mjx-error="Extra close brace"></g></mjx-container></span>',
        "formula with an error: Extra close brace",
    ),
}
BAD_AT_SOME_VIEW = {
    "no alt": ('<img src="loss.svg">', "light, 1280 wide: image-alt"),
    "contrast": ('<p style="color: #bbb; background: #fff">pale</p>', "light, 1280 wide: color-contrast"),
    "contrast when dark": ('<p class="dim">dim</p>', "dark, 1280 wide: color-contrast"),
    "contrast in code": (
        '<pre style="background: #fff"><span class="k">del</span><span class="n" style="color: #ccc">name</span></pre>',
        "light, 1280 wide: color-contrast",
    ),
    "contrast in code of the same kind": (
        '<pre style="background: #fff"><span class="n">name</span>'
        ' <span class="n" style="color: #ccc">name</span></pre>',
        "light, 1280 wide: color-contrast",
    ),
    "contrast in code of another box": (
        '<pre><span style="color: #444">name</span></pre><div class="output">'
        '<pre style="background: #222; color: #eee"><span style="color: #444">name</span></pre></div>',
        "light, 1280 wide: color-contrast",
    ),
    "too wide": ('<div style="width: 600px">wide</div>', "light, 390 wide: the page is"),
    "heavy": ('<img src="heavy.png" alt="Both losses fall.">', "bytes to show the page, more than"),
}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "loss.svg").write_text(PICTURE)
    (tmp_path / "heavy.png").write_bytes((ROOT / "book" / "_static" / "cover.png").read_bytes() + bytes(2_000_000))

    def write(body):
        (tmp_path / "page.html").write_text(PAGE % body)
        return tmp_path / "page.html"

    return write


def from_server(chromium, page, **settings):
    with browser.served(page.parent) as address:
        return browser.faults_from_server(chromium, f"{address}/{page.name}", page.parent, **settings)


def test_good_page_passes(chromium, site):
    page = site(GOOD)
    assert browser.faults_from_folder(chromium, page) == []
    assert from_server(chromium, page) == []


@pytest.mark.parametrize(("body", "message"), BAD_ANYWHERE.values(), ids=BAD_ANYWHERE)
def test_fault_is_told_from_server_and_folder(chromium, site, body, message):
    page = site(body)
    for complaints in (browser.faults_from_folder(chromium, page), from_server(chromium, page, views=[])):
        assert any(message in complaint for complaint in complaints), complaints


@pytest.mark.parametrize(("body", "message"), BAD_AT_SOME_VIEW.values(), ids=BAD_AT_SOME_VIEW)
def test_fault_of_a_view_is_told(chromium, site, body, message):
    scheme, width = message.split()[:2] if "wide" in message else ("light,", "1280")
    views = [view for view in browser.VIEWS if view[0] == scheme[:-1] and str(view[1]["width"]) == width]
    complaints = from_server(chromium, site(body), views=views)
    assert any(message in complaint for complaint in complaints), complaints


NEVER_REACHED = f"<pre style='width: 300px; overflow: auto'>{'long ' * 99}</pre>"
REACHED_LATE = NEVER_REACHED + "<script>setTimeout(() => (document.querySelector('pre').tabIndex = 0), 700)</script>"


def test_what_scrolls_may_be_reached_by_key_a_little_late(chromium, site):
    assert from_server(chromium, site(REACHED_LATE)) == []
    complaints = from_server(chromium, site(NEVER_REACHED), views=browser.VIEWS[:1], settles_within=1)
    assert "not settled within 1 s" in complaints[0]
    assert "scrollable-region-focusable" in complaints[1]


def test_search_without_results_is_told(chromium, tmp_path):
    (tmp_path / "search.html").write_text(PAGE % "<div id='search-results'></div>")
    with browser.served(tmp_path) as address:
        assert "the search shows no results" in browser.faults_of_search(chromium, address, timeout=0.5)[0]


def test_browser_that_is_named_and_missing_is_told(monkeypatch):
    monkeypatch.setenv("AECOURSE_CHROMIUM", "no-such-browser")
    with pytest.raises(FileNotFoundError, match="no-such-browser"):
        browser.find_chromium()


def test_no_browser_is_told(monkeypatch):
    monkeypatch.delenv("AECOURSE_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    assert browser.find_chromium() is None
    assert "NOT looked at" in browser.MISSING
