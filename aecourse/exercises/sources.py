"""Data that the checks of several chapters compute from, each read once."""

import os
from functools import cache, wraps

from sklearn.decomposition import PCA

from aecourse import data
from aecourse.data.mnist import VARIABLE

__all__ = ["by_digits", "pca_loss", "wine"]


@cache
def wine():
    """The wine data as the chapters load them."""
    return data.load_wine()


def pca_loss(x_train, x, n_components):
    """MSE on the rows `x` of a PCA fitted to `x_train`."""
    pca = PCA(n_components, svd_solver="covariance_eigh").fit(x_train)
    return ((x - pca.inverse_transform(pca.transform(x))) ** 2).mean()


def by_digits(function):
    """Keep what a function returns, for each source that the digits may come from, on which it depends."""
    kept = cache(lambda source, *arguments: function(*arguments))

    @wraps(function)
    def call(*arguments):
        return kept(os.environ.get(VARIABLE), *arguments)

    return call
