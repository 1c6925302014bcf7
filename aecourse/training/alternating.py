"""`train_alternating`: an autoencoder and a classifier that reads its code, trained in alternation."""

import math
import warnings
from contextlib import nullcontext
from queue import SimpleQueue

import keras
import numpy as np
import tensorflow as tf
from joblib import Parallel, delayed
from tqdm import tqdm

from aecourse import models
from aecourse._checks import check_int, received
from aecourse._seeding import generators_restored
from aecourse.tensorboard import EventLog
from aecourse.training import arguments
from aecourse.training.alternating_engine import AlternatingEngine, Pair
from aecourse.training.alternation import Alternation, collect
from aecourse.training.initial import check_alike, check_built
from aecourse.training.quiet import quiet_tensorflow
from aecourse.training.stacking import worth_compiling
from aecourse.training.trainer import row_orders

__all__ = ["train_alternating"]


def train_alternating(
    build_autoencoder,
    build_classifier,
    x_train,
    y_train,
    x_val,
    y_val,
    *,
    seeds,
    epochs,
    batch_size=120,
    learning_rate=arguments.DEFAULT_LEARNING_RATE,
    update_encoder=False,
    checkpoints=(),
    event_log=None,
    n_jobs=1,
    progress=True,
) -> Alternation:
    """Train an autoencoder and a classifier of its code, step by step in alternation, from several seeds.

    >>> import keras
    >>> from aecourse import data, models
    >>> wine = data.load_wine()
    >>> def build_classifier():
    ...     return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    >>> result = train_alternating(
    ...     lambda: models.build_autoencoder(13, 2), build_classifier, wine.x_train, wine.y_train, wine.x_val,
    ...     wine.y_val, seeds=range(3), epochs=2, batch_size=16, checkpoints=[0], progress=False,
    ... )
    >>> result
    Alternation(3 seeds of 'autoencoder', latent_dim 2, with a classifier, kept at epochs 0, 2)
    >>> list(result.history.columns[:5])
    ['seed', 'epoch', 'reconstruction_loss', 'classifier_loss', 'accuracy']
    >>> result.autoencoders[2].encode(wine.x_val).shape
    (3, 36, 2)

    On each batch the autoencoder takes a step on the mean squared error of its reconstruction, while the classifier is
    frozen. Then the classifier takes one on the cross-entropy of the same rows, reading the code of the encoder as it
    then is, while the decoder is frozen, and with ``update_encoder=False`` the encoder too. So the autoencoder is then
    to the last bit the one that is trained without a classifier. Each of the two has an Adam of its own, fresh for
    each seed. A seed decides the initial weights (``keras.utils.set_random_seed(seed)``, then the autoencoder is built,
    then the classifier) and the order of the rows; equal seeds give equal results.

    Parameters
    ----------
    build_autoencoder : callable
        Takes no arguments and returns a new, uncompiled keras.Model with a layer called `code`.
    build_classifier : callable or None
        The same for a model from the code, (n_samples, latent_dim), to probabilities, (n_samples, n_classes), which is
        to say that it ends in a softmax. None: the autoencoder is trained alone, and labels are not looked at.
    x_train, x_val : array_like or DataFrame, shape (n_samples, ...)
        Finite numbers; converted to float32.
    y_train, y_val : array_like, shape (n_samples,)
        Classes, whole numbers from 0. They may be None without a classifier.
    seeds : sequence of int in [0, 2**32)
        Distinct.
    epochs : int
        Passes over the training rows, each with both steps on every batch.
    batch_size : int, default 120
        Rows per step. Where it does not divide the number of training rows, the last batch is smaller.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, default 1e-3
        Of both.
    update_encoder : bool, default False
        Whether the classifier's step goes on into the encoder.
    checkpoints : sequence of int in [0, epochs], default ()
        Epochs whose networks are kept besides the last one's; 0 is before training.
    event_log : EventLog, optional
        Writes what TensorBoard shows, as the training goes on: a run for each seed with its curves, the graph of both
        networks, and at the checkpoints sample reconstructions and the code of validation rows.
    n_jobs : int, default 1
        How many seeds are trained at a time, in threads. The results are the same to the last bit. It is quickest with
        as many as there are processors, and with the environment variable ``TF_NUM_INTRAOP_THREADS=1``, set before
        TensorFlow is imported: otherwise the threads wait for one another in the larger operations.
    progress : bool, default True
        Whether to show a progress bar; with the environment variable ``TQDM_DISABLE=1`` none is shown either way.

    Returns
    -------
    Alternation

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described; told before training starts.
    FileExistsError
        If the event log holds a run of one of the seeds.

    Notes
    -----
    A seed whose losses or weights become infinite or NaN is recorded as diverged and keeps the weights of that epoch;
    the others go on. Penalties of layers are minimised in the step of the network whose layers they are.
    Chapter: Embedding probes. The scheme is that of Brucher (2018), blog.audio-tk.com.
    """
    arguments.check_builder(build_autoencoder, "build_autoencoder")
    if build_classifier is not None:
        arguments.check_builder(build_classifier, "build_classifier")
    arguments.check_flags(update_encoder=update_encoder, progress=progress)
    if update_encoder and build_classifier is None:
        raise ValueError("`update_encoder` must be False without a classifier. Received: update_encoder=True.")
    seeds = arguments.read_seeds(seeds)
    epochs = check_int("epochs", epochs, minimum=1)
    checkpoints = _read_checkpoints(checkpoints, epochs)
    make_optimizer = arguments.read_optimizer("adam", learning_rate)
    train, val = _read_rows(x_train, y_train, x_val, y_val, labelled=build_classifier is not None)
    batch_size = check_int("batch_size", batch_size, minimum=1, maximum=train.n_samples)
    n_jobs = check_int("n_jobs", n_jobs, minimum=1)
    if event_log is not None:
        if not isinstance(event_log, EventLog):
            raise TypeError(f"`event_log` must be an EventLog or None. {received('event_log', event_log)}")
        event_log.check_rows(val.x)
        event_log.check_free(f"seed_{seed}" for seed in seeds)

    first = _build(build_autoencoder, build_classifier, seeds[0])
    pairs, states = [first], [first.state()]
    for seed in seeds[1:]:
        pair = _build(build_autoencoder, build_classifier, seed)
        check_alike("build_autoencoder", first.autoencoder, pair.autoencoder)
        if pair.classifier is not None:
            check_alike("build_classifier", first.classifier, pair.classifier)
        states.append(pair.state())
        if len(pairs) < n_jobs:
            pairs.append(pair)
    train, val = _check_fit(first, train, val)
    shown = {} if progress else {"disable": True}  # where neither is said, the variable TQDM_DISABLE decides
    with quiet_tensorflow(), tqdm(total=epochs * len(seeds), unit="epoch", leave=False, **shown) as bar:
        by_xla = worth_compiling(first.autoencoder, batch_size, epochs * math.ceil(train.n_samples / batch_size))
        parts = [part.to_tensors() for part in (train, val)]
        engines = _make_engines(pairs, make_optimizer, batch_size, *parts, update_encoder, jit_compile=by_xla)
        free = SimpleQueue()
        for engine in engines:
            free.put(engine)

        def run(seed, state):
            engine = free.get()
            try:
                engine.start(state)
                writer = None if event_log is None else event_log.start(f"seed_{seed}")
                orders = [order[0] for order in row_orders([seed], train.n_samples, epochs, shuffle=True)]
                with writer or nullcontext():
                    return _train(engine, orders, checkpoints, writer, val, bar)
            finally:
                free.put(engine)

        # Threads, since TensorFlow leaves Python to the others while it computes.
        jobs = (delayed(run)(seed, state) for seed, state in zip(seeds, states, strict=True))
        runs = Parallel(n_jobs=len(engines), require="sharedmem")(jobs)
    return collect(seeds, first, engines[0].columns, checkpoints, runs)


