"""How long is an epoch of 60,000 images, next to `keras.Model.fit`, and how much of that is arithmetic?

The shallow autoencoders of the MNIST chapter, 784-d-784 with a sigmoid output, Adam and mean squared error, batches of
256. Steady epochs are timed: from the end of the first, in which all is traced and compiled, from one end to the next.
Such epochs are of a call long enough for the trainer to compile the steps by XLA. A whole call of a few epochs is timed
beside, from building the model on.
"""

import statistics
import time
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from measuring import median_and_range, seconds, table

from aecourse import data, models
from aecourse.training import train_replicates
from aecourse.training.engines import SingleEngine
from aecourse.training.reuse import forget_engines

N_ROWS, N_PIXELS, BATCH_SIZE = 60_000, 784, 256
TARGETS = {2: 5, 32: 3, 128: 3}  # latent dimension: times as fast as fit
WHOLE_EPOCHS = 5  # of the call that is timed whole
SQUARE = 2048  # rows and columns of the matrices whose product sets the scale
SHARE_TARGET = 0.8  # of that rate, at the largest latent dimension
# Products in a step, each of batch x 784 x d multiplications: two forward; backward one for the weights of each layer
# and one for the gradient at the code. The gradient at the input is not needed.
N_PRODUCTS = 5


def mnist_rows():
    """Images, float32 (60000, 784), and what they are."""
    try:
        digits = data.load_mnist("full", val_size=0)
    except FileNotFoundError:
        sample = data.load_mnist("sample", val_size=0).x_train
        repeated = f"{len(sample):,} images of the sample, repeated to {N_ROWS:,}, as the full set can't be had"
        return np.resize(sample, (N_ROWS, N_PIXELS)), repeated
    return digits.x_train, f"the {len(digits.x_train):,} training images of MNIST"


def build_model(latent_dim):
    return models.build_autoencoder(N_PIXELS, latent_dim, output_activation="sigmoid")


@dataclass
class Ends:
    """Wall and processor time at the end of each epoch, or of each product."""

    wall: list = field(default_factory=list)
    processor: list = field(default_factory=list)

    def note(self):
        self.wall.append(time.perf_counter())
        self.processor.append(time.process_time())

    def between(self):
        """Seconds from each end to the next, and so of each epoch but the first: wall, processor."""
        return np.diff(self.wall), np.diff(self.processor)


def by_fit(x, latent_dim, epochs):
    """Steady epochs of `fit`."""
    ends = Ends()
    keras.utils.set_random_seed(0)
    model = build_model(latent_dim)
    model.compile("adam", "mse")
    noting = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.note())
    model.fit(x, x, BATCH_SIZE, epochs=epochs, verbose=0, callbacks=[noting])
    return ends.between()


def by_training(x, latent_dim, epochs):
    forget_engines()  # each call traces, as the first of a process does
    settings = {"seeds": [0], "epochs": epochs, "batch_size": BATCH_SIZE, "progress": False}
    return train_replicates(lambda: build_model(latent_dim), x, **settings)


def steady_training(x, latent_dim, epochs):
    """Steady epochs of `train_replicates`, and whether XLA compiled their steps."""
    ends, engines, train_epoch = Ends(), [], SingleEngine.train_epoch

    def noting(engine, *args):
        losses = train_epoch(engine, *args)
        ends.note()
        engines.append(engine)
        return losses

    SingleEngine.train_epoch = noting
    try:
        by_training(x, latent_dim, epochs)
    finally:
        SingleEngine.train_epoch = train_epoch
    return *ends.between(), engines[-1].jit_compile


def in_rounds(x, latent_dim, epochs, n_rounds):
    """Both in turn, several times over, since the speed of a machine drifts.

    Returns
    -------
    fit, mine : ndarray, (2, n_epochs)
        Wall and processor time of steady epochs.
    by_xla : bool
    whole : ndarray, (2,)
        Wall time of a whole call of each, the median of the rounds.
    """
    fit, mine, whole = [], [], []
    for _ in range(n_rounds):
        whole_fit = seconds(lambda: fit.append(by_fit(x, latent_dim, WHOLE_EPOCHS)))
        *times, by_xla = steady_training(x, latent_dim, epochs)
        mine.append(times)
        whole.append((whole_fit, seconds(lambda: by_training(x, latent_dim, WHOLE_EPOCHS))))
    return np.concatenate(fit, axis=1), np.concatenate(mine, axis=1), by_xla, np.median(whole, axis=0)


