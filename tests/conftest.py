"""Fixtures that several test modules share."""

import os

import matplotlib as mpl

mpl.use("Agg")  # before pyplot is imported: no test may open a window

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import aecourse  # noqa: F401 - first of all to be imported, as it tells TensorFlow how to compute
from rules import browser


@pytest.fixture(autouse=True)
def close_figures():
    """No figure outlives its test, and no style either."""
    with mpl.rc_context():
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def chromium():
    """A browser without a network."""
    executable = browser.find_chromium()
    if executable is None:
        # A reader's machine may lack it; where changes are judged it must be there.
        tell = pytest.fail if os.environ.get("AECOURSE_BROWSER") == "required" else pytest.skip
        tell(browser.MISSING)
    with browser.launched(executable) as started:
        yield started


@pytest.fixture
def rng():
    return np.random.default_rng(20231101)


@pytest.fixture
def history():
    """What the trainer returns: 4 seeds of 3 epochs, one row each, all losses distinct and easy to predict.

    Training loss of seed s at epoch e is 10 * e + s, validation 100 more; with penalties, 1000 more.
    """
    rows = [(seed, epoch, 10.0 * epoch + seed) for seed in (0, 1, 2, 3) for epoch in (1, 2, 3)]
    frame = pd.DataFrame(rows, columns=["seed", "epoch", "reconstruction_loss"])
    frame["val_reconstruction_loss"] = frame["reconstruction_loss"] + 100
    frame["loss"] = frame["reconstruction_loss"] + 1000
    frame["val_loss"] = frame["val_reconstruction_loss"] + 1000
    return frame
