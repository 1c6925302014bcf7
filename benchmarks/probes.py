"""What the settings of the probes cost in accuracy and save in time, on codes of real digits.

The answers are constants of aecourse/probes: rows, tolerance, whitening, threads. Processor time is told, of one
thread unless another number is named, since a probe waits for nothing but the processor.
"""

import statistics
import time

from measuring import table
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from aecourse import data, models, training
from aecourse.probes import structure, supervised
from aecourse.probes.arrays import N_THREADS, some_rows

LATENT_DIM = 128
SEEDS = (0, 1)


def codes():
    """All digits, and the codes of two autoencoders trained for a few epochs: (n_seeds, n_samples, latent_dim)."""
    digits = data.load_mnist(val_size=0)
    replicates = training.train_replicates(
        lambda: models.build_autoencoder(784, LATENT_DIM, hidden_units=(256,), output_activation="sigmoid"),
        digits.x_train,
        seeds=SEEDS,
        epochs=5,
        batch_size=256,
        progress=False,
    )
    return digits, replicates.encode(digits.x_train), replicates.encode(digits.x_test)


def scored(score, *stacks, n_threads=N_THREADS):
    """Median of the scores over the seeds, and of the seconds of processor time of one."""
    values, times = [], []
    with threadpool_limits(n_threads):
        for arrays in zip(*stacks, strict=True):
            start = time.process_time()
            values.append(score(*arrays))
            times.append(time.process_time() - start)
    return statistics.median(values), statistics.median(times)


def linear(y_train, y_test, *, tol=supervised.TOLERANCE, n_train=None, whiten=False):
    """Score of a logistic regression, made as `linear_probe` makes it but for what is named."""
    # Of the directions that hold next to no variance, whitening would make noise as loud as all else.
    steps = [PCA(1 - 1e-6, whiten=True)] if whiten else []

    def score(a, b):
        rows = some_rows(len(a), n_train or len(a))
        classifier = make_pipeline(
            StandardScaler(), *steps, LogisticRegression(tol=tol, max_iter=supervised.MAX_ITERATIONS)
        )
        return classifier.fit(a[rows], y_train[rows]).score(b, y_test)

    return score


def neighbours(y_train, y_test, *, n_train=None, n_test=supervised.KNN_TEST_ROWS):
    def score(a, b):
        rows, told = some_rows(len(a), n_train or len(a)), some_rows(len(b), n_test)
        return KNeighborsClassifier(5, algorithm="brute").fit(a[rows], y_train[rows]).score(b[told], y_test[told])

    return score


def clusters(y_test, *, n_starts=structure.N_STARTS, n_train=structure.CLUSTER_TRAIN_ROWS, seed=0):
    def score(a, b):
        rows = some_rows(len(a), n_train)
        found = KMeans(10, n_init=n_starts, random_state=seed).fit(a[rows]).predict(b)
        return adjusted_rand_score(y_test, found)

    return score


def trust(x, *, n_rows=structure.TRUST_ROWS, seed=0):
    def score(_, b):
        rows = some_rows(len(x), n_rows, seed)
        return trustworthiness(x[rows], b[rows], n_neighbors=5)

    return score


def report(quick=False):
    """Markdown of this benchmark."""
    digits, z_train, z_test = codes()
    if quick:
        z_train, z_test = z_train[:1], z_test[:1]
    y = digits.y_train, digits.y_test
    n_train = len(digits.x_train)
    trials = [
        ("linear, as it is", linear(*y), {}),
        ("linear, tolerance times ten", linear(*y, tol=10 * supervised.TOLERANCE), {}),
        ("linear, whitened", linear(*y, whiten=True), {}),
        ("linear, 20,000 training rows", linear(*y, n_train=20_000), {}),
        ("linear, 10,000 training rows", linear(*y, n_train=10_000), {}),
        ("linear, 1,000 training rows", linear(*y, n_train=1_000), {}),
        ("linear, 1,000 training rows, whitened", linear(*y, n_train=1_000, whiten=True), {}),
        ("linear, two threads", linear(*y), {"n_threads": 2}),
        ("nearest neighbours, as it is", neighbours(*y), {}),
        ("nearest neighbours, all test rows", neighbours(*y, n_test=n_train), {}),
        ("nearest neighbours, 20,000 training rows", neighbours(*y, n_train=20_000), {}),
        ("nearest neighbours, 10,000 training rows", neighbours(*y, n_train=10_000), {}),
        ("clusters, as it is", clusters(y[1]), {}),
        ("clusters, other starts", clusters(y[1], seed=1), {}),
        ("clusters, one start", clusters(y[1], n_starts=1), {}),
        ("clusters, one start, other", clusters(y[1], n_starts=1, seed=1), {}),
        ("clusters, 30,000 training rows", clusters(y[1], n_train=30_000), {}),
        ("trustworthiness, as it is", trust(digits.x_test), {}),
        ("trustworthiness, other rows", trust(digits.x_test, seed=1), {}),
        ("trustworthiness, 1,000 rows", trust(digits.x_test, n_rows=1000), {}),
        ("trustworthiness, 4,000 rows", trust(digits.x_test, n_rows=4000), {}),
    ]
    rows = []
    for name, score, settings in trials:
        value, cost = scored(score, z_train, z_test, **settings)
        rows.append([name, f"{value:.4f}", f"{cost:.2f}"])
    raw = digits.x_train[None], digits.x_test[None]
    for name, settings in [
        ("linear, raw input", {}),
        ("linear, raw input, 1,000 training rows", {"n_train": 1_000}),
        ("linear, raw input, 1,000 training rows, whitened", {"n_train": 1_000, "whiten": True}),
    ]:
        value, cost = scored(linear(*y, **settings), *raw)
        rows.append([name, f"{value:.4f}", f"{cost:.2f}"])
    shape = f"{n_train:,} x {z_train.shape[2]}"
    title = f"## Probes: codes of {shape}, median of {len(z_train)} seeds, processor time of one"
    return f"{title}\n\n{table(['probe', 'score', 'seconds'], rows)}"
