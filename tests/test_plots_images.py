"""Grids of images, read back from the artists: the right pixels in the right place, on scales that never move."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from aecourse import plots
from aecourse.plots.images import GAP

N, H, W = 3, 4, 5


@pytest.fixture
def images(rng):
    return rng.uniform(0.2, 0.4, size=(N, H, W)).astype("float32")  # a narrow range, to tempt a scale to follow it


@pytest.fixture
def rebuilt(images, rng):
    return {name: np.clip(images + rng.normal(0, 0.1, images.shape), 0, 1).astype("float32") for name in ("a", "b")}


def pictures(figure):
    """The two mosaics: images at the left, residuals at the right."""
    return [ax.get_images()[0] for ax in figure.axes[:2]]


def cell(picture, row, column):
    """One image of a mosaic, gaps left out."""
    mosaic = np.ma.filled(picture.get_array(), np.nan)
    return mosaic[row * (H + GAP) :, column * (W + GAP) :][:H, :W]


def test_originals_first_then_a_row_for_each_model(images, rebuilt):
    left, _ = pictures(plots.plot_reconstructions(images, rebuilt))
    for row, expected in enumerate([images, *rebuilt.values()]):
        for column in range(N):
            np.testing.assert_array_equal(cell(left, row, column), expected[column])


def test_residuals_are_reconstruction_minus_original(images, rebuilt):
    _, right = pictures(plots.plot_reconstructions(images, rebuilt))
    for row, x_hat in enumerate(rebuilt.values(), start=1):
        for column in range(N):
            np.testing.assert_allclose(cell(right, row, column), (x_hat - images)[column])


def test_the_original_has_no_residual_and_gaps_are_empty(images, rebuilt):
    left, right = pictures(plots.plot_reconstructions(images, rebuilt))
    assert np.ma.getmaskarray(right.get_array())[: H + GAP].all()
    assert np.ma.getmaskarray(left.get_array())[H : H + GAP].all()
    assert np.ma.getmaskarray(left.get_array())[:, W : W + GAP].all()
    assert left.get_array().shape == (3 * (H + GAP) - GAP, N * (W + GAP) - GAP)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_the_scales_are_fixed_whatever_the_values(images, scale):
    left, right = pictures(plots.plot_reconstructions(images, {"a": scale * images}))
    assert left.get_clim() == (0, 1)
    assert right.get_clim() == (-1, 1)


def test_ink_is_dark_and_no_error_is_white(images, rebuilt):
    left, right = pictures(plots.plot_reconstructions(images, rebuilt))
    assert left.to_rgba(1.0)[:3] == (0, 0, 0)
    assert left.to_rgba(0.0)[:3] == (1, 1, 1)
    assert min(right.to_rgba(0.0)[:3]) > 0.95
    red, _, blue = right.to_rgba(0.8)[:3]
    assert red > blue  # too much intensity
    red, _, blue = right.to_rgba(-0.8)[:3]
    assert blue > red


def test_rows_are_named_at_their_middle_and_bars_say_what_they_show(images, rebuilt):
    figure = plots.plot_reconstructions(images, rebuilt)
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["original", "a", "b"]
    assert ax.get_yticks().tolist() == [row * (H + GAP) + (H - 1) / 2 for row in range(3)]
    assert [bar.get_xlabel() for bar in figure.axes[2:]] == [
        "Intensity",
        "Residual: reconstruction minus original (intensity)",
    ]


def test_flat_rows_are_the_same_as_images(images, rebuilt):
    flat = {name: x_hat.reshape(N, -1) for name, x_hat in rebuilt.items()}
    for one, other in zip(*(pictures(plots.plot_reconstructions(images, r)) for r in (rebuilt, flat)), strict=True):
        np.testing.assert_array_equal(np.ma.filled(one.get_array(), 9), np.ma.filled(other.get_array(), 9))


def test_a_new_figure_that_leaves_others_and_the_style_alone(images, rebuilt):
    current = plt.subplots()[1]
    before = mpl.rcParams.copy()
    figure = plots.plot_reconstructions(images, rebuilt)
    assert isinstance(figure, Figure)
    assert figure is not current.figure
    assert not current.has_data()
    assert mpl.rcParams == before


def test_it_draws_in_the_style_without_a_warning(images, rebuilt):
    plots.use_style()
    plots.plot_reconstructions(images, rebuilt).canvas.draw()


def test_the_arrays_are_left_as_they_were(images, rebuilt):
    before = images.copy(), {name: x_hat.copy() for name, x_hat in rebuilt.items()}
    plots.plot_reconstructions(images, rebuilt)
    np.testing.assert_array_equal(images, before[0])
    for name, x_hat in rebuilt.items():
        np.testing.assert_array_equal(x_hat, before[1][name])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, r: (x.reshape(N, -1), r), ValueError, "`images` must have 3 axes."),
        (lambda x, r: (x * np.nan, r), ValueError, "`images` must hold finite numbers."),
        (lambda x, r: (x, r["a"]), TypeError, "`reconstructions` must map names to images"),
        (lambda x, r: (x, {}), TypeError, "`reconstructions` must map names to images"),
        (lambda x, r: (x, {"a": r["a"][:2]}), ValueError, r"the shape of `images`, \(3, 4, 5\).* shape=\(2, 4, 5\)."),
        (lambda x, r: (x, {"a": r["a"].swapaxes(1, 2)}), ValueError, r"`reconstructions\['a'\]` must have the shape"),
        (lambda x, r: (x, {"a": r["a"] * np.inf}), ValueError, r"`reconstructions\['a'\]` must hold finite numbers"),
    ],
)
def test_bad_input_is_told(images, rebuilt, change, error, message):
    with pytest.raises(error, match=message):
        plots.plot_reconstructions(*change(images, rebuilt))
