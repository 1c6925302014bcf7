"""Figures of the code: by class and by cluster, and the weights that lead to it. Chapter: Wine autoencoder."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
from mpl_toolkits.mplot3d import Axes3D

from aecourse._checks import as_numeric_array, check_same_length, received
from aecourse.plots.style import INK, PALETTE, axes_or_new, axes_row_or_new, group_style

__all__ = ["plot_clusters", "plot_encoder_weights", "plot_latent_3d", "plot_latent_projections"]

POSITIVE, NEGATIVE, NOISE = PALETTE[0], PALETTE[1], "#767676"


def plot_latent_3d(z, labels, *, class_names=None, ax=None):
    """Draw a code of three units in space, one colour and marker per class.

    >>> ax = plot_latent_3d(z, wine.y_all, class_names=wine.class_names)

    Parameters
    ----------
    z : array_like, shape (n_samples, 3)
        The code.
    labels : array_like, shape (n_samples,)
        Class of each row; an index into `class_names` if these are given.
    class_names : sequence of str, optional
        What the legend says; the labels themselves if None.
    ax : Axes3D, optional
        Where to draw, as made by `plt.subplots(subplot_kw={"projection": "3d"})`; a new figure if None.

    Returns
    -------
    Axes3D

    Raises
    ------
    TypeError, ValueError
        If `z` is not three wide or not finite, the lengths differ, `class_names` miss a label, or `ax` is flat.
    """
    z = _check_code(z, labels, widths=(3,))
    groups = _class_groups(labels, class_names)
    ax = axes_or_new(ax, figsize=(6.4, 4.8), subplot_kw={"projection": "3d"})
    return _draw_groups(ax, z, (0, 1, 2), groups, legend=True)


def plot_latent_projections(z, labels, *, class_names=None, axes=None):
    """Draw a code of three units from three sides: units 1 and 2, 1 and 3, 2 and 3.

    >>> axes = plot_latent_projections(z, wine.y_all, class_names=wine.class_names)

    Parameters
    ----------
    z : array_like, shape (n_samples, 2 or 3)
        The code; one of two units has a single view.
    labels : array_like, shape (n_samples,)
        Class of each row; an index into `class_names` if these are given.
    class_names : sequence of str, optional
        What the legend says; the labels themselves if None.
    axes : sequence of Axes, optional
        Where to draw, one for each view; a new figure if None.

    Returns
    -------
    ndarray of Axes, shape (3,) or (1,)

    Raises
    ------
    TypeError, ValueError
        If `z` is of another width or not finite, the lengths differ, or there are too few `axes` or `class_names`.
    """
    z = _check_code(z, labels, widths=(2, 3))
    groups = _class_groups(labels, class_names)
    views = list(combinations(range(z.shape[1]), 2))
    axes = axes_row_or_new(axes, len(views), figsize=(3.0 * len(views) + 1.2, 3.2))
    for ax, view in zip(axes, views, strict=True):
        _draw_groups(ax, z, view, groups, legend=ax is axes[-1])
    return axes


def plot_clusters(z, clusters, *, axes=None):
    """Draw the clusters of a code: in space and from three sides, noise as grey crosses.

    >>> axes = plot_clusters(z, KMeans(3, random_state=0).fit_predict(z))

    Parameters
    ----------
    z : array_like, shape (n_samples, 2 or 3)
        The code; one of two units has a single, flat view.
    clusters : array_like, shape (n_samples,)
        Cluster of each row as an integer; -1 marks noise, as DBSCAN has it. The numbers carry no meaning: the same
        colour in two clusterings does not say that these are the same clusters.
    axes : sequence of Axes, optional
        Where to draw: one in space, then three flat ones (or one, for a code of two units); a new figure if None.

    Returns
    -------
    ndarray of Axes, shape (4,) or (1,)

    Raises
    ------
    TypeError, ValueError
        If `z` is of another width or not finite, the lengths differ, or `clusters` are no integers.
    """
    z = _check_code(z, clusters, widths=(2, 3), labels_name="clusters")
    clusters = as_numeric_array("clusters", clusters, ndim=1, keep_integers=True)
    if clusters.dtype.kind != "i" or clusters.min() < -1:
        raise ValueError(f"`clusters` must be integers from 0, or -1 for noise. Received: {np.unique(clusters)[:5]}.")
    groups = []
    for i, cluster in enumerate(np.unique(clusters[clusters >= 0])):
        mask = clusters == cluster
        groups.append((f"cluster {cluster} ({mask.sum()} rows)", mask, group_style(i)))
    if (noise := clusters == -1).any():
        groups.append(
            (f"noise ({noise.sum()} rows)", noise, {"color": NOISE, "marker": "x", "s": 22, "linewidth": 1.0})
        )
    views = [(0, 1)] if z.shape[1] == 2 else [(0, 1, 2), (0, 1), (0, 2), (1, 2)]
    if axes is None and len(views) == 4:
        figure = plt.figure(figsize=(9.0, 6.8))
        axes = [figure.add_subplot(2, 2, i + 1, projection="3d" if i == 0 else None) for i in range(4)]
    axes = axes_row_or_new(axes, len(views), n_in_space=len(views) // 4, figsize=(6.0, 4.2))
    for i, (ax, view) in enumerate(zip(axes, views, strict=True)):
        _draw_groups(ax, z, view, groups, legend=i == len(views) // 3)  # beside the upper right view
    if len(views) == 4:  # too narrow for three long labels; the flat views beside it have them
        axes[0].set(xlabel="Code unit 1", ylabel="Code unit 2", zlabel="Code unit 3")
    return axes


def plot_encoder_weights(weights, feature_names, *, axes=None):
    """Draw the weights from each input feature to each code unit, blue where positive and orange where negative.

    >>> axes = plot_encoder_weights(model.get_layer("code").kernel, wine.feature_names)

    Parameters
    ----------
    weights : array_like, shape (n_features, latent_dim)
        Kernel of the layer that reads the input, so `code` in a model without hidden layers.
    feature_names : sequence of str, length n_features
        Names of the rows.
    axes : sequence of Axes, optional
        Where to draw, one for each code unit; a new figure if None.

    Returns
    -------
    ndarray of Axes, shape (latent_dim,)

    Raises
    ------
    TypeError, ValueError
        If `weights` are not finite or not as many rows as `feature_names`, or there are too few `axes`.
    """
    weights = as_numeric_array("weights", weights, ndim=2)
    check_same_length(weights=weights, feature_names=feature_names)
    n_features, latent_dim = weights.shape
    figsize = (2.0 + 2.2 * latent_dim, 0.9 + 0.26 * n_features)
    axes = axes_row_or_new(axes, latent_dim, figsize=figsize, sharex=True, sharey=True)
    for unit, (ax, column) in enumerate(zip(axes, weights.T, strict=True), start=1):
        ax.barh(range(n_features), column, color=np.where(column < 0, NEGATIVE, POSITIVE), height=0.72)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set(title=f"Code unit {unit}", xlabel="Weight (per unit of input)", ylim=(n_features - 0.4, -0.6))
        ax.set_yticks(range(n_features), feature_names)
        ax.grid(visible=False, axis="y")
    return axes


def _draw_groups(ax, z, view, groups, *, legend):
    for label, mask, style in groups:
        ax.scatter(*z[mask][:, view].T, label=label, **style)
    for axis, unit in zip("xyz", view, strict=False):
        getattr(ax, f"set_{axis}label")(f"Code unit {unit + 1} (activation)")
    if isinstance(ax, Axes3D):  # the layout engine doesn't see labels in space: keep them inside the Axes
        ax.set_box_aspect(None, zoom=0.9)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.labelpad = -3
            axis.label.set_size("small")
        ax.tick_params(pad=-2, labelsize="small")
        ax.locator_params(nbins=5)
    if legend:  # beside the data: inside, it would hide rows of one class or another
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, handletextpad=0.2)
    return ax


def _class_groups(labels, class_names):
    labels = np.asarray(labels)
    present = np.unique(labels)
    if class_names is None:
        named = [(str(label), label) for label in present]
    elif present.dtype.kind not in "iu" or present[0] < 0 or present[-1] >= len(class_names):
        raise ValueError(
            f"`class_names` must name every label, labels being integers from 0 to {len(class_names) - 1}. "
            f"{received('labels', present.tolist())}"
        )
    else:
        named = [(str(class_names[label]), label) for label in present]
    # A class keeps its colour where others are absent, if the labels are counted from 0.
    return [
        (name, labels == label, group_style(int(label) if class_names is not None else i))
        for i, (name, label) in enumerate(named)
    ]


def _check_code(z, labels, *, widths, labels_name="labels"):
    z = as_numeric_array("z", z, ndim=2)
    if z.shape[1] not in widths:
        units = " or ".join(map(str, widths))
        raise ValueError(f"`z` must have {units} columns, one per code unit. Received: z of shape {z.shape}.")
    if np.ndim(labels) != 1:
        raise ValueError(f"`{labels_name}` must have 1 axis. Received: {labels_name} of shape {np.shape(labels)}.")
    check_same_length(**{"z": z, labels_name: labels})
    return z
