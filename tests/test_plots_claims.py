"""Figures of claims, read back from the artists."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from aecourse import plots

EFFECTS = pd.DataFrame(
    {
        "label": ["a", "b", "c", "d"],
        "group": ["T1", "T1", "T2", "T2"],
        "effect": [3.0, 0.2, -5.0, 40.0],
        "low": [2.0, -0.4, -9.0, 0.5],
        "high": [4.0, 0.8, -1.5, 80.0],
        "outcome": ["held", "did not hold", "reversed", "too close to call"],
        "claimed": ["higher", "same", "lower", "higher"],
    }
)


def texts(labels):
    return [label.get_text() for label in labels]


class TestPlotDifferences:
    def test_every_seed_of_every_split_is_drawn(self, rng):
        differences = rng.normal(size=(7, 3))
        ax = plots.plot_differences(differences, (-0.5, 0.5), 0.1)
        drawn = [collection.get_offsets()[:, 0] for collection in ax.collections]
        np.testing.assert_allclose(np.column_stack(drawn), differences)
        assert texts(ax.get_yticklabels()) == ["all", "split 1", "split 2", "split 3"]

    def test_mean_interval_and_what_matters_are_drawn(self):
        ax = plots.plot_differences([0.1, 0.3], (0.12, 0.28), 0.05, xlabel="loss (MSE)")
        lines = {line.get_label(): np.array(line.get_xdata()) for line in ax.get_lines()}
        assert lines["mean"] == pytest.approx([0.2])
        assert lines["95 % interval of the mean"] == pytest.approx([0.12, 0.28])
        upright = [line.get_xdata()[0] for line in ax.get_lines() if list(line.get_ydata()) == [0, 1]]
        assert sorted(upright) == pytest.approx([-0.05, 0, 0.05])
        assert "smallest that would matter: ±0.05" in lines
        assert ax.get_xlabel() == "loss (MSE)"

    @pytest.mark.parametrize("claimed", ["higher", "lower", "same"])
    def test_what_is_claimed_is_shaded(self, claimed):
        ax = plots.plot_differences([0.1, 0.3], (0.12, 0.28), 0.05, claimed=claimed)
        (span,) = ax.patches
        left, right = span.get_x(), span.get_x() + span.get_width()
        assert {"higher": left > 0, "lower": right < 0, "same": left < 0 < right}[claimed]
        assert span.get_label() == f"claimed: {claimed}"

    def test_both_lines_stay_in_view(self):
        left, right = plots.plot_differences([10.0, 11.0], (10.0, 11.0), 0.5).get_xlim()
        assert left < -0.5
        assert right > 11

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([[[1.0]]], (0, 1), 0.1), r"shape \(n_seeds,\) or \(n_seeds, n_splits\)"),
            (([1.0], (0, 1), 0.0), "`smallest` must be a finite number above 0"),
            (([1.0], (0, np.inf), 0.1), "`interval` must be a finite number"),
            (([np.nan], (0, 1), 0.1), "`differences` must hold finite numbers"),
        ],
    )
    def test_bad_input_is_told(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            plots.plot_differences(*arguments)

    def test_unknown_direction_is_told(self):
        with pytest.raises(ValueError, match="`claimed` must be one of"):
            plots.plot_differences([1.0], (0, 1), 0.1, claimed="better")


class TestPlotEffects:
    def test_every_effect_is_drawn_with_its_interval(self):
        ax = plots.plot_effects(EFFECTS)
        intervals = [
            line.get_xdata() for line in ax.get_lines() if len(line.get_xdata()) == 2 and np.ptp(line.get_xdata())
        ]
        np.testing.assert_allclose(intervals, EFFECTS[["low", "high"]])
        marks = [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 1]
        np.testing.assert_allclose(marks, EFFECTS["effect"])

    def test_rows_are_named_under_their_group_and_told_their_outcome(self):
        ax = plots.plot_effects(EFFECTS)
        assert texts(ax.get_yticklabels()) == ["T1", "a", "b", "T2", "c", "d"]
        assert [text.get_text() for text in ax.texts] == EFFECTS["outcome"].tolist()

    def test_outcomes_differ_in_colour_and_marker(self):
        ax = plots.plot_effects(EFFECTS)
        marks = [line for line in ax.get_lines() if len(line.get_xdata()) == 1]
        assert len({to_hex(mark.get_color()) for mark in marks}) == 4
        assert len({mark.get_marker() for mark in marks}) == 4
        assert [to_hex(mark.get_markerfacecolor()) == "#ffffff" for mark in marks] == [False, True, False, False]

    def test_all_is_in_view_and_the_axis_says_what_it_is(self):
        ax = plots.plot_effects(EFFECTS)
        left, right = ax.get_xlim()
        assert left < -9
        assert right > 80
        assert "smallest differences that would matter" in ax.get_xlabel()

    def test_tiny_effects_leave_the_threshold_in_view(self):
        ax = plots.plot_effects(EFFECTS.iloc[[1]].assign(effect=0.0, low=0.0, high=0.0))
        assert ax.get_xlim()[1] > 1

    @pytest.mark.parametrize(
        ("frame", "error", "message"),
        [
            ([1], TypeError, "`frame` must be a DataFrame"),
            (EFFECTS.drop(columns="low"), ValueError, "without 'low'"),
            (EFFECTS.iloc[:0], ValueError, "an empty frame"),
            (EFFECTS.assign(outcome="pending"), ValueError, "`outcome` must be one of"),
            (EFFECTS.assign(high=np.inf), ValueError, "`frame` must hold finite numbers"),
        ],
    )
    def test_bad_frame_is_told(self, frame, error, message):
        with pytest.raises(error, match=message):
            plots.plot_effects(frame)
