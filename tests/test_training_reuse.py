"""Engines kept for the next training: the same results as from new ones, and never where anything differs."""

import keras
import numpy as np
import pytest
from keras import layers
from keras.optimizers.schedules import CosineDecay

from aecourse import models
from aecourse.training import reuse, trainer
from aecourse.training.engines import SingleEngine, StackedEngine
from test_training_seeds import assert_same_run
from training_models import X_TRAIN, X_VAL, normalised_and_noisy, plain, rows, train


@pytest.fixture
def made(monkeypatch):
    """The engines made, in their order."""
    engines = []

    def made_by(kind):
        def make(*args, **compiling):
            engines.append(kind(*args, **compiling))
            return engines[-1]

        return make

    monkeypatch.setattr(trainer, "StackedEngine", made_by(StackedEngine))
    monkeypatch.setattr(trainer, "SingleEngine", made_by(SingleEngine))
    return engines


def named_noise():
    x = inputs = keras.Input((6,), name="features")
    x = layers.GaussianNoise(0.1, name="noise")(x)
    x = layers.BatchNormalization(name="norm")(layers.Dense(7, activation="relu", name="encoder")(x))
    x = layers.Dense(4, name="code")(layers.Dropout(0.3, name="dropout")(x))
    return keras.Model(inputs, layers.Dense(6, activation="sigmoid", name="reconstruction")(x))


def assert_same(one, other):
    for seed in one.seeds:
        assert_same_run(one, other, seed)


# What may change from one training to the next, so that one engine serves both.
CHANGES = {
    "nothing": {},
    "seeds": {"seeds": (5, 1, 9)},
    "more seeds": {"seeds": range(10)},
    "rate": {"learning_rate": 0.3},
    "data": {"x_train": rows(20, seed=8), "x_val": rows(13, seed=9)},
    "number of rows": {"x_train": rows(31), "x_val": rows(5)},
    "no validation": {"x_val": None},
    "targets": {"y_train": X_TRAIN[:, ::-1], "y_val": X_VAL},
    "own rows": {"rows_train": np.arange(18).reshape(3, 6)[:, ::-1], "batch_size": 4},
    "own rows to validate on": {"rows_val": np.arange(12).reshape(3, 4)},
    "epochs": {"epochs": 5},
    "order": {"shuffle": False},
    "early stopping": {"early_stopping": keras.callbacks.EarlyStopping("val_loss", patience=0)},
    "start": {"initial_weights": "those before"},
}


WAYS = ("in a stack", "in turn", "in turn, by XLA")
# Compiling by XLA takes a second each time.
CASES = [(way, plain, changed) for way in WAYS[:2] for changed in CHANGES]
NOISY = (named_noise, normalised_and_noisy)
CASES += [(way, noisy, changed) for noisy in NOISY for way in WAYS[:2] for changed in ("seeds", "data")]
CASES += [("in turn, by XLA", plain, changed) for changed in ("rate", "data", "number of rows", "own rows")]


@pytest.mark.parametrize(("way", "build_model", "changed"), CASES)
def test_a_kept_engine_gives_what_a_new_one_gives(way, build_model, changed, made, monkeypatch):
    monkeypatch.setattr(trainer, "worth_compiling", lambda *size: way == "in turn, by XLA")
    changes = dict(CHANGES[changed])
    settings = {"vectorize": way == "in a stack", "batch_size": changes.get("batch_size", 8)}
    before = train(build_model, **settings)
    if "initial_weights" in changes:
        changes["initial_weights"] = before
    by_kept = train(build_model, **settings | changes)
    assert len(made) == 1
    reuse.forget_engines()
    by_new = train(build_model, **settings | changes)
    assert len(made) == 2
    assert_same(by_kept, by_new)
    assert by_kept.history.equals(by_new.history)


@pytest.mark.parametrize("vectorize", [True, False])
def test_earlier_records_stay_as_they_were(vectorize):
    before = train(plain, vectorize=vectorize)
    predictions, kernels = before.predict(X_VAL), [stack.copy() for stack in before.weights]
    train(plain, learning_rate=0.5, vectorize=vectorize)
    assert len(reuse._kept) == 1
    np.testing.assert_array_equal(before.predict(X_VAL), predictions)
    for stack, kernel in zip(before.weights, kernels, strict=True):
        np.testing.assert_array_equal(stack, kernel)