def rates(function, arrays, n_operations, n_repeats):
    """Operations per second of a compiled function of arrays, by wall and by processor time; the best of repeats."""
    run = tf.function(function)
    run(*arrays)
    ends = Ends()
    ends.note()
    for _ in range(n_repeats):
        tf.nest.map_structure(lambda result: result.numpy(), run(*arrays))
        ends.note()
    return np.array([n_operations / times.min() for times in ends.between()])


def large_product_rates(n_repeats):
    a = tf.random.stateless_normal((SQUARE, SQUARE), (0, 0))
    return rates(tf.matmul, (a, a), 2 * SQUARE**3, n_repeats)


def operations(n_rows, latent_dim):
    """Multiplications and additions in the products of training on so many rows."""
    return 2 * N_PRODUCTS * n_rows * N_PIXELS * latent_dim


def step_product_rates(latent_dim, n_repeats):
    """Of the products of a step by themselves: no bias, activation, loss or optimizer, and no rows to gather."""
    shapes = (BATCH_SIZE, N_PIXELS), (N_PIXELS, latent_dim), (latent_dim, N_PIXELS)
    arrays = [tf.random.stateless_normal(shape, (0, seed)) for seed, shape in enumerate(shapes)]

    def products(x, encoder, decoder):
        z = x @ encoder
        x_hat = z @ decoder
        grad_z = tf.matmul(x_hat, decoder, transpose_b=True)
        return tf.matmul(z, x_hat, transpose_a=True), tf.matmul(x, grad_z, transpose_a=True)

    return rates(products, arrays, operations(BATCH_SIZE, latent_dim), 50 * n_repeats)


def report(quick=False):
    """Markdown of this benchmark."""
    x, rows_are = mnist_rows()
    # As many epochs as let XLA in at the smallest latent dimension.
    epochs, n_rounds, n_repeats = (8, 1, 5) if quick else (20, 3, 20)
    by_fit(x[:512], 2, 1), by_training(x[:512], 2, 1)  # the first call of a process also starts TensorFlow
    rows, shares = [], []
    for latent_dim, target in TARGETS.items():
        fit, mine, by_xla, whole = in_rounds(x, latent_dim, epochs, n_rounds)
        (fit_wall, fit_processor), (wall, processor) = fit, mine
        rows.append(
            [
                latent_dim,
                median_and_range(fit_wall),
                median_and_range(wall) + " by XLA" * by_xla,
                f"{statistics.median(fit_wall) / statistics.median(wall):.1f}",
                f"at least {target}",
                f"{statistics.median(fit_processor) / statistics.median(processor):.1f}",
                "{:.1f} and {:.1f}".format(*whole),
            ]
        )
        step_rates = [operations(N_ROWS, latent_dim) / times.min() for times in mine]
        alone, large = step_product_rates(latent_dim, n_repeats), large_product_rates(n_repeats)
        for name, *of_each in zip(("wall", "processor"), step_rates, alone, large, strict=True):
            step, products, product = of_each
            shares.append([latent_dim, name, *(f"{rate / 1e9:.0f}" for rate in of_each)])
            shares[-1] += [f"{step / products:.0%}", f"{step / product:.0%}", ""]
    shares[-2][-1] = f"at least {SHARE_TARGET:.0%}"
    header = ["d", "`fit`, s", "`train_replicates`, s", "times as fast", "target", "in processor time"]
    header.append(f"whole call of {WHOLE_EPOCHS} epochs, s: `fit` and `train_replicates`")
    title = f"## An epoch of {N_ROWS:,} images in batches of {BATCH_SIZE}"
    about = f"Rows: {rows_are}. Steady epochs of 784-d-784: median (range). In turn {n_rounds} times: {WHOLE_EPOCHS} "
    about += f"epochs of `fit`, {epochs} of `train_replicates`, each without its first."
    formula = (
        f"Operations are counted as 2 x {N_PRODUCTS} x rows x {N_PIXELS} x d for an epoch: two products forward and "
        f"three backward, a multiplication and an addition each. Beside it, in the same process, these products of one "
        f"batch alone, which is what TensorFlow makes of matrices of that size, and a product of {SQUARE} x {SQUARE} "
        "float32 matrices; the shortest of each."
    )
    header_shares = ["d", "time", "an epoch, 10^9 per s", "its products alone", "the large product"]
    header_shares += ["share of its products", "share of the large one", "target"]
    return f"{title}\n\n{about}\n\n{table(header, rows)}\n\n{formula}\n\n{table(header_shares, shares)}"
