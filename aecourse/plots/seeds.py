"""Figures over seeds: losses by epoch with bands, and scores of several methods. Chapter: Wine autoencoder."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from aecourse._checks import as_numeric_array, check_frame, check_real, received
from aecourse.plots.style import INK, PALETTE, axes_or_new

__all__ = ["plot_loss", "plot_seed_values"]

DASHES = ("--", ":", "-.", (0, (8, 3)), (0, (1, 3)), (0, (5, 1, 1, 1, 1, 1)))
QUANTITIES = {"reconstruction_loss": "Reconstruction loss", "loss": "Loss with penalties"}


def plot_loss(history, *, loss="reconstruction_loss", unit="MSE", baselines=None, log_scale=False, ax=None):
    """Draw training and validation loss over the epochs: the median over seeds, and a band that the legend explains.

    >>> ax = plot_loss(result.history, unit="MSE per value, standardised", baselines={"PCA": 0.33})

    The band covers the middle 95 % of the seeds (percentiles 2.5 to 97.5); fewer than 40 seeds can't tell these, so
    there it covers all of them. A seed that stopped early keeps its last value, as a median over the survivors alone
    would drift towards them; a seed with a loss that is not finite is left out. The legend tells how many there are.

    Parameters
    ----------
    history : DataFrame
        One row per seed and epoch, with columns `seed`, `epoch`, `loss` and, if there was validation, `val_<loss>`.
    loss : str, default "reconstruction_loss"
        Column to draw; "loss" has the penalties in it, which no baseline has.
    unit : str, default "MSE"
        Reduction and unit of the loss, for the axis.
    baselines : mapping of str to float, optional
        Losses to draw as horizontal lines, as in {"PCA": 0.33, "predict the mean": 1.0}.
    log_scale : bool, default False
        Whether the losses, which must then be positive, are drawn on a logarithmic axis.
    ax : Axes, optional
        Where to draw; a new figure if None.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If `history` is no such frame, holds a seed's epoch twice, or no seed has finite losses throughout.
    """
    columns, kept, n_broken = _check_history(history, loss)
    baselines = _check_baselines(baselines)
    if log_scale and min(kept[columns].min().min(), *baselines.values(), np.inf) <= 0:
        raise ValueError("`log_scale` must be False for losses that are zero or negative. Received: log_scale=True.")

    ax = axes_or_new(ax, figsize=(7.0, 4.2 + 0.19 * len(baselines)))
    last = kept.groupby("seed")["epoch"].max()
    for column, part, color, line in zip(
        columns, ("training", "validation"), PALETTE, ("-", (0, (5, 1.5))), strict=False
    ):
        curves = kept.pivot(index="epoch", columns="seed", values=column).ffill()  # (n_epochs, n_seeds)
        middle, low, high, band = _interval(curves.to_numpy(), axis=1)
        label = f"{part}: median of {len(last)} seeds, band: their {band}" if len(last) > 1 else f"{part}: one seed"
        if len(last) > 1:
            ax.fill_between(curves.index, low, high, color=color, alpha=0.22, linewidth=0)
        ax.plot(curves.index, middle, color=color, linestyle=line, linewidth=1.8, label=label)
    for (name, value), dashes in zip(baselines.items(), DASHES * len(baselines), strict=False):
        ax.axhline(value, color=INK, linestyle=dashes, linewidth=1.2, label=f"{name}: {value:.3g}")

    notes = []
    if stopped := int((last < last.max()).sum()):
        notes.append(f"{stopped} stopped before epoch {last.max()} and keep their last value")
    if n_broken:
        notes.append(f"{n_broken} more with losses that are not finite: left out")
    # Above the curves: inside, it would hide the band of the first epochs.
    ax.legend(title="\n".join(notes) or None, alignment="left", loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    ax.set(xlabel="Epoch", ylabel=f"{QUANTITIES.get(loss, loss)} ({unit})")
    ax.xaxis.get_major_locator().set_params(integer=True)  # there is no epoch 1.5
    if log_scale:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # losses often span less than a power of ten
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    return ax


def plot_seed_values(frame, value, *, by="method", xlabel=None, ax=None):
    """Draw one score per seed for several methods: every seed, their median, and a bar that the legend explains.

    >>> ax = plot_seed_values(scores, "ari", xlabel="Adjusted Rand index (1: the classes, 0: chance)")

    The bar covers the middle 95 % of the seeds, or all of them where a method has fewer than 40. A method with a
    single row, such as PCA, is drawn as a diamond without a bar.

    Parameters
    ----------
    frame : DataFrame
        One row per method and seed; methods are drawn from the top in the order of their first row.
    value : str
        Column of the scores.
    by : str, default "method"
        Column that names the methods.
    xlabel : str, optional
        Quantity (unit); the column's name if None.
    ax : Axes, optional
        Where to draw; a new figure if None.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If `frame` is no such frame, or a score is not finite.
    """
    check_frame("frame", frame, [by, value], numeric=[value])
    scores = as_numeric_array(value, frame[value], dtype="float64", ndim=1)
    methods = frame[by].to_numpy()
    groups = {name: scores[methods == name] for name in pd.unique(frame[by])}
    fewest = min((len(values) for values in groups.values() if len(values) > 1), default=0)
    ax = axes_or_new(ax, figsize=(7.0, 0.9 + 0.62 * len(groups)))
    for row, (values, color) in enumerate(zip(groups.values(), PALETTE * len(groups), strict=False)):
        if len(values) == 1:
            ax.plot(values, [row], linestyle="", marker="D", markersize=8, color=color, zorder=3)
            continue
        middle, low, high, band = _interval(values, n_smallest=fewest)
        # Spread over the height by the golden ratio: even, and the same at each call.
        spread = row + 0.36 * ((np.arange(len(values)) * 0.6180339887) % 1 - 0.5)
        ax.scatter(values, spread, s=13, color=color, alpha=0.45, linewidth=0, label="a seed")
        ax.plot([low, high], [row, row], color=INK, linewidth=1.6, zorder=3, label=f"{band} of the seeds")
        ax.plot(middle, row, linestyle="", marker="|", markersize=17, markeredgewidth=2.4, color=INK, label="median")
    counts = [f"{len(values)} seeds" if len(values) > 1 else "one value" for values in groups.values()]
    ax.set_yticks(range(len(groups)), [f"{name}\n({n})" for name, n in zip(groups, counts, strict=True)])
    ax.set(xlabel=xlabel or value, ylim=(len(groups) - 0.5, -0.5))
    ax.grid(visible=False, axis="y")
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    if handles:
        ax.legend(handles.values(), handles.keys(), ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return ax


def _interval(values, *, axis=0, n_smallest=None):
    """Median, lower and upper end over seeds, and what the ends are: percentiles only where the seeds can tell them."""
    n_seeds = values.shape[axis] if n_smallest is None else n_smallest
    enough = n_seeds >= 40  # below, 2.5 % of the seeds is less than one
    low, middle, high = np.percentile(values, [2.5, 50, 97.5] if enough else [0, 50, 100], axis=axis)
    return middle, low, high, "2.5 to 97.5 percentiles" if enough else "minimum to maximum"


def _check_history(history, loss):
    """Columns to draw, the rows of the seeds whose losses are finite throughout, and the number of the other seeds."""
    check_frame("history", history, ["seed", "epoch", loss], numeric=["epoch", loss])
    val_loss = f"val_{loss}"
    columns = [loss, val_loss] if val_loss in history and history[val_loss].notna().any() else [loss]
    check_frame("history", history, columns, numeric=columns)
    finite = np.isfinite(history[columns].to_numpy(dtype="float64")).all(axis=1)
    broken = set(history.loc[~finite, "seed"])
    kept = history[~history["seed"].isin(broken)]
    if kept.empty:
        raise ValueError(f"`history` must hold a seed with finite losses. Received: {len(broken)} seeds without.")
    if (twice := kept.duplicated(["seed", "epoch"])).any():
        seed, epoch = kept.loc[twice, ["seed", "epoch"]].iloc[0]
        raise ValueError(f"`history` must have one row per seed and epoch. Received: seed {seed}, epoch {epoch} twice.")
    present = kept.pivot(index="epoch", columns="seed", values=loss).notna()
    if (gaps := present & ~present.cummin()).any(axis=None):
        seed = present.columns[gaps.any().to_numpy()][0]
        raise ValueError(f"`history` must have every epoch of a seed up to its last. Received: gaps in seed {seed}.")
    return columns, kept, len(broken)


def _check_baselines(baselines):
    if baselines is None:
        return {}
    if not isinstance(baselines, Mapping):
        raise TypeError(
            f"`baselines` must map names to losses, as in {{'PCA': 0.33}}. {received('baselines', baselines)}"
        )
    return {str(name): check_real(f"baselines[{name!r}]", value) for name, value in baselines.items()}
