"""What crosses from a student's process to the tests is plain data, whatever was sent."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from aecourse.classroom import values
from aecourse.classroom.values import Unfit, capture, load, restore

PLAIN = {
    "nothing": None,
    "flag": True,
    "count": 3,
    "large": 10**300,
    "loss": 0.25,
    "infinite": float("-inf"),
    "word": "cannot tell, é",
    "pair": (0.1, 0.2),
    "nested": {8: [1, (2.0, "x")], "b": {}},
    "array": np.arange(6, dtype="float32").reshape(2, 3),
    "empty": np.zeros((0, 3)),
    "words": np.array(["a", "bc"]),
    "scalar": np.float32(0.5),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "q1.answers"


@pytest.mark.parametrize("name", PLAIN)
def test_plain_data_cross_unchanged(name, path):
    capture(PLAIN, [name], path)
    answers, faults = load(path)
    assert not faults
    assert type(answers[name]) is type(PLAIN[name])
    np.testing.assert_equal(answers[name], PLAIN[name])
    assert np.asarray(answers[name]).dtype == np.asarray(PLAIN[name]).dtype


def test_nan_crosses(path):
    capture({"x": float("nan")}, ["x"], path)
    assert np.isnan(load(path)[0]["x"])


def test_frames_cross(path, history):
    history.index = history.index[::-1]
    capture({"frame": history, "column": history["loss"]}, ["frame", "column"], path)
    answers, _ = load(path)
    pd.testing.assert_frame_equal(answers["frame"], history, check_index_type=False)
    pd.testing.assert_series_equal(answers["column"], history["loss"], check_index_type=False)


def test_tensors_cross_as_arrays(path):
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.ones(2)

    capture({"x": Tensor()}, ["x"], path)
    assert type(load(path)[0]["x"]) is np.ndarray


class Everything(float):
    __eq__ = __lt__ = __gt__ = lambda self, other: True
    __hash__ = float.__hash__


class Hostile:
    @property
    def __array__(self):
        raise RuntimeError("no")


class Liar:
    def __array__(self, dtype=None, copy=None):
        return np.array([Everything()], dtype=object)


LOOP = []
LOOP.append(LOOP)
UNFIT = {
    "a subclass": (Everything(), "an Everything, which is no plain data"),
    "within a list": ([Everything()], "an Everything"),
    "a function": (print, "a builtin_function_or_method"),
    "a class": (Everything, "a type"),
    "objects": (np.array([Everything()], dtype=object), "an array of object, not of numbers"),
    "an array of objects, on demand": (Liar(), "an array of object"),
    "raises": (Hostile(), "not readable"),
    "a list in itself": (LOOP, "too large or too deep"),
    "many items": (list(range(300_000)), "too large or too deep"),
    "many bytes": (np.zeros(10**8, dtype="int8"), "larger than 64 MB"),
    "complex": (1j, "a complex"),
    "dates": (np.array(["2026-01-01"], dtype="datetime64[D]"), "not of numbers"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_plain_data_stays_behind(name, path):
    value, reason = UNFIT[name]
    capture({"x": value, "y": 1}, ["x", "y", "z"], path)
    answers, faults = load(path)
    assert answers == {"y": 1}
    assert reason in faults["x"]
    assert faults["z"] == "not defined"


def archive(path, tree, *parts):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(values.TREE, tree if isinstance(tree, str) else json.dumps(tree))
        for i, part in enumerate(parts):
            file.writestr(values.PARTS.format(i), part)


FORGED = {
    "not JSON": ("{",),
    "no tree": ([],),
    "unknown kind": ({"answers": {"x": ["code", "print()"]}, "faults": {}},),
    "wrong plain": ({"answers": {"x": ["plain", {}]}, "faults": {}},),
    "no array": ({"answers": {"x": ["array", 5]}, "faults": {}},),
    "no numpy file": ({"answers": {"x": ["array", 0]}, "faults": {}}, b"\x80\x04pickle"),
    "too deep": ('{"answers": {"x": ' + "[" * 100_000,),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_files_are_refused(name, path):
    archive(path, *FORGED[name])
    with pytest.raises(Unfit):
        load(path)


def test_pickles_are_refused(path, tmp_path):
    np.save(tmp_path / "a.npy", np.array([print], dtype=object), allow_pickle=True)
    archive(path, {"answers": {"x": ["array", 0]}, "faults": {}}, (tmp_path / "a.npy").read_bytes())
    with pytest.raises(Unfit, match="no readable answers"):
        load(path)


def test_inflated_files_are_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(values.TREE, " " * (3 * values.MAX_BYTES))
    with pytest.raises(Unfit, match="more data than any answer has"):
        load(path)


def test_only_names_asked_for_arrive(path):
    capture({"x": 1, "np": 2}, ["x", "np"], path)
    namespace = {"np": "the real one"}
    restore(namespace, ["x"], path)
    assert namespace == {"np": "the real one", "x": 1}
    with pytest.raises(Unfit, match="z is missing"):
        restore(namespace, ["x", "z"], path)
