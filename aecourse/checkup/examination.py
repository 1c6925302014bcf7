"""All that the checks look at, computed once: reconstructions, codes, errors, and the baselines' errors."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from aecourse._checks import as_numeric_array, check_same_length, received
from aecourse.checkup.parts import Parts, take_apart
from aecourse.probes.arrays import check_labels, some_rows

__all__ = ["Examination", "examine", "row_errors", "run"]

# Of more rows, as many random ones are run through the model: enough to know a mean loss to a percent or so.
MAX_ROWS = 10_000
PENALTY_ROWS = 1024
BATCH_ROWS = 128  # the activations of a wide convolution stay in hundreds of megabytes


@dataclass(frozen=True, eq=False)
class Examination:
    """A model on its data.

    Attributes
    ----------
    parts : Parts
    all_train, all_val : ndarray, shape (n_samples, n_features), float32
        All rows, flat.
    x_train, x_val : ndarray, shape (n_rows, n_features), float32
        Those that were run through the model, flat.
    x_hat_train, x_hat_val : ndarray, of the same shapes
        Their reconstructions.
    z_train, z_val : ndarray, shape (n_rows, ...), float32
        Their codes, in the shape that the layer gives.
    columns : list
        Names of the columns; positions where there are none.
    is_image : bool
        Whether a row has more than one axis.
    penalty : float
        Sum of `model.losses` on validation rows.
    y_train, y_val : ndarray of int or None
        Classes of the rows of x_train and x_val.
    """

    parts: Parts
    all_train: np.ndarray
    all_val: np.ndarray
    x_train: np.ndarray
    x_val: np.ndarray
    x_hat_train: np.ndarray
    x_hat_val: np.ndarray
    z_train: np.ndarray
    z_val: np.ndarray
    columns: list
    is_image: bool
    penalty: float
    y_train: np.ndarray | None
    y_val: np.ndarray | None

    @property
    def latent_dim(self):
        """Numbers in a code, all axes together."""
        return int(np.prod(self.z_train.shape[1:]))

    @property
    def n_features(self):
        return self.x_train.shape[1]

    @cached_property
    def errors_train(self):
        """MSE of each row, in squared units of the input."""
        return row_errors(self.x_train, self.x_hat_train)

    @cached_property
    def errors_val(self):
        return row_errors(self.x_val, self.x_hat_val)

    @cached_property
    def mean_errors(self):
        """Of the validation rows, rebuilt by the mean of the training rows."""
        return row_errors(self.x_val, self.x_train.mean(axis=0, dtype="float64"))

    @property
    def n_components(self):
        """Components of PCA at the code's width, or as many as the rows allow."""
        return min(self.latent_dim, self.n_features, len(self.x_train) - 1)

    @cached_property
    def pca(self):
        return PCA(self.n_components, random_state=0).fit(self.x_train)

    @cached_property
    def pca_errors(self):
        """Of the validation rows, rebuilt by PCA of the training rows."""
        return row_errors(self.x_val, self.pca.inverse_transform(self.pca.transform(self.x_val)))

    @cached_property
    def pca_errors_train(self):
        return row_errors(self.x_train, self.pca.inverse_transform(self.pca.transform(self.x_train)))


def examine(model, x_train, x_val, y) -> Examination:
    """Check the input of `checkup` and run the model once."""
    columns = _columns(x_train, x_val)
    x_train = as_numeric_array("x_train", x_train, min_rows=2)
    x_val = as_numeric_array("x_val", x_val, min_rows=2)
    if x_train.ndim < 2:
        raise ValueError(f"`x_train` must have 2 axes or more. {received('shape', x_train.shape)}")
    if x_train.shape[1:] != x_val.shape[1:]:
        raise ValueError(
            "`x_train` and `x_val` must have rows of one shape. "
            f"Received: x_train of shape {x_train.shape}, x_val of shape {x_val.shape}."
        )
    y_train, y_val = _labels(y, x_train, x_val)
    rows_train, rows_val = some_rows(len(x_train), MAX_ROWS), some_rows(len(x_val), MAX_ROWS)
    some_train, some_val = x_train[rows_train], x_val[rows_val]
    parts = take_apart(model, some_train)
    penalty = _penalty(model, some_val[:PENALTY_ROWS])
    hats = [_flat(run(parts.model, part)) for part in (some_train, some_val)]
    n_bad = sum(int((~np.isfinite(hat)).any(axis=1).sum()) for hat in hats)
    if n_bad:
        raise ValueError(
            "`model` must give finite outputs. "
            f"Received: NaN or infinite values for {n_bad} of {len(some_train) + len(some_val)} rows. Its training has "
            "diverged: lower the learning rate, scale the input, and train it anew."
        )
    return Examination(
        parts=parts,
        all_train=_flat(x_train),
        all_val=_flat(x_val),
        x_train=_flat(some_train),
        x_val=_flat(some_val),
        x_hat_train=hats[0],
        x_hat_val=hats[1],
        z_train=run(parts.encoder, some_train),
        z_val=run(parts.encoder, some_val),
        columns=columns or list(range(int(np.prod(x_train.shape[1:])))),
        is_image=x_train.ndim > 2,
        penalty=penalty,
        y_train=None if y_train is None else y_train[rows_train],
        y_val=None if y_val is None else y_val[rows_val],
    )


def row_errors(x, x_hat):
    """Mean over the features of the squared error, for each row: (n_rows,), float64."""
    return np.mean((x - x_hat).astype("float64") ** 2, axis=1)


def run(model, x):
    """Outputs of a model in inference mode; for a few thousand rows, `predict` takes longer to set itself up."""
    batches = [model(x[i : i + BATCH_ROWS], training=False) for i in range(0, len(x), BATCH_ROWS)]
    return np.concatenate([keras.ops.convert_to_numpy(batch) for batch in batches])


def _flat(x):
    return x.reshape(len(x), -1)


def _penalty(model, x):
    model(x, training=False)
    return float(sum(float(loss) for loss in model.losses))


def _columns(x_train, x_val):
    frames = [isinstance(x, pd.DataFrame) for x in (x_train, x_val)]
    if all(frames) and list(x_train.columns) != list(x_val.columns):
        raise ValueError(
            "`x_train` and `x_val` must have the same columns in the same order. "
            f"{received('columns of x_val', list(x_val.columns))}"
        )
    return list(x_train.columns) if frames[0] else list(x_val.columns) if frames[1] else None


def _labels(y, x_train, x_val):
    if y is None:
        return None, None
    if not isinstance(y, tuple | list) or len(y) != 2:
        raise TypeError(
            "`y` must be a pair: classes of the training rows and of the validation rows. "
            f"Received: y of type {type(y).__name__}."
        )
    y_train, y_val = check_labels(**{"y[0]": y[0], "y[1]": y[1]})
    check_same_length(**{"x_train": x_train, "y[0]": y_train})
    check_same_length(**{"x_val": x_val, "y[1]": y_val})
    return y_train, y_val
