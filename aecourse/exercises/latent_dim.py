"""Exercises of the chapter "Latent dimension on MNIST"."""

from types import SimpleNamespace

import keras
import numpy as np
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from aecourse import data, models, probes
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close
from aecourse.exercises.sources import by_digits

N_ON_PAGE = 5

# latent_dim.1: a code in bytes


def _codes():
    """Units of different spreads and places, as those of a trained code are."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2000, 3)) * [0.5, 3.0, 12.0] + [0.0, 5.0, -20.0]


def _read_rounded(answer):
    z = _codes()
    return reading.array(z.shape, "codes of the shape that it was given")(answer)


def _round(z, n_levels=256, axis=0):
    low, high = z.min(axis=axis), z.max(axis=axis)
    levels = np.round((z - low) / (high - low) * (n_levels - 1))
    return low + levels / (n_levels - 1) * (high - low)


def _measure_rounding(answer):
    z = _codes()
    returned = reading.function(
        (z,),
        returns=_read_rounded,
        what="a function `round_code(z)` of codes, an array of shape (n_samples, latent_dim)",
    )(answer)
    rounded = returned.reshape(z.shape)
    step = (z.max(axis=0) - z.min(axis=0)) / 255
    levels = np.array([len(np.unique(np.round(column, 9))) for column in rounded.T])
    off = np.abs(rounded - z).max(axis=0) / step
    return SimpleNamespace(levels=levels, off=off, range=rounded.max() - rounded.min())


BYTES = Exercise(
    name="latent_dim.1",
    read=_measure_rounding,
    solve=lambda: _round,
    # Half a step is what rounding costs; a whole one is what cutting off would.
    same=lambda value, _: (value.levels <= 256).all() and (value.off <= 1.01).all(),
    mistakes=(
        Mistake(
            name="nothing rounded",
            make=lambda: lambda z: z,
            told_by=lambda value: (value.levels > 256).all() and (value.off < 1e-6).all(),
            hint="The codes came back as they were, with as many values as there are rows.",
        ),
        Mistake(
            name="single precision for a byte",
            make=lambda: lambda z: z.astype("float16").astype("float64"),
            told_by=lambda value: (value.levels > 256).any() and (value.off < 1.01).all(),
            hint="Some units still take more values than a byte can tell apart. Another type of float is not enough.",
        ),
        Mistake(
            name="bits for levels",
            make=lambda: lambda z: _round(z, n_levels=8),
            told_by=lambda value: (value.levels <= 9).all(),
            hint="Very few values are left of each unit. How many different numbers can so many bits tell apart?",
        ),
        Mistake(
            name="one range for all units",
            make=lambda: lambda z: _round(z, axis=None),
            told_by=lambda value: value.levels[0] < 20 < value.levels[2] and value.off[0] > 1.01 >= value.off[2],
            hint="A unit of small spread has hardly any values left. Every unit has a range of its own.",
        ),
        Mistake(
            name="levels for values",
            make=lambda: lambda z: np.round((z - z.min(axis=0)) / (z.max(axis=0) - z.min(axis=0)) * 255),
            told_by=lambda value: value.range <= 256 and (value.levels <= 256).all() and (value.off > 1.01).all(),
            hint="These are the numbers of the levels. The decoder wants them back in the range of the code.",
        ),
    ),
    otherwise="Each unit may take 256 evenly spaced values between its smallest and its largest, and each number "
    "goes to the nearest of them.",
)


# latent_dim.2: encoders that were never trained

WIDTHS, N_LABELS = (8, 128), 2000


def _digits():
    return data.load_mnist()


@by_digits
def _untrained_scores(on="test"):
    """Mean accuracy over three seeds at each width; other seeds differ by a few hundredths."""
    digits, scores = _digits(), []
    few = digits.x_train[:N_LABELS], digits.y_train[:N_LABELS]
    rows = few if on == "train" else (digits.x_test, digits.y_test)
    for width in WIDTHS:
        # As Dense begins: uniform and without a bias. The range does not matter to neighbours.
        kernels = np.random.default_rng(0).uniform(-1, 1, (3, 784, width)).astype("float32")
        scores.append(np.mean([probes.knn_probe(few[0] @ k, few[1], rows[0] @ k, rows[1]) for k in kernels]))
    return np.array(scores)


def _trained_score(width=8, n_epochs=3):
    """What an encoder reaches that has learnt for a short time."""
    digits = _digits()
    x, y = digits.x_train[:N_LABELS], digits.y_train[:N_LABELS]
    model = models.build_autoencoder(784, width, code_activation="linear", output_activation="sigmoid")
    model.compile(keras.optimizers.Adam(5e-3), "mse")
    model.fit(x, x, epochs=n_epochs, batch_size=32, verbose=0)
    encode = models.encoder(model)
    return probes.knn_probe(encode(x), y, encode(digits.x_test[:2000]), digits.y_test[:2000])


UNTRAINED = Exercise(
    name="latent_dim.2",
    read=reading.array((len(WIDTHS),), f"the neighbours' accuracy, from 0 to 1, at each width of {WIDTHS}"),
    solve=_untrained_scores,
    same=close(atol=0.06),
    mistakes=(
        Mistake(
            name="errors for accuracies",
            make=lambda: 1 - _untrained_scores(),
            hint="These look like shares of wrong answers.",
        ),
        Mistake(
            name="scored on the rows with labels",
            make=lambda: _untrained_scores("train"),
            hint="Too good: the probe was scored on images that it has the labels of. Each of them is its own nearest "
            "neighbour.",
        ),
        Mistake(
            name="order of the widths",
            make=lambda: _untrained_scores()[::-1],
            hint="Both numbers are there, in the other order: first the narrow code, then the wide one.",
        ),
        Mistake(
            name="encoders that have learnt",
            make=lambda: [_trained_score(), _untrained_scores()[1]],
            told_by=lambda value: value[0] > _untrained_scores()[0] + 0.06 and value[0] < 1,
            hint="At the narrow width this is more than an untrained encoder gives. Have its weights moved? A single "
            "step at the usual rate moves them.",
        ),
        Mistake(
            name="per cent",
            make=lambda: 100 * _untrained_scores(),
            hint="Give shares from 0 to 1, not per cent.",
        ),
    ),
    otherwise="The mean over a few seeds of what `probes.knn_probe` gives: codes of `x_few` to learn from, codes of "
    "the test images to be scored, the encoders as they were drawn.",
)


# latent_dim.3: whitened codes


def _two_parts():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(4, 4)) * [0.2, 1.0, 3.0, 9.0]
    return rng.normal(size=(200, 4)) @ mix + 5, (rng.normal(size=(30, 4)) * 1.5) @ mix + 5


def _distances(answer):
    return pdist(reading.array((30, None), "codes of the test rows, a row each")(answer))


WHITEN = Exercise(
    name="latent_dim.3",
    read=reading.function(
        _two_parts(), returns=_distances, what="a function `whiten(z_few, z_test)` that returns the test codes whitened"
    ),
    solve=lambda: lambda z_few, z_test: PCA(whiten=True).fit(z_few).transform(z_test),
    same=close(rtol=0.01),
    mistakes=(
        Mistake(
            name="fitted on the test rows",
            make=lambda: lambda z_few, z_test: PCA(whiten=True).fit_transform(z_test),
            hint="What was fitted has seen the test rows.",
        ),
        Mistake(
            name="turned only",
            make=lambda: lambda z_few, z_test: PCA().fit(z_few).transform(z_test),
            hint="All distances are what they were before: a rotation at the most. The directions still have their "
            "spreads.",
        ),
        Mistake(
            name="axes for directions",
            make=lambda: lambda z_few, z_test: StandardScaler().fit(z_few).transform(z_test),
            hint="Each unit has a spread of one now. The units are still correlated, so some directions count for "
            "more.",
        ),
    ),
    otherwise="On the codes of `z_few` the result has variance one in every direction; the same map is then applied to "
    "the codes of the test rows.",
)

EXERCISES = (BYTES, UNTRAINED, WHITEN)
