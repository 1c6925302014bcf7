"""What a trial is known by: equal settings have one digest, in every process, and a change of any has another."""

import importlib
import os
import py_compile
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pandas as pd
import pytest

from aecourse import models
from aecourse.sweeps.identity import digest
from sweep_cases import X

SAME = {
    "order of a dict": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "order of a set": ({"x", "y", "z"}, {"z", "y", "x"}),
    "kind of a number": (np.float64(0.5), 0.5),
    "two lambdas": (lambda x: x + 1, lambda x: x + 1),
    "optimizers": (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1)),
    "callbacks": (keras.callbacks.EarlyStopping(patience=2), keras.callbacks.EarlyStopping(patience=2)),
    "memory order": (X, np.asfortranarray(X)),
}
DIFFERENT = {
    "number and text": (1, "1"),
    "whole and real": (1, 1.0),
    "truth and number": (True, 1),
    "list and tuple": ([1], (1,)),
    "nesting": (((1,), 2), (1, (2,))),
    "order": ([1, 2], [2, 1]),
    "texts cut elsewhere": (("ab", "c"), ("a", "bc")),
    "type of an array": (X, X.astype("float64")),
    "shape of an array": (X, X.reshape(-1)),
    "last bit": (np.float32([1]), np.nextafter(np.float32([1]), np.float32(2))),
    "column names": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "lambdas": (lambda x: x + 1, lambda x: x + 2),
    "attribute": (lambda x: x.real, lambda x: x.imag),
    "inner function": (lambda: [2 * i for i in (1, 2)], lambda: [3 * i for i in (1, 2)]),
    "setting of an optimizer": (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.2)),
    "setting of a callback": (keras.callbacks.EarlyStopping(patience=2), keras.callbacks.EarlyStopping(patience=3)),
    "setting of a loss": (keras.losses.Huber(1.0), keras.losses.Huber(2.0)),
    "functions of a package": (np.mean, np.median),
    "methods": ("a".upper, "b".upper),
}


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME)
def test_equal_values_have_one_digest(first, second):
    assert digest(first) == digest(second)


@pytest.mark.parametrize(("first", "second"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_values_have_different_ones(first, second):
    assert digest(first) != digest(second)


def test_closures_and_classes():
    def make(n):
        class Layer:
            size = 3

            def call(self):
                return n

        return Layer

    assert digest(make(1)) == digest(make(1))
    assert digest(make(1)) != digest(make(2))
    assert digest(make(1)()) != digest(make(2)())


def test_what_leads_back_to_itself():
    loop = []
    loop.append(loop)
    assert digest(loop) != digest([[]])

    def recursive(n):
        return recursive(n - 1) if n else 0

    assert len(digest(recursive)) == 64


def test_weights_of_a_model_count():
    model = models.build_autoencoder(4, 2)
    before = digest(lambda: model)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    assert digest(lambda: model) != before


def test_modules_of_ones_own(tmp_path, monkeypatch):
    """The source counts, through modules that it imports, however the import is written."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sweep_outer.py").write_text("import sweep_inner\ndef f():\n    return sweep_inner.g()\n")
    (tmp_path / "sweep_inner.py").write_text("def g():\n    return 1\n")
    importlib.invalidate_caches()
    outer = importlib.import_module("sweep_outer")

    def inside():
        from sweep_inner import g

        return g()

    functions = [outer.f, lambda: outer.f(), inside]
    before = [digest(f) for f in functions]
    assert before == [digest(f) for f in functions]
    (tmp_path / "sweep_inner.py").write_text("def g():\n    return 2\n")
    assert not set(before) & {digest(f) for f in functions}


def test_it_is_the_same_in_every_process(tmp_path, monkeypatch):
    """Whatever the seed of Python's hashes, and whether code comes from source or from its cache."""
    (tmp_path / "ones_own.py").write_text(
        textwrap.dedent("""
            SETTINGS = {"b": {3, 1, 2}, "a": ("x", "y")}
            def first(x, y=("x", "y")):
                return [x in {"p", "q", "r"} for x in SETTINGS["b"]], ("x", "y")
            def second(x, y=("x", "y")):
                return ("x", "y"), first
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    here = importlib.import_module("ones_own")  # from its source, with this process's seed
    py_compile.compile(here.__file__)  # which the other process reads
    script = "import sys; sys.path.insert(0, sys.argv[1])\nimport ones_own\n"
    script += "from aecourse.sweeps.identity import digest\nprint(digest(ones_own.first, ones_own.second, ones_own))"
    command = [sys.executable, "-c", script, str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "0" if os.environ.get("PYTHONHASHSEED") == "1" else "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(here.first, here.second, here)
