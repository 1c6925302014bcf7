"""What users pass in comes back in one known type, or the message says what was wrong and where."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from aecourse._checks import as_numeric_array, check_choice, check_int, check_real, check_same_length, received

NAN, INF = float("nan"), float("inf")


class TestScalars:
    @pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
    def test_integers_come_back_as_int(self, value):
        assert type(check_int("n", value, minimum=1, maximum=1)) is int

    @pytest.mark.parametrize("value", [True, np.True_, 1.0, "1", None, [1]])
    def test_no_integers(self, value):
        with pytest.raises(TypeError, match="^`n` must be an integer. Received: n="):
            check_int("n", value)

    @pytest.mark.parametrize(
        ("value", "bounds", "expected"),
        [
            (0, {"minimum": 1}, "at least 1"),
            (4, {"maximum": 3}, "at most 3"),
            (4, {"minimum": 1, "maximum": 3}, "at least 1 and at most 3"),
        ],
    )
    def test_integers_out_of_bounds(self, value, bounds, expected):
        with pytest.raises(ValueError, match=f"^`n` must be an integer {expected}. Received: n={value}.$"):
            check_int("n", value, **bounds)

    @pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int8(1)])
    def test_numbers_come_back_as_float(self, value):
        assert type(check_real("r", value, minimum=1, maximum=1)) is float

    @pytest.mark.parametrize("value", [True, np.False_, "1", None, 1j, [1.0]])
    def test_no_numbers(self, value):
        with pytest.raises(TypeError, match="^`r` must be a finite number. Received: r="):
            check_real("r", value)

    @pytest.mark.parametrize(
        ("value", "bounds", "expected"),
        [
            (NAN, {}, ""),
            (INF, {}, ""),
            (-INF, {}, ""),
            (-0.1, {"minimum": 0}, " at least 0"),
            (1.1, {"maximum": 1}, " at most 1"),
            (0.0, {"above": 0}, " above 0"),
            (1.0, {"below": 1}, " below 1"),
            (1.0, {"minimum": 0, "below": 1}, " at least 0 and below 1"),
        ],
    )
    def test_numbers_out_of_bounds(self, value, bounds, expected):
        with pytest.raises(ValueError, match=f"^`r` must be a finite number{expected}. Received: r={value}.$"):
            check_real("r", value, **bounds)

    def test_choices(self):
        assert check_choice("c", "b", ("a", "b")) == "b"
        with pytest.raises(ValueError, match="^`c` must be one of 'a', 'b'. Received: c='d'. Ask for a.$"):
            check_choice("c", "d", ("a", "b"), hint="Ask for a.")
        with pytest.raises(TypeError, match="^`c` must be one of 'a', 'b'. Received: c=1.$"):
            check_choice("c", 1, ("a", "b"))

    @pytest.mark.parametrize("check", [check_int, check_real])
    def test_hints_end_the_message(self, check):
        with pytest.raises(ValueError, match="Received: n=0. Count from one.$"):
            check("n", 0, minimum=1, hint="Count from one.")

    def test_long_values_are_cut_short(self):
        assert len(received("x", list(range(10_000)))) < 60


class TestSameLength:
    def test_equal_or_absent(self):
        check_same_length(x=[1, 2], y=np.zeros((2, 5)), z=None)

    def test_unequal(self):
        with pytest.raises(ValueError, match=r"^`x` and `y` must have as many rows .* len\(x\)=2, len\(y\)=3.$"):
            check_same_length(x=[1, 2], y=[1, 2, 3])


class TestAsNumericArray:
    @pytest.mark.parametrize(
        "x",
        [
            [[1, 2], [3, 4]],
            np.array([[1, 2], [3, 4]], "int8"),
            np.array([[1, 2], [3, 4]], dtype=object),
            pd.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}),
            pd.DataFrame({"a": pd.array([1, 3], dtype="Int64"), "b": [2.0, 4.0]}),
            pd.DataFrame({"a": pd.Series([1, 3], dtype=object), "b": [2.0, 4.0]}),
            np.ma.masked_array([[1, 2], [3, 4]], mask=False),
        ],
    )
    def test_all_kinds_of_tables_give_one_array(self, x):
        result = as_numeric_array("x", x)
        assert type(result) is np.ndarray or isinstance(x, np.ma.MaskedArray)
        assert result.dtype == "float32"
        assert result.tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize("x", [[1.5, 0.0], pd.Series([1.5, 0.0]), pd.Series([1.5, 0.0], dtype="Float64")])
    def test_one_axis(self, x):
        assert as_numeric_array("x", x, dtype="float64").tolist() == [1.5, 0.0]

    def test_no_copy_without_need(self):
        x = np.zeros((3, 2), "float32")
        assert np.shares_memory(as_numeric_array("x", x), x)

    @pytest.mark.parametrize("x", [[3, 0, 2], np.array([3, 0, 2], "uint8"), pd.Series([3, 0, 2], dtype="Int64")])
    def test_integers_are_kept_where_asked(self, x):
        assert as_numeric_array("x", x).dtype == "float32"
        kept = as_numeric_array("x", x, keep_integers=True)
        assert (kept.dtype, kept.tolist()) == ("int64", [3, 0, 2])

    def test_booleans_are_numbers_in_an_array(self):
        assert as_numeric_array("x", [True, False]).tolist() == [1.0, 0.0]
        assert as_numeric_array("x", pd.DataFrame({"a": [True], "b": [0.5]})).tolist() == [[1.0, 0.5]]

    def test_floats_are_not_made_integers(self):
        assert as_numeric_array("x", [1.0, 2.0], keep_integers=True).dtype == "float32"

    @pytest.mark.parametrize(
        ("x", "found"),
        [
            (pd.DataFrame({"a": [1, 2], "ash": [NAN, 1.0]}), "1 NaN in column 'ash' (index 1)"),
            (
                pd.DataFrame({"a": [INF, -INF, 1.0], "b": [NAN, NAN, NAN]}),
                "3 NaN in column 'b' (index 1), 2 infinite in column 'a' (index 0)",
            ),
            (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), "1 NaN in column 'a' (index 0)"),
            (pd.DataFrame({"a": pd.Series([1, None], dtype=object)}), "1 NaN in column 'a' (index 0)"),
            ([[1.0, NAN], [INF, NAN]], "2 NaN in column 1, 1 infinite in column 0"),
            ([1.0, NAN, NAN], "2 NaN (first at index 1)"),
            (np.array([[[1.0, INF]]]), "1 infinite (first at index (0, 0, 1))"),
            (np.ma.masked_array([1.0, 2.0], mask=[False, True]), "1 NaN (first at index 1)"),
            ([[0.0, 1e300]], "1 too large for float32 in column 1"),
            (np.full((2, 8), NAN), ", ".join(f"2 NaN in column {i}" for i in range(5)) + ", 6 NaN in 3 more columns"),
        ],
    )
    def test_what_is_not_finite_is_counted_and_located(self, x, found):
        message = f"`x_train` must hold finite numbers. Received: {found}. Remove or impute them first."
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            as_numeric_array("x_train", x)

    def test_large_numbers_pass_where_the_type_holds_them(self):
        assert as_numeric_array("x", [1e300], dtype="float64")[0] == 1e300

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}), "text or other objects in column 'b' (index 1)."),
            (
                pd.DataFrame({"a": ["u"], "b": [1], "c": pd.Categorical(["v"])}),
                "in columns 'a' (index 0), 'c' (index 2).",
            ),
            (pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}), "in column 't' (index 0)."),
            ([[1, "u"], [2, "v"]], "text or other objects in column 1."),
            (np.array([["u"] * 8]), "in columns 0, 1, 2, 3, 4 and 3 more."),
            (["u", "v"], "x holding text."),
            (np.array(["2020"], "M8[D]"), "x holding datetime64[D]."),
            ([1j], "x holding complex128."),
            ([[1, 2], [3]], "x of type list, which NumPy can't read."),
            (None, "x=None."),
            ("abc", "x='abc'."),
            ({"a": 1}, "x={'a': 1}."),
            (sparse.eye(2).tocsr(), "Use `x.toarray()`."),
        ],
    )
    def test_what_is_not_a_number_is_told(self, x, message):
        with pytest.raises(TypeError, match=f"^`x` must .* Received: .*{re.escape(message)}"):
            as_numeric_array("x", x)

    @pytest.mark.parametrize(
        ("x", "options", "message"),
        [
            (1.0, {}, "must have at least 1 axis. Received: x of shape ()."),
            (np.zeros((0, 3)), {}, "must have at least 1 row and no empty axis. Received: x of shape (0, 3)."),
            (np.zeros((3, 0)), {}, "must have at least 1 row and no empty axis. Received: x of shape (3, 0)."),
            (np.zeros((1, 3)), {"min_rows": 2}, "must have at least 2 rows"),
            (np.zeros(3), {"ndim": 2}, "must have 2 axes. Received: x of shape (3,). Reshape it"),
            (np.zeros((3, 1)), {"ndim": 1}, "must have 1 axis. Received: x of shape (3, 1)."),
        ],
    )
    def test_shapes(self, x, options, message):
        with pytest.raises(ValueError, match=f"^`x` {re.escape(message)}"):
            as_numeric_array("x", x, **options)