def two_outputs():
    x = keras.Input((6,), name="features")
    z = layers.Dense(4, name="code")(x)
    outputs = {"digit": layers.Dense(2, name="digit")(z), "rebuilt": layers.Dense(6, name="rebuilt")(z)}
    return keras.Model(x, outputs)


def unnamed(*, crossed=False):
    """Keras numbers its layers on from model to model."""

    def build_model():
        inner = keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.Dense(6, activation="tanh")])
        x = keras.Input((6,))
        first, second = layers.Dense(6)(x), inner(x)
        z = keras.ops.maximum(first, second)
        return keras.Model(x, layers.Dense(6)(z + first if crossed else z + second))

    return build_model


def test_names_that_keras_gives_don_t_matter(made):
    names = {layer.name for layer in unnamed()().layers}
    assert not names & {layer.name for layer in unnamed()().layers}
    train(unnamed())
    by_kept = train(unnamed(), seeds=(4, 1, 0))
    assert len(made) == 1
    across = train(unnamed(crossed=True))  # the same layers, put together in another way
    assert len(made) == 2
    reuse.forget_engines()
    assert_same(by_kept, train(unnamed(), seeds=(4, 1, 0)))
    assert_same(across, train(unnamed(crossed=True)))


@pytest.mark.parametrize("way", WAYS)
def test_weights_of_several_losses_may_change(way, made, monkeypatch):
    monkeypatch.setattr(trainer, "worth_compiling", lambda *size: way == "in turn, by XLA")
    targets = {"digit": X_TRAIN[:, :2], "rebuilt": X_TRAIN}
    settings = {"x_val": None, "y_train": targets, "loss": "mse", "vectorize": way == "in a stack"}
    runs = [
        train(two_outputs, loss_weights={"digit": w, "rebuilt": 1.0}, learning_rate=rate, **settings)
        for w, rate in [(0.0, 0.1), (0.3, 0.1), (0.3, 0.2)]
    ]
    assert len(made) == 1
    assert runs[0].history["digit_loss"].iloc[-1] > 1.5 * runs[1].history["digit_loss"].iloc[-1]
    reuse.forget_engines()
    assert_same(runs[2], train(two_outputs, loss_weights=[0.3, 1.0], learning_rate=0.2, **settings))
    assert len(made) == 2


def test_the_rate_of_an_optimizer_that_brings_its_own(made):
    train(plain, optimizer=keras.optimizers.Adam(0.1))
    by_kept = train(plain, optimizer=keras.optimizers.Adam(0.02))
    assert len(made) == 1
    assert_same(by_kept, train(plain, learning_rate=0.02))


def build(**changes):
    return lambda: models.build_autoencoder(6, 3, **{"output_activation": "sigmoid", **changes})


