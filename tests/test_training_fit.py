"""`train_replicates` does what `keras.Model.fit` does: same weights before, same losses and weights after."""

import keras
import numpy as np
import pytest
from keras import layers, optimizers, regularizers

from training_models import X_TRAIN, X_VAL, curves, rows, train, weights

EPOCHS = 20
BATCH_SIZE = 8  # of 20 rows, and of 13 to validate: the last batch is smaller
X_VAL_EVEN = rows(16, seed=1)
SEED = 3
MSE, BCE = "mse", "binary_crossentropy"
PENALTIES = {
    "none": {},
    "l1_activity": {"activity_regularizer": regularizers.L1(0.02)},
    "l2_weight": {"kernel_regularizer": regularizers.L2(0.01)},
}


def side_by_side():
    """Three autoencoders in one model, one for each penalty: they share the steps, but no weights.

    With optimizers that move each weight by itself, one run of `fit` so tells about three models.
    """
    inputs = keras.Input((6,))
    outputs = []
    for penalty, settings in PENALTIES.items():
        z = layers.Dense(3, activation="tanh", **settings)(inputs)
        outputs.append(layers.Dense(6, activation="sigmoid", name=penalty)(z))
    return keras.Model(inputs, outputs)


def three(*losses):
    targets = {"y_train": [X_TRAIN] * 3, "x_val": X_VAL_EVEN, "y_val": [X_VAL_EVEN] * 3}
    return {"build_model": side_by_side, **targets, "loss": list(losses), "loss_weights": [1.0, 0.5, 2.0]}


def normalised():
    x = inputs = keras.Input((6,))
    x = layers.BatchNormalization()(layers.Dense(5, activation="tanh")(x))
    x = layers.LayerNormalization()(layers.Dense(4, activity_regularizer=regularizers.L2(0.01))(x))
    return keras.Model(inputs, layers.Dense(6)(x))


def several_inputs():
    first, second = keras.Input((6,), name="first"), keras.Input((2,), name="second")
    x = layers.Dense(4, activation="tanh")(layers.Concatenate()([first, second]))
    outputs = {
        "rebuilt": layers.Dense(6, name="rebuilt")(x),
        "class": layers.Dense(3, activation="softmax", name="class")(x),
    }
    return keras.Model({"first": first, "second": second}, outputs)


SEVERAL_INPUTS = {
    "build_model": several_inputs,
    "x_train": {"first": X_TRAIN, "second": rows(20, 2, seed=2)},
    "x_val": {"first": X_VAL_EVEN, "second": rows(16, 2, seed=3)},
    "y_train": {"rebuilt": X_TRAIN, "class": np.arange(20) % 3},
    "y_val": {"rebuilt": X_VAL_EVEN, "class": np.arange(16) % 3},
    "loss": {"class": "sparse_categorical_crossentropy", "rebuilt": "mse"},
    "loss_weights": {"rebuilt": 1.0, "class": 0.25},
}
DENOISER = {
    "build_model": normalised,
    "x_train": X_TRAIN + rows(20, seed=4),
    "x_val": X_VAL + rows(13, seed=5),
    "y_train": X_TRAIN,
    "y_val": X_VAL,
    "loss": "mse",
}
PROBLEMS = {
    "SGD with momentum": (three(MSE, BCE, MSE), lambda: optimizers.SGD(0.05, momentum=0.9)),
    "RMSprop": (three(BCE, MSE, BCE), lambda: optimizers.RMSprop(0.003)),
    "Adam": (three(MSE, BCE, MSE), lambda: optimizers.Adam(0.01)),
    "AdamW": (three(BCE, MSE, BCE), lambda: optimizers.AdamW(0.01, weight_decay=0.05)),
    "several inputs and outputs, in dicts": (SEVERAL_INPUTS, lambda: optimizers.Adam(0.01)),
    "denoiser with normalisation and a learning-rate schedule": (
        DENOISER,
        lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.02, 10, 0.5)),
    ),
}


@pytest.fixture(scope="module")
def by_fit():
    """The history and final weights that `fit` gives, by problem; each is trained once."""
    done = {}

    def fit(name):
        if name not in done:
            problem, make_optimizer = PROBLEMS[name]
            keras.utils.set_random_seed(SEED)
            model = problem["build_model"]()
            model.compile(make_optimizer(), problem["loss"], loss_weights=problem.get("loss_weights"))
            history = model.fit(
                problem.get("x_train", X_TRAIN),
                problem["y_train"],
                validation_data=(problem.get("x_val", X_VAL), problem["y_val"]),
                epochs=EPOCHS,
                batch_size=BATCH_SIZE,
                shuffle=False,
                verbose=0,
            )
            done[name] = history.history, model.get_weights()
        return done[name]

    return fit


@pytest.mark.parametrize("vectorize", [True, False], ids=["stack", "in turn"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_losses_and_weights_are_those_of_fit(name, vectorize, by_fit):
    problem, make_optimizer = PROBLEMS[name]
    replicates = train(
        **problem,
        seeds=(8, SEED) if vectorize else (SEED,),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        optimizer=make_optimizer(),
        shuffle=False,
        vectorize=vectorize,
    )
    expected_history, expected_weights = by_fit(name)
    found = curves(replicates, SEED)
    assert found["epoch"] == list(range(1, EPOCHS + 1))
    for column, losses in expected_history.items():
        # Of several outputs, fit averages the batches' own losses (not the total) without regard to their sizes.
        if column == "loss" or column.startswith("val_"):
            np.testing.assert_allclose(found[column], losses, rtol=1e-4, err_msg=column)
    for mine, theirs in zip(weights(replicates, SEED), expected_weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_the_table_is_worth_its_time(by_fit):
    """Something is learnt in every problem, and the optimizers differ: else agreement would mean little."""
    last = {name: by_fit(name)[0]["val_loss"][-1] for name in PROBLEMS}
    assert len({round(loss, 4) for loss in last.values()}) == len(PROBLEMS)
    for name in PROBLEMS:
        losses = by_fit(name)[0]["loss"]
        assert losses[-1] < 0.98 * losses[0]
