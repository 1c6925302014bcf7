"""What `train_replicates` was given, checked before any work starts and brought into one form."""

from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from aecourse._checks import as_numeric_array, check_int, check_real, check_same_length, received

MAX_SEED = 2**32 - 1  # of numpy.random.seed, which keras.utils.set_random_seed calls
# It starts from the weights themselves, which here come after the optimizer.
UNFIT_OPTIMIZERS = ("ScheduleFreeAdamW",)
DEFAULT_LEARNING_RATE = 1e-3  # of Adam in Keras and in its paper
OPTIMIZER_NAMES = tuple(
    name
    for name, member in vars(keras.optimizers).items()
    if isinstance(member, type) and issubclass(member, keras.optimizers.Optimizer) and "Optimizer" not in name
    if name not in UNFIT_OPTIMIZERS
)


@dataclass(frozen=True)
class Data:
    """Inputs and targets of one part, as arrays or lists or dicts of them; the same object where they are the same."""

    x: object
    y: object

    @property
    def n_samples(self):
        return len(tf.nest.flatten(self.x)[0])

    def to_tensors(self):
        x = tf.nest.map_structure(tf.convert_to_tensor, self.x)
        return x, x if self.y is self.x else tf.nest.map_structure(tf.convert_to_tensor, self.y)


def check_builder(build_model, name="build_model"):
    if not callable(build_model) or isinstance(build_model, keras.Model):
        raise TypeError(
            f"`{name}` must be a function that takes no arguments and returns a new keras.Model, as in "
            f"`lambda: build_autoencoder(13, 3)`. {received(name, build_model)}"
        )


def check_flags(**flags):
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            choices = "True, False or None" if name == "vectorize" else "True or False"
            raise TypeError(f"`{name}` must be {choices}. {received(name, flag)}")


def read_seeds(seeds):
    """`seeds` as a list of distinct Python ints."""
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        raise TypeError(f"`seeds` must be a sequence of integers, as in range(50). {received('seeds', seeds)}")
    try:
        seeds = [check_int("seeds", seed, minimum=0, maximum=MAX_SEED) for seed in seeds]
    except TypeError as error:
        expected = "`seeds` must be a sequence of integers, as in range(50)."
        raise TypeError(f"{expected} {received('seeds', seeds)}") from error
    if not seeds:
        raise ValueError("`seeds` must hold at least one integer. Received: seeds=[].")
    repeated = sorted({seed for seed in seeds if seeds.count(seed) > 1}) if len(set(seeds)) < len(seeds) else []
    if repeated:
        raise ValueError(
            f"`seeds` must be distinct: a repeated seed is the same run again, not a new one. Received: {repeated[:5]} "
            "more than once."
        )
    return seeds


def read_parts(x_train, y_train, x_val, y_val):
    """Training and validation part as `Data`; the latter is None where there is none."""
    if x_val is None and y_val is not None:
        raise ValueError("`y_val` must come with `x_val`. Received: x_val=None.")
    if x_val is not None and (y_train is None) != (y_val is None):
        given = "y_train" if y_val is None else "y_val"
        raise ValueError(f"`y_train` and `y_val` must be given both or neither. Received: only `{given}`.")
    train = _read_part("train", x_train, y_train)
    if x_val is None:
        return train, None
    val = _read_part("val", x_val, y_val)
    if _layout(val.x) != _layout(train.x):
        raise ValueError(
            f"`x_val` must have the features of `x_train`, {_layout(train.x)}. Received: {_layout(val.x)}."
        )
    return train, val


def _read_part(part, x, y):
    """Arrays of one part ("train" or "val"), finite and of one length; targets default to the inputs."""
    x = as_arrays(f"x_{part}", x)
    y = x if y is None else as_arrays(f"y_{part}", y, keep_integers=True)
    check_same_length(**_named(f"x_{part}", x), **({} if y is x else _named(f"y_{part}", y)))
    return Data(x, y)


def read_rows(part, rows, n_seeds, data):
    """Rows of a part for each seed, int32 (n_seeds, n_rows); None where each has all of them."""
    if rows is None:
        return None
    name = f"rows_{part}"
    if data is None:
        raise ValueError(f"`{name}` must come with `x_{part}`. Received: x_{part}=None.")
    expected = f"`{name}` must hold whole numbers from 0 to {data.n_samples - 1}, rows of `x_{part}`"
    array = as_numeric_array(name, rows, ndim=2, keep_integers=True)
    if array.dtype.kind != "i":
        raise TypeError(f"{expected}. Received: {name} of type {np.asarray(rows).dtype}.")
    if len(array) != n_seeds:
        raise ValueError(f"{expected}, for each of the {n_seeds} seeds. Received: {name} of shape {array.shape}.")
    if array.min() < 0 or array.max() >= data.n_samples:
        raise ValueError(f"{expected}. Received: numbers from {array.min()} to {array.max()}.")
    return array.astype("int32")


def as_arrays(name, value, *, keep_integers=False):
    """`value` as a finite array, or a list or dict of them; `name` is for the message."""
    if isinstance(value, dict):
        parts = {key: as_numeric_array(f"{name}[{key!r}]", v, keep_integers=keep_integers) for key, v in value.items()}
    elif _is_several(value):
        parts = [as_numeric_array(f"{name}[{i}]", v, keep_integers=keep_integers) for i, v in enumerate(value)]
    else:
        return as_numeric_array(name, value, keep_integers=keep_integers)
    if not parts:
        raise ValueError(f"`{name}` must hold at least one array. {received(name, value)}")
    return parts


