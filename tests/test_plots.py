"""What every plot keeps to: the axes that it is given, no state left behind, names on its axes; and the style."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from aecourse import plots


def space():
    return plt.subplots(subplot_kw={"projection": "3d"})[1]


# One call of every plot: the arguments, how to make Axes for it, and the keyword that takes them.
Z, FLAT = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 3
FRAME = pd.DataFrame({"seed": 0, "epoch": [1, 2], "reconstruction_loss": [2.0, 1.0], "method": "ours"})
EFFECTS = pd.DataFrame({"label": ["a"], "group": ["g"], "effect": 2.0, "low": 1.5, "high": 3.0, "outcome": "held"})
LOSSES = pd.DataFrame({"method": ["ours"], "part": ["validation"], "mse": [0.4], "low": [0.3], "high": [0.5]})
CALLS = {
    "plot_loss": ((FRAME,), "ax", lambda: plt.subplots()[1]),
    "plot_seed_values": ((FRAME, "reconstruction_loss"), "ax", lambda: plt.subplots()[1]),
    "plot_latent_3d": ((Z, FLAT), "ax", space),
    "plot_latent_projections": ((Z, FLAT), "axes", lambda: plt.subplots(1, 3)[1]),
    "plot_clusters": ((Z, FLAT), "axes", lambda: [space(), *plt.subplots(1, 3)[1]]),
    "plot_encoder_weights": ((Z, list("abcdefghi")), "axes", lambda: plt.subplots(1, 3)[1]),
    "plot_differences": ((Z[:, 0], (-0.5, 0.5), 1.0), "ax", lambda: plt.subplots()[1]),
    "plot_effects": ((EFFECTS,), "ax", lambda: plt.subplots()[1]),
    "plot_checkup": ((LOSSES, [0.7, 0.3]), "axes", lambda: plt.subplots(1, 2)[1]),
}


class TestAllPlots:
    def test_the_table_has_every_plot(self):
        grids_of_images = {"plot_reconstructions"}  # return a Figure; see test_plots_images.py
        assert set(CALLS) | grids_of_images == {name for name in plots.__all__ if name.startswith("plot_")}

    @pytest.mark.parametrize("name", CALLS)
    def test_given_axes_are_drawn_on_and_returned(self, name):
        arguments, keyword, make = CALLS[name]
        given = make()
        n_figures = len(plt.get_fignums())
        returned = getattr(plots, name)(*arguments, **{keyword: given})
        assert np.atleast_1d(returned).tolist() == np.atleast_1d(given).tolist()
        assert len(plt.get_fignums()) == n_figures
        assert all(ax.has_data() for ax in np.atleast_1d(returned))

    @pytest.mark.parametrize("name", CALLS)
    def test_a_new_figure_by_default_leaves_the_current_one_alone(self, name):
        current = plt.subplots()[1]
        returned = np.atleast_1d(getattr(plots, name)(*CALLS[name][0]))
        assert len(plt.get_fignums()) == 2
        assert not current.has_data()
        assert all(ax.figure is not current.figure for ax in returned)

    @pytest.mark.parametrize("name", CALLS)
    def test_no_plot_changes_the_style(self, name):
        before = mpl.rcParams.copy()
        getattr(plots, name)(*CALLS[name][0])
        assert mpl.rcParams == before

    @pytest.mark.parametrize("name", CALLS)
    def test_every_axis_has_a_name(self, name):
        for ax in np.atleast_1d(getattr(plots, name)(*CALLS[name][0])):
            assert ax.get_xlabel()
            assert (
                ax.get_ylabel() or any(label.get_text() for label in ax.get_yticklabels()) or name.endswith("weights")
            )

    @pytest.mark.parametrize("name", CALLS)
    def test_it_draws_in_the_style_without_a_warning(self, name):
        plots.use_style()
        getattr(plots, name)(*CALLS[name][0])
        plt.gcf().canvas.draw()


class TestStyle:
    def test_colours_of_new_figures_are_the_palette(self):
        plots.use_style()
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(plots.PALETTE)

    def test_figures_are_opaque_so_that_a_dark_page_does_not_show_through(self):
        plots.use_style()
        figure, ax = plt.subplots()
        assert figure.get_facecolor()[3] == ax.get_facecolor()[3] == 1
        assert mpl.rcParams["savefig.facecolor"] == "white"

    def test_text_and_lines_stand_out_from_the_ground(self):
        def luminance(colour):
            linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
            return float(np.dot([0.2126, 0.7152, 0.0722], linear))

        def contrast(colour):  # WCAG 2.2, against white
            return 1.05 / (luminance(colour) + 0.05)

        plots.use_style()
        assert all(contrast(mpl.rcParams[key]) > 7 for key in ("text.color", "axes.labelcolor", "xtick.color"))
        assert all(contrast(colour) > 3 for colour in plots.PALETTE[:3])

    def test_colours_and_markers_are_distinct(self):
        assert len(set(plots.PALETTE)) == len(plots.PALETTE)
        assert len(set(plots.MARKERS)) == len(plots.MARKERS)
        assert np.gcd(len(plots.PALETTE), len(plots.MARKERS)) == 1  # else pairs repeat early

    def test_plots_load_without_keras_and_sklearn(self):
        code = "import sys, aecourse.plots; print({'keras', 'tensorflow', 'sklearn'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"
