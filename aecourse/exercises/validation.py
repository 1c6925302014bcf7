"""Exercises of the chapter "Validation curves"."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import RepeatedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from aecourse import models
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close
from aecourse.exercises.sources import pca_loss, wine
from aecourse.training import train_replicates

N_ON_PAGE = 5
N_FOLDS, N_REPEATS = (2, 5, 10, 20), 100


# validation.1: the baseline of one unit

BASELINE = Exercise(
    name="validation.1",
    read=reading.number("the loss of your baseline on the validation rows, MSE per value"),
    solve=lambda: pca_loss(wine().x_train, wine().x_val, 1),
    same=close(rtol=0.01),
    mistakes=(
        Mistake(
            name="three components",
            make=lambda: pca_loss(wine().x_train, wine().x_val, 3),
            hint="This baseline holds more numbers of a wine than the model may.",
        ),
        Mistake(
            name="the mean",
            make=lambda: ((wine().x_val - wine().x_train.mean(axis=0)) ** 2).mean(),
            hint="Predicting the mean holds nothing of a wine. It tells whether the model has learnt at all, not "
            "whether it has learnt all that its code can hold.",
        ),
        Mistake(
            name="fitted on the validation rows",
            make=lambda: pca_loss(wine().x_val, wine().x_val, 1),
            hint="The kind of baseline is right. It has been fitted to the rows that it is judged on, which the "
            "autoencoder never saw.",
        ),
        Mistake(
            name="training error for validation error",
            make=lambda: pca_loss(wine().x_train, wine().x_train, 1),
            hint="The kind of baseline is right. This is its loss on the rows that it was fitted to.",
        ),
    ),
    otherwise="Which map without training is the best among those that keep a single number of each wine? Fit it on "
    "the training rows and score it on the validation rows.",
)


# validation.2: half an epoch earlier


def _losses():
    rng = np.random.default_rng(0)
    fall = np.exp(-np.arange(1, 9)[:, None] / (3 + np.arange(3)))
    return pd.DataFrame(fall + 0.02 * rng.random(fall.shape), index=range(1, 9))


def _epochs_from_two(answer):
    """The first row may be missing: nothing is known of half an epoch before it."""
    shape = _losses().shape
    return reading.array(shape, "a table of the same shape as the one it is given", allow_nan=True)(answer)[1:]


HALFWAY = Exercise(
    name="validation.2",
    read=reading.function(
        (_losses(),),
        returns=_epochs_from_two,
        what="a function that takes a table of losses, a row per epoch and a column per seed, and returns such a table",
    ),
    solve=lambda: lambda after: (after + after.shift(1)) / 2,
    same=close(atol=1e-6),
    mistakes=(
        Mistake(
            name="later, not earlier",
            make=lambda: lambda after: (after + after.shift(-1)) / 2,
            hint="Your table is half an epoch late, not early. Which way does `shift` move the rows?",
        ),
        Mistake(
            name="a whole epoch",
            make=lambda: lambda after: after.shift(1),
            hint="That is the whole of an epoch earlier.",
        ),
        Mistake(
            name="across seeds",
            make=lambda: lambda after: (after + after.shift(1, axis=1)) / 2,
            hint="You have mixed neighbouring seeds. Epochs stand in the rows.",
        ),
        Mistake(
            name="unchanged",
            make=lambda: lambda after: after,
            hint="The table came back as it was.",
        ),
    ),
    otherwise="The loss half-way between the ends of two epochs lies, on a straight line, in the middle of their "
    "losses.",
)


# validation.4: the spread by the number of folds


@cache
def _fold_losses(n_splits):
    """PCA's loss on each held-out part: (n_repeats, n_folds)."""
    x, losses = wine().x_raw, []
    for train, held_out in RepeatedKFold(n_splits=n_splits, n_repeats=N_REPEATS, random_state=1).split(x):
        mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
        losses.append(pca_loss((x[train] - mean) / spread, (x[held_out] - mean) / spread, 3))
    return np.reshape(losses, (N_REPEATS, n_splits))


def _spreads(measure):
    with threadpool_limits(1):  # thousands of small fits, which threads only slow down
        return np.array([measure(_fold_losses(k)) for k in N_FOLDS])


