"""Claims: the verdict follows from the interval, the interval holds what it promises, and the ledger is checked."""

import json
from dataclasses import FrozenInstanceError, asdict, replace

import numpy as np
import pandas as pd
import pytest
import yaml

from aecourse import claims
from aecourse.claims import Claim, LedgerDisagreement, effects, estimate_effect, judge, load_ledger, verdict
from rules import ROOT

MINE = Claim(
    id="t1-1",
    sentence="Wider codes rebuild better.",
    measure="test loss",
    unit="MSE",
    treatment="5 units",
    control="3 units",
    claimed="lower",
    smallest=0.1,
)
SOURCE = {
    "author": "A. Author",
    "title": "A tutorial",
    "year": 2023,
    "where": "somewhere",
    "cite": "author2023",
    "facts": {"data": "178 rows"},
    "claims": {1: "Wider is better.", 2: "So is deeper."},
}
ENTRY = {name: value for name, value in asdict(MINE).items() if value is not None} | {
    "source": "t1",
    "number": 1,
    "smallest_because": "one class in ten",
    "refuted_by": "a loss that is not lower",
    "chapter": "wine",
    "label": "wider is better",
    "verdict": "held",
    "why": "more numbers, more information",
}


def seeds(rng, mean, n_seeds=50, spread=0.05):
    return mean + spread * rng.standard_normal(n_seeds)


def write_ledger(folder, entries=(ENTRY,), **content):
    path = folder / "claims.yml"
    path.write_text(yaml.safe_dump({"sources": {"t1": SOURCE}, "claims": list(entries)} | content))
    return path


