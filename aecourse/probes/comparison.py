"""Codes beside what gives their scores a meaning: raw input, PCA, an untrained encoder, shuffled labels."""

from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from aecourse import models
from aecourse._checks import as_numeric_array, check_choice, check_int, check_same_length, received
from aecourse._seeding import generators_restored
from aecourse.probes.arrays import check_codes, check_labels
from aecourse.probes.structure import cluster_agreement, trustworthiness
from aecourse.probes.supervised import knn_probe, linear_probe

__all__ = ["BASELINES", "MEASURES", "compare_codes"]

MEASURES = ("linear", "knn", "ari", "nmi", "trustworthiness")
BASELINES = ("raw input", "PCA", "untrained encoder", "shuffled labels")


def compare_codes(codes, x, y, *, build_model=None, seeds=None, measures=MEASURES, baselines=BASELINES) -> pd.DataFrame:
    """Score codes with several probes, and with each of them what a number is to be held against.

    >>> from aecourse import data, models
    >>> wine = data.load_wine()
    >>> model = models.build_autoencoder(13, 3)  # train it first
    >>> encode = models.encoder(model)
    >>> frame = compare_codes(
    ...     {"autoencoder": (encode(wine.x_train), encode(wine.x_val))},
    ...     (wine.x_train, wine.x_val), (wine.y_train, wine.y_val),
    ...     build_model=lambda: models.build_autoencoder(13, 3), measures=("linear", "ari"),
    ... )
    >>> frame["method"].unique().tolist()
    ['autoencoder', 'raw input', 'PCA, 3', 'untrained encoder', 'autoencoder, shuffled labels']
    >>> frame.columns.tolist()
    ['method', 'latent_dim', 'seed', 'measure', 'value']

    Parameters
    ----------
    codes : mapping of str to (z_train, z_test)
        What to call a code, and its training and held-out rows: each of shape (n_samples, latent_dim), or of
        (n_seeds, n_samples, latent_dim) for all replicates at once.
    x : (x_train, x_test), each array_like of shape (n_samples, ...)
        What was encoded.
    y : (y_train, y_test), each array_like of int or str, shape (n_samples,)
        Classes; all of those of `y_test` stand in `y_train`.
    build_model : callable returning a keras.Model with a layer `code`, optional
        Builds the model that was trained. Needed for the untrained encoder, which has for each of `seeds` the weights
        of ``keras.utils.set_random_seed(seed); build_model()``: those that `train_replicates` begins with.
    seeds : sequence of int, optional
        What to call the replicates, in the order of the first axis; 0, 1, 2, ... if None.
    measures : sequence of {"linear", "knn", "ari", "nmi", "trustworthiness"}
        "linear" and "knn" are accuracies, see `linear_probe` and `knn_probe`; the next two `cluster_agreement`.
    baselines : sequence of {"raw input", "PCA", "untrained encoder", "shuffled labels"}
        PCA, fitted on the training rows, is taken at each code's width, or at the most that the data have. Labels are
        shuffled within the training rows and within the test rows, so that every probe is at chance;
        trustworthiness, which knows no labels, is left out there.

    Returns
    -------
    DataFrame
        One row per method, replicate and measure: `method`, `latent_dim`, `seed`, `measure`, `value`. The raw input
        and PCA, which no seed enters, have one row for each measure, under the first of `seeds`.
        `plots.plot_seed_values` draws the rows of one measure.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not what the probes take, a name is not known, or `build_model` is missing.

    Notes
    -----
    Chapter: Embedding probes.
    """
    codes, seeds = _check_codes(codes, seeds)
    measures = _check_names("measures", measures, MEASURES)
    baselines = _check_names("baselines", baselines, BASELINES)
    x, y = _check_pair("x", x), _check_pair("y", y)
    x = tuple(as_numeric_array(name, part) for name, part in zip(("x[0]", "x[1]"), x, strict=True))
    y = check_labels(**{"y[0]": y[0], "y[1]": y[1]})
    for i in (0, 1):
        rows = {f"codes[{name!r}][{i}]": z[i][0] for name, z in codes.items()}
        check_same_length(**{f"x[{i}]": x[i], f"y[{i}]": y[i]}, **rows)
    if "untrained encoder" in baselines and not callable(build_model):
        raise TypeError(
            "`build_model` must be a function that returns the model anew, for the untrained encoder. "
            f"{received('build_model', build_model)} Give it, or leave the untrained encoder out of `baselines`."
        )

    flat = tuple(part.reshape(len(part), -1) for part in x)
    others = {}
    if "raw input" in baselines:
        others["raw input"] = tuple(part[None] for part in flat)
    if "PCA" in baselines:
        for width in sorted({z[0].shape[2] for z in codes.values()}):
            others[f"PCA, {width}"] = _principal_components(flat, width)
    if "untrained encoder" in baselines:
        others["untrained encoder"] = _untrained_codes(build_model, seeds, x)
    rows = [
        row for name, z in (codes | others).items() for row in _scores(name, z, flat, [y] * len(z[0]), seeds, measures)
    ]
    if "shuffled labels" in baselines:
        shuffled = [_shuffled(y, seed) for seed in seeds]
        with_labels = [measure for measure in measures if measure != "trustworthiness"]
        for name, z in codes.items():
            rows += _scores(f"{name}, shuffled labels", z, flat, shuffled, seeds, with_labels)
    return pd.DataFrame(rows, columns=["method", "latent_dim", "seed", "measure", "value"])


