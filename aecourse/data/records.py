"""Data sets as frozen records: parts for training, validation and test, with labels, names, scaler and source."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """One data set, split and scaled; read-only.

    >>> from aecourse import data
    >>> wine = data.load_wine()
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
        values = [getattr(self, f"{prefix}_{part}") for part in parts]
        ordered = np.empty((sum(map(len, values)), *values[0].shape[1:]), values[0].dtype)
        for part, value in zip(parts, values, strict=True):
            ordered[getattr(self, f"rows_{part}")] = value
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


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ImageDataset(Dataset):
    """One set of grey images: a `Dataset` whose rows can be looked at; read-only.

    >>> from aecourse import data
    >>> digits = data.load_mnist("sample")
    >>> digits.x_train.shape, digits.images_train.shape
    ((3600, 784), (3600, 28, 28))

    The rows of `x_train` and the images of `images_train` are the same numbers in memory, float32 in [0, 1].

    Attributes
    ----------
    image_shape : tuple of int
        Height and width, in pixels.
    subset : {"full", "sample"}
        Whether these are all images of the source or a part of them.
    fallback : str
        Why the loader took a sample where it would have preferred the full set; empty if it had its first choice.
    x_train, x_val, x_test : ndarray, shape (n_samples, height * width), float32 in [0, 1]
        Intensity, row by row of each image: 0 is the background, 1 the middle of a stroke. Where no validation part
        was asked for, `x_val`, `y_val` and `rows_val` are None.
    x_raw : ndarray, shape (n_samples, height * width), uint8
        All images as the source has them, 0 to 255: those to train on first, then those to test on.
    """

    image_shape: tuple[int, int]
    subset: str
    fallback: str = ""

    @property
    def images_train(self):
        """`x_train` as images: ndarray, shape (n_samples, height, width); a view, no copy."""
        return self._as_images(self.x_train)

    @property
    def images_val(self):
        """`x_val` as images; None where there is no validation part."""
        return self._as_images(self.x_val)

    @property
    def images_test(self):
        """`x_test` as images."""
        return self._as_images(self.x_test)

    def _as_images(self, x):
        return None if x is None else x.reshape(len(x), *self.image_shape)

    def __repr__(self):
        val = "no validation part" if self.x_val is None else f"{len(self.x_val):,} val"
        height, width = self.image_shape
        lines = [
            f"{self.name}, {self.subset}: {len(self.x_raw):,} images of {height} x {width} pixels, "
            f"{len(self.class_names)} classes",
            f"  split    {len(self.x_train):,} train, {val}, {len(self.x_test):,} test ({self.split})",
            f"  values   float32 in [0, 1], {self.scaling}",
            f"  source   {self.source}",
            f"  licence  {self.licence}",
            f"  cite     {self.citation}",
        ]
        return "\n".join(lines + [f"  INSTEAD  of the full set: {self.fallback}"] * bool(self.fallback))
