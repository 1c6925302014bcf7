"""One style for all figures, and the Axes that they are drawn in."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import Axes3D

__all__ = ["INK", "MARKERS", "PALETTE", "axes_or_new", "axes_row_or_new", "group_style", "use_style"]

# Okabe & Ito (2008), jfly.uni-koeln.de/color, in an order that keeps neighbours apart for colour-blind readers; their
# yellow is left out, too pale on white. Colour never stands alone: every group has a marker of its own as well.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "p")  # eight to seven colours: 56 groups before a pair repeats
INK = "#262626"


def use_style():
    """Give all figures of a session the course's style; call it once, in a chapter's first cell.

    Figures keep a white ground of their own, so that they read the same on a light and on a dark page.
    """
    mpl.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": INK,
            "axes.grid": True,
            "axes.labelcolor": INK,
            "axes.prop_cycle": mpl.cycler(color=PALETTE),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "figure.figsize": (7.0, 4.2),
            "font.size": 10,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.7,
            "legend.fontsize": 9,
            "legend.framealpha": 0.9,
            "legend.title_fontsize": 9,
            "savefig.facecolor": "white",
            "svg.hashsalt": "aecourse",  # equal figures give equal files
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def group_style(i):
    """Colour and marker of the i-th class or cluster, for `Axes.scatter`."""
    return {
        "color": PALETTE[i % len(PALETTE)],
        "marker": MARKERS[i % len(MARKERS)],
        "s": 26,
        "alpha": 0.85,
        "linewidth": 0.4,
        "edgecolor": "white",
    }


def axes_or_new(ax, **options):
    """Return `ax`, or the Axes of a new figure, in space if `options` ask for a projection."""
    if ax is None:
        return plt.subplots(**options)[1]
    return _check_kind("ax", ax, in_space="subplot_kw" in options)


def axes_row_or_new(axes, n_axes, *, n_in_space=0, **options):
    """Return `axes` as an array, the first `n_in_space` of them in space, or the Axes of a new figure in a row."""
    if axes is None:
        return plt.subplots(1, n_axes, squeeze=False, **options)[1][0]
    axes = np.atleast_1d(axes).ravel()
    if len(axes) != n_axes:
        raise ValueError(f"`axes` must be {n_axes} Axes, one for each view. Received: {len(axes)}.")
    for i, ax in enumerate(axes):
        _check_kind(f"axes[{i}]", ax, in_space=i < n_in_space)
    return axes


def _check_kind(name, ax, *, in_space):
    if not isinstance(ax, Axes) or isinstance(ax, Axes3D) != in_space:
        kind = "made with subplot_kw={'projection': '3d'}" if in_space else "flat, made without a projection"
        raise TypeError(f"`{name}` must be Axes {kind}. Received: {name} of type {type(ax).__name__}.")
    return ax