FOLDS = Exercise(
    name="validation.4",
    read=reading.array((len(N_FOLDS),), f"a standard deviation for each of {N_FOLDS} folds, over {N_REPEATS} repeats"),
    solve=lambda: _spreads(lambda losses: losses.mean(axis=1).std()),
    same=close(rtol=0.25),  # three standard errors of a deviation of 100 values, for those who cut the rows otherwise
    mistakes=(
        Mistake(
            name="single parts",
            make=lambda: _spreads(np.std),
            hint="This is the spread of single parts. The cross-validated loss is one number for each repeat.",
        ),
        Mistake(
            name="variance",
            make=lambda: _spreads(lambda losses: losses.mean(axis=1).var()),
            hint="These are variances. The chapter tells the spread in the unit of the loss.",
        ),
        Mistake(
            name="mean for spread",
            make=lambda: _spreads(np.mean),
            hint="These are the mean losses. How far do the repeats lie apart?",
        ),
        Mistake(
            name="order of the axes",
            make=lambda: _spreads(lambda losses: losses.reshape(losses.shape[::-1]).mean(axis=1).std()),
            hint="Your means are not those of whole repeats. In which order does `RepeatedKFold` give the parts, and "
            "what does your `reshape` make of it?",
        ),
    ),
    otherwise="For each number of folds: the mean over the folds of each repeat, then the standard deviation of these "
    "means. Scaler and PCA are fitted anew to the training rows of each fold.",
)


# validation.5: an estimator that starts afresh

LONG, SHORT = 40, 1  # epochs


class Autoencoder(BaseEstimator):
    """The page's solution; the mistakes are made by its subclasses."""

    def __init__(self, latent_dim=3, epochs=150):
        self.latent_dim, self.epochs = latent_dim, epochs

    def fit(self, x, y=None):
        self.scaler_ = StandardScaler().fit(x)
        self.replicates_ = train_replicates(
            lambda: models.build_autoencoder(13, self.latent_dim),
            self.scaler_.transform(x),
            seeds=range(2),
            epochs=self.epochs,
            batch_size=36,
            learning_rate=1e-2,
            initial_weights=self._start(),
            progress=False,
        )
        return self

    def _start(self):
        return None

    def score(self, x, y=None):
        x = self._scaled(x)
        return -((self.replicates_.predict(x) - x) ** 2).mean()

    def _scaled(self, x):
        return self.scaler_.transform(x)


class _GoesOn(Autoencoder):
    def _start(self):
        return getattr(self, "replicates_", None)


class _LossForScore(Autoencoder):
    def score(self, x, y=None):
        return -super().score(x)


class _ScalesWhatItScores(Autoencoder):
    def _scaled(self, x):
        return StandardScaler().fit_transform(x)


def _try_estimator(answer):
    """Fit for one epoch, for long, and for one again; score each time, and once rows that lie elsewhere."""
    what = "an estimator with `fit` and `score`, as `Autoencoder()`, that takes `latent_dim` and `epochs`"
    if isinstance(answer, type) or not all(callable(getattr(answer, name, None)) for name in ("fit", "score")):
        reading.refuse(answer, what)
    x = wine().x_raw

    def run():
        estimator, scores = clone(answer), []
        for epochs in (SHORT, LONG, SHORT):
            estimator.set_params(epochs=epochs).fit(x)
            scores.append(estimator.score(x))
            if epochs == LONG:
                moved = estimator.score(x + 10 * x.std(axis=0))
        return *scores, moved

    scores = map(_read_score, reading.call(run))
    return SimpleNamespace(**dict(zip(("first", "long", "again", "moved"), scores, strict=True)))


_read_score = reading.number("what `score` returns")


def _is_fresh(value):
    """One epoch after many is as good as one alone, not as many."""
    return abs(value.again - value.first) < abs(value.again - value.long)


ESTIMATOR = Exercise(
    name="validation.5",
    read=_try_estimator,
    solve=Autoencoder,
    same=lambda value, _: -2 < value.long < 0 and value.moved < 10 * value.long and _is_fresh(value),
    mistakes=(
        Mistake(
            name="loss for score",
            make=_LossForScore,
            told_by=lambda value: value.long > 0,
            hint="scikit-learn takes the highest score for the best. Yours is highest where the model is worst.",
        ),
        Mistake(
            name="scaler fitted on what is scored",
            make=_ScalesWhatItScores,
            told_by=lambda value: value.moved >= 10 * value.long,
            hint="Rows that lie ten deviations away get as good a score as those that the estimator was fitted to. "
            "Which rows has the scaler in `score` seen?",
        ),
        Mistake(
            name="a model that was already trained",
            make=_GoesOn,
            told_by=lambda value: not _is_fresh(value),
            hint="Fitted for many epochs and then again for one, it is as good as before: the last `fit` goes on "
            "where the one before ended. Where are the layers made?",
        ),
    ),
    otherwise="`score` should be minus the mean squared error of standardised rows; it seems to be in another unit.",
)

EXERCISES = (BASELINE, HALFWAY, FOLDS, ESTIMATOR)