def _scores(method, z, x, labels, seeds, measures):
    """Rows of one method: for each replicate, the labels that belong to it."""
    for position, seed in enumerate(seeds[: len(z[0])] if len(z[0]) > 1 else seeds[:1]):
        a, b = z[0][position], z[1][position]
        y_train, y_test = labels[position]
        found = {}
        if "linear" in measures:
            found["linear"] = linear_probe(a, y_train, b, y_test)
        if "knn" in measures:
            found["knn"] = knn_probe(a, y_train, b, y_test)
        if {"ari", "nmi"} & set(measures):
            agreement = cluster_agreement(a, b, y_test)
            found |= {"ari": agreement.ari, "nmi": agreement.nmi}
        if "trustworthiness" in measures:
            found["trustworthiness"] = trustworthiness(x[1], b)
        for measure in measures:
            yield method, a.shape[1], seed, measure, found[measure]


def _principal_components(x, width):
    pca = PCA(min(width, *x[0].shape), random_state=0).fit(x[0])
    return tuple(pca.transform(part)[None] for part in x)


def _untrained_codes(build_model, seeds, x):
    codes = []
    for seed in seeds:
        with generators_restored():
            keras.utils.set_random_seed(seed)
            model = build_model()
        if isinstance(model, keras.Model) and not model.built:
            model(x[0][:1])
        encoder = models.encoder(model)
        codes.append([_encode(encoder, part) for part in x])
    return tuple(np.stack(part).reshape(len(seeds), len(part[0]), -1) for part in zip(*codes, strict=True))


def _encode(encoder, x):
    """Called directly: `predict` compiles for each model anew, and TensorFlow warns of that."""
    starts = range(0, len(x), models.PREDICT_ROWS)
    batches = [encoder(x[i : i + models.PREDICT_ROWS], training=False) for i in starts]
    return np.concatenate(batches)


def _shuffled(y, seed):
    rng = np.random.default_rng(seed)
    return tuple(rng.permutation(part) for part in y)


def _check_codes(codes, seeds):
    """Codes as pairs of (n_seeds, n_samples, latent_dim), and the names of their replicates."""
    if not isinstance(codes, Mapping) or not codes:
        raise TypeError(
            f"`codes` must map names to pairs, as in {{'AE': (z_train, z_test)}}. {received('codes', codes)}"
        )
    checked = {}
    for name, pair in codes.items():
        z_train, z_test = _check_pair(f"codes[{name!r}]", pair)
        checked[str(name)] = check_codes(**{f"codes[{name!r}][0]": z_train, f"codes[{name!r}][1]": z_test})[:2]
    counts = {name: len(z[0]) for name, z in checked.items()}
    n_seeds = max(counts.values())
    if not set(counts.values()) <= {1, n_seeds}:
        raise ValueError(f"`codes` must have equal numbers of replicates, or one. {received('replicates', counts)}")
    if seeds is None:
        return checked, list(range(n_seeds))
    seeds = [check_int("seeds", seed, minimum=0, maximum=2**32 - 1) for seed in seeds]
    if len(seeds) != n_seeds or len(set(seeds)) != n_seeds:
        raise ValueError(
            f"`seeds` must be {n_seeds} distinct integers, one for each replicate. {received('seeds', seeds)}"
        )
    return checked, seeds


def _check_pair(name, pair):
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        expected = f"`{name}` must be a pair: training rows and test rows."
        raise TypeError(f"{expected} Received: {name} of type {type(pair).__name__}.")
    return pair


def _check_names(name, chosen, known):
    if isinstance(chosen, str) or not np.iterable(chosen):
        raise TypeError(f"`{name}` must be a sequence of names. {received(name, chosen)}")
    chosen = [check_choice(name, each, known) for each in chosen]
    return [each for each in known if each in chosen]
