"""Steps compiled by XLA: where that pays, with the same results, and not without a word where it fails."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import test_training_fit
import training_models
from aecourse import models
from aecourse.training import engines, stacking, trainer
from aecourse.training.engines import SingleEngine
from test_training_fit import by_fit  # noqa: F401 - a fixture
from test_training_seeds import assert_same_run
from training_models import convolutional, curves, normalised_and_noisy, plain, rows, train, weights


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """Each training makes an engine of its own."""
    monkeypatch.setattr(trainer, "engine_key", lambda *what, by_xla: None)


@pytest.fixture
def compiled(monkeypatch):
    """Whether each engine made for one replicate compiles its steps, in the order of their making."""
    made = []

    def make(*args, jit_compile=False):
        made.append(jit_compile)
        return SingleEngine(*args, jit_compile=jit_compile)

    monkeypatch.setattr(trainer, "SingleEngine", make)
    return made


@pytest.fixture
def always(monkeypatch):
    """XLA for short trainings, too."""
    monkeypatch.setattr(stacking, "XLA_TRAINING", 0)


class Unknown(layers.Layer):
    """Calls back into Python, which XLA cannot compile; doubles its input."""

    def call(self, inputs):
        doubled = tf.numpy_function(lambda x: 2 * x, [inputs], tf.float32)
        doubled = tf.ensure_shape(doubled, inputs.shape)
        return inputs + tf.stop_gradient(doubled - inputs)

    def compute_output_shape(self, shape):
        return shape


class OnlyToValidate(Unknown):
    def call(self, inputs, training=False):
        return inputs if training else super().call(inputs)


class Wrong(layers.Layer):
    """Fails when it is run, by XLA or not."""

    def call(self, inputs):
        return tf.reshape(inputs, [tf.shape(inputs)[0] + 1, 6])

    def compute_output_shape(self, shape):
        return shape


def with_layer(layer):
    return lambda: keras.Sequential([keras.Input((6,)), layer(), layers.Dense(6)])


def noisy_by_itself():
    """Dropout that is not fed, as its noise has a shape of its own."""
    return keras.Sequential([keras.Input((6,)), layers.Dropout(0.5, noise_shape=(None, 1)), layers.Dense(6)])


def recurrent():
    return keras.Sequential([keras.Input((6, 6)), layers.SimpleRNN(6, return_sequences=True)])


# --- when


@pytest.mark.parametrize(
    ("shape", "batch_size", "n_steps", "expected"),
    [
        ((784, 32), 256, 235 * 20, True),  # MNIST in batches of 256
        ((784, 32), 256, 235 * 2, False),  # over before compiling has paid
        ((6, 3), 8, 5_000, True),  # small, but many
        ((6, 3), 8, 1_000, False),
    ],
)
def test_steps_large_or_many_enough(shape, batch_size, n_steps, expected):
    assert stacking.worth_compiling(models.build_autoencoder(*shape), batch_size, n_steps) is expected


def test_counted_are_weights_and_outputs_of_layers(monkeypatch):
    """Of `plain`: 6-3-6, so 45 weights, and 15 outputs for a row, the input included."""
    monkeypatch.setattr(stacking, "XLA_CALLS", 100)
    monkeypatch.setattr(stacking, "XLA_TRAINING", (100 + 45 + 15 * 8) * 9)
    assert stacking.worth_compiling(plain(), 8, 9)
    assert not stacking.worth_compiling(plain(), 7, 9)
    assert not stacking.worth_compiling(plain(), 8, 8)


@pytest.mark.parametrize("build_model", [convolutional, recurrent, noisy_by_itself])
@pytest.mark.usefixtures("always")
def test_never_what_xla_runs_slowly(build_model):
    assert not stacking.worth_compiling(build_model(), 8, 10**9)


def test_the_steps_of_one_seed_count(compiled, monkeypatch):
    """20 rows in batches of 8 are 3 steps an epoch; what other seeds there are makes no difference."""
    monkeypatch.setattr(stacking, "XLA_CALLS", 0)
    monkeypatch.setattr(stacking, "XLA_TRAINING", (45 + 15 * 8) * 3 * 3)
    for seeds in ([1], [1, 2, 3]):
        for epochs in (2, 3):
            train(plain, seeds=seeds, epochs=epochs, vectorize=False)
    assert compiled == [False, True, False, True]


@pytest.mark.usefixtures("always")
def test_a_stack_is_not_compiled(compiled):
    train(plain, epochs=1)
    assert compiled == []


# --- the same results


@pytest.mark.parametrize("name", test_training_fit.PROBLEMS)
@pytest.mark.usefixtures("always")
def test_losses_and_weights_are_those_of_fit(name, by_fit, compiled):  # noqa: F811
    test_training_fit.test_losses_and_weights_are_those_of_fit(name, False, by_fit)
    assert compiled == [True]


@pytest.mark.usefixtures("always")
def test_noise_and_a_smaller_last_batch(compiled, monkeypatch):
    settings = {"optimizer": keras.optimizers.SGD(0.1), "vectorize": False}  # Adam enlarges gradients of rounding alone
    by_xla = train(normalised_and_noisy, **settings)
    monkeypatch.setattr(stacking, "XLA_TRAINING", 10**15)
    without = train(normalised_and_noisy, **settings)
    assert compiled == [True, False]
    np.testing.assert_allclose(by_xla.history, without.history, rtol=1e-4)
    for mine, other in zip(by_xla.weights, without.weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


# Wide enough for XLA to hand the products to several threads.
LARGE = rows(300, 256), rows(150, 256, seed=1)


@pytest.mark.parametrize(
    ("build_model", "data"),
    [
        (normalised_and_noisy, (training_models.X_TRAIN, training_models.X_VAL)),
        (lambda: models.build_autoencoder(256, 64), LARGE),
    ],
    ids=["noisy", "large"],
)
@pytest.mark.usefixtures("always")
def test_company_order_and_repetition_change_nothing(build_model, data, compiled):
    batch_size = 8 if data is not LARGE else 128

    def run(seeds):
        return train(build_model, *data, seeds=seeds, batch_size=batch_size, vectorize=False)

    among, alone, again = run([23, 7, 5]), run([7]), run([5, 7])
    assert compiled == [True] * 3
    assert_same_run(alone, among, 7)
    assert_same_run(again, among, 7)
    assert_same_run(again, among, 5)
    assert curves(among, 5) != curves(among, 7)


@pytest.mark.parametrize("settings", [{}, {"rows_val": np.arange(12).reshape(2, 6)}], ids=["all rows", "own rows"])
@pytest.mark.usefixtures("always")
def test_however_many_steps_a_call_takes(settings, compiled, monkeypatch):
    """Of 20 rows in batches of 3: six steps, which calls of 4 can't share out evenly, and one of two rows."""
    runs = []
    for most, n_bytes in [(1, 10**9), (4, 10**9), (128, 10**9), (128, 2 * 4 * 3 * 6 * 4), (128, 1)]:
        monkeypatch.setattr(engines, "MOST_STEPS_IN_A_CALL", most)
        monkeypatch.setattr(engines, "CALL_BYTES", n_bytes)
        runs.append(train(normalised_and_noisy, seeds=[5, 7], batch_size=3, vectorize=False, **settings))
    assert compiled == [True] * 5
    for run in runs[1:]:
        assert run.history.equals(runs[0].history)
        assert_same_run(run, runs[0], 5)
        assert_same_run(run, runs[0], 7)


# --- where XLA fails


@pytest.mark.parametrize("layer", [Unknown, OnlyToValidate])
@pytest.mark.usefixtures("always")
def test_without_xla_where_it_cannot_compile(layer, compiled, monkeypatch):
    with pytest.warns(UserWarning, match=r"^XLA cannot compile PyFunc: the steps are not compiled") as caught:
        fallen_back = train(with_layer(layer), vectorize=False)
    assert compiled == [True, False]
    assert len([warning for warning in caught if "XLA" in str(warning.message)]) == 1
    monkeypatch.setattr(stacking, "XLA_TRAINING", 10**15)
    without = train(with_layer(layer), vectorize=False)
    for seed in without.seeds:
        assert_same_run(fallen_back, without, seed)
        assert len(weights(without, seed)) == 2


@pytest.mark.usefixtures("always")
def test_what_fails_without_xla_too_is_an_error(compiled):
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError)) as caught:
        train(with_layer(Wrong), vectorize=False)
    assert "XLA" not in str(caught.value)
