"""From which size on is a step quicker when XLA compiles it, and how long does compiling take?

The answers are the constants XLA_STEP and XLA_TRAINING of aecourse/training/stacking.py, in numbers: weights, and
outputs of layers for a batch. Steps alone are timed, of engines that are traced already, with XLA and without in turns,
in processor time: of several threads, on a busy machine, wall time tells little.
"""

import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from measuring import table

from aecourse import models
from aecourse.training.engines import SingleEngine
from aecourse.training.objective import make_objective
from aecourse.training.stacking import XLA_STEP, XLA_TRAINING, numbers_of_step

# Features, latent dimension, hidden units; batch size.
CASES = [
    ((64, 8, (128,)), 128),
    ((784, 32, ()), 32),
    ((64, 8, (128,)), 256),
    ((784, 64, ()), 16),
    ((784, 32, ()), 64),
    ((256, 64, (256,)), 32),
    ((784, 128, ()), 32),
    ((784, 2, ()), 256),
    ((784, 32, ()), 256),
    ((784, 128, ()), 256),
    ((784, 16, (256, 64)), 256),
    ((784, 32, (512, 256)), 256),
]
N_STEPS = 20  # to an epoch


def processor_seconds(function):
    start = time.process_time()
    function()
    return time.process_time() - start


def measure(shape, batch_size, n_repeats):
    """Numbers of a step; processor seconds of a step without and with XLA; those that compiling adds."""
    n_features, latent_dim, hidden_units = shape
    x = tf.random.stateless_uniform((batch_size * N_STEPS, n_features), (0, 0))
    order = np.arange(len(x), dtype="int32")[None]
    engines, first = [], []
    for jit_compile in (False, True):
        model = models.build_autoencoder(n_features, latent_dim, hidden_units=hidden_units)
        objective = make_objective("mse", None, model(x[:1]), model, is_reconstruction=True)
        optimizer = keras.optimizers.Adam()
        engine = SingleEngine(model, objective, optimizer, batch_size, 1, jit_compile=jit_compile)
        engine.load((x, x), None)
        first.append(processor_seconds(lambda engine=engine: engine.train_epoch(order, [])))
        engines.append(engine)
    times = [[processor_seconds(lambda e=e: e.train_epoch(order, [])) for e in engines] for _ in range(n_repeats)]
    without, by_xla = (statistics.median(each) / N_STEPS for each in zip(*times, strict=True))
    return numbers_of_step(model, batch_size), without, by_xla, first[1] - first[0]


def report(quick=False):
    """Markdown of this benchmark."""
    n_repeats = 5 if quick else 30
    cases = CASES[::3] if quick else CASES
    rows = []
    for (shape, batch_size), found in sorted(
        ((case, measure(*case, n_repeats)) for case in cases), key=lambda pair: pair[1][0]
    ):
        numbers, without, by_xla, compiling = found
        gain = without - by_xla
        width = "-".join(map(str, (shape[0], *shape[2], shape[1])))
        rows.append([numbers, f"{width}, {batch_size} rows", f"{1e3 * without:.2f}", f"{1e3 * by_xla:.2f}"])
        rows[-1] += [f"{without / by_xla:.2f}", f"{1e9 * gain / numbers:.1f}", f"{compiling:.2f}"]
        rows[-1] += [f"{compiling / gain * numbers / 1e6:,.0f}" if gain > 0 else "never"]
        rows[-1] += ["by XLA" if numbers >= XLA_STEP else "without"]
    header = ["numbers", "encoder, batch", "ms without XLA", "by XLA", "quicker by", "ns gained per number"]
    header += ["s to compile a step", "paid back after, 10^6 numbers", "chosen"]
    title = f"## By XLA or not: processor time of one step, median of {n_repeats} epochs of {N_STEPS} steps"
    rule = (
        f"XLA_STEP is {XLA_STEP:,}, XLA_TRAINING {XLA_TRAINING:,}: a training also compiles its smaller last batch and "
        "the validation, so that it takes two or three times the numbers of one step to pay back."
    )
    return f"{title}\n\n{table(header, rows)}\n\n{rule}"
