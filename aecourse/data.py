"""Data sets as frozen records: parts for training, validation and test, with labels, names, scaler and source."""

from dataclasses import dataclass, fields

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from aecourse._checks import check_choice, check_int, check_real

__all__ = ["Dataset", "load_wine", "load_wine_as_in_tutorial"]

SCALERS = {"none": None, "minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler}
SPLITS = ("stratified", "random")

# scikit-learn calls the classes 0, 1 and 2; the study names the wines, in this order (59, 71 and 48 of them).
WINE_CLASSES = ("Barolo", "Grignolino", "Barbera")
WINE_SOURCE = "UCI Machine Learning Repository, data set 109, as shipped with scikit-learn (sklearn.datasets.load_wine)"
WINE_LICENCE = "CC BY 4.0"
WINE_CITATION = (
    "Aeberhard, S. & Forina, M. (1992). Wine. UCI Machine Learning Repository. doi 10.24432/C5PC7J. "
    "Measured by Forina, M., Armanino, C., Castino, M. & Ubigli, M. (1986), Vitis 25, 189-201."
)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """One data set, split and scaled; read-only.

    >>> wine = load_wine()
    >>> wine.x_train.shape, wine.x_val.shape, wine.x_test.shape
    ((106, 13), (36, 13), (36, 13))

    Attributes
    ----------
    name : str
        What the data set is called.
    x_train, x_val, x_test : ndarray, shape (n_samples, n_features), float32
        The parts, scaled. `x_test` is None where there is no test part.
    y_train, y_val, y_test : ndarray, shape (n_samples,), int64
        Class of each row, an index into `class_names`.
    rows_train, rows_val, rows_test : ndarray, shape (n_samples,), int64
        Row of the source, so of `x_raw`, that each row of the part was.
    x_raw : ndarray, shape (n_samples, n_features)
        All rows as the source has them: its order, its units, its dtype.
    feature_names, class_names : tuple of str
        Names of the columns and of the classes.
    scaling, fitted_on : str
        How `x_raw` was scaled to give the parts, and which rows the scaler learnt from.
    scaler : fitted scikit-learn scaler or None
        `scaler.inverse_transform(x_hat)` takes a reconstruction back to the units of the source.
    split, source, licence, citation : str
        How the rows were split; where the data come from and under which terms.
    caution : str
        What is wrong with this way of preparing the data; empty if nothing is.
    """

    name: str
    x_train: np.ndarray
    x_val: np.ndarray
    x_test: np.ndarray | None
    y_train: np.ndarray
    y_val: np.ndarray
    y_test: np.ndarray | None
    rows_train: np.ndarray
    rows_val: np.ndarray
    rows_test: np.ndarray | None
    x_raw: np.ndarray
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    scaling: str
    fitted_on: str
    scaler: object | None
    split: str
    source: str
    licence: str
    citation: str
    caution: str = ""

    def __post_init__(self):
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                frozen = value.view()  # the flag of a view leaves the caller's own array as it was
                frozen.setflags(write=False)
                object.__setattr__(self, each.name, frozen)

    @property
    def x_all(self):
        """All rows, scaled, in the order of the source: ndarray, shape (n_samples, n_features), float32."""
        return self._in_source_order("x")

    @property
    def y_all(self):
        """Class of all rows in the order of the source: ndarray, shape (n_samples,), int64."""
        return self._in_source_order("y")

    def _in_source_order(self, prefix):
        parts = [part for part in ("train", "val", "test") if getattr(self, f"rows_{part}") is not None]
        values = np.concatenate([getattr(self, f"{prefix}_{part}") for part in parts])
        rows = np.concatenate([getattr(self, f"rows_{part}") for part in parts])
        ordered = np.empty_like(values)
        ordered[rows] = values
        ordered.setflags(write=False)
        return ordered

    def __repr__(self):
        test = "no test part" if self.x_test is None else f"{len(self.x_test)} test"
        lines = [
            f"{self.name}: {len(self.x_raw)} rows, {len(self.feature_names)} features, {len(self.class_names)} classes",
            f"  split    {len(self.x_train)} train, {len(self.x_val)} val, {test} ({self.split})",
            f"  scaling  {self.scaling}" + (f", fitted on {self.fitted_on}" if self.scaler else ""),
            f"  licence  {self.licence}",
        ]
        return "\n".join(lines + [f"  CAUTION  {self.caution}"] * bool(self.caution))


def load_wine(*, seed=0, scaling="standard", split="stratified", val_size=0.2, test_size=0.2) -> Dataset:
    """Load the wine data: 13 chemical measurements of 178 Italian wines from three cultivars.

    >>> wine = load_wine(scaling="minmax")
    >>> float(wine.x_train.min()), float(wine.x_train.max())
    (0.0, 1.0)

    The scaler is fitted on the training rows alone, so validation and test rows may fall outside the ranges below.
    Calls that differ in `scaling` alone split the rows alike.

    Parameters
    ----------
    seed : int, default 0
        Decides the split, and nothing else does.
    scaling : {"none", "minmax", "standard", "robust"}
        Per feature, on the training rows: as measured (0.13 to 1,680, each feature in its own unit);
        range [0, 1]; mean 0 and variance 1 (about -3 to 4); median 0 and interquartile range 1.
    split : {"stratified", "random"}
        Whether each part holds the classes in the same proportions, or as they fall.
    val_size, test_size : float, default 0.2
        Shares of the 178 rows. 36 rows each leave 106 to train on: with three classes, a part needs about a dozen
        rows of each before a score on it says anything.

    Returns
    -------
    Dataset
        Features as float32, classes as int64.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the sizes leave a part with fewer rows than there are classes.

    Notes
    -----
    Chapter: Wine autoencoder. Source: UCI Machine Learning Repository, doi 10.24432/C5PC7J, CC BY 4.0; measured by
    Forina, Armanino, Castino & Ubigli (1986), Vitis 25, 189-201. Shipped with scikit-learn: needs no internet.
    """
    seed = check_int("seed", seed, minimum=0, maximum=2**32 - 1)
    check_choice("scaling", scaling, SCALERS)
    check_choice("split", split, SPLITS)
    val_size = check_real("val_size", val_size, above=0, below=1)
    test_size = check_real("test_size", test_size, above=0, below=1)
    x, y, feature_names = _read_wine()
    n_val, n_test = round(val_size * len(x)), round(test_size * len(x))
    n_train = len(x) - n_val - n_test
    if min(n_train, n_val, n_test) < len(WINE_CLASSES):
        raise ValueError(
            f"`val_size` and `test_size` must leave each part at least {len(WINE_CLASSES)} rows, one per class. "
            f"Received: val_size={val_size}, test_size={test_size}, so {n_train} train, {n_val} val, {n_test} test."
        )
    strata = y if split == "stratified" else None
    rest, rows_test = train_test_split(np.arange(len(x)), test_size=n_test, random_state=seed, stratify=strata)
    strata = y[rest] if split == "stratified" else None
    rows_train, rows_val = train_test_split(rest, test_size=n_val, random_state=seed, stratify=strata)
    return _scaled_dataset(
        (x, y, feature_names),
        (rows_train, rows_val, rows_test),
        scaling=scaling,
        fitted_on="the training rows",
        rows_fitted=rows_train,
        split=f"{split}, seed {seed}",
    )


def load_wine_as_in_tutorial() -> Dataset:
    """Load the wine data in the way of the tutorial, for its replication only: this way LEAKS.

    >>> tutorial = load_wine_as_in_tutorial()
    >>> tutorial.x_train.shape, tutorial.x_val.shape, tutorial.x_test
    ((142, 13), (36, 13), None)

    The standard scaler is fitted on all 178 rows, so the mean and variance of the validation rows have gone into the
    training data; 36 rows, drawn with random_state 0 and without regard to the classes, serve for validation; and
    there is no test part, so the same rows choose the model and judge it. Use `load_wine` for everything else.

    Returns
    -------
    Dataset
        Standardised float32 features; `x_test`, `y_test` and `rows_test` are None; `caution` says the above.

    Notes
    -----
    Chapter: Wine autoencoder. Source of the procedure: F. Musacchio (2023), "Using Autoencoders to reveal hidden
    structures in high-dimensional data", fabriziomusacchio.com.
    """
    x, y, feature_names = _read_wine()
    rows_train, rows_val = train_test_split(np.arange(len(x)), test_size=0.2, random_state=0)
    return _scaled_dataset(
        (x, y, feature_names),
        (rows_train, rows_val, None),
        scaling="standard",
        fitted_on="ALL rows",
        rows_fitted=np.arange(len(x)),
        split="random, random_state 0, as in the tutorial",
        caution="the scaler saw the validation rows (a leak), and no rows are left to test on: for replication only",
    )


def _read_wine():
    bunch = datasets.load_wine()
    return bunch.data, bunch.target.astype("int64"), tuple(bunch.feature_names)


def _scaled_dataset(table, rows, *, scaling, fitted_on, rows_fitted, split, caution=""):
    x, y, feature_names = table
    scaler = SCALERS[scaling]().fit(x[rows_fitted]) if SCALERS[scaling] else None

    def part(of):
        if of is None:
            return None, None
        return (scaler.transform(x[of]) if scaler else x[of]).astype("float32"), y[of]

    (x_train, y_train), (x_val, y_val), (x_test, y_test) = map(part, rows)
    return Dataset(
        name="wine",
        x_train=x_train,
        x_val=x_val,
        x_test=x_test,
        y_train=y_train,
        y_val=y_val,
        y_test=y_test,
        rows_train=rows[0],
        rows_val=rows[1],
        rows_test=rows[2],
        x_raw=x,
        feature_names=feature_names,
        class_names=WINE_CLASSES,
        scaling=scaling,
        fitted_on=fitted_on if scaler else "",
        scaler=scaler,
        split=split,
        source=WINE_SOURCE,
        licence=WINE_LICENCE,
        citation=WINE_CITATION,
        caution=caution,
    )
