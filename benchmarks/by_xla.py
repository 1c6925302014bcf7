"""How much quicker is a step when XLA compiles it, and after how many has it paid for compiling?

The answers are the constants XLA_CALLS and XLA_TRAINING of aecourse/training/stacking.py. Steps alone are timed, of
engines that are traced already, with XLA and without in turns, in processor time: of several threads, on a busy
machine, wall time tells little.
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
from aecourse.training.stacking import XLA_TRAINING, saved_by_xla

# Features, latent dimension, hidden units; batch size.
CASES = [
    ((13, 3, ()), 32),
    ((13, 3, (64, 32)), 32),
    ((784, 2, ()), 8),
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
    """Steps from which on XLA is chosen; processor seconds of a step without and with it; those that compiling adds."""
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
    return XLA_TRAINING / saved_by_xla(model, batch_size, 1), without, by_xla, first[1] - first[0]


def report(quick=False):
    """Markdown of this benchmark."""
    n_repeats = 5 if quick else 30
    cases = CASES[::3] if quick else CASES
    found = [(case, *measure(*case, n_repeats)) for case in cases]
    rows = []
    for ((n_features, latent_dim, hidden_units), batch_size), chosen_from, without, by_xla, compiling in sorted(
        found, key=lambda row: row[2]
    ):
        gain = without - by_xla
        width = "-".join(map(str, (n_features, *hidden_units, latent_dim)))
        row = [f"{width}, {batch_size} rows", f"{1e3 * without:.2f}", f"{1e3 * by_xla:.2f}"]
        row += [f"{without / by_xla:.2f}", f"{compiling:.2f}", f"{compiling / gain:,.0f}" if gain > 0 else "never"]
        rows.append([*row, f"{chosen_from:,.0f}"])
    header = ["encoder, batch", "ms without XLA", "by XLA", "quicker by", "s to compile a step"]
    header += ["paid back after, steps", "chosen from, steps"]
    title = f"## By XLA or not: processor time of one step, median of {n_repeats} epochs of {N_STEPS} steps"
    rule = (
        "A training also compiles the validation and its smaller last batch, which takes about as long; most train "
        "several seeds, which share all that, while the choice looks at the steps of one."
    )
    return f"{title}\n\n{table(header, rows)}\n\n{rule}"
