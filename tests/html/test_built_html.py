"""The built book, as `make book` leaves it. Not part of `make test`: there may be no build yet."""

import pytest

from rules import ROOT, html

BUILD = ROOT / "_build" / "html"


@pytest.fixture(autouse=True, scope="module")
def built_book():
    if not html.pages(BUILD):
        pytest.fail(f"no pages under {BUILD.relative_to(ROOT)}: run `make book` first")


@pytest.mark.parametrize("rule", [html.external_requests, html.missing_files, html.alt_texts, html.formulas])
def test_pages_keep_the_rule(rule):
    complaints = rule(BUILD)
    assert not complaints, "\n".join(complaints)


def test_some_page_has_formulas():
    # Otherwise the rule for formulas would hold of nothing.
    assert any(html.parse(page).select(".math") for page in html.pages(BUILD))
