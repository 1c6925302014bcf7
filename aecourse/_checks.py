"""Checks of what users pass in: each returns the value in one known type, or raises and says what was wrong.

The package checks once, at the public function; below it, arrays and numbers are known to be good.
Every message reads "`name` must be <expected>. Received: name=<value>.", followed by how to fix it where that is known.
"""

import math
import numbers
import reprlib

import numpy as np
import pandas as pd

__all__ = [
    "as_numeric_array",
    "check_choice",
    "check_frame",
    "check_int",
    "check_real",
    "check_same_length",
    "received",
]

# A frame of 784 pixels with NaN everywhere must not print 784 column names.
MAX_COLUMNS_NAMED = 5


def received(name, value):
    """The second sentence of every message, with long values cut short.

    >>> received("epochs", 0)
    'Received: epochs=0.'
    """
    return f"Received: {name}={_show(value)}."


def check_choice(name, value, choices, *, hint=""):
    """Return `value` if it is one of `choices`, which are strings.

    >>> check_choice("scaling", "minmax", ("none", "minmax"))
    'minmax'

    Raises
    ------
    TypeError
        If `value` is no string.
    ValueError
        If it is another string; the message lists the choices.
    """
    choices = tuple(choices)
    expected = f"`{name}` must be one of {', '.join(map(repr, choices))}."
    if not isinstance(value, str):
        raise TypeError(_message(expected, name, value, hint))
    if value not in choices:
        raise ValueError(_message(expected, name, value, hint))
    return value


def check_int(name, value, *, minimum=None, maximum=None, hint=""):
    """Return `value` as a Python int; NumPy integers pass, booleans and 3.0 do not.

    >>> check_int("epochs", np.int64(20), minimum=1)
    20

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If it lies below `minimum` or above `maximum` (both are allowed themselves).
    """
    expected = f"`{name}` must be an integer{_between(minimum, maximum)}."
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(_message(expected, name, value, hint))
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise ValueError(_message(expected, name, value, hint))
    return int(value)


def check_real(name, value, *, minimum=None, maximum=None, above=None, below=None, hint=""):
    """Return `value` as a finite Python float; integers pass, booleans and NaN do not.

    >>> check_real("dropout", 0.5, minimum=0, below=1)
    0.5

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : real number
        What the user passed.
    minimum, maximum : float, optional
        Bounds that are allowed themselves.
    above, below : float, optional
        Bounds that are not.
    hint : str, optional
        How to fix it, appended to the message.

    Raises
    ------
    TypeError
        If `value` is no real number.
    ValueError
        If it is NaN, infinite or out of bounds.
    """
    expected = f"`{name}` must be a finite number{_between(minimum, maximum, above, below)}."
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(_message(expected, name, value, hint))
    inside = (
        math.isfinite(value)
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
        and (above is None or value > above)
        and (below is None or value < below)
    )
    if not inside:
        raise ValueError(_message(expected, name, value, hint))
    return float(value)


def check_same_length(**arrays):
    """Raise ValueError unless all arrays have as many rows; None is passed over.

    >>> check_same_length(x_train=np.zeros((3, 2)), y_train=np.zeros(3))
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        names = " and ".join(f"`{name}`" for name in lengths)
        counts = ", ".join(f"len({name})={length}" for name, length in lengths.items())
        raise ValueError(f"{names} must have as many rows as each other. Received: {counts}.")


def check_frame(name, frame, columns, *, numeric=()):
    """Raise unless `frame` is a DataFrame with rows and these columns, those of `numeric` of numbers.

    >>> check_frame("history", pd.DataFrame({"epoch": [1], "loss": [0.5]}), ["epoch", "loss"], numeric=["loss"])

    Raises
    ------
    TypeError
        If it is no DataFrame, or a column of `numeric` holds other things than numbers.
    ValueError
        If a column is missing, or there is no row.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"`{name}` must be a DataFrame. Received: {name} of type {type(frame).__name__}.")
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(
            f"`{name}` must have columns {', '.join(map(repr, columns))}. "
            f"Received: columns {', '.join(map(repr, frame.columns))}, without {', '.join(map(repr, missing))}."
        )
    if frame.empty:
        raise ValueError(f"`{name}` must have at least 1 row. Received: an empty frame.")
    for column in numeric:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise TypeError(
                f"`{name}` must hold numbers in column {column!r}. Received: dtype {frame[column].dtype} there."
            )


