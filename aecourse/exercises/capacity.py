"""Exercises of the chapter "Capacity"."""

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close
from aecourse.exercises.sources import wine

N_ON_PAGE = 5
LATENT_DIM = 3


# capacity.1: more parameters than values


def _n_parameters(width, *, biases=True, decoder=True):
    widths = [13, width, LATENT_DIM, width, 13]
    widths = widths if decoder else widths[:3]
    return sum((before + biases) * after for before, after in zip(widths[:-1], widths[1:], strict=True))


def _first_width(n_values, **options):
    """Smallest width with more parameters than values."""
    return next(width for width in range(1, 10_000) if _n_parameters(width, **options) > n_values)


COUNT = Exercise(
    name="capacity.1",
    read=reading.number("the smallest number of hidden units, an integer"),
    solve=lambda: _first_width(wine().x_train.size),
    same=close(atol=0.01),
    mistakes=(
        Mistake(
            name="one too few",
            make=lambda: _first_width(wine().x_train.size) - 1,
            hint="Nearly. At this width, are there more parameters than values, or still fewer?",
        ),
        Mistake(
            name="biases forgotten",
            make=lambda: _first_width(wine().x_train.size, biases=False),
            hint="The weights are counted. What else is there to learn in each layer?",
        ),
        Mistake(
            name="encoder only",
            make=lambda: _first_width(wine().x_train.size, decoder=False),
            hint="That is the encoder by itself. The decoder learns from the same values.",
        ),
        Mistake(
            name="rows for values",
            make=lambda: _first_width(len(wine().x_train)),
            hint="You compared with the number of rows. Each row holds more than one value.",
        ),
        Mistake(
            name="all rows",
            make=lambda: _first_width(wine().x_raw.size),
            hint="You compared with all rows, those for validation and for testing among them.",
        ),
    ),
    otherwise="Count the weights and biases of all four layers as a function of the width, and compare with the "
    "number of values in the training rows.",
)


# capacity.2: coordinates that keep distances


def _code_and_decoder():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, LATENT_DIM)), rng.normal(size=(LATENT_DIM, 13))


def _distances(answer):
    """Of the coordinates that were returned, in any number and turned in any way."""
    what = "coordinates, a row for each code"
    coordinates = reading.array((len(_code_and_decoder()[0]), None), what)(answer)
    return pdist(coordinates)


def _triangle(w2):
    return np.linalg.qr(w2.T)[1]  # w2.T = basis @ triangle


STRAIGHTEN = Exercise(
    name="capacity.2",
    read=reading.function(
        _code_and_decoder(),
        returns=_distances,
        what="a function `straighten(z, w2)` of codes (n_samples, 3) and the decoder's map (3, 13)",
    ),
    solve=lambda: lambda z, w2: z @ _triangle(w2).T,
    same=close(rtol=1e-4),
    mistakes=(
        Mistake(
            name="the code itself",
            make=lambda: lambda z, w2: z,
            hint="The distances are still those of the code. What does the decoder do to them?",
        ),
        Mistake(
            name="not transposed",
            make=lambda: lambda z, w2: z @ _triangle(w2),
            hint="Nearly: the factor is the right one and stands the wrong way. Write the reconstruction with it and "
            "see on which side it has to come.",
        ),
        Mistake(
            name="whitened",
            make=lambda: lambda z, w2: PCA(whiten=True).fit_transform(z),
            hint="You made all directions of the code count the same. The decoder stretches them differently, and you "
            "have not asked it.",
        ),
        Mistake(
            name="lengths without angles",
            make=lambda: lambda z, w2: z * np.linalg.norm(w2, axis=1),
            hint="Each unit counts by the length of its row of the decoder now. Are those rows at right angles?",
        ),
    ),
    otherwise="Your coordinates of two codes should lie as far apart as the two reconstructions do. Compare "
    "`pdist` of both.",
)


# capacity.3: the price of a wrong component


def _variances():
    x = wine().x_train
    return PCA().fit(x).singular_values_ ** 2 / len(x)


def _price(wrong):
    """What it costs to hold a component, counted from one, in the place of the third."""
    variances = _variances()
    return (variances[2] - variances[wrong - 1]) / len(variances)


SADDLE = Exercise(
    name="capacity.3",
    read=reading.number("how far the loss lies above PCA's, MSE per value"),
    solve=lambda: _price(6),
    same=close(rtol=0.03),  # whoever divides by n - 1 is one per cent off
    mistakes=(
        Mistake(
            name="not divided by the features",
            make=lambda: 13 * _price(6),
            hint="The difference of two variances is right. The loss is a mean over rows and what else?",
        ),
        Mistake(
            name="component before",
            make=lambda: _price(5),
            hint="One component too early. Is it the one that you meant, counted as the chapter counts?",
        ),
        Mistake(
            name="component after",
            make=lambda: _price(7),
            hint="One component too far: Python begins to count at 0.",
        ),
        Mistake(
            name="only what is held",
            make=lambda: _variances()[5] / 13,
            hint="This is the share of the component that is held. What is lost, and what is won in its place?",
        ),
        Mistake(
            name="singular values not squared",
            make=lambda: np.subtract(*PCA().fit(wine().x_train).singular_values_[[2, 5]]) / 13,
            hint="These are singular values as they are. A variance is a mean square.",
        ),
    ),
    otherwise="What PCA loses is the variance of the components that it leaves out, as a mean over rows and features. "
    "Compare the two sets of three.",
)

EXERCISES = (COUNT, STRAIGHTEN, SADDLE)
