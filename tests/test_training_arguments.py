"""What `train_replicates` is given wrongly is told before any training starts, with the name and what came."""

import re

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers, optimizers
from keras.callbacks import EarlyStopping

from aecourse.training import trainer
from training_models import X_TRAIN, X_VAL, plain, rows

MODEL = plain()
SHARED = layers.Dense(3)
FRAME = pd.DataFrame(X_TRAIN, columns=["alcohol", "ash", "hue", "flavanoids", "proline", "magnesium"])


def with_values(x, column, *values):
    x = x.copy()
    x[: len(values), column] = values
    return x


def classifier():
    return keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])


def two_outputs():
    inputs = keras.Input((6,))
    return keras.Model(inputs, [layers.Dense(6, name="left")(inputs), layers.Dense(2, name="right")(inputs)])


def compiled():
    model = plain()
    model.compile("sgd", "mse")
    return model


def unlike():
    """Another architecture at each call."""
    unlike.units += 1
    return keras.Sequential([keras.Input((6,)), layers.Dense(unlike.units), layers.Dense(6)])


unlike.units = 0


def unseeded():
    value = np.random.default_rng().random()
    return keras.Sequential([keras.Input((6,)), layers.Dense(6, kernel_initializer=keras.initializers.Constant(value))])


SPARSE = {"build_model": classifier, "loss": "sparse_categorical_crossentropy", "x_val": None}
TWO = {"build_model": two_outputs, "x_val": None}
MISTAKES = {
    # seeds
    "no seeds": ({"seeds": []}, ValueError, "`seeds` must hold at least one integer"),
    "seeds repeated": ({"seeds": [3, 5, 3]}, ValueError, "`seeds` must be distinct: .* Received: [3] more than once"),
    "seed negative": ({"seeds": [0, -1]}, ValueError, "at least 0 .* Received: seeds=-1"),
    "seed too large": ({"seeds": [2**32]}, ValueError, "at most 4294967295. Received: seeds=4294967296"),
    "seed a float": ({"seeds": [1.0]}, TypeError, "`seeds` must be a sequence of integers, .* Received: seeds=[1.0]"),
    "seed a bool": ({"seeds": [True]}, TypeError, "`seeds` must be a sequence of integers"),
    "seeds a string": ({"seeds": "12"}, TypeError, "`seeds` must be a sequence of integers, .* Received: seeds='12'"),
    "seeds a number": ({"seeds": 5}, TypeError, "as in range(50). Received: seeds=5"),
    "seeds None": ({"seeds": None}, TypeError, "`seeds` must be a sequence of integers"),
    # builder
    "no builder": ({"build_model": None}, TypeError, "`build_model` must be a function .* Received: build_model=None"),
    "a model": ({"build_model": MODEL}, TypeError, "`build_model` must be a function that takes no arguments"),
    "builder of nothing": ({"build_model": lambda: None}, TypeError, "Received: build_model() returned NoneType"),
    "builder of a layer": ({"build_model": lambda: layers.Dense(6)}, TypeError, "build_model() returned Dense"),
    "compiled": ({"build_model": compiled}, ValueError, "must return an uncompiled keras.Model. Received: a compiled"),
    "one model twice": ({"build_model": lambda: MODEL}, ValueError, "must make new layers at every call"),
    "one model twice, one seed": ({"build_model": lambda: MODEL, "seeds": [0]}, ValueError, "must make new layers"),
    "one layer twice": (
        {"build_model": lambda: keras.Sequential([keras.Input((6,)), SHARED, layers.Dense(6)])},
        ValueError,
        "models that share .*/kernel, .*/bias. Create the layers inside `build_model`",
    ),
    "another architecture": ({"build_model": unlike}, ValueError, "must build the same architecture at every call"),
    "unseeded": ({"build_model": unseeded}, ValueError, "must give the same weights for the same seed"),
    "unseeded, many seeds": ({"build_model": unseeded, "seeds": range(9)}, ValueError, "the same weights for the same"),
    "unseeded, one seed": ({"build_model": unseeded, "seeds": [4]}, ValueError, "the same weights for the same seed"),
    # arrays
    "x_train of other width": (
        {"x_train": rows(20, 4), "x_val": None},
        ValueError,
        "`x_train` must fit the model, which takes (n_samples, 6). Received: (n_samples, 4)",
    ),
    "x_val of other width": (
        {"x_val": rows(9, 4)},
        ValueError,
        "`x_val` must have the features of `x_train`, (n_samples, 6). Received: (n_samples, 4)",
    ),
    "x_val of other structure": ({"x_val": [X_VAL]}, ValueError, "`x_val` must have the features of `x_train`"),
    "two inputs for one": ({"x_train": [X_TRAIN] * 2, "x_val": None}, ValueError, "`x_train` must fit the model"),
    "NaN": (
        {"x_train": with_values(X_TRAIN, 2, np.nan, np.nan)},
        ValueError,
        "`x_train` must hold finite numbers. Received: 2 NaN in column 2",
    ),
    "NaN in a frame": (
        {"x_train": FRAME.where(FRAME.iloc[3, 2] != FRAME)},
        ValueError,
        "1 NaN in column 'hue' (index 2)",
    ),
    "infinite": ({"x_val": with_values(X_VAL, 5, np.inf)}, ValueError, "`x_val` must .* 1 infinite in column 5"),
    "NaN in targets": (
        {"y_train": with_values(X_TRAIN, 1, np.nan), "x_val": None},
        ValueError,
        "`y_train` must hold finite numbers. Received: 1 NaN in column 1",
    ),
    "text": ({"x_train": FRAME.assign(hue="red")}, TypeError, "`x_train` .* text or other objects in column 'hue'"),
    "no rows": ({"x_train": X_TRAIN[:0]}, ValueError, "`x_train` must have at least 1 row"),
    "no arrays": ({"x_train": {}}, ValueError, "`x_train` must hold at least one array"),
    "a generator": (
        {"x_train": (row for row in X_TRAIN)},
        TypeError,
        "`x_train` must be an array, DataFrame or Series",
    ),
    "a dataset": (
        {"x_train": tf.data.Dataset.from_tensor_slices(X_TRAIN)},
        TypeError,
        "`x_train` must be an array, DataFrame or Series",
    ),
    "a number": ({"x_train": 3.0}, ValueError, "`x_train` must have at least 1 axis"),
    "inputs of other lengths": (
        {"x_train": {"a": X_TRAIN, "b": X_TRAIN[:7]}, "x_val": None},
        ValueError,
        "`x_train_0` and `x_train_1` must have as many rows .* len(x_train_0)=20, len(x_train_1)=7",
    ),
    # targets
    "targets of other length": (
        {"y_train": X_TRAIN[:7], "x_val": None},
        ValueError,
        "must have as many rows as each other. Received: len(x_train)=20, len(y_train)=7",
    ),
    "y_val without x_val": ({"x_val": None, "y_val": X_VAL}, ValueError, "`y_val` must come with `x_val`"),
    "y_val without y_train": ({"y_val": X_VAL}, ValueError, "given both or neither. Received: only `y_val`"),
    "y_train without y_val": ({"y_train": X_TRAIN}, ValueError, "given both or neither. Received: only `y_train`"),
    "targets of other width": (
        {"y_train": rows(20, 4), "x_val": None},
        ValueError,
        "`y_train` must have the shape of the model's output, (n_samples, 6). Received: (20, 4)",
    ),
    "y_val of other width": (
        {"y_train": X_TRAIN, "y_val": rows(13, 4)},
        ValueError,
        "`y_val` must have the shape of the model's output, (n_samples, 6). Received: (13, 4)",
    ),
    "default targets do not fit": (
        {"build_model": classifier},
        ValueError,
        "`y_train` must have the shape of the model's output, (n_samples, 3). Received: (20, 6)",
    ),
    "class too large": (
        SPARSE | {"y_train": np.arange(20) % 4},
        ValueError,
        "`y_train` must hold whole numbers from 0 to 2, the classes. Received: numbers from 0 to 3",
    ),
    "class negative": (SPARSE | {"y_train": np.arange(20) % 3 - 1}, ValueError, "whole numbers from 0 to 2"),
    "class in between": (SPARSE | {"y_train": np.full(20, 1.5)}, ValueError, "whole numbers from 0 to 2"),
    "classes one-hot": (
        SPARSE | {"y_train": np.eye(3)[[0] * 20]},
        ValueError,
        "output, (n_samples,). Received: (20, 3)",
    ),
    "one array for two outputs": (TWO | {"y_train": X_TRAIN}, ValueError, "each of the 2 outputs. Received: 1"),
    "a dict for a list of outputs": (
        TWO | {"y_train": {"left": X_TRAIN, "right": rows(20, 2)}},
        ValueError,
        "`y_train` must have the keys of the outputs, None. Received: ['left', 'right']",
    ),
    # numbers
    "epochs 0": ({"epochs": 0}, ValueError, "`epochs` must be an integer at least 1. Received: epochs=0"),
    "epochs a float": ({"epochs": 3.0}, TypeError, "`epochs` must be an integer at least 1. Received: epochs=3.0"),
    "batch_size 0": ({"batch_size": 0}, ValueError, "`batch_size` must be an integer at least 1"),
    "batch_size too large": (
        {"batch_size": 21},
        ValueError,
        "`batch_size` must be at most the number of training rows, 20. Received: batch_size=21",
    ),
    "learning_rate 0": ({"learning_rate": 0}, ValueError, "`learning_rate` must be a finite number above 0"),
    "learning_rate negative": ({"learning_rate": -1e-3}, ValueError, "Received: learning_rate=-0.001"),
    "learning_rate text": ({"learning_rate": "fast"}, TypeError, "`learning_rate` must be a finite number above 0"),
    # names
    "optimizer unknown": (
        {"optimizer": "adamm"},
        ValueError,
        "`optimizer` must be one of adadelta, .*adam, .*sgd. Received: optimizer='adamm'",
    ),
    "optimizer a class": ({"optimizer": optimizers.Adam}, TypeError, "must be a name or a keras.optimizers.Optimizer"),
    "optimizer and learning_rate": (
        {"optimizer": optimizers.Adam(0.1), "learning_rate": 0.01},
        ValueError,
        "`learning_rate` must be left out when `optimizer` is an instance",
    ),
    "optimizer of averages": (
        {"optimizer": optimizers.Adam(use_ema=True)},
        ValueError,
        "not an average of them. Received: Adam with use_ema",
    ),
    "optimizer schedule-free": ({"optimizer": "ScheduleFreeAdamW"}, ValueError, "`optimizer` must be one of"),
    "loss unknown": (
        {"loss": "msee"},
        ValueError,
        "`loss` must be one of binary_crossentropy, .*mean_squared_error, .* Received: loss='msee'",
    ),
    "loss a number": ({"loss": 3}, TypeError, "must be the name of a Keras loss or a callable. Received: loss=3"),
    "losses of other number": (
        {"loss": ["mse", "mse"]},
        ValueError,
        "`loss` must be a single entry, a list of 1 entries or a dict .* Received: loss=['mse', 'mse']",
    ),
    "losses of other names": (
        TWO | {"y_train": [X_TRAIN, rows(20, 2)], "loss": {"left": "mse", "wrong": "mse"}},
        ValueError,
        "a dict with the keys ['left', 'right']",
    ),
    "weights negative": ({"loss_weights": [-1.0]}, ValueError, "`loss_weights` must be a finite number at least 0"),
    "weights of other number": ({"loss_weights": [1, 2]}, ValueError, "`loss_weights` must be a single entry"),
    # flags
    "shuffle a word": ({"shuffle": "no"}, TypeError, "`shuffle` must be True or False. Received: shuffle='no'"),
    "progress a number": ({"progress": 0}, TypeError, "`progress` must be True or False. Received: progress=0"),
    "vectorize a word": ({"vectorize": "no"}, TypeError, "`vectorize` must be True, False or None"),
    # early stopping
    "early stopping a number": ({"early_stopping": 5}, TypeError, "must be a keras.callbacks.EarlyStopping or None"),
    "early stopping on nothing": (
        {"early_stopping": EarlyStopping(monitor="val_accuracy")},
        ValueError,
        "must monitor one of loss, reconstruction_loss, val_loss, val_reconstruction_loss. "
        "Received: monitor='val_accuracy'",
    ),
    "early stopping without x_val": (
        {"early_stopping": EarlyStopping(), "x_val": None},
        ValueError,
        "Received: monitor='val_loss'. Pass `x_val` to have validation losses",
    ),
    "early stopping upwards": (
        {"early_stopping": EarlyStopping(mode="max")},
        ValueError,
        "`early_stopping` must look for a minimum",
    ),
}