def _is_several(value):
    """A list of arrays is one for each input; a list of lists of numbers is a single one."""
    return isinstance(value, list | tuple) and any(isinstance(v, np.ndarray | pd.DataFrame | pd.Series) for v in value)


def _named(name, structure):
    flat = tf.nest.flatten(structure)
    return {name if len(flat) == 1 else f"{name}_{i}": array for i, array in enumerate(flat)}


def _layout(structure):
    """`structure` with a text like "(n_samples, 13)" in the place of each array."""
    return tf.nest.map_structure(lambda array: _shape(("n_samples", *array.shape[1:])), structure)


def first_output(model, example):
    """What the model returns for the first training row, or an error that says what it expects."""
    try:
        return model(example)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        inputs = getattr(model, "inputs", None) or []
        takes = f", which takes {_layout(inputs[0] if len(inputs) == 1 else inputs)}" if inputs else ""
        raise ValueError(f"`x_train` must fit the model{takes}. Received: {_layout(example)}.") from error


def fit_targets(data, part, output, sparse):
    """Bring targets to the dtype and rank of the model's outputs, or say how the shapes differ.

    Parameters
    ----------
    data : Data
    part : str
        "train" or "val".
    output : tensor or structure of tensors
        Outputs for one row.
    sparse : tuple of bool
        For each output, whether its targets are class numbers.
    """
    targets, outputs = tf.nest.flatten(data.y), tf.nest.flatten(output)
    if len(targets) != len(outputs):
        raise ValueError(
            f"`y_{part}` must hold one array for each of the {len(outputs)} outputs. Received: {len(targets)}."
        )
    keys = [sorted(value) if isinstance(value, dict) else None for value in (output, data.y)]
    if keys[0] != keys[1]:
        raise ValueError(f"`y_{part}` must have the keys of the outputs, {keys[0]}. Received: {keys[1]}.")
    fitted = []
    for target, prediction, is_sparse in zip(targets, outputs, sparse, strict=True):
        n_axes = prediction.ndim - is_sparse
        if target.ndim == n_axes - 1 and not is_sparse and prediction.shape[-1] == 1:
            target = target[..., None]  # one number per row for an output of width 1, as fit takes it
        expected = ("n_samples", *map(int, prediction.shape[1:n_axes]))
        if target.shape[1:] != tuple(prediction.shape[1:n_axes]):
            raise ValueError(
                f"`y_{part}` must have the shape of the model's output, {_shape(expected)}. "
                f"Received: {_shape(target.shape)}."
            )
        if is_sparse and (target.min() < 0 or target.max() >= prediction.shape[-1] or np.any(target % 1)):
            raise ValueError(
                f"`y_{part}` must hold whole numbers from 0 to {prediction.shape[-1] - 1}, the classes. "
                f"Received: numbers from {target.min()} to {target.max()}."
            )
        fitted.append(target if is_sparse else target.astype("float32", copy=False))
    if data.y is data.x:
        return data
    return Data(data.x, tf.nest.pack_sequence_as(data.y, fitted))


def _shape(shape):
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def read_optimizer(optimizer, learning_rate):
    """A function that makes a fresh optimizer at each call."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if learning_rate != DEFAULT_LEARNING_RATE:
            raise ValueError(
                "`learning_rate` must be left out when `optimizer` is an instance, which has its own. "
                f"{received('learning_rate', learning_rate)}"
            )
        if optimizer.use_ema or type(optimizer).__name__ in UNFIT_OPTIMIZERS:
            raise ValueError(
                "`optimizer` must move the weights themselves, not an average of them. "
                f"Received: {type(optimizer).__name__}{' with use_ema' * optimizer.use_ema}."
            )
        config = optimizer.get_config()
        return lambda: type(optimizer).from_config(config)
    if isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        rate = learning_rate
    else:
        rate = check_real("learning_rate", learning_rate, above=0)
    if not isinstance(optimizer, str):
        expected = "`optimizer` must be a name or a keras.optimizers.Optimizer."
        raise TypeError(f"{expected} {received('optimizer', optimizer)}")
    names = {name.lower(): name for name in OPTIMIZER_NAMES}
    if optimizer.lower() not in names:
        raise ValueError(f"`optimizer` must be one of {', '.join(sorted(names))}. {received('optimizer', optimizer)}")
    return lambda: getattr(keras.optimizers, names[optimizer.lower()])(learning_rate=rate)


def check_early_stopping(rule, columns):
    """Check a `keras.callbacks.EarlyStopping` against the columns of the history."""
    if rule is None:
        return
    if not isinstance(rule, keras.callbacks.EarlyStopping):
        raise TypeError(
            f"`early_stopping` must be a keras.callbacks.EarlyStopping or None. {received('early_stopping', rule)}"
        )
    if rule.monitor not in columns:
        raise ValueError(
            f"`early_stopping` must monitor one of {', '.join(columns)}. Received: monitor={rule.monitor!r}."
            + (" Pass `x_val` to have validation losses." if rule.monitor.startswith("val_") else "")
        )
    if rule.mode == "max":
        raise ValueError("`early_stopping` must look for a minimum: its quantity is a loss. Received: mode='max'.")
