"""The built book in a browser, page by page: `make book` runs this after the build."""

import pytest

from rules import ROOT, browser

BUILD = ROOT / "_build" / "html"
PAGES = [page.relative_to(BUILD).as_posix() for page in browser.content_pages(BUILD)]


@pytest.fixture(scope="module")
def address():
    with browser.served(BUILD) as served:
        yield served


@pytest.mark.parametrize("page", PAGES)
def test_page_from_a_server(chromium, address, page):
    complaints = browser.faults_from_server(chromium, f"{address}/{page}", BUILD)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("page", PAGES)
def test_page_from_the_folder(chromium, page):
    complaints = browser.faults_from_folder(chromium, BUILD / page)
    assert not complaints, "\n".join(complaints)


def test_search_finds(chromium, address):
    complaints = browser.faults_of_search(chromium, address)
    assert not complaints, "\n".join(complaints)


def test_latent_explorer(chromium):
    with browser.opened(chromium, (BUILD / "book" / "latent_explorer.html").as_uri()) as (page, watch):
        assert browser.explorer_error(page) < 0.005
        before = browser.explorer_after(page, [])
        after = browser.explorer_after(page, ["Shift+ArrowRight", "Shift+ArrowUp"])
        assert all(before[what] != after[what] for what in before)
        assert watch.complaints == []
    assert (BUILD / "book" / "latent_explorer.html").stat().st_size < browser.MOST_BYTES
