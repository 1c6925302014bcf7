"""Readers of answers: each returns what can be compared, or raises `Unreadable` with a sentence for the learner.

An answer may be anything, so nothing is taken for granted here: a learner is to see a sentence, never a traceback.
"""

import copy
import reprlib

import keras
import numpy as np
import pandas as pd

from aecourse._checks import as_numeric_array

__all__ = ["Unreadable", "array", "arrays", "call", "frame", "function", "model", "number", "numbers"]


class Unreadable(Exception):
    """Says what came and what was expected."""


def _describe(answer):
    """What came, in a few words."""
    if answer is None:
        return "None, which is what a function without `return` gives"
    if isinstance(answer, str):
        return f"text, {reprlib.repr(answer)}"
    if isinstance(answer, bool | np.bool_):
        return f"a truth value, {answer}"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    if isinstance(answer, pd.DataFrame | pd.Series):
        return f"{_a(type(answer).__name__)} of shape {answer.shape}"
    if isinstance(answer, list | tuple):
        return f"a {type(answer).__name__} of length {len(answer)}"
    if isinstance(answer, type):
        return f"a class, {answer.__name__}"
    if isinstance(answer, int | float | np.number):
        return f"the number {answer:.4g}"
    return _a(type(answer).__name__)


def _a(noun):
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def refuse(answer, expected):
    """Raise with both halves of the sentence."""
    raise Unreadable(f"Your answer is {_describe(answer)}. Expected: {expected}.")


def number(what):
    """One finite number; `what` names it, with its unit."""

    def read(answer):
        values = _to_array(answer, f"one number, {what}")
        if values.ndim:
            refuse(answer, f"one number, {what}")
        _refuse_not_finite(values)
        return float(values)

    return read


def numbers(*what):
    """A few finite numbers in a given order."""
    return array((len(what),), f"{len(what)} numbers in this order: {'; '.join(what)}")


def array(shape, what, *, allow_nan=False):
    """An array of a known shape; None stands for any length."""

    def read(answer):
        values = _to_array(answer, what)
        fits = values.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, values.shape, strict=True))
        if not fits:
            known = ", ".join("any" if n is None else str(n) for n in shape) + "," * (len(shape) == 1)
            refuse(answer, f"{what}, so an array of shape ({known})")
        if not allow_nan:
            _refuse_not_finite(values)
        return values

    return read


def arrays(*readers, what):
    """A tuple or list of several arrays, read one by one and put in a row."""

    def read(answer):
        if not isinstance(answer, tuple | list) or len(answer) != len(readers):
            refuse(answer, what)
        return np.concatenate([each(part).ravel() for each, part in zip(readers, answer, strict=True)])

    return read


def function(*calls, returns, what):
    """A function, called with each tuple of arguments in `calls`; what it returns is read by `returns`."""

    def read(answer):
        if not callable(answer):
            refuse(answer, what)
        found = []
        for arguments in calls:
            value = call(answer, *arguments)
            try:
                found.append(np.ravel(returns(value)))
            except Unreadable as fault:
                raise Unreadable(f"{str(fault).replace('Your answer is', 'Your function returned', 1)}") from None
        return np.concatenate(found)

    return read


def call(answer, *arguments, copied=True):
    """Call a learner's function, with copies unless it is asked to change what it is given."""
    try:
        return answer(*(copy.deepcopy(arguments) if copied else arguments))
    except Exception as error:  # anything that a learner's code may raise
        said = str(error).splitlines()[0] if str(error) else "no message"
        called = f" It was called with {', '.join(map(_describe, arguments))}." if arguments else ""
        raise Unreadable(f"Your code stopped with {type(error).__name__}: {said[:200]}.{called}") from None


def frame(columns, what):
    """A DataFrame that has at least these columns."""

    def read(answer):
        if not isinstance(answer, pd.DataFrame):
            refuse(answer, what)
        missing = [name for name in columns if name not in answer.columns]
        if missing:
            raise Unreadable(f"Your frame has no column {missing[0]!r}. Expected: {what}.")
        return answer

    return read


def model(n_features, what):
    """A Keras model from rows of `n_features` numbers to as many, with a layer called `code`."""

    def read(answer):
        if not isinstance(answer, keras.Model):
            refuse(answer, what)
        try:
            shapes = answer.input_shape, answer.output_shape
        except (AttributeError, ValueError):
            raise Unreadable(f"Your model has not been built yet. Expected: {what}.") from None
        if shapes != ((None, n_features),) * 2:
            raise Unreadable(f"Your model maps {shapes[0]} to {shapes[1]}. Expected: {what}.")
        if "code" not in [layer.name for layer in answer.layers]:
            raise Unreadable(f"Your model has no layer called `code`. Expected: {what}.")
        if not all(np.isfinite(weight).all() for weight in answer.get_weights()):
            raise Unreadable("Your model has weights that are NaN or infinite: its training has diverged.")
        return answer

    return read


def _to_array(answer, what):
    if answer is None or isinstance(answer, str | bool | np.bool_ | dict | set):
        refuse(answer, what)
    try:
        values = np.asarray(answer)
        if values.dtype.kind not in "iuf":
            # Frames and lists of objects go by the package's own reader, which knows missing values.
            values = as_numeric_array("answer", answer, dtype="float64", min_rows=0)
    except Exception:  # an object may do anything when NumPy looks at it
        refuse(answer, what)
    if values.dtype.kind not in "iuf":
        refuse(answer, what)
    return values.astype("float64")


def _refuse_not_finite(values):
    if np.isnan(values).any():
        raise Unreadable(
            "Your answer is NaN, or has NaN in it. Look where the first one comes from: a mean of nothing, a division "
            "by zero, a missing value, or a training that diverged."
        )
    if np.isinf(values).any():
        raise Unreadable("Your answer is infinite, or has infinite values in it. Expected: finite numbers.")