def as_numeric_array(name, x, *, dtype="float32", ndim=None, min_rows=1, keep_integers=False):
    """Return `x` as a finite array of floats, or say which columns stand in the way and how many values.

    >>> as_numeric_array("x", [[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]], dtype=float32)

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    x : array_like, DataFrame or Series, shape (n_rows, ...)
        Numbers or booleans; anything that NumPy can read. A masked value or a missing one of pandas counts as NaN.
    dtype : str, default "float32"
        Float type to return; values too large for it are told like infinities.
    ndim : int, optional
        Number of axes that `x` must have.
    min_rows : int, default 1
        Fewest rows that are accepted.
    keep_integers : bool, default False
        If True, integers and booleans are returned as int64 instead (labels are such).

    Returns
    -------
    ndarray, shape of `x`, `dtype` (or int64, see `keep_integers`)
        Shares memory with `x` where no conversion was needed.

    Raises
    ------
    TypeError
        If `x` is no array of numbers: text, dates, complex numbers, ragged lists, sparse matrices.
    ValueError
        If `x` has too few rows, another number of axes, or values that are NaN or infinite.
    """
    array, columns = _read_numbers(name, x)
    if array.ndim == 0 or (ndim is not None and array.ndim != ndim):
        axes = "at least 1 axis" if ndim is None else f"{ndim} {'axis' if ndim == 1 else 'axes'}"
        fix = " Reshape it with `.reshape(-1, 1)` if it has a single feature." if (ndim, array.ndim) == (2, 1) else ""
        raise ValueError(f"`{name}` must have {axes}. Received: {name} of shape {array.shape}.{fix}")
    if len(array) < min_rows or 0 in array.shape[1:]:
        rows = f"at least {min_rows} row{'s' * (min_rows != 1)} and no empty axis"
        raise ValueError(f"`{name}` must have {rows}. Received: {name} of shape {array.shape}.")
    if keep_integers and array.dtype.kind in "iub":
        return array.astype("int64", copy=False)
    with np.errstate(over="ignore"):  # told below, by column
        result = array.astype(dtype, copy=False)
    if not np.isfinite(result).all():
        masks = {
            "NaN": np.isnan(array),
            "infinite": np.isinf(array),
            f"too large for {np.dtype(dtype)}": np.isfinite(array) & ~np.isfinite(result),
        }
        found = ", ".join(_locate(what, mask, columns) for what, mask in masks.items() if mask.any())
        raise ValueError(f"`{name}` must hold finite numbers. Received: {found}. Remove or impute them first.")
    return result


