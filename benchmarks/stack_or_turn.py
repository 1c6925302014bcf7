"""From which size on is a step quicker for one replicate after another than for a stack?

The answer is the constant LARGE_STEP of aecourse/training/stacking.py, in multiplications per replicate and step:
rows of a batch times parameters. Steps alone are timed, of engines that are traced already.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from measuring import seconds, table

from aecourse import models
from aecourse.training.engines import SingleEngine, StackedEngine
from aecourse.training.objective import make_objective
from aecourse.training.stacking import LARGE_STEP, stack_size

# Features, hidden units: the latent dimension is a quarter of the last.
SHAPES = [(13, (16,)), (30, (64,)), (64, (128,)), (64, (256,)), (256, (256,)), (784, (128,)), (784, (256, 64))]
BATCH_SIZES = (16, 64, 256)
N_STEPS = 6  # to an epoch
N_SEEDS = 50  # of the stack, or as many as its memory allows
LARGEST = 60_000_000  # multiplications per step; beyond it there is nothing left to decide


def step_seconds(engine, n_rows, n_repeats):
    """Of one step and replicate: the shortest epoch, as anything else that the machine does makes it longer."""
    order = np.tile(np.arange(n_rows, dtype="int32"), (engine.n_runs, 1))
    engine.train_epoch(order, [])  # traced here
    best = min(seconds(lambda: engine.train_epoch(order, [])) for _ in range(n_repeats))
    return best / N_STEPS / engine.n_runs


def measure(n_features, hidden_units, batch_size, n_repeats):
    """Multiplications of a step, number of replicates in the stack, seconds in a stack and in turn."""
    model = models.build_autoencoder(n_features, hidden_units[-1] // 4, hidden_units=hidden_units)
    x = tf.random.stateless_normal((batch_size * N_STEPS, n_features), (0, 0))
    objective = make_objective("mse", None, model(x[:1]), model, is_reconstruction=True)
    found = []
    for make_engine in (StackedEngine, SingleEngine):
        n_runs = stack_size(model, batch_size, N_SEEDS) if make_engine is StackedEngine else 1
        engine = make_engine(model, objective, keras.optimizers.Adam(), batch_size, n_runs)
        engine.load((x, x), None)
        engine.start([np.repeat(np.array(variable)[None], n_runs, axis=0) for variable in model.variables])
        found += [n_runs, step_seconds(engine, len(x), n_repeats)]
    return batch_size * model.count_params(), found[0], found[1], found[3]


def crossing(points):
    """Multiplications at which the stack stops being quicker: the cut of log(multiplications) with fewest errors,

    each weighed by the log of what it costs.
    """
    points = sorted((size, math.log(stack / turn)) for size, _, stack, turn in points)
    sizes = [size for size, _ in points]
    cuts = [sizes[0] / 2, *(math.sqrt(a * b) for a, b in zip(sizes, sizes[1:], strict=False)), sizes[-1] * 2]
    # Left of the cut stacks are chosen, where a positive log is a loss; right of it, a negative one is.
    return min(cuts, key=lambda cut: sum(max(0, loss if size < cut else -loss) for size, loss in points))


def report(quick=False):
    """Markdown of this benchmark."""
    n_repeats = 3 if quick else 20
    points, rows = [], []
    for n_features, hidden_units in SHAPES:
        for batch_size in BATCH_SIZES:
            size, n_runs, stack, turn = point = measure(n_features, hidden_units, batch_size, n_repeats)
            if size <= LARGEST:
                points.append(point)
    for size, n_runs, stack, turn in sorted(points):
        chosen = "stack" if size <= LARGE_STEP else "in turn"
        rows.append([size, n_runs, f"{1e6 * stack:,.0f}", f"{1e6 * turn:,.0f}", f"{turn / stack:.2f}", chosen])
    header = ["multiplications", "stack of", "microseconds in a stack", "in turn", "stack quicker by", "chosen"]
    title = f"## Stack or in turn: one step of one replicate, the shortest of {n_repeats} epochs of {N_STEPS} steps"
    best = f"Fewest losses with a cut at {crossing(points):,.0f} multiplications; LARGE_STEP is {LARGE_STEP:,}."
    return f"{title}\n\n{table(header, rows)}\n\n{best}"
