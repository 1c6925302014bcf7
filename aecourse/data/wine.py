"""The wine data: 13 measurements of 178 wines."""

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from aecourse._checks import check_choice, check_int, check_real
from aecourse.data.records import Dataset

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