@pytest.fixture
def no_engine(monkeypatch):
    def fail(*_):
        pytest.fail("training has started")

    monkeypatch.setattr(trainer, "StackedEngine", fail)
    monkeypatch.setattr(trainer, "SingleEngine", fail)


def as_pattern(fragment):
    """Of the characters that mean something to `re`, only `.*` is meant here."""
    return ".*".join(map(re.escape, fragment.split(".*")))


CORRECT = {
    "build_model": plain,
    "x_train": X_TRAIN,
    "x_val": X_VAL,
    "seeds": [0, 1],
    "epochs": 1,
    "batch_size": 8,
    "progress": False,
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_before_training_starts(name, no_engine):
    settings, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=as_pattern(message)) as caught:
        trainer.train_replicates(**CORRECT | settings)
    assert caught.type is kind


@pytest.mark.parametrize(
    "settings",
    [
        {"x_train": FRAME},
        {"x_train": X_TRAIN.astype("float64").tolist()},
        {"x_train": tf.constant(X_TRAIN)},
        {"seeds": np.array([0, 1])},
        {"seeds": range(2)},
        {"y_train": X_TRAIN.copy(), "y_val": X_VAL.copy()},
        {"optimizer": "Adam", "learning_rate": 1e-3},
        {"optimizer": optimizers.Adam(0.001)},
        {"loss": keras.losses.MeanSquaredError()},
        {"loss": keras.losses.mean_squared_error},
        {"loss": {"reconstruction": "mse"}, "loss_weights": [1]},
    ],
    ids=lambda settings: ", ".join(settings) or "plain",
)
def test_ways_to_say_the_same(settings, correct_run):
    found = trainer.train_replicates(**CORRECT | settings)
    pd.testing.assert_frame_equal(found.history, correct_run.history, rtol=1e-6)


@pytest.fixture(scope="module")
def correct_run():
    return trainer.train_replicates(**CORRECT)


def test_one_number_per_row_for_an_output_of_width_one():
    def build_model():
        return keras.Sequential([keras.Input((6,)), layers.Dense(1)])

    flat, column = (
        trainer.train_replicates(**CORRECT | {"build_model": build_model, "x_val": None, "y_train": y}).history
        for y in (X_TRAIN[:, 0], X_TRAIN[:, :1])
    )
    pd.testing.assert_frame_equal(flat, column)


def test_an_optimizer_that_was_given_is_not_used_up():
    """It is copied, so that a second call starts afresh."""
    optimizer = optimizers.Adam(0.01)
    runs = [trainer.train_replicates(**CORRECT | {"optimizer": optimizer}) for _ in range(2)]
    assert not optimizer.built
    pd.testing.assert_frame_equal(runs[0].history, runs[1].history)
