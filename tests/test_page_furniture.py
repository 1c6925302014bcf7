"""What extensions add to pages: descriptions, previews, times and versions, chapters that use a function."""

import importlib.util
from types import SimpleNamespace

import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from rules import ROOT


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "book" / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


preview, colophon, api, side_by_side = map(load, ("preview", "colophon", "api", "side_by_side"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("All  of\nit fits.", "All of it fits."),
        ("One sentence is long enough. " + "Another " * 40, "One sentence is long enough."),
        ("word " * 50, "word word word word word word word word word word word…"),
        ("No. " + "word " * 50, "No. word word word word word word word word word word word…"),
    ],
)
def test_description_ends_where_a_sentence_does(text, expected):
    assert preview.shorten(text, longest=60) == expected


def test_description_is_the_first_paragraph_of_the_text():
    doctree = nodes.document(None, None)
    quoted = nodes.paragraph(text="This paragraph stands in a quotation, and not in the text.")
    doctree += nodes.section("", nodes.block_quote("", quoted), nodes.paragraph(text="Short."))
    assert preview.description(doctree) is None
    doctree[0] += nodes.paragraph(text="An autoencoder is asked to repeat what it is shown.")
    assert preview.description(doctree) == "An autoencoder is asked to repeat what it is shown."


def test_preview_has_a_picture_only_where_the_address_is_known():
    told = 'What "quality" means'
    assert "og:image" not in preview.head_tags("Wine", told, "", "book/wine.html")
    tags = preview.head_tags("Wine", told, "https://ada.org/ae", "book/wine.html")
    assert '<meta property="og:image" content="https://ada.org/ae/_static/cover.png">' in tags
    assert '<meta property="og:url" content="https://ada.org/ae/book/wine.html">' in tags
    assert '<meta name="description" content="What &quot;quality&quot; means">' in tags
    assert (ROOT / "book" / preview.PICTURE).is_file()


def test_address_must_be_one(monkeypatch):
    config = SimpleNamespace(html_baseurl="")
    monkeypatch.setenv("AECOURSE_ADDRESS", "https://ada.org/ae/")
    preview._take_address(None, config)
    assert config.html_baseurl == "https://ada.org/ae/"
    monkeypatch.setenv("AECOURSE_ADDRESS", "ada.org")
    with pytest.raises(ValueError, match=r"AECOURSE_ADDRESS must be .* Received: 'ada.org'"):
        preview._take_address(None, config)


def test_times_stand_in_the_order_of_the_book():
    run = {"exec_data": {"runtime": 61.6}}
    env = SimpleNamespace(
        nb_metadata={"book/b": run, "index": {"exec_data": {"runtime": 2.2}}, "book/a": run, "book/plain": {}},
        toctree_includes={"index": ["book/b", "book/plain", "book/a"]},
        config=SimpleNamespace(root_doc="index"),
        titles={name: nodes.title(text=name) for name in ("index", "book/a", "book/b")},
        replication_records=[{"page": "book/a", "n_seeds": 50}, {"page": "book/a", "n_seeds": 5}],
        reading_took=64.2,
    )
    assert colophon._times(env) == [
        ("index", "", "2\xa0s"),
        ("book/b", "", "1\xa0min\xa002\xa0s"),
        ("book/a", "5 to 50", "1\xa0min\xa002\xa0s"),
        ("All, added up", "", "2\xa0min\xa005\xa0s"),
        ("All, side by side", "", "1\xa0min\xa004\xa0s"),
    ]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([4, 4, 2], ["a", "c", "terms", "index", "b", "d", "data", "models", "both", "intro"]),
        ([5, 5], ["a", "c", "models", "terms", "index", "b", "d", "both", "intro", "data"]),
        ([1, 1], ["a", "c", "b", "d", "both", "intro", "data", "models", "terms", "index"]),
    ],
)
def test_chapters_are_dealt_to_the_processes_in_turn(sizes, expected):
    chapters, others = ["a", "b", "both", "c", "d"], ["intro", "data", "models", "terms", "index"]
    order = side_by_side.in_shares([*others[:2], *chapters, *others[2:]], chapters, ["both"], sizes)
    assert order == expected
    assert sorted(side_by_side.in_shares(others, [], ["both"], sizes)) == sorted(others)


def test_where_no_page_has_changed_nothing_is_dealt():
    app = SimpleNamespace(parallel=2, config=SimpleNamespace(external_site_map=["index"], read_last=["index"]))
    docnames = []
    side_by_side._deal(app, None, docnames)
    assert docnames == []


@pytest.mark.parametrize(
    ("page", "executed"),
    [("wine_autoencoder.ipynb", True), ("latent_explorer.md", True), ("glossary.md", False)],
)
def test_pages_with_code_in_either_format_are_dealt(page, executed):
    assert side_by_side._is_executed(ROOT / "book" / page) is executed


def test_names_that_a_chapter_uses_are_found():
    code = [
        "%matplotlib inline\nfrom aecourse import data, plots as drawing",
        "from aecourse.training import train_replicates",
        "wine = data.load_wine()\ndrawing.plot_loss(train_replicates())\nwine.data.load_mnist()",
    ]
    notebook = new_notebook(cells=[new_markdown_cell("from aecourse import models"), *map(new_code_cell, code)])
    used = api.names_used(notebook)
    assert {"aecourse.data.load_wine", "aecourse.plots.plot_loss", "aecourse.training.train_replicates"} <= used
    assert not {"aecourse.data.load_mnist", "aecourse.models"} & used
