"""What all probes do with their arrays: check codes and labels, and take replicates one after another."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from aecourse._checks import as_numeric_array, received

# On a busy machine, two threads that wait for each other took nine times as long as one (60,000 codes of 128 units).
# And the number of threads must not decide the last digits.
N_THREADS = 1
MAX_NAMED = 5


def check_codes(**codes):
    """Return codes as (n_seeds, n_samples, latent_dim), and whether they came without the first axis.

    All have as many replicates and units as each other; the first of them must vary in each replicate.
    """
    arrays = {name: _as_code(name, z) for name, z in codes.items()}
    first = next(iter(arrays))
    for name, z in arrays.items():
        ours, theirs = _without_rows(arrays[first].shape), _without_rows(z.shape)
        if ours != theirs:
            raise ValueError(
                f"`{first}` and `{name}` must have as many replicates and units as each other. "
                f"Received: {first} of shape {arrays[first].shape}, {name} of shape {z.shape}."
            )
    single = arrays[first].ndim == 2
    stacks = {name: z[None] if single else z for name, z in arrays.items()}
    z = stacks[first]
    collapsed = np.flatnonzero((z == z[:, :1]).all(axis=(1, 2)))  # replicates whose rows are all equal
    if len(collapsed):
        named = ", ".join(map(str, collapsed[:MAX_NAMED])) + ", ..." * (len(collapsed) > MAX_NAMED)
        which = "" if single else f" in {len(collapsed)} of {len(z)} replicates, at {named}"
        raise ValueError(
            f"`{first}` must vary between rows. Received: {first} with every unit constant{which}. Such a code has "
            "collapsed and tells nothing of its rows: leave it out, and report how many there were."
        )
    return *stacks.values(), single


def check_labels(**labels):
    """Return labels as integers that count the classes of the first of them, which must be two or more."""
    arrays = {name: _as_labels(name, y) for name, y in labels.items()}
    first, *others = arrays
    classes = np.unique(arrays[first])
    if len(classes) < 2:
        raise ValueError(f"`{first}` must hold two classes or more. Received: {first} with class {classes[0]!r} alone.")
    for name in others:
        if len(missing := np.setdiff1d(arrays[name], classes)):
            more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
            raise ValueError(
                f"`{first}` must hold every class of `{name}`. "
                f"Received: {name} with {', '.join(map(repr, missing.tolist()[:MAX_NAMED]))}{more}, "
                f"which {first} has not: no probe can learn it."
            )
    return tuple(np.searchsorted(classes, y) for y in arrays.values())


def over_replicates(score, single, *stacks):
    """Apply `score` to each replicate; a float for a code that came alone, else an array of shape (n_seeds,)."""
    with threadpool_limits(N_THREADS):
        values = np.array([score(*codes) for codes in zip(*stacks, strict=True)], dtype="float64")
    return float(values[0]) if single else values


def some_rows(n_rows, n_wanted, seed=0):
    """Positions of at most `n_wanted` of `n_rows`, drawn without repetition, in their order; the same at each call."""
    if n_rows <= n_wanted:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, n_wanted, replace=False))


def _as_code(name, z):
    # float32, as Keras gives it, costs half the time; float64 is kept for raw input with large offsets.
    dtype = "float32" if getattr(z, "dtype", None) == np.float32 else "float64"
    array = as_numeric_array(name, z, dtype=dtype)
    if array.ndim not in (2, 3):
        expected = f"`{name}` must have shape (n_samples, latent_dim) or (n_seeds, n_samples, latent_dim)."
        raise ValueError(f"{expected} {received('shape', array.shape)}")
    return array


def _without_rows(shape):
    return (*shape[:-2], shape[-1])


def _as_labels(name, y):
    expected = f"`{name}` must be labels of classes, integers or text, of shape (n_samples,)."
    array = np.asarray(y)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{expected} {received('shape', array.shape)}")
    if pd.isna(array).any():
        raise ValueError(f"{expected} Received: {name} with {int(pd.isna(array).sum())} missing.")
    if array.dtype.kind == "O":
        if not all(isinstance(each, str) for each in array):
            raise TypeError(f"{expected} Received: {name} of dtype object that holds other things than text.")
        array = array.astype(str)
    if array.dtype.kind == "f":
        if (array != np.round(array)).any():
            raise ValueError(f"{expected} Received: {name} with fractions, as in a regression's targets.")
        array = array.astype("int64")
    if array.dtype.kind not in "iubU":
        raise TypeError(f"{expected} Received: {name} of dtype {array.dtype}.")
    return array
