"""The latent explorer: its script draws what Keras decodes, by pointer and by key."""

import importlib.util

import keras
import numpy as np
import pytest

from aecourse import models
from rules import ROOT, browser

SPEC = importlib.util.spec_from_file_location("explorer", ROOT / "book" / "explorer.py")
explorer = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(explorer)

N_SAMPLES = 60
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<title>Explorer</title></head><body><main><h1>Explorer</h1>%s</main></body></html>"""


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    built = models.build_autoencoder(
        784, 2, hidden_units=(32, 8), code_activation="linear", output_activation="sigmoid"
    )
    rng = np.random.default_rng(0)
    for layer in built.layers:  # fresh weights would draw 784 greys that hardly differ
        layer.set_weights([1.5 * w + rng.normal(0, 0.1, w.shape) for w in layer.get_weights()])
    return built


@pytest.fixture(scope="module")
def exported(model):
    x = np.random.default_rng(1).uniform(size=(N_SAMPLES, 784)).astype("float32")
    y = np.arange(N_SAMPLES) % 10
    return explorer.export(model, {2: x, 8: 1 - x}, x, y)


@pytest.fixture
def page(model, exported, chromium, tmp_path):
    """The explorer in the browser, opened from a folder."""
    (tmp_path / "book").mkdir()
    (tmp_path / "_static").mkdir()
    script = ROOT / "book" / "_static" / "explorer.js"
    (tmp_path / "_static" / "explorer.js").write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    file = tmp_path / "book" / "latent_explorer.html"
    file.write_text(PAGE % explorer.markup(exported, explorer.still(model, exported)), encoding="utf-8")
    with browser.opened(chromium, file.as_uri()) as (opened, watch):
        yield opened
        assert watch.complaints == []


def test_script_decodes_as_keras_does(model, exported, page):
    ticks = np.array(exported["ticks"])
    places = np.random.default_rng(2).uniform(ticks[:, 0], ticks[:, -1], size=(40, 2)).astype("float32")
    by_keras = models.decoder(model).predict(places, verbose=0)
    by_script = page.evaluate("places => places.map(window.latentExplorer.decode)", places.tolist())
    assert by_keras.std() > 0.1  # pictures with something in them
    assert np.abs(np.array(by_script) - by_keras).max() < 0.005


def test_what_the_page_keeps_to_be_checked_is_what_keras_decodes(model, exported):
    pictures = np.frombuffer(explorer.base64.b64decode(exported["checked"]["pictures"]), "<f4").reshape(-1, 784)
    places = np.array(exported["checked"]["z"], "float32")
    assert pictures == pytest.approx(models.decoder(model).predict(places, verbose=0), abs=1e-6)


def test_keys_move_the_place_and_stop_at_the_edge(exported, page):
    before = browser.explorer_after(page, [])
    assert browser.explorer_after(page, ["ArrowRight"])["place"][0] > before["place"][0]
    after = browser.explorer_after(page, ["Shift+ArrowUp"])
    assert after["place"][1] > before["place"][1]
    assert after["picture"] != before["picture"]
    assert after["told"] != before["told"]
    last = browser.explorer_after(page, ["Shift+ArrowLeft"] * 12 + ["Shift+ArrowDown"] * 12)
    assert last["place"] == pytest.approx([ticks[0] for ticks in exported["ticks"]])


def test_pointer_moves_the_place(exported, page):
    box = page.locator("#explorer-plane").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    middle = [np.interp((len(ticks) - 1) / 2, range(len(ticks)), ticks) for ticks in exported["ticks"]]
    assert page.evaluate("window.latentExplorer.place()") == pytest.approx(middle, abs=0.02)


def test_walk_ends_at_the_other_digit(exported, page):
    page.select_option("#explorer-from", "3")
    page.select_option("#explorer-to", "5")
    assert page.evaluate("window.latentExplorer.place()") == pytest.approx(exported["typical"][3])
    page.locator("#explorer-walk").press("End")
    assert page.evaluate("window.latentExplorer.place()") == pytest.approx(exported["typical"][5])


def test_slider_shows_each_width(exported, page):
    told = page.locator("#explorer-error")
    assert told.text_content().startswith("d = 2: test error 0.0000")
    rows = page.locator("#explorer-rows")
    before = rows.evaluate("canvas => canvas.toDataURL()")
    page.locator("#explorer-width").press("ArrowRight")
    assert told.text_content() == f"d = 8: test error {exported['errors']['8']:.4f} (MSE per pixel)"
    assert rows.evaluate("canvas => canvas.toDataURL()") != before


def test_without_scripts_a_picture_stands_there(model, exported, chromium, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(PAGE % explorer.markup(exported, explorer.still(model, exported)), encoding="utf-8")
    with chromium.new_context(java_script_enabled=False) as context:
        still = context.new_page()
        still.goto(file.as_uri())
        assert still.locator("noscript img").is_visible()
        assert not still.locator("#explorer").is_visible()


def test_activation_that_the_script_lacks_is_told():
    built = models.build_autoencoder(4, 2, hidden_units=(3,), activation="elu")
    with pytest.raises(ValueError, match=r"must be one of .* Received: 'elu' of layer 'decoder_1'"):
        explorer.layers_of(models.decoder(built))
