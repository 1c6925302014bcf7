"""The examples in docstrings run, and print what stands there."""

import doctest
import importlib
import pkgutil

import numpy as np
import pandas as pd
import pytest

import aecourse

# Left out for now: their examples take names from the chapters, or print more than they show.
LATER = {"aecourse.plots.claims", "aecourse.sweeps.sweeping"}
MODULES = sorted({module.name for module in pkgutil.walk_packages(aecourse.__path__, "aecourse.")} - LATER)


def examples(name):
    module = importlib.import_module(name)
    return [test for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples]


@pytest.fixture
def chapter(history, rng):
    """What a chapter has at hand when it draws: examples of `plots` begin there."""
    from sklearn.cluster import KMeans

    from aecourse import checkup, data, models, training

    wine = data.load_wine()
    scores = pd.DataFrame({"seed": range(4), "method": "KMeans", "ari": rng.random(4)})
    result = training.Replicates((0, 1, 2, 3), history, None, (), None)
    model = models.build_autoencoder(13, 3)
    z = rng.standard_normal((len(wine.y_all), 3))
    report = checkup.checkup(model, wine.x_train, wine.x_val)
    at_hand = {"wine": wine, "scores": scores, "result": result, "model": model, "z": z, "report": report}
    return {**at_hand, "KMeans": KMeans, "np": np}


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_stands_there(name, request):
    at_hand = request.getfixturevalue("chapter") if name.startswith("aecourse.plots") else {}
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in examples(name):
        test.globs.update(at_hand)
        runner.run(test, out=report.append)
    assert not report, "".join(report)


def test_there_are_examples():
    """Else the test above looks in the wrong place."""
    found = {name for name in MODULES if examples(name)}
    assert {"aecourse.models", "aecourse.training.trainer", "aecourse.plots.code"} <= found


def test_a_wrong_example_is_found():
    report = []
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    doctest.DocTestRunner().run(test, out=report.append)
    assert report
