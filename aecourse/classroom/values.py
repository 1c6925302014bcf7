"""Answers as plain data: all that passes from the process that ran a student's code to the one that grades.

A number, a text, a list, a dict, an array, a frame; written as JSON and .npy arrays, read without pickle. An object
that equals everything can't cross, nor can code: what arrives was built anew here, of built-in types and NumPy's.
"""

import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

__all__ = ["Unfit", "capture", "load", "restore"]

MAX_BYTES = 64_000_000  # of one answer's arrays: fifty times the codes that any assignment here asks for
MAX_ITEMS = 200_000
MAX_DEPTH = 12
KINDS = "biufU"  # booleans, integers, floats, text
TREE, PARTS = "answers.json", "array{}.npy"


class Unfit(TypeError):
    """A value that is no plain data; the message says what it is instead."""


def capture(namespace, names, path):
    """Write the answers of one question to a file, as plain data.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/q1"
    >>> capture({"loss": 0.25, "model": print}, ["loss", "model", "z"], path)
    >>> load(path)
    ({'loss': 0.25}, {'model': 'a builtin_function_or_method, which is no plain data', 'z': 'not defined'})

    It runs in the process of the student's code, so nothing that it writes is trusted: `load` checks all of it.

    Parameters
    ----------
    namespace : dict
        Variables of the notebook.
    names : sequence of str
        Those that the question's tests use.
    path : str or path
        File to write, a zip archive.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    answers, faults, writer = {}, {}, _Writer()
    for name in names:
        if name not in namespace:
            faults[name] = "not defined"
            continue
        try:
            answers[name] = writer.encode_whole(namespace[name])
        except Unfit as fault:
            faults[name] = str(fault)
        except Exception as error:  # whatever a value of the student's raises when it is looked at
            faults[name] = f"not readable ({type(error).__name__})"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(TREE, json.dumps({"answers": answers, "faults": faults}))
        for i, array in enumerate(writer.arrays):
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(PARTS.format(i), buffer.getvalue())


def load(path):
    """Read what `capture` wrote, built anew of plain types.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    answers : dict of str to plain data
    faults : dict of str to str
        Names that are missing, with what was there instead.

    Raises
    ------
    Unfit
        If the file is not what `capture` writes; so it is when a student wrote it by other means.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > 2 * MAX_BYTES:
                raise Unfit("more data than any answer has")
            tree = json.loads(archive.read(TREE))
            arrays = [
                np.load(io.BytesIO(archive.read(PARTS.format(i))), allow_pickle=False)
                for i in range(len(archive.namelist()) - 1)
            ]
        answers = {str(name): _decode(node, arrays) for name, node in tree["answers"].items()}
        return answers, {str(name): str(fault)[:200] for name, fault in tree["faults"].items()}
    except Unfit:
        raise
    except Exception as error:  # zipfile, json, NumPy and pandas raise a dozen kinds on a forged file
        raise Unfit(f"no readable answers in {Path(path).name} ({type(error).__name__})") from error


def restore(namespace, names, path):
    """Put the answers of one question into a namespace: `names` and no others, whatever else the file holds.

    Parameters
    ----------
    namespace : dict
    names : sequence of str
    path : str or path

    Raises
    ------
    Unfit
        If one of them is missing; the message, for the student, says what was there instead.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    answers, faults = load(path)
    lacking = [f"{name} is {faults.get(name, 'missing')}" for name in names if name not in answers]
    if lacking:
        raise Unfit("; ".join(lacking))
    namespace.update({name: answers[name] for name in names})


class _Writer:
    """Turns values into a tree for JSON, and collects the arrays that its leaves refer to by number."""

    def __init__(self):
        self.arrays = []
        self.n_items = self.n_bytes = 0

    def encode_whole(self, value):
        """One answer, or nothing of it."""
        before, self.n_items = (len(self.arrays), self.n_bytes), 0
        try:
            return self.encode(value)
        except BaseException:
            del self.arrays[before[0] :]
            self.n_bytes = before[1]
            raise

    def encode(self, value, depth=0):
        self.n_items += 1
        if self.n_items > MAX_ITEMS or depth > MAX_DEPTH:
            raise Unfit("too large or too deep; arrays are for many numbers")
        kind = type(value)  # never isinstance: a subclass may behave as it likes
        if value is None or kind in (bool, int, float, str):
            return ["plain", value]
        if kind in (list, tuple):
            return [kind.__name__, [self.encode(item, depth + 1) for item in value]]
        if kind is dict:
            items = value.items()
            return ["dict", [[self.encode(key, depth + 1), self.encode(item, depth + 1)] for key, item in items]]
        pd = sys.modules.get("pandas")  # where it was never imported, nothing is a frame, and a second is saved
        if pd and kind is pd.DataFrame:
            names = [self.encode(name, depth + 1) for name in value.columns]
            parts = [self._column(value.iloc[:, i]) for i in range(value.shape[1])]
            return ["frame", names, parts, self._column(value.index)]
        if pd and kind is pd.Series:
            return ["series", self._column(value), self._column(value.index), self.encode(value.name, depth + 1)]
        if issubclass(kind, np.generic):
            return ["number", self._store(np.array(value))]
        if hasattr(kind, "__array__"):  # NumPy's own, and tensors
            return ["array", self._store(np.asarray(value))]
        raise Unfit(f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}, which is no plain data")

    def _column(self, column):
        array = np.asarray(column)
        if array.dtype.kind == "O":
            array = np.array([str(item) for item in column])
        return self._store(array)

    def _store(self, array):
        if type(array) is not np.ndarray or array.dtype.kind not in KINDS:
            raise Unfit(f"an array of {getattr(array, 'dtype', '?')}, not of numbers")
        self.n_bytes += array.nbytes
        if self.n_bytes > MAX_BYTES:
            raise Unfit(f"larger than {MAX_BYTES // 1_000_000} MB")
        self.arrays.append(array)
        return len(self.arrays) - 1


def _decode(node, arrays):
    kind, *rest = node
    if kind == "plain" and (rest[0] is None or type(rest[0]) in (bool, int, float, str)):
        return rest[0]
    if kind in ("list", "tuple"):
        return {"list": list, "tuple": tuple}[kind](_decode(item, arrays) for item in rest[0])
    if kind == "dict":
        return {_decode(key, arrays): _decode(item, arrays) for key, item in rest[0]}
    if kind == "array":
        return arrays[rest[0]]
    if kind == "number":
        return arrays[rest[0]][()]
    import pandas as pd

    if kind == "series":
        values, index, name = rest
        return pd.Series(arrays[values], index=arrays[index], name=_decode(name, arrays))
    if kind == "frame":
        names, parts, index = rest
        frame = pd.DataFrame(dict(enumerate(arrays[i] for i in parts)), index=arrays[index])
        frame.columns = [_decode(name, arrays) for name in names]
        return frame
    raise Unfit("no readable answers")