# What is traced, so that no engine may serve both: the second training, and what differs.
DIFFERENT = {
    "activation": (build(code_activation="tanh"), {}),
    "penalty": (build(activity_l1=0.1), {}),
    "strength of a penalty": (build(weight_l2=0.1), {}),
    "width": (build(hidden_units=(5,)), {}),
    "loss": (plain, {"loss": "mae"}),
    "weight of the only loss": (plain, {"loss_weights": [0.5]}),
    "optimizer": (plain, {"optimizer": "sgd"}),
    "setting of the optimizer": (plain, {"optimizer": keras.optimizers.Adam(beta_1=0.5)}),
    "schedule": (plain, {"learning_rate": CosineDecay(0.1, 9)}),
    "batch size": (plain, {"batch_size": 5}),
    "size of the stack": (plain, {"seeds": range(0, 64, 16)}),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_another_training_has_an_engine_of_its_own(difference, made):
    build_model, changes = DIFFERENT[difference]
    train(build(weight_l2=0.2) if difference == "strength of a penalty" else plain)
    after = train(build_model, **changes)
    assert len(made) == 2
    reuse.forget_engines()
    assert_same(after, train(build_model, **changes))


def test_schedules_differ_by_their_settings(made):
    train(plain, learning_rate=CosineDecay(0.1, 9))
    train(plain, learning_rate=CosineDecay(0.1, 9))
    assert len(made) == 1
    train(plain, learning_rate=CosineDecay(0.2, 9))
    assert len(made) == 2


class Doubling(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def with_layer(layer):
    def build_model():
        x = inputs = keras.Input((6,), name="features")
        x = layers.Dense(3, name="code")(x)
        return keras.Model(inputs, layers.Dense(6, name="reconstruction")(layer(x)))

    return build_model


def nested(layer):
    def build_model():
        inner = keras.Input((3,), name="inner")
        inside = keras.Model(inner, layer()(inner), name="inside")
        x = inputs = keras.Input((6,), name="features")
        return keras.Model(inputs, layers.Dense(6, name="reconstruction")(inside(layers.Dense(3, name="code")(x))))

    return build_model


class Nothing(keras.regularizers.Regularizer):
    """Without a configuration."""

    def __call__(self, x):
        return 0.0


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """Without a configuration, too."""

    def __call__(self, step):
        return 0.1 / (1.0 + keras.ops.cast(step, "float32"))


def doubled(x):
    return 2 * x


def with_dense(**settings):
    return with_layer(lambda x: layers.Dense(3, name="own", **settings)(x))


# Models and losses that hold code: their configuration does not tell what they do.
CODE = {
    "custom layer": (with_layer(lambda x: Doubling(name="own")(x)), {}),
    "lambda": (with_layer(lambda x: layers.Lambda(lambda v: 2 * v, name="own")(x)), {}),
    "lambda inside a model": (nested(lambda: layers.Lambda(lambda v: 2 * v, name="own")), {}),
    "custom layer inside a model": (nested(lambda: Doubling(name="own")), {}),
    "lambda as activation": (with_dense(activation=lambda v: 2 * v), {}),
    "custom activation": (with_dense(activation=doubled), {}),
    "custom penalty": (with_dense(kernel_regularizer=Nothing()), {}),
    "custom loss": (plain, {"loss": lambda y, y_hat: keras.ops.mean(keras.ops.abs(y - y_hat), axis=-1)}),
    "custom schedule": (plain, {"learning_rate": Halving()}),
    "loss object": (plain, {"loss": keras.losses.Huber(0.1)}),
    "noise that can't be fed": (with_layer(lambda x: layers.GaussianDropout(0.1, name="own")(x)), {}),
}


@pytest.mark.parametrize("what", CODE)
def test_code_is_traced_anew(what, made):
    build_model, settings = CODE[what]
    train(build_model, **settings)
    assert not reuse._kept
    train(build_model, **settings)
    assert len(made) == 2


def altered():
    model = plain()
    code = model.get_layer("code")
    call = code.call
    code.call = lambda inputs, training=None: call(inputs) + 0.01
    return model


def test_a_model_that_runs_otherwise_than_its_configuration_says(made):
    """Such as one whose layer was altered after it was built."""
    train(plain)
    after = train(altered)
    assert len(made) == 2
    reuse.forget_engines()
    assert_same(after, train(altered))


def test_an_engine_in_use_is_not_lent(made):
    inner = []

    class Nested(keras.callbacks.EarlyStopping):
        """Trains another time while the first training runs."""

        def __getattribute__(self, name):
            if name == "min_delta" and not inner:
                inner.append(None)
                inner[0] = train(plain, learning_rate=0.2)
            return super().__getattribute__(name)

    outer = train(plain, early_stopping=Nested("val_loss", patience=50))
    assert len(inner) == 1
    assert_same(outer, train(plain))
    assert_same(inner[0], train(plain, learning_rate=0.2))


def test_a_failed_training_leaves_nothing_behind(monkeypatch):
    def fail(self, *args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StackedEngine, "train_epoch", fail)
        with pytest.raises(KeyboardInterrupt):
            train(plain)
    assert not reuse._kept


def test_kept_engines_hold_no_data_and_are_few(monkeypatch, made):
    monkeypatch.setattr(reuse, "MOST_KEPT", 2)
    for width in (1, 2, 1, 3, 1, 2):  # those that wait longest go: the second width when the third comes
        train(build(hidden_units=(width,)), epochs=1)
    assert [engine.model.get_layer("encoder_1").units for engine in made] == [1, 2, 3, 2]
    assert len(reuse._kept) == 2
    assert all(engine._train is None and engine._val is None for engine in reuse._kept.values())


def test_large_models_are_not_kept(monkeypatch):
    monkeypatch.setattr(reuse, "LARGEST_KEPT", 100)
    train(plain)
    assert not reuse._kept


def test_with_and_without_xla_are_kept_apart(made, monkeypatch):
    for by_xla in (False, True, False):
        monkeypatch.setattr(trainer, "worth_compiling", lambda *size, by_xla=by_xla: by_xla)
        train(plain, vectorize=False)
    assert [engine.jit_compile for engine in made] == [False, True]
