"""Pictures of codes and weights, read back from the artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from aecourse import plots


def drawn(ax):
    """Points of each group: its label and its rows, in space or flat."""
    points = {}
    for collection in ax.collections:
        xyz = collection._offsets3d if hasattr(collection, "_offsets3d") else collection.get_offsets().T
        points[collection.get_label()] = np.column_stack(list(map(np.asarray, xyz)))
    return points


def space():
    return plt.subplots(subplot_kw={"projection": "3d"})[1]


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
        assert [text.get_text() for text in axes[2].get_legend().get_texts()] == list(self.NAMES)

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
