"""Laws of the wine data: no row twice, nothing learnt outside the training rows, the same seed the same split."""

import dataclasses

import numpy as np
import pytest
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from aecourse import data
from aecourse.data import load_wine, load_wine_as_in_tutorial

PARTS = ("train", "val", "test")
ARRAYS = [f"{kind}_{part}" for kind in ("x", "y", "rows") for part in PARTS] + ["x_raw", "x_all", "y_all"]
LOADERS = [load_wine, load_wine_as_in_tutorial]


def proportions(y):
    return np.bincount(y, minlength=3) / len(y)


class TestEitherLoader:
    @pytest.mark.parametrize("load", LOADERS)
    def test_every_row_is_in_one_part(self, load):
        wine = load()
        rows = [rows for part in PARTS if (rows := getattr(wine, f"rows_{part}")) is not None]
        assert sorted(np.concatenate(rows)) == list(range(178))

    @pytest.mark.parametrize("load", LOADERS)
    def test_parts_hold_the_rows_they_name(self, load):
        wine = load()
        source = datasets.load_wine()
        for part in PARTS[: 2 if wine.x_test is None else 3]:
            rows = getattr(wine, f"rows_{part}")
            expected = wine.scaler.transform(source.data[rows])
            np.testing.assert_allclose(getattr(wine, f"x_{part}"), expected, rtol=1e-6, atol=1e-6)
            assert np.array_equal(getattr(wine, f"y_{part}"), source.target[rows])

    @pytest.mark.parametrize("load", LOADERS)
    def test_all_rows_in_the_order_of_the_source(self, load):
        wine = load()
        source = datasets.load_wine()
        np.testing.assert_allclose(wine.x_all, wine.scaler.transform(source.data), rtol=1e-6, atol=1e-6)
        assert np.array_equal(wine.y_all, source.target)
        assert np.array_equal(wine.x_raw, source.data)

    @pytest.mark.parametrize("load", LOADERS)
    def test_types_and_names(self, load):
        wine = load()
        assert {wine.x_train.dtype, wine.x_val.dtype, wine.x_all.dtype} == {np.dtype("float32")}
        assert {wine.y_train.dtype, wine.y_val.dtype, wine.y_all.dtype} == {np.dtype("int64")}
        assert wine.feature_names == tuple(datasets.load_wine().feature_names)
        assert [np.sum(wine.y_all == wine.class_names.index(name)) for name in ("Barolo", "Grignolino", "Barbera")] == [
            59, 71, 48
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ARRAYS)
    def test_nobody_writes_into_it_by_accident(self, name):
        with pytest.raises(ValueError, match="read-only"):
            getattr(load_wine(), name)[0] = 1

    def test_nobody_replaces_a_part_by_accident(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            load_wine().x_train = np.zeros((3, 13))

    def test_the_callers_own_array_stays_writable(self):
        x = np.zeros((178, 13))
        record = dataclasses.replace(load_wine(), x_raw=x)
        x[0] = 1
        assert not record.x_raw.flags.writeable

    @pytest.mark.parametrize("load", LOADERS)
    def test_source_licence_and_citation_are_given(self, load):
        wine = load()
        assert "UCI" in wine.source
        assert wine.licence == "CC BY 4.0"
        assert "10.24432/C5PC7J" in wine.citation


class TestLoadWine:
    def test_sizes(self):
        wine = load_wine()
        assert [len(wine.x_train), len(wine.x_val), len(wine.x_test)] == [106, 36, 36]
        wine = load_wine(val_size=0.1, test_size=0.3)
        assert [len(wine.x_train), len(wine.x_val), len(wine.x_test)] == [107, 18, 53]

    @pytest.mark.parametrize("split", data.SPLITS)
    def test_the_seed_decides_the_split_and_nothing_else_does(self, split):
        first, again, other = (load_wine(seed=seed, split=split) for seed in (3, 3, 4))
        scaled = load_wine(seed=3, split=split, scaling="minmax")
        for part in PARTS:
            rows = f"rows_{part}"
            assert np.array_equal(getattr(first, rows), getattr(again, rows))
            assert np.array_equal(getattr(first, rows), getattr(scaled, rows))
            assert not np.array_equal(getattr(first, rows), getattr(other, rows))
        assert np.array_equal(first.x_train, again.x_train)

    def test_the_global_random_state_decides_nothing(self):
        np.random.seed(1)  # noqa: NPY002 (the legacy state is what scikit-learn falls back on)
        first = load_wine()
        np.random.seed(2)  # noqa: NPY002
        assert np.array_equal(first.rows_train, load_wine().rows_train)

    @pytest.mark.parametrize("seed", range(5))
    def test_stratified_parts_hold_the_classes_in_proportion(self, seed):
        wine = load_wine(seed=seed)
        for part in PARTS:
            y = getattr(wine, f"y_{part}")
            assert np.abs(proportions(y) - proportions(wine.y_all)).max() < 1 / len(y)  # within one row

    def test_random_parts_need_not(self):
        gaps = [
            np.abs(proportions(load_wine(seed=s, split="random").y_val) - proportions(load_wine().y_all)).max()
            for s in range(5)
        ]
        assert max(gaps) > 1 / 36

    @pytest.mark.parametrize(
        ("scaling", "centre", "spread"),
        [
            ("standard", lambda x: x.mean(axis=0), lambda x: x.std(axis=0)),
            ("minmax", lambda x: x.min(axis=0), lambda x: x.max(axis=0)),
            ("robust", lambda x: np.median(x, axis=0), lambda x: np.subtract(*np.percentile(x, [75, 25], axis=0))),
        ],
    )
    def test_the_scaler_saw_the_training_rows_alone(self, scaling, centre, spread):
        wine = load_wine(scaling=scaling)
        np.testing.assert_allclose(centre(wine.x_train), 0, atol=1e-5)
        np.testing.assert_allclose(spread(wine.x_train), 1, atol=1e-5)
        assert np.abs(centre(wine.x_all)).max() > 1e-3 or np.abs(spread(wine.x_all) - 1).max() > 1e-3

    @pytest.mark.parametrize("scaling", ["standard", "minmax", "robust"])
    def test_the_scaler_takes_values_back_to_their_units(self, scaling):
        wine = load_wine(scaling=scaling)
        np.testing.assert_allclose(wine.scaler.inverse_transform(wine.x_val), wine.x_raw[wine.rows_val], rtol=1e-4)

    def test_unscaled(self):
        wine = load_wine(scaling="none")
        assert (wine.scaling, wine.scaler, wine.fitted_on) == ("none", None, "")
        np.testing.assert_allclose(wine.x_test, wine.x_raw[wine.rows_test], rtol=1e-6)

    @pytest.mark.parametrize("scaling", data.SCALERS)
    def test_the_repr_says_how_it_was_made(self, scaling):
        text = repr(load_wine(scaling=scaling, seed=7))
        assert "178 rows, 13 features, 3 classes" in text
        assert "106 train, 36 val, 36 test (stratified, seed 7)" in text
        assert f"scaling  {scaling}" in text
        assert ("fitted on the training rows" in text) == (scaling != "none")
        assert "CAUTION" not in text

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"scaling": "z-score"}, ValueError, "`scaling` must be one of 'none', 'minmax', 'standard', 'robust'."),
            ({"split": None}, TypeError, "`split` must be one of 'stratified', 'random'."),
            ({"seed": -1}, ValueError, "`seed` must be an integer at least 0"),
            ({"seed": None}, TypeError, "`seed` must be an integer at least 0"),
            ({"val_size": 0}, ValueError, "`val_size` must be a finite number above 0 and below 1."),
            ({"test_size": 36}, ValueError, "`test_size` must be a finite number above 0 and below 1."),
            (
                {"val_size": 0.5, "test_size": 0.5},
                ValueError,
                "`val_size` and `test_size` must .* so 0 train, 89 val, 89 test",
            ),
            ({"val_size": 0.01}, ValueError, "at least 3 rows, .* 2 val"),
        ],
    )
    def test_bad_arguments_are_told(self, arguments, error, message):
        with pytest.raises(error, match=message):
            load_wine(**arguments)


class TestAsInTutorial:
    def test_it_is_the_split_of_the_tutorial(self):
        x, y = datasets.load_wine(return_X_y=True)
        x_train, x_val, y_train, y_val = train_test_split(
            StandardScaler().fit_transform(x), y, test_size=0.2, random_state=0
        )
        wine = load_wine_as_in_tutorial()
        np.testing.assert_allclose(wine.x_train, x_train, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(wine.x_val, x_val, rtol=1e-6, atol=1e-6)
        assert np.array_equal(wine.y_train, y_train)
        assert np.array_equal(wine.y_val, y_val)
        assert (len(wine.x_train), len(wine.x_val)) == (142, 36)

    def test_there_is_no_test_part(self):
        wine = load_wine_as_in_tutorial()
        assert (wine.x_test, wine.y_test, wine.rows_test) == (None, None, None)

    def test_it_says_that_it_leaks(self):
        text = repr(load_wine_as_in_tutorial())
        assert "142 train, 36 val, no test part" in text
        assert "fitted on ALL rows" in text
        assert "CAUTION  the scaler saw the validation rows (a leak)" in text
        assert "LEAKS" in load_wine_as_in_tutorial.__doc__
