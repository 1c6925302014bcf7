"""Seeds that train and validate on rows of their own do what each would do with these rows alone."""

import keras
import numpy as np
import pytest

from training_models import X_TRAIN, convolutional, curves, normalised_and_noisy, plain, rows, train, weights

SEEDS = (4, 0, 9)
rng = np.random.default_rng(0)
ROWS_TRAIN = np.stack([rng.choice(20, 11, replace=False) for _ in SEEDS])
ROWS_VAL = np.stack([rng.choice(20, 9) for _ in SEEDS])  # a row may come twice
IMAGES = rows(20, 36).reshape(20, 6, 6, 1)


def two_headed():
    inputs = keras.Input((6,))
    code = keras.layers.Dense(4, activation="tanh")(inputs)
    x_hat = keras.layers.Dense(6, name="rebuilt")(code)
    return keras.Model(inputs, {"rebuilt": x_hat, "class": keras.layers.Dense(3, activation="softmax")(code)})


TARGETS = {"rebuilt": X_TRAIN, "class": np.arange(20) % 3}
CASES = {
    "stacked": (plain, X_TRAIN, None, {}),
    "in turn": (plain, X_TRAIN, None, {"vectorize": False}),
    "with noise": (normalised_and_noisy, X_TRAIN, None, {}),
    "convolutional": (convolutional, IMAGES, None, {"vectorize": False}),
    "two outputs": (
        two_headed,
        X_TRAIN,
        TARGETS,
        {"loss": {"rebuilt": "mse", "class": "sparse_categorical_crossentropy"}},
    ),
}


def take(y, which):
    return {name: part[which] for name, part in y.items()}


@pytest.mark.parametrize("name", CASES)
def test_each_seed_trains_as_on_its_rows_alone(name):
    build, x, y, settings = CASES[name]
    targets = {} if y is None else {"y_train": y, "y_val": y}
    together = train(build, x, x, seeds=SEEDS, rows_train=ROWS_TRAIN, rows_val=ROWS_VAL, **targets, **settings)
    for seed, mine, for_val in zip(SEEDS, ROWS_TRAIN, ROWS_VAL, strict=True):
        targets = {} if y is None else {"y_train": take(y, mine), "y_val": take(y, for_val)}
        alone = train(build, x[mine], x[for_val], seeds=[seed], **targets, **settings)
        for column, values in curves(alone, seed).items():
            np.testing.assert_allclose(curves(together, seed)[column], values, rtol=1e-5, err_msg=column)
        for a, b in zip(weights(together, seed), weights(alone, seed), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_rows_of_one_part_only():
    own = train(plain, X_TRAIN, X_TRAIN, seeds=SEEDS, rows_train=ROWS_TRAIN)
    alone = train(plain, X_TRAIN[ROWS_TRAIN[1]], X_TRAIN, seeds=SEEDS[1:2])
    np.testing.assert_allclose(curves(own, 0)["val_loss"], curves(alone, 0)["val_loss"], rtol=1e-5)
    own = train(plain, X_TRAIN, X_TRAIN, seeds=SEEDS, rows_val=ROWS_VAL)
    alone = train(plain, X_TRAIN, X_TRAIN[ROWS_VAL[1]], seeds=SEEDS[1:2])
    np.testing.assert_allclose(curves(own, 0)["val_loss"], curves(alone, 0)["val_loss"], rtol=1e-5)


@pytest.mark.parametrize("vectorize", [True, False])
def test_all_rows_in_order_change_nothing(vectorize):
    every = np.tile(np.arange(20), (len(SEEDS), 1))
    own = train(plain, X_TRAIN, X_TRAIN, seeds=SEEDS, rows_train=every, vectorize=vectorize)
    shared = train(plain, X_TRAIN, X_TRAIN, seeds=SEEDS, vectorize=vectorize)
    for seed in SEEDS:
        assert curves(own, seed) == curves(shared, seed)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"rows_train": ROWS_TRAIN + 0.5}, TypeError, r"`rows_train` must hold whole numbers from 0 to 19, rows of"),
        ({"rows_train": ROWS_TRAIN + 10}, ValueError, r"from 0 to 19, rows of `x_train`\. Received: numbers from 1"),
        ({"rows_train": -ROWS_TRAIN}, ValueError, r"Received: numbers from -19 to 0"),
        ({"rows_train": ROWS_TRAIN[:2]}, ValueError, r"each of the 3 seeds\. Received: rows_train of shape \(2, 11\)"),
        ({"rows_train": ROWS_TRAIN[0]}, ValueError, r"`rows_train` must have 2 axes"),
        ({"rows_val": ROWS_VAL + 10}, ValueError, r"`rows_val` must hold whole numbers from 0 to 19, rows of `x_val`"),
        ({"rows_val": ROWS_VAL, "x_val": None}, ValueError, r"`rows_val` must come with `x_val`"),
        (
            {"rows_train": ROWS_TRAIN, "batch_size": 12},
            ValueError,
            r"number of training rows, 11\. Received: batch_size=12",
        ),
    ],
)
def test_rows_that_cannot_be_taken_are_told(settings, kind, message):
    settings = {"x_val": X_TRAIN, "seeds": SEEDS, **settings}
    with pytest.raises(kind, match=message):
        train(plain, X_TRAIN, **settings)
