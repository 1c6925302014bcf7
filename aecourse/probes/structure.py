"""What a code shows without being told the classes: its clusters, and whose neighbours stayed neighbours."""

from dataclasses import dataclass

import numpy as np
from sklearn import manifold
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from aecourse._checks import as_numeric_array, check_int, check_same_length
from aecourse.probes.arrays import check_codes, check_labels, over_replicates, some_rows

__all__ = ["ClusterAgreement", "cluster_agreement", "trustworthiness"]

# KMeans starts this often and keeps the best: on digits, the index of single starts varied by 0.02, of tens by 0.002.
N_STARTS = 10
# Three times as many took five times as long on codes of 128 units and moved the index by 0.004.
CLUSTER_TRAIN_ROWS = 10_000
# A quarter of a second; the cost grows with the square of the rows. Other 2,000 digits moved it by less than 0.0001.
TRUST_ROWS = 2_000


@dataclass(frozen=True)
class ClusterAgreement:
    """How well clusters match classes; see `cluster_agreement`.

    Attributes
    ----------
    ari : float, or ndarray of shape (n_seeds,)
        Adjusted Rand index: 1 where the clusters are the classes, 0 on average for clusters drawn at random.
    nmi : float in [0, 1], or ndarray of shape (n_seeds,)
        Normalised mutual information; not adjusted for chance, so that with few rows or many clusters even random
        ones get more than 0.
    """

    ari: float | np.ndarray
    nmi: float | np.ndarray


def cluster_agreement(z_train, z_test, y_test, *, n_clusters=None, seed=0) -> ClusterAgreement:
    """Cluster training codes without labels, put held-out codes into these clusters, and compare with the classes.

    >>> import numpy as np
    >>> y = np.arange(30) % 3
    >>> cluster_agreement(np.eye(3)[y], np.eye(3)[y], y)
    ClusterAgreement(ari=1.0, nmi=1.0)

    Parameters
    ----------
    z_train, z_test : array_like, shape (n_samples, latent_dim) or (n_seeds, n_samples, latent_dim)
        Codes of one model, or of all replicates. Of more than 10,000 training rows, 10,000 random ones are clustered.
    y_test : array_like of int or str, shape (n_samples,)
        Classes of the test rows.
    n_clusters : int, optional
        As many as classes if None.
    seed : int, default 0
        Decides the starts of KMeans, of which the best of ten is kept.

    Returns
    -------
    ClusterAgreement

    Raises
    ------
    TypeError, ValueError
        If a code is not finite, is constant (collapsed) or has fewer distinct rows than there are to be clusters; if
        the shapes don't go together, or there is a single class.

    Notes
    -----
    Chapter: Embedding probes. Adjusted Rand index: Hubert & Arabie (1985), doi 10.1007/BF01908075.
    """
    z_train, z_test, single = check_codes(z_train=z_train, z_test=z_test)
    (y_test,) = check_labels(y_test=y_test)
    check_same_length(z_test=z_test[0], y_test=y_test)
    rows = some_rows(z_train.shape[1], CLUSTER_TRAIN_ROWS)
    n_clusters = y_test.max() + 1 if n_clusters is None else n_clusters
    n_clusters = check_int("n_clusters", n_clusters, minimum=2, maximum=len(rows))
    seed = check_int("seed", seed, minimum=0, maximum=2**32 - 1)
    _check_distinct(z_train[:, rows], n_clusters, single)

    def score(a, b):
        clusters = KMeans(n_clusters, n_init=N_STARTS, random_state=seed).fit(a[rows]).predict(b)
        return adjusted_rand_score(y_test, clusters), normalized_mutual_info_score(y_test, clusters)

    both = over_replicates(score, False, z_train, z_test)  # (n_seeds, 2)
    return ClusterAgreement(*map(float, both[0])) if single else ClusterAgreement(both[:, 0], both[:, 1])


def trustworthiness(x, z, *, n_neighbors=5):
    """Tell how far neighbours in the code were neighbours in the input, too.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).random((50, 3))
    >>> trustworthiness(x, 10 * x)
    1.0

    Parameters
    ----------
    x : array_like, shape (n_samples, ...)
        The input, in the scaling in which its distances mean something. Of more than 2,000 rows, the same random 2,000
        are compared; neighbourhoods then reach farther, so compare values of equal numbers of rows only.
    z : array_like, shape (n_samples, latent_dim) or (n_seeds, n_samples, latent_dim)
        Codes of the same rows; held-out ones, as a code may know its training rows by heart.
    n_neighbors : int, default 5
        Size of the neighbourhoods, below half of the rows.

    Returns
    -------
    float in [0, 1], or ndarray of shape (n_seeds,), float64
        1: all neighbours in the code are neighbours in the input. A code that has lost everything has about 0.5.

    Raises
    ------
    TypeError, ValueError
        If an array is not finite, `z` is constant (collapsed), the rows don't match or `n_neighbors` is too large.

    Notes
    -----
    Chapter: Embedding probes. Venna & Kaski (2001), doi 10.1007/3-540-44668-0_68.
    """
    x = as_numeric_array("x", x, min_rows=3)
    z, single = check_codes(z=z)
    check_same_length(x=x, z=z[0])
    rows = some_rows(len(x), TRUST_ROWS)
    # scikit-learn's own bound: n_neighbors < n_samples / 2
    n_neighbors = check_int("n_neighbors", n_neighbors, minimum=1, maximum=(len(rows) - 1) // 2)
    flat = x.reshape(len(x), -1)[rows]
    return over_replicates(lambda code: manifold.trustworthiness(flat, code[rows], n_neighbors=n_neighbors), single, z)


def _check_distinct(z, n_clusters, single):
    for position, code in enumerate(z):
        n_distinct = len(np.unique(code, axis=0))
        if n_distinct < n_clusters:
            which = "" if single else f" in replicate {position}"
            raise ValueError(
                f"`z_train` must have {n_clusters} distinct rows or more, one for each cluster. "
                f"Received: {n_distinct}{which}."
            )
