"""Curves and scores over seeds, read back from the artists."""

import numpy as np
import pandas as pd
import pytest

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
