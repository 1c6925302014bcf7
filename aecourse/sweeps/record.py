"""What a sweep returns: two long frames, put together in the order of the grid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Columns that are there whatever was trained; an axis of the same name is called `param_<name>`.
HISTORY_COLUMNS = ("seed", "epoch", "loss", "val_loss")
RUN_COLUMNS = {"epochs": "int64", "kept_epoch": "int64", "stopped": "bool", "diverged": "bool"}


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """All trials of a sweep; what `sweep` returns.

    Attributes
    ----------
    history : DataFrame
        A row per point, seed and epoch: the axes, `seed`, `epoch`, and the losses of `Replicates.history`. A trial
        that failed has no rows here.
    results : DataFrame
        A row per point and seed: the axes, `seed`; `epochs` trained, `kept_epoch`, `stopped` and `diverged` as in
        `Replicates.runs`; `final_<loss>` at the last epoch and `best_<loss>`, the lowest of any epoch, for each loss
        of the history; the measures; `error`, empty if all went well. Of a trial that failed, the numbers are missing
        and `epochs` is 0.
    axes : tuple of str
        The columns that hold the axes. A point that leaves an axis out has its default there. What is no number, text
        or tuple of them stands by its name. An axis called like another column has `param_` before its name.
    n_reused : int
        How many trials were read from `results_dir` instead of trained.
    """

    history: pd.DataFrame
    results: pd.DataFrame
    axes: tuple
    n_reused: int = 0

    def __repr__(self):
        n_seeds = self.results["seed"].nunique()
        failed = self.results["error"] != ""
        return (
            f"Sweep({len(self.results) // n_seeds} trials of {n_seeds} seeds over {', '.join(self.axes) or 'no axis'}; "
            f"{failed.sum() // n_seeds} failed, {self.n_reused} read from disk)"
        )


def collect(points, outcomes, seeds, n_reused) -> Sweep:
    """The record, from the outcomes in the order of the points."""
    results = [_results(outcome, seeds) for outcome in outcomes]
    histories = [outcome.history for outcome in outcomes]
    taken = {*HISTORY_COLUMNS, *RUN_COLUMNS, "error"}.union(*histories, *results)
    axes = {name: f"param_{name}" if name in taken else name for name in points[0].labels}
    labels = pd.DataFrame(
        {axis: pd.Series([point.labels[name] for point in points]) for name, axis in axes.items()},
        index=range(len(points)),
    )
    results = _long(labels, results)
    results = results[[name for name in results if name != "error"] + ["error"]]
    history = _long(labels, histories, empty=("seed", "epoch"))
    return Sweep(history=history, results=results, axes=tuple(axes.values()), n_reused=n_reused)


def _results(outcome, seeds):
    """Columns with a row per seed."""
    if outcome.error:
        none = {name: np.zeros(len(seeds), dtype) for name, dtype in RUN_COLUMNS.items()}
        return {"seed": np.array(seeds), **none, "error": [outcome.error] * len(seeds)}
    stops = np.cumsum(outcome.runs["epochs"])  # the history has one run after the other
    starts = stops - outcome.runs["epochs"]
    losses = {name: column for name, column in outcome.history.items() if name not in ("seed", "epoch")}
    return {
        **outcome.runs,
        **{f"final_{name}": column[stops - 1] for name, column in losses.items()},
        **{f"best_{name}": np.fmin.reduceat(column, starts) for name, column in losses.items()},
        **outcome.measures,
        "error": [""] * len(seeds),
    }


def _long(labels, tables, empty=()):
    """One frame of all tables, each row with the labels of its point before it."""
    frames = [pd.DataFrame(table) for table in tables]
    filled = [frame for frame in frames if len(frame)] or [pd.DataFrame({name: [] for name in empty}, dtype="int64")]
    below = pd.concat(filled, ignore_index=True)
    beside = labels.loc[np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])]
    return pd.concat([beside.reset_index(drop=True), below], axis=1)
