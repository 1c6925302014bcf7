"""`train_replicates`: the same model from many seeds at once."""

import math
import re
import warnings

import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

from aecourse._checks import check_int
from aecourse.training import arguments
from aecourse.training.engines import SingleEngine, StackedEngine
from aecourse.training.initial import continued_states, initial_states
from aecourse.training.noise import epoch_noise, with_fed_noise
from aecourse.training.objective import make_objective
from aecourse.training.quiet import quiet_tensorflow
from aecourse.training.replicates import Replicates
from aecourse.training.reuse import borrow_engine, engine_key, fixed_rate, keep_engine
from aecourse.training.stacking import choose_stacks, slots_of, stack_size, worth_compiling
from aecourse.training.stopping import Stopper

# Orders of rows are drawn for as many epochs at once as fit in this.
ORDER_BYTES = 100_000_000


def train_replicates(
    build_model,
    x_train,
    x_val=None,
    *,
    seeds,
    epochs,
    batch_size=32,
    optimizer="adam",
    learning_rate=arguments.DEFAULT_LEARNING_RATE,
    y_train=None,
    y_val=None,
    rows_train=None,
    rows_val=None,
    loss="mse",
    loss_weights=None,
    early_stopping=None,
    initial_weights=None,
    shuffle=True,
    vectorize=None,
    progress=True,
) -> Replicates:
    """Train the same model from many seeds at once, each as ``keras.Model.fit`` would.

    >>> from aecourse import data, models
    >>> wine = data.load_wine()
    >>> replicates = train_replicates(
    ...     lambda: models.build_autoencoder(13, 3), wine.x_train, wine.x_val, seeds=range(50), epochs=100
    ... )
    >>> replicates.encode(wine.x_test).shape
    (50, 36, 3)

    The weights of all replicates are stacked and every operation runs on the whole stack, so that the overhead of a
    step, nearly all of the cost of a small model, is paid once. Each seed decides the initial weights (those that
    ``keras.utils.set_random_seed(seed); build_model()`` gives), the order of the rows and the noise of dropout, and
    nothing else does: a seed's run is the same to the last bit alone, among a hundred, and in any order.

    Parameters
    ----------
    build_model : callable
        Takes no arguments and returns a new, uncompiled keras.Model.
    x_train : array_like or DataFrame, shape (n_samples, ...), or a list or dict of them for several inputs
        Finite numbers; converted to float32.
    x_val : like `x_train`, optional
        Rows to validate on after every epoch.
    seeds : sequence of int in [0, 2**32)
        Distinct.
    epochs : int
        Passes over the training rows.
    batch_size : int, default 32
        Rows per step; the last batch of an epoch may be smaller.
    optimizer : str or keras.optimizers.Optimizer, default "adam"
        An instance is copied, and brings its own learning rate.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, default 1e-3
        For an optimizer given by name.
    y_train, y_val : like `x_train`, optional
        Targets; default to the inputs. Class numbers stay integers.
    rows_train, rows_val : array_like of int, shape (n_seeds, n_rows), optional
        The rows of `x_train`, and of `x_val`, that each seed trains and validates on: a draw, a fold or a bootstrap
        sample of its own, in the order of `seeds`. The default is all rows, for all seeds. Both may be rows of the
        same array, passed twice.
    loss : str, keras.losses.Loss or callable, or a list or dict of them, default "mse"
        As in ``keras.Model.compile``. The loss of an epoch is the mean over its batches, weighted by their sizes,
        taken while the weights move; that of the validation rows is taken after the epoch.
    loss_weights : list or dict of float, optional
        One for each output; 1 if left out.
    early_stopping : keras.callbacks.EarlyStopping, optional
        Followed by each seed for itself.
    initial_weights : Replicates, optional
        Trained before, from the same seeds and more if need be: each seed goes on from its weights, with a fresh
        optimizer, as a model does that is built anew from layers already trained.
    shuffle : bool, default True
        Whether rows are put in a new order at each epoch.
    vectorize : bool, optional
        True stacks the replicates, False trains them in turn; the default chooses what is quicker: in turn for
        convolutions, recurrences, optimizers that mix weights, and steps of many multiplications. The choice depends
        on model and batch size, never on the number of seeds. In turn, XLA compiles the steps of dense models where
        the training of one seed is long enough to pay for it; then the last digits of a loss may depend on `epochs`,
        too.
    progress : bool, default True
        Whether to show a progress bar; with the environment variable ``TQDM_DISABLE=1`` none is shown either way.

    Returns
    -------
    Replicates
        Curves, models, predictions and codes of all seeds.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described; told before training starts.

    Notes
    -----
    A seed whose loss or weights become infinite or NaN is recorded as diverged and ends there; the others go on.
    Chapter: Wine autoencoder.
    """
    arguments.check_builder(build_model)
    arguments.check_flags(shuffle=shuffle, progress=progress, vectorize=vectorize is None or vectorize)
    seeds = arguments.read_seeds(seeds)
    epochs = check_int("epochs", epochs, minimum=1)
    batch_size = check_int("batch_size", batch_size, minimum=1)
    make_optimizer = arguments.read_optimizer(optimizer, learning_rate)
    train, val = arguments.read_parts(x_train, y_train, x_val, y_val)
    rows_train = arguments.read_rows("train", rows_train, len(seeds), train)
    rows_val = arguments.read_rows("val", rows_val, len(seeds), val)
    n_rows = train.n_samples if rows_train is None else rows_train.shape[1]
    if batch_size > n_rows:
        raise ValueError(
            f"`batch_size` must be at most the number of training rows, {n_rows}. Received: batch_size={batch_size}."
        )
    example = tf.nest.map_structure(lambda array: tf.convert_to_tensor(array[:1]), train.x)
    model, states = initial_states(build_model, seeds, example)
    if initial_weights is not None:
        states = continued_states(initial_weights, seeds, model, states)
    output = arguments.first_output(model, example)
    objective = make_objective(loss, loss_weights, output, model, is_reconstruction=_shapes(output) == _shapes(example))
    train = arguments.fit_targets(train, "train", output, objective.sparse)
    val = val and arguments.fit_targets(val, "val", output, objective.sparse)
    columns = ["loss", *objective.names]
    columns += [f"val_{name}" for name in columns] if val else []
    arguments.check_early_stopping(early_stopping, columns)

    new_optimizer = make_optimizer()
    in_stacks = choose_stacks(model, new_optimizer, batch_size, vectorize)
    slots = slots_of(seeds) if in_stacks else np.arange(len(seeds))
    n_runs = stack_size(model, batch_size, slots.max() + 1) if in_stacks else 1
    members = np.zeros(-(-(slots.max() + 1) // n_runs) * n_runs, int)  # slots without a seed repeat the first one
    members[slots] = np.arange(len(seeds))
    groups = members.reshape(-1, n_runs)
    shown = {} if progress else {"disable": True}  # where neither is said, the variable TQDM_DISABLE decides
    with quiet_tensorflow(), tqdm(total=epochs * len(groups), unit="epoch", leave=False, **shown) as bar:
        parts = train.to_tensors(), val and val.to_tensors()
        fed = with_fed_noise(model)
        n_steps = epochs * math.ceil(n_rows / batch_size)
        by_xla = not in_stacks and worth_compiling(fed, batch_size, n_steps)
        key = engine_key(model, fed, objective, new_optimizer, batch_size, n_runs, by_xla=by_xla)

        def make_engine(**compiling):
            kind = StackedEngine if in_stacks else SingleEngine
            engine = kind(fed, objective, make_optimizer(), batch_size, n_runs, **compiling)
            engine.load(*parts)
            return engine

        def train_group(group):
            engine.start([stack[group] for stack in states], None if rows_val is None else rows_val[group])
            group_seeds = [seeds[i] for i in group]
            orders = row_orders(group_seeds, n_rows, epochs, shuffle)
            if rows_train is not None:
                own = rows_train[group]
                orders = (np.take_along_axis(own, order, axis=1) for order in orders)
            noise = epoch_noise(engine.fed_layers, group_seeds, n_rows, epochs)
            return _train(engine, zip(orders, noise, strict=True), epochs, columns, early_stopping, bar)

        engine = borrow_engine(key, model, example, output) if key else None
        if engine is None:
            engine = make_engine(jit_compile=True) if by_xla else make_engine()
        else:
            engine.load(*parts, loss_weights=objective.weights, learning_rate=fixed_rate(new_optimizer))
        results = []
        for n_done, group in enumerate(groups, start=1):
            try:
                results.append(train_group(group))
            except tf.errors.OpError as error:
                # All is compiled in the first epoch of the first group; what fails later, or fails again without XLA,
                # is not for want of XLA.
                if not by_xla or results:
                    raise
                key, engine = None, make_engine()
                results.append(train_group(group))
                warnings.warn(f"{_why_not_xla(error)}: the steps are not compiled, and take longer.", stacklevel=2)
            bar.update(epochs * n_done - bar.n)  # a group that stopped early is done all the same
    if key:
        keep_engine(key, engine)
    return _collect(seeds, columns, model, [np.concatenate(parts)[slots] for parts in zip(*results, strict=True)])


def _why_not_xla(error):
    """As in "XLA cannot compile PyFunc"; without a name where the message of TensorFlow has another form."""
    names = re.findall(r"XLA_\w+_JIT: (\w+) \(", error.message)
    return f"XLA cannot compile {names[0] if names else f'the model ({error.message.splitlines()[0][:200]})'}"


def _train(engine, drawn, epochs, columns, early_stopping, bar):
    """Train one group to its end.

    Returns
    -------
    list of ndarray
        Losses (n_runs, epochs, n_columns), NaN after a run's end; a table (n_runs, 4) of epochs, kept epoch, stopped,
        diverged; then the weights that count, each (n_runs, *shape).
    """
    losses = np.full((engine.n_runs, epochs, len(columns)), np.nan, "float32")
    stopper = Stopper(early_stopping, engine.n_runs)
    for epoch, (order, noise) in enumerate(drawn):
        parts = [engine.train_epoch(order, noise)]
        if engine.validates:
            parts.append(engine.val_epoch())
        row = np.concatenate(parts, axis=1)
        losses[stopper.active, epoch] = row[stopper.active]
        stopper.update(dict(zip(columns, row.T, strict=True)), engine.state)
        bar.update()
        if not stopper.active.any():
            break
    weights = stopper.final_state(engine.state())
    runs = np.stack([stopper.epochs, stopper.kept_epoch, stopper.stopped, stopper.diverged], axis=1)
    return [losses, runs, *weights]


def row_orders(seeds, n_samples, epochs, shuffle):
    """The order of the training rows at each epoch: int32 (n_seeds, n_samples), a row of each seed's own stream."""
    in_order = np.tile(np.arange(n_samples, dtype="int32"), (len(seeds), 1))
    if not shuffle:
        yield from (in_order for _ in range(epochs))
        return
    generators = [np.random.default_rng(seed) for seed in seeds]
    block = max(1, ORDER_BYTES // in_order.nbytes)
    for first in range(0, epochs, block):
        n_epochs = min(block, epochs - first)
        rows = np.tile(in_order[0], (n_epochs, 1))
        yield from np.stack([generator.permuted(rows, axis=1) for generator in generators], axis=1)


def _collect(seeds, columns, model, results):
    """The record, from arrays in the order of the seeds; see `_train`."""
    losses, runs, *stacks = results
    lived = np.arange(losses.shape[1]) < runs[:, :1]  # (n_seeds, epochs)
    seed, epoch = np.broadcast_arrays(np.array(seeds)[:, None], np.arange(1, losses.shape[1] + 1))
    history = pd.DataFrame({"seed": seed[lived], "epoch": epoch[lived]})
    by_name = sorted(range(len(columns)), key=lambda i: columns[i].removeprefix("val_") != "loss")
    for i in by_name:  # loss and val_loss first
        history[columns[i]] = losses[:, :, i][lived]
    runs = pd.DataFrame(runs, columns=["epochs", "kept_epoch", "stopped", "diverged"])
    runs = runs.astype({"stopped": bool, "diverged": bool})
    runs.insert(0, "seed", seeds)
    kept = {id(variable) for variable in model.weights}  # model.variables has the states of noise layers besides
    weights = tuple(stack for stack, v in zip(stacks, model.variables, strict=True) if id(v) in kept)
    return Replicates(seeds=tuple(seeds), history=history, runs=runs, weights=weights, template=model)


def _shapes(structure):
    return [tuple(tensor.shape) for tensor in tf.nest.flatten(structure)]
