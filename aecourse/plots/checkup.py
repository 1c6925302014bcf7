"""The figure of a checkup: a model's losses beside those that it must beat, and the directions of its code."""

import numpy as np

from aecourse._checks import as_numeric_array, check_frame, check_real, received
from aecourse.plots.style import INK, MARKERS, PALETTE, axes_row_or_new

__all__ = ["plot_checkup"]

LOSS_COLUMNS = ("method", "part", "mse", "low", "high")
PARTS = ("training", "validation")
MOST_BARS = 40


def plot_checkup(losses, spectrum, *, effective_rank=None, unit="squared units of the input", axes=None):
    """Draw a model's losses beside those of its baselines, and how the code's variance spreads over its directions.

    >>> axes = plot_checkup(**report.picture)

    Parameters
    ----------
    losses : DataFrame
        One row per method and part, drawn from the top: `method`, `part` ("training" or "validation"), `mse`, and the
        ends `low` and `high` of its 99 % interval over rows.
    spectrum : array_like, shape (n_directions,)
        Shares of the code's variance along its principal axes, the largest first; of more than 40, the first 40 are
        drawn. May be empty, for a code that is constant.
    effective_rank : float, optional
        Number of directions to be named.
    unit : str
        Unit of the loss, for the axis.
    axes : sequence of two Axes, optional
        Where to draw; a new figure if None.

    Returns
    -------
    ndarray of Axes, shape (2,)

    Raises
    ------
    TypeError, ValueError
        If `losses` is no such frame, or `spectrum` no such array.
    """
    values = _check_losses(losses)
    shares = as_numeric_array("spectrum", spectrum, dtype="float64", ndim=1) if len(spectrum) else np.zeros(0)
    if effective_rank is not None:
        effective_rank = check_real("effective_rank", effective_rank, minimum=0)

    left, right = axes = axes_row_or_new(axes, 2, figsize=(8.4, 3.6))
    for part, color, marker in zip(PARTS, PALETTE, MARKERS, strict=False):
        rows = np.flatnonzero(losses["part"] == part)
        if not len(rows):
            continue
        mse, low, high = values[rows].T
        left.hlines(rows, low, high, color=color, linewidth=2.2)
        left.plot(mse, rows, linestyle="", marker=marker, markersize=7, color=color, label=part)
    left.set_yticks(range(len(losses)), losses["method"])
    left.set(xlabel=f"MSE ({unit})\nbars: 99 % interval over rows", ylim=(len(losses) - 0.5, -0.5))
    left.set_xlim(0, 1.08 * values.max() or 1.0)
    left.grid(visible=False, axis="y")
    left.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)

    shown = 100 * shares[:MOST_BARS]
    right.bar(np.arange(1, len(shown) + 1), shown, color=PALETTE[0])
    right.set(xlabel="Direction of the code, by its variance", ylabel="Share of variance (%)", ylim=(0, None))
    title = f"{len(shares)} directions" if len(shares) else "The code is constant"
    if len(shares) and effective_rank is not None:
        title += f", as spread out as {effective_rank:.3g} equal ones"
    right.set_title(title, fontsize=10, color=INK)
    right.grid(visible=False, axis="x")
    right.xaxis.get_major_locator().set_params(integer=True)
    return axes


def _check_losses(losses):
    check_frame("losses", losses, LOSS_COLUMNS)
    if unknown := set(losses["part"]) - set(PARTS):
        raise ValueError(f"`losses` must have parts {' and '.join(PARTS)}. {received('part', sorted(unknown)[0])}")
    return as_numeric_array("losses", losses[["mse", "low", "high"]], dtype="float64")
