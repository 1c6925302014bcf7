"""What is drawn, read back from the artists: the right numbers, labels that say what they are, no state left behind."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from aecourse import plots


def many_seeds(history, n_seeds):
    first = history[history["seed"] == 0]
    return pd.concat(
        [first.assign(seed=s, reconstruction_loss=first["reconstruction_loss"] + s) for s in range(n_seeds)]
    )


def lines(ax):
    return {line.get_label().split(":")[0]: line for line in ax.get_lines()}


def band(collection):
    """Lower and upper edge of a filled band, by epoch."""
    vertices = pd.DataFrame(collection.get_paths()[0].vertices, columns=["epoch", "edge"])
    edges = vertices.groupby("epoch")["edge"]
    return edges.min().to_numpy(), edges.max().to_numpy()


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawn(ax):
    """Points of each group: its label and its rows, in space or flat."""
    points = {}
    for collection in ax.collections:
        xyz = collection._offsets3d if hasattr(collection, "_offsets3d") else collection.get_offsets().T
        points[collection.get_label()] = np.column_stack(list(map(np.asarray, xyz)))
    return points


def space():
    return plt.subplots(subplot_kw={"projection": "3d"})[1]


class TestPlotLoss:
    def test_the_line_is_the_median_over_seeds(self, history):
        drawn_lines = lines(plots.plot_loss(history))
        assert drawn_lines["training"].get_xdata().tolist() == [1, 2, 3]
        assert drawn_lines["training"].get_ydata().tolist() == [11.5, 21.5, 31.5]  # seeds 0 to 3
        assert drawn_lines["validation"].get_ydata().tolist() == [111.5, 121.5, 131.5]

    def test_few_seeds_have_their_range_as_band(self, history):
        ax = plots.plot_loss(history)
        low, high = band(ax.collections[0])
        assert (low.tolist(), high.tolist()) == ([10, 20, 30], [13, 23, 33])
        expected = "median of 4 seeds, band: their minimum to maximum"
        assert legend_texts(ax) == [f"training: {expected}", f"validation: {expected}"]

    @pytest.mark.parametrize(("n_seeds", "name"), [(39, "minimum to maximum"), (40, "2.5 to 97.5 percentiles")])
    def test_percentiles_from_forty_seeds_on(self, history, n_seeds, name):
        frame = many_seeds(history, n_seeds)
        ax = plots.plot_loss(frame)
        assert legend_texts(ax)[0] == f"training: median of {n_seeds} seeds, band: their {name}"
        losses = frame.loc[frame["epoch"] == 1, "reconstruction_loss"]
        ends = [0, 100] if n_seeds < 40 else [2.5, 97.5]
        low, high = band(ax.collections[0])
        assert (low[0], high[0]) == pytest.approx(tuple(np.percentile(losses, ends)))

    def test_one_seed_has_no_band_and_the_legend_says_so(self, history):
        ax = plots.plot_loss(history[history["seed"] == 2])
        assert len(ax.collections) == 0
        assert legend_texts(ax) == ["training: one seed", "validation: one seed"]
        assert lines(ax)["training"].get_ydata().tolist() == [12, 22, 32]

    @pytest.mark.parametrize("without", [lambda h: h.drop(columns="val_reconstruction_loss"),
                                         lambda h: h.assign(val_reconstruction_loss=np.nan)])  # fmt: skip
    def test_without_validation(self, history, without):
        assert set(lines(plots.plot_loss(without(history)))) == {"training"}

    def test_the_loss_with_penalties_is_another_column(self, history):
        ax = plots.plot_loss(history, loss="loss", unit="MSE per pixel")
        assert lines(ax)["training"].get_ydata()[0] == 1011.5
        assert lines(ax)["validation"].get_ydata()[0] == 1111.5
        assert ax.get_ylabel() == "Loss with penalties (MSE per pixel)"

    def test_axes_name_quantity_and_unit(self, history):
        ax = plots.plot_loss(history, unit="MSE per value, standardised")
        assert ax.get_xlabel() == "Epoch"
        assert ax.get_ylabel() == "Reconstruction loss (MSE per value, standardised)"

    def test_baselines_are_lines_across_with_their_values_in_the_legend(self, history):
        ax = plots.plot_loss(history, baselines={"PCA": 7.25, "predict the mean": np.float32(50)})
        drawn_lines = lines(ax)
        assert set(drawn_lines["PCA"].get_ydata()) == {7.25}
        assert set(drawn_lines["predict the mean"].get_ydata()) == {50}
        assert legend_texts(ax)[2:] == ["PCA: 7.25", "predict the mean: 50"]
        assert drawn_lines["PCA"].get_linestyle() != drawn_lines["predict the mean"].get_linestyle()
        low, high = ax.get_ylim()
        assert low < 7.25

    def test_a_seed_that_stopped_keeps_its_last_value(self, history):
        stopped = history[~((history["seed"] == 0) & (history["epoch"] > 1))]
        ax = plots.plot_loss(stopped)
        # at epoch 3 the seeds stand at 10 (since epoch 1), 31, 32 and 33; the survivors alone would give 32
        assert lines(ax)["training"].get_ydata()[2] == 31.5
        assert band(ax.collections[0])[0].tolist() == [10, 10, 10]
        assert ax.get_legend().get_title().get_text() == "1 stopped before epoch 3 and keep their last value"

    def test_a_seed_that_diverged_is_left_out_and_counted(self, history):
        history.loc[(history["seed"] == 0) & (history["epoch"] == 3), "reconstruction_loss"] = np.inf
        history.loc[(history["seed"] == 3) & (history["epoch"] == 2), "val_reconstruction_loss"] = np.nan
        ax = plots.plot_loss(history)
        assert lines(ax)["training"].get_ydata().tolist() == [11.5, 21.5, 31.5]  # seeds 1 and 2
        assert legend_texts(ax)[0].startswith("training: median of 2 seeds")
        assert ax.get_legend().get_title().get_text() == "2 more with losses that are not finite: left out"

    def test_complete_runs_need_no_note(self, history):
        assert plots.plot_loss(history).get_legend().get_title().get_text() == ""

    def test_the_legend_hides_no_curve(self, history):
        ax = plots.plot_loss(history, baselines={"PCA": 7.25})
        ax.figure.canvas.draw()
        assert not ax.get_legend().get_window_extent().overlaps(ax.patch.get_window_extent())

    def test_the_order_of_rows_does_not_matter(self, history):
        shuffled = history.sample(frac=1, random_state=0)
        ordered, other = (lines(plots.plot_loss(frame))["training"] for frame in (history, shuffled))
        assert np.array_equal(ordered.get_xydata(), other.get_xydata())

    def test_ticks_are_whole_epochs(self, history):
        ticks = plots.plot_loss(history).get_xticks()
        assert len(ticks) > 1
        assert all(tick == round(tick) for tick in ticks)

    def test_log_scale(self, history):
        assert plots.plot_loss(history).get_yscale() == "linear"
        assert plots.plot_loss(history, log_scale=True).get_yscale() == "log"

    def test_the_frame_is_left_as_it_was(self, history):
        before = history.copy()
        plots.plot_loss(history, baselines={"PCA": 1})
        pd.testing.assert_frame_equal(history, before)

    @pytest.mark.parametrize(
        ("change", "arguments", "error", "message"),
        [
            (lambda h: h.to_dict(), {}, TypeError, "`history` must be a DataFrame. Received: history of type dict."),
            (lambda h: h.drop(columns="seed"), {}, ValueError, "must have columns 'seed', .* without 'seed'."),
            (lambda h: h, {"loss": "mae"}, ValueError, "Received: columns 'seed', 'epoch', .* without 'mae'."),
            (lambda h: h.iloc[:0], {}, ValueError, "`history` must have at least 1 row."),
            (lambda h: pd.concat([h, h.iloc[[4]]]), {}, ValueError, "Received: seed 1, epoch 2 twice."),
            (
                lambda h: h.drop(index=4),
                {},
                ValueError,
                "every epoch of a seed up to its last. Received: gaps in seed 1.",
            ),
            (
                lambda h: h.drop(index=3),
                {},
                ValueError,
                "every epoch of a seed up to its last. Received: gaps in seed 1.",
            ),
            (
                lambda h: h.assign(reconstruction_loss=np.nan),
                {},
                ValueError,
                "finite losses. Received: 4 seeds without.",
            ),
            (lambda h: h.assign(reconstruction_loss="low"), {}, TypeError, "numbers in column 'reconstruction_loss'"),
            (lambda h: h, {"baselines": [0.3]}, TypeError, "`baselines` must map names to losses"),
            (lambda h: h, {"baselines": {"PCA": np.nan}}, ValueError, r"`baselines\['PCA'\]` must be a finite number"),
            (lambda h: h.assign(reconstruction_loss=0.0), {"log_scale": True}, ValueError, "`log_scale` must be False"),
            (lambda h: h, {"log_scale": True, "baselines": {"a": 0}}, ValueError, "`log_scale` must be False"),
        ],
    )
    def test_bad_input_is_told(self, history, change, arguments, error, message):
        with pytest.raises(error, match=message):
            plots.plot_loss(change(history), **arguments)


class TestPlotSeedValues:
    @pytest.fixture
    def scores(self):
        ours = pd.DataFrame({"method": "ours", "seed": range(5), "ari": [0.1, 0.2, 0.3, 0.4, 0.9]})
        pca = pd.DataFrame({"method": "PCA", "seed": [0], "ari": [0.85]})
        return pd.concat([ours, pca], ignore_index=True)

    def test_every_seed_is_drawn_in_the_row_of_its_method(self, scores):
        ax = plots.plot_seed_values(scores, "ari")
        x, y = ax.collections[0].get_offsets().T
        assert x.tolist() == [0.1, 0.2, 0.3, 0.4, 0.9]
        assert np.abs(y).max() < 0.2
        assert len(set(y)) == 5

    def test_median_and_bar(self, scores):
        bar, median, single = plots.plot_seed_values(scores, "ari").get_lines()
        assert bar.get_xdata().tolist() == [0.1, 0.9]
        assert median.get_xdata().tolist() == [0.3]
        assert single.get_xydata().tolist() == [[0.85, 1.0]]

    @pytest.mark.parametrize(
        ("n_seeds", "name", "ends"),
        [(39, "minimum to maximum", (0, 38)), (41, "2.5 to 97.5 percentiles", (1, 39))],
    )
    def test_the_legend_says_what_the_bar_is(self, n_seeds, name, ends):
        frame = pd.DataFrame({"method": "ours", "ari": np.arange(n_seeds)})
        ax = plots.plot_seed_values(frame, "ari")
        assert legend_texts(ax) == ["a seed", f"{name} of the seeds", "median"]
        assert tuple(ax.get_lines()[0].get_xdata()) == ends

    def test_all_bars_are_of_one_kind(self):
        frame = pd.concat([pd.DataFrame({"method": str(n), "ari": np.arange(n)}) for n in (41, 5)])
        ax = plots.plot_seed_values(frame, "ari")
        assert legend_texts(ax)[1] == "minimum to maximum of the seeds"
        assert ax.get_lines()[0].get_xdata().tolist() == [0, 40]

    def test_methods_from_the_top_in_order_with_their_counts(self, scores):
        ax = plots.plot_seed_values(scores, "ari", xlabel="Adjusted Rand index (1: the classes)")
        assert [label.get_text() for label in ax.get_yticklabels()] == ["ours\n(5 seeds)", "PCA\n(one value)"]
        assert ax.yaxis_inverted()
        assert ax.get_xlabel() == "Adjusted Rand index (1: the classes)"

    def test_single_values_alone_need_no_legend(self):
        ax = plots.plot_seed_values(pd.DataFrame({"model": ["PCA"], "nmi": [0.5]}), "nmi", by="model")
        assert ax.get_legend() is None
        assert ax.get_xlabel() == "nmi"

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            (lambda f: f["ari"], TypeError, "`frame` must be a DataFrame"),
            (lambda f: f.drop(columns="method"), ValueError, "`frame` must have columns 'method', 'ari'"),
            (lambda f: f.assign(ari="high"), TypeError, "`frame` must hold numbers in column 'ari'"),
            (lambda f: f.assign(ari=np.nan), ValueError, "`ari` must hold finite numbers. Received: 6 NaN"),
        ],
    )
    def test_bad_input_is_told(self, scores, change, error, message):
        with pytest.raises(error, match=message):
            plots.plot_seed_values(change(scores), "ari")


class TestLatent:
    @pytest.fixture
    def z(self, rng):
        return rng.normal(size=(9, 3))

    LABELS = np.array([0, 1, 2] * 3)
    NAMES = ("red", "green", "blue")

    def test_in_space_every_class_has_its_rows(self, z):
        points = drawn(plots.plot_latent_3d(z, self.LABELS, class_names=self.NAMES))
        assert list(points) == list(self.NAMES)
        for label, name in enumerate(self.NAMES):
            np.testing.assert_allclose(points[name], z[label == self.LABELS], rtol=1e-6)

    def test_the_projections_are_units_1_2_then_1_3_then_2_3(self, z):
        axes = plots.plot_latent_projections(z, self.LABELS, class_names=self.NAMES)
        assert axes.shape == (3,)
        for ax, (i, j) in zip(axes, [(0, 1), (0, 2), (1, 2)], strict=True):
            for label, name in enumerate(self.NAMES):
                np.testing.assert_allclose(drawn(ax)[name], z[label == self.LABELS][:, [i, j]], rtol=1e-6)
            assert ax.get_xlabel() == f"Code unit {i + 1} (activation)"
            assert ax.get_ylabel() == f"Code unit {j + 1} (activation)"

    def test_a_code_of_two_units_has_one_projection(self, z):
        assert plots.plot_latent_projections(z[:, :2], self.LABELS).shape == (1,)

    def test_space_has_three_named_axes(self, z):
        ax = plots.plot_latent_3d(z, self.LABELS)
        assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()] == [f"Code unit {i} (activation)" for i in (1, 2, 3)]

    def test_one_legend_for_all_projections(self, z):
        axes = plots.plot_latent_projections(z, self.LABELS, class_names=self.NAMES)
        assert [ax.get_legend() is not None for ax in axes] == [False, False, True]
        assert legend_texts(axes[2]) == list(self.NAMES)

    def test_classes_differ_by_colour_and_by_marker(self, z):
        collections = plots.plot_latent_projections(z[:, :2], self.LABELS)[0].collections
        assert len({to_hex(c.get_facecolor()[0]) for c in collections}) == 3
        assert len({c.get_paths()[0].vertices.tobytes() for c in collections}) == 3

    def test_a_class_keeps_its_colour_where_others_are_absent(self, z):
        full, part = (
            plots.plot_latent_3d(z[keep], self.LABELS[keep], class_names=self.NAMES).collections[-1]
            for keep in (slice(None), self.LABELS == 2)
        )
        assert full.get_label() == part.get_label() == "blue"
        assert to_hex(full.get_facecolor()[0]) == to_hex(part.get_facecolor()[0])

    def test_labels_may_be_text(self, z):
        assert list(drawn(plots.plot_latent_3d(z, np.array(self.NAMES)[self.LABELS]))) == ["blue", "green", "red"]

    @pytest.mark.parametrize(
        ("draw", "arguments", "error", "message"),
        [
            (plots.plot_latent_3d, {"z": np.zeros((9, 2))}, ValueError, "`z` must have 3 columns, one per code unit."),
            (plots.plot_latent_projections, {"z": np.zeros((9, 4))}, ValueError, "`z` must have 2 or 3 columns"),
            (plots.plot_latent_3d, {"z": np.full((9, 3), np.nan)}, ValueError, "`z` must hold finite numbers"),
            (plots.plot_latent_3d, {"labels": [0, 1]}, ValueError, r"as many rows .* len\(z\)=9, len\(labels\)=2"),
            (plots.plot_latent_3d, {"labels": np.zeros((9, 1))}, ValueError, "`labels` must have 1 axis."),
            (
                plots.plot_latent_3d,
                {"class_names": ("red", "green")},
                ValueError,
                "`class_names` must name every label",
            ),
            (plots.plot_latent_3d, {"ax": "flat"}, TypeError, "`ax` must be Axes made with subplot_kw"),
            (plots.plot_latent_projections, {"axes": "space"}, TypeError, r"`axes\[0\]` must be Axes flat"),
            (plots.plot_latent_projections, {"axes": "two"}, ValueError, "`axes` must be 3 Axes, one for each view."),
        ],
    )
    def test_bad_input_is_told(self, z, draw, arguments, error, message):
        make = {"flat": lambda: plt.subplots()[1], "space": lambda: [space()] * 3, "two": lambda: plt.subplots(2)[1]}
        arguments = {k: make[v]() if isinstance(v, str) else v for k, v in arguments.items()}
        with pytest.raises(error, match=message):
            draw(**{"z": z, "labels": self.LABELS, **arguments})


class TestPlotClusters:
    CLUSTERS = np.array([0, 0, 0, 2, 2, 2, -1, -1, 0])

    @pytest.fixture
    def z(self, rng):
        return rng.normal(size=(9, 3))

    def test_in_space_and_from_three_sides(self, z):
        axes = plots.plot_clusters(z, self.CLUSTERS)
        assert [ax.name for ax in axes] == ["3d", "rectilinear", "rectilinear", "rectilinear"]
        for ax, view in zip(axes, [[0, 1, 2], [0, 1], [0, 2], [1, 2]], strict=True):
            points = drawn(ax)
            np.testing.assert_allclose(points["cluster 0 (4 rows)"], z[self.CLUSTERS == 0][:, view], rtol=1e-6)
            np.testing.assert_allclose(points["cluster 2 (3 rows)"], z[self.CLUSTERS == 2][:, view], rtol=1e-6)
            np.testing.assert_allclose(points["noise (2 rows)"], z[self.CLUSTERS == -1][:, view], rtol=1e-6)

    def test_noise_is_grey_and_a_cross(self, z):
        cluster, _, noise = plots.plot_clusters(z[:, :2], self.CLUSTERS)[0].collections
        red, green, blue = to_rgb(noise.get_edgecolor()[0])
        assert red == green == blue
        assert noise.get_paths()[0].vertices.shape != cluster.get_paths()[0].vertices.shape

    def test_without_noise_none_is_named(self, z):
        points = drawn(plots.plot_clusters(z[:, :2], np.zeros(9, int))[0])
        assert list(points) == ["cluster 0 (9 rows)"]

    def test_noise_alone(self, z):
        assert list(drawn(plots.plot_clusters(z[:, :2], np.full(9, -1))[0])) == ["noise (9 rows)"]

    def test_one_legend(self, z):
        assert sum(ax.get_legend() is not None for ax in plots.plot_clusters(z, self.CLUSTERS)) == 1

    def test_more_clusters_than_colours_still_differ(self, rng):
        collections = plots.plot_clusters(rng.normal(size=(20, 2)), np.arange(20))[0].collections
        looks = {(to_hex(c.get_facecolor()[0]), c.get_paths()[0].vertices.tobytes()) for c in collections}
        assert len(looks) == 20

    @pytest.mark.parametrize(
        ("clusters", "error", "message"),
        [
            (CLUSTERS - 1, ValueError, "`clusters` must be integers from 0, or -1 for noise."),
            (CLUSTERS + 0.5, ValueError, "`clusters` must be integers from 0, or -1 for noise."),
            (CLUSTERS[:4], ValueError, r"len\(z\)=9, len\(clusters\)=4"),
            (["a"] * 9, TypeError, "`clusters` must be an array, DataFrame or Series of numbers"),
        ],
    )
    def test_bad_input_is_told(self, z, clusters, error, message):
        with pytest.raises(error, match=message):
            plots.plot_clusters(z, clusters)


class TestPlotEncoderWeights:
    WEIGHTS = np.array([[0.5, -1.0], [-0.25, 0.0], [2.0, 1.0]])
    NAMES = ["ash", "hue", "proline"]

    def test_a_bar_per_feature_and_unit(self):
        axes = plots.plot_encoder_weights(self.WEIGHTS, self.NAMES)
        assert [[bar.get_width() for bar in ax.patches] for ax in axes] == self.WEIGHTS.T.tolist()
        assert [ax.get_title(loc="left") or ax.get_title() for ax in axes] == ["Code unit 1", "Code unit 2"]

    def test_features_from_the_top_in_their_order(self):
        ax = plots.plot_encoder_weights(self.WEIGHTS, self.NAMES)[0]
        assert [label.get_text() for label in ax.get_yticklabels()] == self.NAMES
        assert ax.yaxis_inverted()

    def test_the_colour_is_the_sign(self):
        bars = [bar for ax in plots.plot_encoder_weights(self.WEIGHTS, self.NAMES) for bar in ax.patches]
        colours = {sign: {bar.get_facecolor() for bar in bars if np.sign(bar.get_width()) == sign} for sign in (-1, 1)}
        assert len(colours[-1]) == len(colours[1]) == 1
        assert colours[-1] != colours[1]

    def test_units_share_one_scale(self):
        first, second = plots.plot_encoder_weights(self.WEIGHTS, self.NAMES)
        assert first.get_xlim() == second.get_xlim()

    @pytest.mark.parametrize(
        ("weights", "names", "error", "message"),
        [
            (WEIGHTS, ["ash"], ValueError, r"len\(weights\)=3, len\(feature_names\)=1"),
            (WEIGHTS[:, 0], NAMES, ValueError, "`weights` must have 2 axes"),
            (WEIGHTS * np.nan, NAMES, ValueError, "`weights` must hold finite numbers"),
        ],
    )
    def test_bad_input_is_told(self, weights, names, error, message):
        with pytest.raises(error, match=message):
            plots.plot_encoder_weights(weights, names)


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
