"""The course's figures: arrays and frames in, Axes out, or a Figure for a grid of images.

Nothing here trains, computes a score, or saves a file.
"""

from aecourse.plots.checkup import plot_checkup
from aecourse.plots.claims import plot_differences, plot_effects
from aecourse.plots.code import plot_clusters, plot_encoder_weights, plot_latent_3d, plot_latent_projections
from aecourse.plots.images import plot_reconstructions
from aecourse.plots.seeds import plot_loss, plot_seed_values
from aecourse.plots.style import MARKERS, PALETTE, use_style

__all__ = [
    "MARKERS",
    "PALETTE",
    "plot_checkup",
    "plot_clusters",
    "plot_differences",
    "plot_effects",
    "plot_encoder_weights",
    "plot_latent_3d",
    "plot_latent_projections",
    "plot_loss",
    "plot_reconstructions",
    "plot_seed_values",
    "use_style",
]
