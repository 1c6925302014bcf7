"""Figures of images: originals, reconstructions and residuals. Chapter: Latent dimension on MNIST."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from aecourse._checks import as_numeric_array, received

__all__ = ["plot_reconstructions"]

GAP = 2  # pixels between two images
IMAGE_INCHES = 0.56
# Ink is dark, as on paper. In residuals blue is ink that went missing, red ink that was added; white is no error.
GREY, DIVERGING = "gray_r", "RdBu_r"


def plot_reconstructions(images, reconstructions) -> Figure:
    """Draw images beside their reconstructions and residuals, a row for each model, and return the Figure.

    >>> from aecourse import data
    >>> images = data.load_mnist("sample").images_test[:8]
    >>> figure = plot_reconstructions(images, {"half the ink": images / 2})

    All images share one grey scale, 0 to 1, and all residuals one scale of two colours, -1 to 1: a difference between
    two images is one between their numbers, not one between their ranges.

    Parameters
    ----------
    images : array_like, shape (n_images, height, width)
        The originals, in [0, 1]; drawn in the first row. 0 is white, 1 is black; what lies outside is drawn like the
        nearer end.
    reconstructions : mapping of str to array_like, each (n_images, height, width) or (n_images, height * width)
        What to call a row, and its images. Beside each stands its residual, the reconstruction minus the original:
        blue where intensity is missing, red where there is too much.

    Returns
    -------
    Figure
        With an Axes of images at the left, one of residuals at the right, and a colour bar for each.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite or their shapes don't go together, or `reconstructions` is no such mapping.
    """
    images = as_numeric_array("images", images, ndim=3)
    if not isinstance(reconstructions, Mapping) or not reconstructions:
        expected = "`reconstructions` must map names to images, as in {'d = 2': x_hat}."
        raise TypeError(f"{expected} {received('reconstructions', reconstructions)}")
    rows = {str(name): _like(images, f"reconstructions[{name!r}]", x_hat) for name, x_hat in reconstructions.items()}

    stack = np.stack([images, *rows.values()])  # (n_rows, n_images, height, width)
    n_rows, n_images = stack.shape[:2]
    size = (2 * n_images * IMAGE_INCHES + 1.6, n_rows * IMAGE_INCHES + 0.9)
    figure, axes = plt.subplots(1, 2, figsize=size, layout="constrained")
    residuals = np.where(np.arange(n_rows)[:, None, None, None] > 0, stack - images, np.nan)
    left = _draw(axes[0], stack, GREY, 0, 1)
    right = _draw(axes[1], residuals, DIVERGING, -1, 1)
    places = (np.arange(n_rows) + 0.5) * (images.shape[1] + GAP) - GAP / 2 - 0.5
    axes[0].set_yticks(places, ["original", *rows])
    axes[1].set_yticks([])
    bar = {"orientation": "horizontal", "fraction": 0.04, "pad": 0.02, "aspect": 40}
    figure.colorbar(left, ax=axes[0], label="Intensity", ticks=[0, 0.5, 1], **bar)
    label = "Residual: reconstruction minus original (intensity)"
    figure.colorbar(right, ax=axes[1], label=label, ticks=[-1, 0, 1], **bar)
    return figure


def _draw(ax, stack, cmap, low, high):
    """One picture of all images: rows of `stack` below each other, with gaps that stay empty."""
    gaps = ((0, 0), (0, 0), (0, GAP), (0, GAP))
    padded = np.pad(stack, gaps, constant_values=np.nan)  # (n_rows, n_images, height + GAP, width + GAP)
    n_rows, n_images, height, width = padded.shape
    mosaic = padded.transpose(0, 2, 1, 3).reshape(n_rows * height, n_images * width)[:-GAP, :-GAP]
    # Without limits, each picture would be stretched to its own range, and differences would vanish.
    picture = ax.imshow(mosaic, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return picture


def _like(images, name, x_hat):
    """Reconstructions in the shape of the originals."""
    x_hat = as_numeric_array(name, x_hat)
    if x_hat.shape not in (images.shape, (len(images), images[0].size)):
        expected = f"`{name}` must have the shape of `images`, {images.shape}, or be their rows, flat."
        raise ValueError(f"{expected} {received('shape', x_hat.shape)}")
    return x_hat.reshape(images.shape)