class TestJudge:
    @pytest.mark.parametrize(
        ("interval", "outcome"),
        [
            ((1.2, 3.0), "held"),
            ((1.0, 3.0), "held"),  # a difference of just the smallest that matters does matter
            ((0.5, 3.0), "too close to call"),
            ((-3.0, 3.0), "too close to call"),
            ((0.2, 1.0), "too close to call"),
            ((0.2, 0.9), "did not hold"),  # different from zero, too small to matter
            ((-0.9, 0.9), "did not hold"),
            ((-3.0, 0.9), "did not hold"),  # refuted, whether reversed or not
            ((-3.0, -0.9), "did not hold"),
            ((-3.0, -1.0), "reversed"),
        ],
    )
    def test_the_smallest_difference_decides(self, interval, outcome):
        assert judge(interval, 1.0, "higher") == outcome
        mirrored = (-interval[1], -interval[0])
        assert judge(mirrored, 1.0, "lower") == outcome

    @pytest.mark.parametrize(
        ("interval", "outcome"),
        [
            ((-0.9, 0.9), "held"),
            ((0.2, 0.9), "held"),  # different from zero, too small to matter
            ((0.9, 1.0), "too close to call"),
            ((-3.0, 3.0), "too close to call"),
            ((1.0, 3.0), "did not hold"),
            ((-3.0, -1.0), "did not hold"),
        ],
    )
    def test_same_means_smaller_than_that(self, interval, outcome):
        assert judge(interval, 1.0, "same") == outcome
        assert judge((-interval[1], -interval[0]), 1.0, "same") == outcome

    def test_every_verdict_is_of_the_four(self, rng):
        ends = np.sort(rng.normal(size=(200, 2)), axis=1)
        outcomes = {judge(interval, 0.5, claimed) for interval in ends for claimed in ("higher", "lower", "same")}
        assert outcomes == set(claims.VERDICTS)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (((1.0, 0.0), 1.0, "higher"), "lower end first"),
            (((0.0, 1.0), 0.0, "higher"), "`smallest` must be a finite number above 0"),
            (((0.0, np.nan), 1.0, "higher"), "`interval` must be a finite number"),
            (((0.0, 1.0), 1.0, "better"), "`claimed` must be one of 'higher', 'lower', 'same'"),
        ],
    )
    def test_bad_input_is_told(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            judge(*arguments)


class TestEffect:
    def test_difference_is_that_of_the_means(self, rng):
        a, b = rng.normal(size=(2, 20, 5))
        effect = estimate_effect(a, b)
        assert effect.difference == pytest.approx(a.mean() - b.mean())
        assert (effect.treatment_mean, effect.control_mean) == pytest.approx((a.mean(), b.mean()))
        assert (effect.n_seeds, effect.n_splits) == (20, 5)
        np.testing.assert_allclose(effect.differences, a - b)

    def test_interval_holds_the_difference_and_stays(self, rng):
        a, b = rng.normal(size=(2, 20))
        low, high = estimate_effect(a, b).interval
        assert low < a.mean() - b.mean() < high
        assert estimate_effect(a, b).interval == (low, high)

    def test_swapping_the_arms_turns_the_interval_round(self, rng):
        a, b = seeds(rng, 1.0), seeds(rng, 1.2)
        forth, back = estimate_effect(a, b), estimate_effect(b, a)
        assert back.difference == pytest.approx(-forth.difference)
        # The same resamples in mirror image; BCa's count of ties can move an end by a resample.
        np.testing.assert_allclose(back.interval, [-forth.interval[1], -forth.interval[0]], atol=1e-3)

    def test_scaling_scales(self, rng):
        a, b = seeds(rng, 1.0), seeds(rng, 1.2)
        np.testing.assert_allclose(
            estimate_effect(8 * a, 8 * b).interval, 8 * np.array(estimate_effect(a, b).interval), rtol=1e-9
        )

    def test_pairing_narrows_the_interval_of_arms_that_go_together(self, rng):
        luck = rng.normal(size=50)
        a, b = luck + 0.1 * rng.normal(size=50), luck + 0.1 * rng.normal(size=50)
        paired, unpaired = estimate_effect(a, b), estimate_effect(a, b, paired=False)
        assert np.ptp(unpaired.interval) > 4 * np.ptp(paired.interval)
        assert (paired.paired, unpaired.paired) == (True, False)

    def test_more_seeds_of_the_same_splits_do_not_hide_the_luck_of_the_split(self, rng):
        by_split = rng.normal(size=(1, 8))
        few, many = (by_split + 0.01 * rng.normal(size=(n, 8)) for n in (5, 500))
        widths = [np.ptp(estimate_effect(values, 0).interval) for values in (few, many)]
        assert widths[1] == pytest.approx(widths[0], rel=0.1)
        # As if each value were a draw of its own, the interval would be far too narrow.
        assert widths[1] > 10 * np.ptp(estimate_effect(many.ravel(), 0).interval)

    @pytest.mark.parametrize(
        ("n_seeds", "n_splits", "scales"),
        [(50, 1, (1, 0, 0)), (10, 1, (1, 0, 0)), (50, 5, (0.3, 1, 0.3)), (30, 10, (1, 1, 1))],
        ids=["seeds", "few seeds", "few splits", "seeds and splits"],
    )
    def test_about_95_in_100_intervals_hold_the_truth(self, rng, monkeypatch, n_seeds, n_splits, scales):
        monkeypatch.setattr(effects, "N_RESAMPLES", 999)
        n_trials, held = 300, 0
        for _ in range(n_trials):
            shapes = (n_seeds, 1), (1, n_splits), (n_seeds, n_splits)
            values = sum(scale * rng.normal(size=shape) for scale, shape in zip(scales, shapes, strict=True))
            low, high = estimate_effect(values, 0).interval
            held += low <= 0 <= high
        assert 0.90 <= held / n_trials <= 0.99  # 0.95 give or take four standard errors

    def test_constant_data_have_that_value_as_interval(self):
        assert estimate_effect(np.full(50, 0.3), 0.1).interval == pytest.approx((0.2, 0.2))
        assert estimate_effect([True] * 50, 1.0).interval == (0.0, 0.0)
        assert estimate_effect(np.ones(9), np.zeros(7), paired=False).interval == (1.0, 1.0)

    def test_paired_differences_equal_but_for_rounding_are_constant(self, rng):
        a = rng.normal(size=50)
        assert np.ptp(estimate_effect(a + 0.1, a).interval) == 0

    def test_values_without_a_main_effect_still_have_an_interval(self):
        chequered = np.indices((6, 6)).sum(axis=0) % 2  # no seed and no split differs from another in its mean
        low, high = estimate_effect(chequered, 0).interval
        assert low < 0.5 < high

    def test_one_odd_run_is_in_the_interval(self):
        low, high = estimate_effect([0.0] * 49 + [1.0], 0.0).interval
        assert low <= 0.02 < high

    def test_arms_without_seeds_or_splits_serve_as_partners(self, rng):
        values, by_split = rng.normal(size=(50, 4)), rng.normal(size=(1, 4))
        for paired in (True, False):
            effect = estimate_effect(values, by_split, paired=paired)
            assert (effect.n_seeds, effect.n_splits, effect.paired) == (50, 4, True)
        assert estimate_effect(by_split, 0).n_seeds == 1
        assert estimate_effect(values[:, 0], 0.5).n_splits == 1

    def test_arms_of_other_sizes_are_compared_unpaired(self, rng):
        effect = estimate_effect(rng.normal(size=(40, 3)), rng.normal(size=(50, 3)), paired=False)
        assert (effect.n_seeds, effect.n_splits) == (40, 3)
        assert effect.differences.shape == (40, 3)

    def test_labels_are_matched(self, rng):
        a = pd.Series(rng.normal(size=20), index=range(20))
        shuffled = a.sample(frac=1, random_state=0)
        assert estimate_effect(a, shuffled - 1).interval == pytest.approx((1.0, 1.0))
        frame = pd.DataFrame(rng.normal(size=(20, 3)), columns=list("abc"))
        assert np.ptp(estimate_effect(frame, frame[["c", "a", "b"]].iloc[::-1]).interval) == 0

    @pytest.mark.parametrize(
        ("arms", "message"),
        [
            ((np.zeros(3), np.zeros(4)), "as many seeds as each other.*Received: 3 and 4 seeds.*paired=False"),
            ((np.zeros((3, 2)), np.zeros((3, 4))), "the same splits. Received: 2 and 4"),
            ((0.5, 0.1), "one run has no interval"),
            (([0.5], [0.1]), "one run has no interval"),
            ((np.array([1.0, np.nan]), 0.0), "`treatment` must hold finite numbers"),
            ((np.zeros((2, 2, 2)), 0.0), r"shape \(n_seeds,\) or \(n_seeds, n_splits\)"),
            ((pd.Series([1.0, 2.0]), pd.Series([1.0, 2.0], index=[1, 2])), r"the same seeds.*Received: \[0, 2\]"),
        ],
    )
    def test_bad_arms_are_told(self, arms, message):
        with pytest.raises(ValueError, match=message):
            estimate_effect(*arms)


class TestVerdict:
    @pytest.mark.parametrize(
        ("difference", "outcome"),
        [(-0.3, "held"), (-0.1, "too close to call"), (0.0, "did not hold"), (0.3, "reversed")],
    )
    def test_known_effect_gives_its_verdict(self, rng, difference, outcome):
        assert verdict(MINE, seeds(rng, 1 + difference), seeds(rng, 1)).outcome == outcome

    def test_swapped_arms_reverse(self, rng):
        a, b = seeds(rng, 1), seeds(rng, 2)
        assert verdict(MINE, a, b).outcome == "held"
        assert verdict(MINE, b, a).outcome == "reversed"

    def test_one_arm_is_held_against_its_reference(self, rng):
        chance = replace(MINE, control=None, reference=0.1, claimed="same", smallest=0.05)
        assert verdict(chance, seeds(rng, 0.11)).outcome == "held"
        assert verdict(chance, seeds(rng, 0.5)).outcome == "did not hold"

    def test_shown_as_a_table_and_as_text(self, rng):
        result = verdict(replace(MINE, sentence="1 < 2"), seeds(rng, 0.7), seeds(rng, 1))
        data, metadata = result._repr_mimebundle_()
        assert data["text/plain"] == repr(result)
        for text in (
            "5 units",
            "3 units",
            "test loss (MSE)",
            "lower by at least 0.1",
            "50 seeds, paired by seed",
            "held",
        ):
            assert text in data["text/plain"]
            assert text in data["text/html"]
        assert "1 &lt; 2" in data["text/html"]
        assert 'id="claim-t1-1"' in data["text/html"]
        assert metadata == {}  # not of the ledger: the report is not to have it

    def test_verdict_on_the_ledger_carries_its_numbers(self, rng, tmp_path, monkeypatch):
        write_ledger(tmp_path)
        monkeypatch.chdir(tmp_path)
        result = verdict("t1-1", seeds(rng, 0.7), seeds(rng, 1))
        record = result._repr_mimebundle_()[1][claims.RECORD_KEY]
        assert json.loads(json.dumps(record)) == result.record()
        assert (record["id"], record["outcome"], record["n_seeds"]) == ("t1-1", "held", 50)
        assert record["low"] < record["difference"] < record["high"]

    def test_picture_has_the_arguments_of_the_plot(self, rng):
        from aecourse import plots

        ax = plots.plot_differences(**verdict(MINE, seeds(rng, 0.7), seeds(rng, 1)).picture)
        assert ax.get_xlabel() == "5 units minus 3 units\ntest loss (MSE)"

    @pytest.mark.parametrize("field", [{"verdict": "did not hold"}, {"smallest": 0.5}, {"claimed": "higher"}])
    def test_tampered_ledger_fails_the_chapter(self, rng, tmp_path, monkeypatch, field):
        monkeypatch.chdir(tmp_path)
        arms = seeds(rng, 0.7), seeds(rng, 1)
        write_ledger(tmp_path)
        assert verdict("t1-1", *arms).outcome == "held"
        write_ledger(tmp_path, [ENTRY | field])
        with pytest.raises(LedgerDisagreement, match="the ledger says .*, this computation ") as caught:
            verdict("t1-1", *arms)
        for text in ("t1-1", "Difference", "book/claims.yml", "seal_ledger.py"):
            assert text in str(caught.value)

    def test_arms_of_another_claim_are_told(self, rng):
        one_arm = replace(MINE, control=None, reference=0.1)
        with pytest.raises(ValueError, match="`control` must be the values of the control, '3 units'"):
            verdict(MINE, seeds(rng, 1))
        with pytest.raises(ValueError, match="`control` must be left out: claim t1-1 has a reference"):
            verdict(one_arm, seeds(rng, 1), seeds(rng, 1))
        with pytest.raises(TypeError, match="`claim` must be the id of a claim"):
            verdict(1, seeds(rng, 1))


class TestLedger:
    def test_book_s_ledger_is_read_from_anywhere_in_it(self, monkeypatch):
        for folder in ("", "book", "book/_static"):
            monkeypatch.chdir(ROOT / folder)
            assert load_ledger().path == ROOT / "book" / "claims.yml"

    def test_every_claim_of_the_first_tutorial_has_an_entry(self):
        ledger = load_ledger(ROOT / "book" / "claims.yml")
        assert {claim.number for claim in ledger.claims.values() if claim.source == "t1"} == set(range(1, 10))

    def test_missing_ledger_is_told(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError, match="Run in a checkout of the course"):
            load_ledger()

    def test_unknown_claim_is_told(self, tmp_path):
        with pytest.raises(ValueError, match="`claim` must be one of t1-1. Received: claim='t1-2'"):
            load_ledger(write_ledger(tmp_path))["t1-2"]

    def test_records_are_frozen(self, tmp_path):
        ledger = load_ledger(write_ledger(tmp_path))
        with pytest.raises(FrozenInstanceError):
            ledger["t1-1"].smallest = 0.001

    @pytest.mark.parametrize("name", sorted(set(ENTRY) - {"control"}))
    def test_missing_field_is_told(self, tmp_path, name):
        path = write_ledger(tmp_path, [{key: value for key, value in ENTRY.items() if key != name}])
        with pytest.raises(ValueError, match=rf"claims.yml, claim .*without '{name}'"):
            load_ledger(path)

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"smalest": 1.0}, ValueError, "unknown 'smalest'"),
            ({"verdict": "pending"}, ValueError, "`verdict` must be one of 'held', 'did not hold', 'reversed'"),
            ({"verdict": None}, ValueError, "without 'verdict'"),
            ({"smallest": "1e-4"}, TypeError, "1e-4 is text there"),
            ({"smallest": 0}, ValueError, "`smallest` must be a finite number above 0"),
            ({"claimed": "better"}, ValueError, "`claimed` must be one of"),
            ({"reference": 0.1}, ValueError, "and not both"),
            ({"control": None}, ValueError, "control=None, reference=None"),
            ({"source": "t9"}, ValueError, "`source` must be one of t1"),
            ({"number": 3}, ValueError, "`number` must be one of 1, 2"),
            ({"id": "t1-2"}, ValueError, "`id` must be 't1-1', or that with a letter"),
            ({"why": " "}, ValueError, "`why` must not be empty"),
            ({"sentence": 7}, TypeError, "`sentence` must be text"),
        ],
    )
    def test_bad_field_is_told(self, tmp_path, change, error, message):
        with pytest.raises(error, match=f"claims.yml, claim .*{message}"):
            load_ledger(write_ledger(tmp_path, [ENTRY | change]))

    @pytest.mark.parametrize(
        ("content", "error", "message"),
        [
            ({"claims": [ENTRY, ENTRY]}, ValueError, "`id` must not stand in the ledger twice"),
            ({"claims": ENTRY}, TypeError, "`claims` must be a list"),
            ({"claims": ["t1-1"]}, TypeError, "claim 'number 1': must be fields with values"),
            ({"sources": {"t1": SOURCE | {"facts": {}}}}, TypeError, "source 't1': `facts` must map str to text"),
            ({"sources": {"t1": SOURCE | {"claims": {"1": "x"}}}}, TypeError, "must have keys of type int"),
            ({"sources": {"t1": SOURCE | {"year": "2023"}}}, TypeError, "`year` must be an integer"),
            ({"verdicts": []}, ValueError, "must hold `sources` and `claims`"),
        ],
    )
    def test_bad_file_is_told(self, tmp_path, content, error, message):
        with pytest.raises(error, match=message):
            load_ledger(write_ledger(tmp_path, **content))

    def test_file_that_is_no_yaml_is_told(self, tmp_path):
        path = tmp_path / "claims.yml"
        path.write_text("claims: [")
        with pytest.raises(ValueError, match="must be YAML"):
            load_ledger(path)
