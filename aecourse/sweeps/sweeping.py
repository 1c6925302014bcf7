"""`sweep`: every point of a grid, each from several seeds, kept on disk as they finish."""

import os
import platform
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

import aecourse
from aecourse._checks import check_int, received
from aecourse.sweeps.grid import DATA_SETTINGS, read_grid
from aecourse.sweeps.identity import digest
from aecourse.sweeps.record import RUN_COLUMNS, Sweep, collect
from aecourse.sweeps.store import Store
from aecourse.sweeps.trials import Task, run_trials
from aecourse.training import arguments

# The parts of this package that a trial runs through.
CODE = ("_checks.py", "models.py", "training", "sweeps")


def sweep(
    build_model,
    param_grid,
    x_train,
    x_val=None,
    *,
    seeds,
    results_dir=None,
    n_jobs=None,
    measures=None,
    progress=True,
    **settings,
) -> Sweep:
    """Train a model at every point of a grid, each from several seeds.

    >>> import functools
    >>> from aecourse import data, models
    >>> wine = data.load_wine()
    >>> result = sweep(
    ...     functools.partial(models.build_autoencoder, 13),
    ...     {"latent_dim": [1, 2, 3], "learning_rate": [1e-2, 1e-3]},
    ...     wine.x_train, wine.x_val, seeds=range(5), epochs=50, results_dir="runs",
    ... )
    >>> result.results.groupby("latent_dim")["final_val_reconstruction_loss"].median()

    A trial is one point with all its seeds, which `train_replicates` trains together. With `results_dir`, each
    finished trial is written to a file of its own: after a kill at any moment the same call goes on where it stopped,
    and its frames equal those of an undisturbed run to the last bit.

    Parameters
    ----------
    build_model : callable
        Returns a new, uncompiled keras.Model; its arguments can be axes.
    param_grid : dict of sequences, or a list of such dicts
        As for scikit-learn's `ParameterGrid`: all combinations of each dict. An axis is an argument of `build_model` or
        one of `train_replicates`, such as `learning_rate`; its values may be objects (an optimizer, a schedule).
    x_train, x_val : as for `train_replicates`
        Shared by all trials; so are `y_train` and `y_val`.
    seeds : sequence of int
        The same for every point.
    results_dir : str or Path, optional
        Folder to keep finished trials in; made if need be. A trial is known again by a SHA-256 over the code of the
        builder, the measures and this package, the data, the arguments, the seeds, and the versions of Python, Keras,
        TensorFlow, NumPy and pandas. What changed is trained anew and the old file left alone, so one folder serves
        many sweeps. Not noticed are changes in files that a builder reads, and in what it reaches by computed names.
        Trials that failed are not kept: the next call tries them again.
    n_jobs : int, optional
        Trials at once, in processes, as in joblib: -1 uses all processors. The default is 1, or what
        ``joblib.parallel_config`` says; under ``joblib.parallel_config(backend="dask")`` trials go to the cluster of
        the current Dask client.
    measures : dict of callables, optional
        Further columns of the results, by name: each takes the `Replicates` of a trial, before they are dropped, and
        returns one number per seed.
    progress : bool, default True
        Whether to show a progress bar over the trials; with ``TQDM_DISABLE=1`` none is shown either way.
    **settings
        Further arguments of `train_replicates`, the same for all trials; `epochs` is needed, here or as an axis.

    Returns
    -------
    Sweep
        `history`, a row per point, seed and epoch; `results`, a row per point and seed.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described; told before training starts. What only a trained model can show, in one
        trial, stands in the column `error` of its rows; a warning says how many trials failed.

    Notes
    -----
    Chapter: Latent dimension on MNIST.
    """
    seeds = arguments.read_seeds(seeds)
    if n_jobs is not None and check_int("n_jobs", n_jobs) == 0:
        raise ValueError("`n_jobs` must be a number of processes, or negative to count from all. Received: n_jobs=0.")
    targets = [settings.get(name) for name in DATA_SETTINGS]
    train, val = arguments.read_parts(x_train, targets[0], x_val, targets[1])
    points = read_grid(build_model, param_grid, settings, train.n_samples)
    measures = _read_measures(measures, points[0].labels)
    data = tuple(part for each in (train, val) for part in _arrays(each))
    tasks = [Task(i, point.build_args, _without_data(point.settings)) for i, point in enumerate(points)]
    shared = (build_model, measures, seeds)

    outcomes, keys, store = {}, [], None
    if results_dir is not None:
        store = Store.open(results_dir)
        common = digest(shared, data, _environment())
        keys = [digest(common, task.build_args, task.settings) for task in tasks]
        found = {task.number: store.read(keys[task.number]) for task in tasks}
        outcomes = {number: outcome for number, outcome in found.items() if outcome is not None}
    n_reused = len(outcomes)
    waiting = [task for task in tasks if task.number not in outcomes]
    shown = {} if progress else {"disable": True}  # where neither is said, the variable TQDM_DISABLE decides
    with tqdm(total=len(tasks), initial=n_reused, unit="trial", **shown) as bar:
        for number, outcome in run_trials(waiting, shared, data, n_jobs) if waiting else ():
            outcomes[number] = outcome
            if store is not None and not outcome.error:
                store.write(keys[number], outcome, {"point": points[number].labels, "seeds": seeds, **_versions()})
            bar.update()
    outcomes = [outcomes[task.number] for task in tasks]
    failed = [(point.labels, outcome.error) for point, outcome in zip(points, outcomes, strict=True) if outcome.error]
    if failed:
        where, error = failed[0]
        message = f"{len(failed)} of {len(tasks)} trials failed; see the column `error`. The first, at {where}: {error}"
        warnings.warn(message, stacklevel=2)
    return collect(points, outcomes, seeds, n_reused)


def _read_measures(measures, axes):
    expected = "`measures` must be a dict of functions, each from Replicates to one number per seed."
    if measures is None:
        return {}
    if not isinstance(measures, Mapping) or not all(map(callable, measures.values())):
        raise TypeError(f"{expected} {received('measures', measures)}")
    for name in measures:
        if not isinstance(name, str):
            raise TypeError(f"{expected} {received('measures', measures)} Name each by a string.")
        if name in ("seed", "error", *RUN_COLUMNS, *axes) or name.startswith(("final_", "best_")):
            raise ValueError(f"`measures` must not be called like another column of the results. Received: {name!r}.")
    return dict(measures)


def _arrays(part):
    """Inputs and targets; the latter None where they are the inputs."""
    if part is None:
        return None, None
    return part.x, None if part.y is part.x else part.y


def _without_data(settings):
    return {name: value for name, value in settings.items() if name not in DATA_SETTINGS}


def _environment():
    """What else decides the numbers: this package's code, the versions, and Keras's settings."""
    folder = Path(aecourse.__file__).parent
    files = [path for name in CODE for path in sorted([folder / name, *(folder / name).rglob("*.py")])]
    code = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.is_file()}
    keras_settings = (keras.config.backend(), keras.config.floatx(), keras.config.dtype_policy().name)
    # With oneDNN sums run in another order; other processors have other instructions.
    machine = (platform.machine(), os.environ.get("TF_ENABLE_ONEDNN_OPTS"))
    return code, _versions(), keras_settings, machine


def _versions():
    return {
        "aecourse": aecourse.__version__,
        "python": sys.version.split()[0],
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }
