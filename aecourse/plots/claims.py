"""Figures of claims: the differences behind one verdict, and the effects of many claims on one axis."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from aecourse._checks import as_numeric_array, check_choice, check_frame, check_real, received
from aecourse.plots.style import INK, PALETTE, axes_or_new

__all__ = ["plot_differences", "plot_effects"]

BLUE, VERMILION, GREEN, PURPLE = PALETTE[:4]
# Each with a marker of its own, and its name beside it: colour never stands alone.
OUTCOMES = {
    "held": (GREEN, "o"),
    "did not hold": (VERMILION, "s"),
    "reversed": (PURPLE, "<"),
    "too close to call": (INK, "D"),
}
EFFECT_COLUMNS = ("label", "group", "effect", "low", "high", "outcome")
SHADE = "#E4EDF4"
LABEL_WIDTH = 80  # characters


def plot_differences(differences, interval, smallest, *, claimed=None, xlabel="Difference", ax=None):
    """Draw the differences behind a verdict: each seed's, by split where there are several, their mean and interval.

    >>> v = claims.verdict("t1-1", loss_sigmoid, loss_linear)
    >>> ax = plots.plot_differences(**v.picture)

    Parameters
    ----------
    differences : array_like, shape (n_seeds,) or (n_seeds, n_splits)
        Treatment minus control.
    interval : tuple of two float
        Ends of the 95 % interval of their mean.
    smallest : float, above 0
        The smallest difference that would matter; drawn on either side of zero.
    claimed : {"higher", "lower", "same"}, optional
        Which differences the claim speaks of; they are shaded.
    xlabel : str, default "Difference"
        Quantity (unit).
    ax : Axes, optional
        Where to draw; a new figure if None.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or shape.
    """
    differences = as_numeric_array("differences", differences, dtype="float64")
    if differences.ndim > 2:
        expected = "`differences` must have shape (n_seeds,) or (n_seeds, n_splits)."
        raise ValueError(f"{expected} {received('shape', differences.shape)}")
    differences = differences.reshape(len(differences), -1)  # (n_seeds, n_splits)
    low, high = (check_real("interval", end) for end in interval)
    smallest = check_real("smallest", smallest, above=0)
    if claimed is not None:
        check_choice("claimed", claimed, ("higher", "lower", "same"))

    n_seeds, n_splits = differences.shape
    ax = axes_or_new(ax, figsize=(7.0, 1.9 + 0.28 * n_splits))
    for row, values in enumerate(differences.T, start=1):
        # Spread over the height by the golden ratio: even, and the same at each call.
        spread = row + 0.5 * ((np.arange(n_seeds) * 0.6180339887) % 1 - 0.5)
        ax.scatter(values, spread, s=15, color=BLUE, alpha=0.5, linewidth=0, label="a seed" if row == 1 else None)
    ax.plot([low, high], [0, 0], color=INK, linewidth=5, solid_capstyle="butt", label="95 % interval of the mean")
    mean = {"marker": "|", "markersize": 18, "markeredgewidth": 2.4, "color": VERMILION}
    ax.plot(differences.mean(), 0, linestyle="", label="mean", **mean)
    ax.axvline(0, color=INK, linewidth=1.2)
    for end in (-smallest, smallest):
        label = f"smallest that would matter: \N{PLUS-MINUS SIGN}{smallest:g}" if end > 0 else None
        ax.axvline(end, color=INK, linewidth=1.2, linestyle="--", label=label)
    _shade(ax, smallest, claimed, differences)
    names = ["seeds"] if n_splits == 1 else [f"split {row}" for row in range(1, n_splits + 1)]
    ax.set_yticks(range(n_splits + 1), ["all", *names])
    # A line longer than the axes would squeeze them.
    wrapped = "\n".join(textwrap.fill(line, LABEL_WIDTH) for line in xlabel.splitlines())
    ax.set(xlabel=wrapped, ylim=(n_splits + 0.6, -0.6))
    ax.grid(visible=False, axis="y")
    ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return ax


def _shade(ax, smallest, claimed, differences):
    """Shade what the claim speaks of, within limits that show all points and both lines."""
    ends = np.array([min(differences.min(), -smallest), max(differences.max(), smallest)])
    left, right = ends + np.array([-0.06, 0.06]) * np.ptp(ends)
    spans = {"higher": (smallest, right), "lower": (left, -smallest), "same": (-smallest, smallest)}
    if claimed is not None:
        ax.axvspan(*spans[claimed], color=SHADE, zorder=0, linewidth=0, label=f"claimed: {claimed}")
    ax.set_xlim(left, right)


def plot_effects(frame, *, ax=None):
    """Draw the effects of many claims on one axis, in units of the smallest difference that would matter to each.

    >>> ax = plot_effects(frame)

    Parameters
    ----------
    frame : DataFrame
        One row per claim, drawn from the top: `label`; `group`, a heading over rows that belong together; `effect`,
        `low` and `high`, the difference and its interval, both divided by the smallest difference that would matter
        and positive in the claimed direction; `outcome`, one of the four verdicts; optionally `claimed`, where "same"
        stands for a claim that the effect lies between -1 and 1.
    ax : Axes, optional
        Where to draw; a new figure if None. The axis is linear from -1 to 1 and logarithmic beyond.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If `frame` is no such frame.
    """
    values = _check_effects(frame)
    groups = list(pd.unique(frame["group"]))
    ax = axes_or_new(ax, figsize=(8.0, 1.6 + 0.34 * (len(frame) + len(groups))))
    same = frame["claimed"].eq("same").to_numpy() if "claimed" in frame else np.zeros(len(frame), dtype=bool)
    reach = max(10 ** np.ceil(np.log10(max(np.abs(values).max(), 1.0))), 10.0)
    ax.axvspan(-1, 1, color="#EFEFEF", zorder=0, linewidth=0)
    ax.axvline(0, color=INK, linewidth=1.2)
    ticks, labels, y = [], [], 0
    for group in groups:
        ticks.append(y)
        labels.append(group)
        for i in np.flatnonzero(frame["group"] == group):
            y += 1
            _draw_effect(ax, y, values[i], frame["outcome"].iloc[i], hollow=same[i])
            ticks.append(y)
            labels.append(f"{frame['label'].iloc[i]}")
        y += 1
    ax.set_yticks(ticks, labels)
    for text in (text for text in ax.get_yticklabels() if text.get_text() in groups):
        text.set_fontweight("bold")
    ax.set_xscale("symlog", linthresh=1, linscale=1)
    powers = 10.0 ** np.arange(0, np.log10(reach) + 0.5)
    ax.xaxis.set_major_locator(FixedLocator([*-powers[::-1], 0, *powers]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.set(xlim=(-reach * 1.2, reach * 1.2), ylim=(y - 0.3, -0.7))
    ax.set_xlabel("Effect in the claimed direction, in smallest differences that would matter (95 % interval)")
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.legend(handles=_effect_legend(any(same)), ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return ax


def _draw_effect(ax, y, values, outcome, *, hollow):
    effect, low, high = values
    color, marker = OUTCOMES[outcome]
    ax.plot([low, high], [y, y], color=color, linewidth=2.2, solid_capstyle="butt")
    face = "white" if hollow else color
    ax.plot(
        effect, y, linestyle="", marker=marker, markersize=8, color=color, markerfacecolor=face, markeredgewidth=1.6
    )
    ax.annotate(outcome, (1.01, y), xycoords=("axes fraction", "data"), va="center", color=INK, fontsize=9)


def _effect_legend(with_same):
    handles = [
        Line2D([], [], linestyle="", marker=marker, markersize=7, color=color, label=outcome)
        for outcome, (color, marker) in OUTCOMES.items()
    ]
    handles.append(Patch(color="#EFEFEF", label="too small to matter"))
    if with_same:
        handles.append(
            Line2D([], [], linestyle="", marker="o", markersize=7, color=INK, markerfacecolor="white",
                   label="hollow: claimed to be in the grey")
        )  # fmt: skip
    return handles


def _check_effects(frame):
    """Effects and interval ends as an array, one row per claim."""
    check_frame("frame", frame, EFFECT_COLUMNS)
    for outcome in frame["outcome"]:
        check_choice("outcome", outcome, OUTCOMES)
    return as_numeric_array("frame", frame[["effect", "low", "high"]], dtype="float64")
