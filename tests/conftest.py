"""Fixtures that several test modules share."""

import os
import sys

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


@pytest.fixture(autouse=True)
def no_engine_kept():
    """What the trainer keeps for the next training is no test's business but its own."""
    yield
    if reuse := sys.modules.get("aecourse.training.reuse"):  # not imported for this: it brings TensorFlow
        reuse.forget_engines()


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


@pytest.fixture
def planted(record_property):
    """Call it as planted(table, row, mistake, told) to enter a planted mistake into a table that the run prints."""

    def enter(table, row, mistake, told):
        # A property of the report, since that is what comes back from another process.
        record_property("planted", (table, row, mistake, bool(told)))

    return enter


def pytest_terminal_summary(terminalreporter):
    """Print the tables of planted mistakes: which were told, and which were not."""
    entries = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name == "planted"
    ]
    tables = {}
    for table, row, mistake, told in entries:
        tables.setdefault(table, {}).setdefault(row, {})[mistake] = told
    for table, rows in tables.items():
        terminalreporter.section(f"planted mistakes: {table}")
        for row, mistakes in rows.items():
            marked = [name if told else f"NOT TOLD: {name}" for name, told in mistakes.items()]
            line = f"{row:17s} {sum(mistakes.values())}/{len(mistakes)}  {', '.join(marked)}"
            terminalreporter.write_line(line)
        told = [told for mistakes in rows.values() for told in mistakes.values()]
        terminalreporter.write_line(f"{'all':17s} {sum(told)}/{len(told)}")