def _make_engines(pairs, *settings, jit_compile):
    """An engine for each pair, that has taken its steps once; all without XLA where it fails."""
    engines = []
    for pair in pairs:
        engine = AlternatingEngine(pair, *settings, jit_compile=jit_compile)
        try:
            engine.try_steps()
        except tf.errors.OpError as error:
            if not jit_compile:
                raise
            what = error.message.splitlines()[0][:200]
            warnings.warn(f"XLA cannot compile the steps ({what}): they take longer without.", stacklevel=3)
            return _make_engines(pairs, *settings, jit_compile=False)  # what fails again is not for want of XLA
        engines.append(engine)
    return engines


def _read_checkpoints(checkpoints, epochs):
    """Distinct epochs in ascending order, the last one among them."""
    if isinstance(checkpoints, int | np.integer | str) or not np.iterable(checkpoints):
        expected = "`checkpoints` must be a sequence of integers, as in [0, 10]."
        raise TypeError(f"{expected} {received('checkpoints', checkpoints)}")
    return sorted({check_int("checkpoints", each, minimum=0, maximum=epochs) for each in checkpoints} | {epochs})


def _read_rows(x_train, y_train, x_val, y_val, *, labelled):
    """Training and validation part as `Data`, x one array; without a classifier y is x."""
    for name, value in (("x_val", x_val), *((("y_train", y_train), ("y_val", y_val)) if labelled else ())):
        if value is None:
            needed = " with a classifier" if name[0] == "y" else ""
            raise ValueError(f"`{name}` must be given{needed}. Received: {name}=None.")
    if not labelled:
        y_train = y_val = None
    train, val = arguments.read_parts(x_train, y_train, x_val, y_val)
    if not isinstance(train.x, np.ndarray):
        raise TypeError(f"`x_train` must be a single array. Received: {type(train.x).__name__} of arrays.")
    return train, val