def _read_numbers(name, x):
    """Array of numeric dtype, and the column labels if `x` is a DataFrame (else None)."""
    if isinstance(x, pd.DataFrame):
        columns = list(x.columns)
        if all(isinstance(kind, np.dtype) and kind.kind in "iufb" for kind in x.dtypes):
            return x.to_numpy(), columns  # the usual case, without a loop over columns
        parts = [_numbers_or_none(x.iloc[:, i]) for i in range(x.shape[1])]
        _refuse_text(name, [i for i, part in enumerate(parts) if part is None], columns)
        return np.stack(parts, axis=1), columns
    if type(x).__module__.startswith("scipy.sparse"):
        raise TypeError(f"`{name}` must be a dense array. Received: {name}={type(x).__name__}. Use `{name}.toarray()`.")
    expected = f"`{name}` must be an array, DataFrame or Series of numbers."
    try:
        array = _numbers_or_none(x)
    except (ValueError, TypeError) as error:
        raise TypeError(f"{expected} Received: {name} of type {type(x).__name__}, which NumPy can't read.") from error
    if array is not None:
        return array, None
    raw = np.asarray(x)
    if raw.ndim == 0:
        raise TypeError(f"{expected} {received(name, x)}")
    if raw.ndim == 2 and raw.dtype.kind in "USTO":
        cells = np.asarray(x, dtype=object)  # in a list of lists, NumPy would turn the numbers beside text into text
        _refuse_text(name, [i for i in range(cells.shape[1]) if _numbers_or_none(cells[:, i]) is None], None)
    kind = {"U": "text", "S": "text", "T": "text", "O": "text or other objects"}.get(raw.dtype.kind, raw.dtype)
    raise TypeError(f"{expected} Received: {name} holding {kind}.")


def _numbers_or_none(x):
    """`x` as an array of integers, floats or booleans; None if it holds anything else."""
    if isinstance(x, pd.Series):
        if isinstance(x.dtype, np.dtype):
            x = x.to_numpy()
        elif pd.api.types.is_numeric_dtype(x.dtype) or pd.api.types.is_bool_dtype(x.dtype):
            x = x.to_numpy(dtype="float64", na_value=np.nan) if x.hasnans else x.to_numpy()
        else:
            return None
    elif isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x) and x.dtype.kind in "iufb":
        return x.astype("float64").filled(np.nan)
    array = np.asarray(x)
    if array.dtype.kind in "iufb":
        return array
    if array.dtype.kind != "O" or array.ndim == 0:
        return None
    flat = [np.nan if value is None or value is pd.NA else value for value in array.ravel()]
    if not all(isinstance(value, numbers.Real | np.bool_) for value in flat):
        return None
    return np.array(flat, dtype="float64").reshape(array.shape)


def _refuse_text(name, indices, columns):
    if indices:
        where = _name_columns(indices, columns)
        fix = "Drop these columns or encode them as numbers first."
        raise TypeError(f"`{name}` must hold numbers alone. Received: text or other objects in {where}. {fix}")


def _locate(what, mask, columns):
    """Say how many values `mask` marks and where, as in "3 NaN in column 'ash' (index 2)"."""
    if mask.ndim != 2:
        first = tuple(int(i) for i in np.argwhere(mask)[0])
        return f"{mask.sum()} {what} (first at index {first[0] if len(first) == 1 else first})"
    counts = mask.sum(axis=0)
    hit = np.flatnonzero(counts)
    parts = [f"{counts[i]} {what} in {_name_columns([i], columns)}" for i in hit[:MAX_COLUMNS_NAMED]]
    if len(hit) > MAX_COLUMNS_NAMED:
        parts.append(f"{counts[hit[MAX_COLUMNS_NAMED:]].sum()} {what} in {len(hit) - MAX_COLUMNS_NAMED} more columns")
    return ", ".join(parts)


def _name_columns(indices, columns):
    named = [f"{i}" if columns is None else f"{columns[i]!r} (index {i})" for i in indices[:MAX_COLUMNS_NAMED]]
    more = f" and {len(indices) - MAX_COLUMNS_NAMED} more" if len(indices) > MAX_COLUMNS_NAMED else ""
    return f"column{'s' * (len(indices) > 1)} {', '.join(named)}{more}"


def _between(minimum=None, maximum=None, above=None, below=None):
    bounds = [
        f"{word} {bound}"
        for word, bound in (("at least", minimum), ("above", above), ("at most", maximum), ("below", below))
        if bound is not None
    ]
    return f" {' and '.join(bounds)}" if bounds else ""


def _message(expected, name, value, hint):
    return f"{expected} {received(name, value)}{' ' + hint if hint else ''}"


def _show(value):
    return reprlib.repr(value.item() if isinstance(value, np.generic) else value)
