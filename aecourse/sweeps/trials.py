"""One trial, and many of them: in turn, in processes, or on a Dask cluster."""

import functools
import random
import threading
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed
from joblib.parallel import get_active_backend

from aecourse.training import train_replicates

# Keras draws seeds from a generator of the whole process, so two threads must never build models at once.
ONE_AT_A_TIME = threading.RLock()
COMMON_GENERATOR = random.random.__self__
# Dask gives a trial to another worker when one dies; only when all that held the data are gone it is sent anew.
DASK_ATTEMPTS = 3


@dataclass(frozen=True)
class Outcome:
    """What is left of a trial: columns as arrays, by their names.

    Attributes
    ----------
    history, runs : dict of ndarray
        Columns of `Replicates.history` and `Replicates.runs`.
    measures : dict of ndarray, each (n_seeds,)
    error : str
        Empty if all went well; then the rest is filled.
    """

    history: dict = field(default_factory=dict)
    runs: dict = field(default_factory=dict)
    measures: dict = field(default_factory=dict)
    error: str = ""

    @classmethod
    def failed(cls, error):
        return cls(error=f"{type(error).__name__}: {error}".rstrip(": "))


@dataclass(frozen=True)
class Task:
    """What tells one trial from another: its number, and what goes to the builder and to the trainer."""

    number: int
    build_args: dict
    settings: dict


def run_trial(task, build_model, measures, seeds, x_train, y_train, x_val, y_val):
    """Train one point with all its seeds: its number and its `Outcome`. Whatever fails in it is recorded there."""
    with ONE_AT_A_TIME, _own_generator():
        try:
            replicates = train_replicates(
                functools.partial(build_model, **task.build_args),
                x_train,
                x_val,
                seeds=seeds,
                y_train=y_train,
                y_val=y_val,
                progress=False,
                **task.settings,
            )
            measured = {name: _per_seed(name, measure(replicates), len(seeds)) for name, measure in measures.items()}
        except Exception as error:
            return task.number, Outcome.failed(error)
    return task.number, Outcome(_columns(replicates.history), _columns(replicates.runs), measured)


@contextmanager
def _own_generator():
    """Give this thread a generator of its own behind the functions of `random`.

    In a Dask worker other threads draw from the common one at any time, also between the seeding and the building of a
    model, whose weights would then be others.
    """
    own, thread = random.Random(), threading.get_ident()
    functions = {name: f for name, f in vars(random).items() if getattr(f, "__self__", None) is COMMON_GENERATOR}

    def choose(mine, theirs):
        return lambda *args, **kwargs: (mine if threading.get_ident() == thread else theirs)(*args, **kwargs)

    for name, function in functions.items():
        setattr(random, name, choose(getattr(own, name), function))
    try:
        yield
    finally:
        for name, function in functions.items():
            setattr(random, name, function)


def _columns(frame):
    return {name: frame[name].to_numpy() for name in frame}


def _per_seed(name, values, n_seeds):
    values = np.asarray(values)
    if values.shape != (n_seeds,) or values.dtype.kind not in "iufb":
        raise ValueError(
            f"`measures[{name!r}]` must return one number per seed, shape ({n_seeds},). "
            f"Received: shape {values.shape} of type {values.dtype}."
        )
    return values


def run_trials(tasks, shared, data, n_jobs):
    """Run all tasks and yield ``(number, Outcome)`` of each as soon as it is done, in any order.

    Parameters
    ----------
    tasks : list of Task
    shared : tuple
        Builder, measures and seeds.
    data : tuple of arrays or structures of arrays, or None
        `x_train`, `y_train`, `x_val`, `y_val`.
    n_jobs : int or None
        As in joblib.
    """
    backend, _ = get_active_backend()
    client = getattr(backend, "client", None)
    if client is not None:
        yield from _run_on_dask(client, tasks, shared, data)
    else:
        yield from _run_by_joblib(tasks, shared, data, n_jobs)


def _run_by_joblib(tasks, shared, data, n_jobs):
    waiting = {task.number: task for task in tasks}
    try:
        for number, outcome in _parallel(list(waiting.values()), shared, data, n_jobs):
            del waiting[number]
            yield number, outcome
    except BrokenProcessPool:
        # A process died, of its trial or for want of memory: nobody can say which trial it was. One by one, it shows.
        for number, task in waiting.items():
            try:
                yield from _parallel([task], shared, data, n_jobs)
            except BrokenProcessPool as error:
                yield number, Outcome.failed(error)


def _parallel(tasks, shared, data, n_jobs):
    # A batch of several trials would be lost together, and told late.
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    return parallel(delayed(run_trial)(task, *shared, *data) for task in tasks)


def _run_on_dask(client, tasks, shared, data):
    """By the client itself: joblib's own way waits for ever when a trial has killed too many workers."""
    from distributed import as_completed

    waiting = {task.number: task for task in tasks}
    for _ in range(DASK_ATTEMPTS):
        # A copy on every worker, so that none takes the only one with it.
        present = {i: part for i, part in enumerate((*shared, *data)) if part is not None}
        scattered = dict(zip(present, client.scatter(list(present.values()), broadcast=True, hash=False), strict=True))
        arguments = [scattered.get(i) for i in range(len(shared) + len(data))]
        futures = {client.submit(run_trial, task, *arguments, pure=False): n for n, task in waiting.items()}
        for future, result in as_completed(futures, with_results=True, raise_errors=False):
            number = futures[future]
            if future.status == "finished":
                del waiting[number]
                yield result
            elif future.status == "error":  # not of the trial, which catches its own, but of the workers it ran on
                del waiting[number]
                yield number, Outcome.failed(result[1])
        if not waiting:
            return
    for number in waiting:
        yield number, Outcome.failed(RuntimeError(f"the cluster lost the data {DASK_ATTEMPTS} times"))