def _build(build_autoencoder, build_classifier, seed):
    with generators_restored():
        keras.utils.set_random_seed(seed)
        autoencoder = build_autoencoder()
        classifier = None if build_classifier is None else build_classifier()
    check_built("build_autoencoder", autoencoder)
    if classifier is not None:
        check_built("build_classifier", classifier)
    return Pair(autoencoder, classifier)


def _check_fit(pair, train, val):
    """Raise unless both networks take what they are to be given; the parts with labels as the classifier needs them."""
    example = train.x[:1]
    x_hat = arguments.first_output(pair.autoencoder, example)
    if getattr(x_hat, "shape", None) != example.shape:
        shapes = tf.nest.map_structure(lambda tensor: tuple(tensor.shape[1:]), x_hat)
        raise ValueError(
            f"`build_autoencoder` must return a model whose output has the shape of its input, {example.shape[1:]} per "
            f"row. Received: {shapes}."
        )
    z = models.encoder(pair.autoencoder)(example)
    if pair.classifier is None:
        return train, val
    expected = f"`build_classifier` must return a model that takes the code, of shape {tuple(z.shape[1:])} per row, "
    try:
        p = keras.ops.convert_to_numpy(pair.classifier(z))
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        took = getattr(pair.classifier, "input_shape", (None, "another"))[1:]
        raise ValueError(f"{expected}and gives probabilities. Received: one that takes {took}.") from error
    if p.ndim != 2 or p.min() < 0 or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            f"{expected}and gives probabilities of the classes, which sum to 1: end it in a softmax. "
            f"Received: {p.ravel()[:5].tolist()} for the first row."
        )
    return tuple(arguments.fit_targets(part, name, p, (True,)) for name, part in (("train", train), ("val", val)))


def _train(engine, orders, checkpoints, writer, val, bar):
    """Train one seed to its end: rows of losses by epoch, states by checkpoint, whether it diverged."""
    rows, states, diverged = [], {}, False
    if writer is not None:
        writer.graph(engine.run_both, val.x[:1])
    for epoch in range(len(orders) + 1):
        train_row = engine.train_epoch(orders[epoch - 1]) if epoch else engine.evaluate("train")
        rows.append(np.concatenate([train_row, engine.evaluate("val")]))
        if writer is not None:
            writer.scalars(epoch, *(dict(zip(engine.columns, row, strict=True)) for row in np.split(rows[-1], 2)))
        if epoch in checkpoints:
            states[epoch] = engine.state()
            if writer is not None:
                _write_checkpoint(engine, writer, epoch, val)
        bar.update(bool(epoch))
        diverged = not (np.isfinite(rows[-1]).all() and all(np.isfinite(v).all() for v in engine.state()))
        if diverged:
            bar.update(len(orders) - epoch)
            break
    states |= {epoch: engine.state() for epoch in checkpoints if epoch not in states}
    return rows, states, diverged


def _write_checkpoint(engine, writer, epoch, val):
    n_rows = max(writer.log.n_points, writer.log.n_images)
    x = val.x[:n_rows]
    x_hat, z, *_ = engine.run_both(x)
    if writer.log.image_shape is not None:
        writer.reconstructions(epoch, x, x_hat)
    writer.embedding(epoch, z, None if val.y is val.x else val.y[:n_rows], x)
