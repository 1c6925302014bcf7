"""Exercises of the chapter "Embedding probes"."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from aecourse import data
from aecourse import probes as scoring
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake
from aecourse.exercises.sources import by_digits

N_ON_PAGE = 6

# probes.1: the linear probe beside its baselines

WIDTHS, N_ROWS = (2, 3), 10_000


@by_digits
def _pca_codes():
    """Codes of the rows that the chapter compares, by what `compare_codes` calls them, with their labels."""
    digits = data.load_mnist(val_size=0)
    x_train, y_train = digits.x_train[:N_ROWS], digits.y_train[:N_ROWS]
    pca = PCA(max(WIDTHS), random_state=0).fit(x_train)
    codes = pca.transform(x_train), pca.transform(digits.x_test)
    return {f"PCA, {w}": tuple(z[:, :w] for z in codes) for w in WIDTHS}, (y_train, digits.y_test)


def _frame(probe="linear", *, label="linear"):
    codes, y = _pca_codes()
    score = {"linear": scoring.linear_probe, "knn": scoring.knn_probe}[probe]
    rows = [(name, label, score(z[0], y[0], z[1], y[1])) for name, z in codes.items()]
    return pd.DataFrame(rows, columns=["method", "measure", "value"])


def _read_scores(answer):
    what = "the frame of `probes.compare_codes`, with columns method, measure and value"
    frame = reading.frame(["method", "measure", "value"], what)(answer)
    names = [f"PCA, {width}" for width in WIDTHS]
    linear = frame[frame["measure"] == "linear"]
    found = linear[linear["method"].isin(names)].groupby("method")["value"].mean()
    values = reading.array((len(found),), "numbers in the column value")(found)
    return SimpleNamespace(
        measures=set(frame["measure"].astype(str)), values=dict(zip(found.index, values, strict=True))
    )


def _same_scores(value, expected):
    known = value.values.keys() == expected.values.keys()
    # PCA's random solver and the choice of rows leave a few thousandths.
    return known and all(abs(value.values[name] - expected.values[name]) <= 0.012 for name in expected.values)


LINEAR = Exercise(
    name="probes.1",
    read=_read_scores,
    solve=_frame,
    same=_same_scores,
    mistakes=(
        Mistake(
            name="neighbours again",
            make=lambda: _frame("knn", label="knn"),
            told_by=lambda value: "linear" not in value.measures,
            hint="No row of your frame is of the linear probe: `measures` chooses it.",
        ),
        Mistake(
            name="no baselines",
            make=lambda: _frame().assign(method="2-D A"),
            told_by=lambda value: not value.values,
            hint="PCA is not in your frame. A number means something beside others: leave the baselines in.",
        ),
        Mistake(
            name="neighbours under another name",
            make=lambda: _frame("knn"),
            hint="These are scores of the nearest neighbours, whatever the column measure says.",
        ),
    ),
    otherwise="PCA's scores, which depend on no seed, are others: has the frame been made of `x_pair` and `y_pair`, "
    "training rows first?",
)


# probes.3: labels that say nothing


def _labels():
    return np.random.default_rng(1).permutation(np.repeat(np.arange(10), 100))


def _measure_shuffle(answer):
    y = _labels()
    what = "as many labels as it was given"
    read = reading.function(
        (y, 0), returns=reading.array(y.shape, what), what="a function `shuffle(y, seed)` of labels"
    )
    shuffled = read(answer)
    names = {(a, b) for a, b in zip(y.tolist(), shuffled.tolist(), strict=True)}
    return SimpleNamespace(
        counts_kept=np.array_equal(np.sort(shuffled), np.sort(y)),
        agreement=float((shuffled == y).mean()),
        renamed=len(names) <= 10,
        sorted=bool((np.diff(shuffled) >= 0).all()),
    )


def _shuffle(y, seed):
    return np.random.default_rng(seed).permutation(y)


SHUFFLED = Exercise(
    name="probes.3",
    read=_measure_shuffle,
    solve=lambda: _shuffle,
    # A tenth of the labels stays right by chance; with 1,000 of them, 0.15 is five standard errors away.
    same=lambda value, _: value.counts_kept and value.agreement < 0.15 and not value.renamed and not value.sorted,
    mistakes=(
        Mistake(
            name="nothing shuffled",
            make=lambda: lambda y, seed: y,
            told_by=lambda value: value.agreement == 1,
            hint="The labels came back in their old order. Does your shuffle change its argument, or return a new "
            "array?",
        ),
        Mistake(
            name="digits renamed",
            make=lambda: lambda y, seed: (y + 1) % 10,
            told_by=lambda value: value.renamed,
            hint="Every image of one digit still has the same label as the others of its kind. A classifier learns new "
            "names as easily as old ones.",
        ),
        Mistake(
            name="drawn anew",
            make=lambda: lambda y, seed: np.random.default_rng(seed).integers(0, 10, len(y)),
            told_by=lambda value: not value.counts_kept,
            hint="Some digits have become more frequent and others less. Shuffled labels are the old ones in a new "
            "order.",
        ),
        Mistake(
            name="sorted",
            make=lambda: lambda y, seed: np.sort(y),
            told_by=lambda value: value.sorted,
            hint="The labels are in order of size. In a batch that is not at random, they would say something.",
        ),
    ),
    otherwise="Too many images have kept their own label. By chance it would be one in ten.",
)


# probes.6: the neighbours' vote by hand


def _two_lumps():
    """Codes of four classes, with test codes for which the vote has a single winner."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, 200)
    z = rng.normal(size=(200, 2)) + 1.3 * np.column_stack([y % 2, y // 2])
    z_test = rng.uniform(-1, 3, size=(300, 2))
    votes = np.sort(_counts(z, y, z_test), axis=1)
    return z, y, z_test[votes[:, -1] > votes[:, -2]]


def _nearest(z, z_test, n=5):
    return NearestNeighbors(n_neighbors=n).fit(z).kneighbors(z_test, return_distance=False)


def _counts(z, y, z_test):
    return np.stack([(y[_nearest(z, z_test)] == digit).sum(axis=1) for digit in range(4)], axis=1)


def _vote(z_train, y_train, z_test):
    return _counts(z_train, y_train, z_test).argmax(axis=1)


def _farthest(z_train, y_train, z_test):
    order = _nearest(z_train, z_test, n=len(z_train))[:, -5:]
    return np.stack([(y_train[order] == digit).sum(axis=1) for digit in range(4)], axis=1).argmax(axis=1)


VOTE = Exercise(
    name="probes.6",
    read=reading.function(
        _two_lumps(),
        returns=reading.array((len(_two_lumps()[2]),), "a label for each test code"),
        what="a function `vote(z_train, y_train, z_test)` that returns a label for each test code",
    ),
    solve=lambda: _vote,
    same=lambda value, expected: np.array_equal(value, expected),
    mistakes=(
        Mistake(
            name="nearest alone",
            make=lambda: lambda z_train, y_train, z_test: y_train[_nearest(z_train, z_test, n=1)[:, 0]],
            hint="That is the label of the nearest code alone. How many vote?",
        ),
        Mistake(
            name="mean of labels",
            make=lambda: lambda z_train, y_train, z_test: y_train[_nearest(z_train, z_test)].mean(axis=1).round(),
            hint="Between a 2 and a 4 lies no 3: labels are names, and a mean of names means nothing.",
        ),
        Mistake(
            name="positions for labels",
            make=lambda: lambda z_train, y_train, z_test: _nearest(z_train, z_test)[:, 0],
            hint="These are positions of neighbours among the training codes. Which labels stand there?",
        ),
        Mistake(
            name="farthest",
            make=lambda: _farthest,
            hint="The codes that vote here are the farthest ones.",
        ),
    ),
    otherwise="For each test code find the five nearest training codes and take the label that most of them carry.",
)

EXERCISES = (LINEAR, SHUFFLED, VOTE)
