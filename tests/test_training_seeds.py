"""A seed decides initial weights, order of rows and noise, and nothing else does: not its company, not the process."""

import hashlib
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from aecourse import models
from aecourse.training import reuse, stacking, trainer
from aecourse.training.engines import StackedEngine
from aecourse.training.initial import initial_states
from training_models import (
    X_TRAIN,
    X_VAL,
    curves,
    deep_with_penalties,
    normalised_and_noisy,
    plain,
    rows,
    train,
    weights,
)

# Of such widths that the place in the stack would show in the last bit, if seeds were placed without care.
RECIPES = {
    "plain": lambda: models.build_autoencoder(13, 3, output_activation="sigmoid"),
    "wide with penalties": lambda: models.build_autoencoder(
        13, 5, hidden_units=(33, 17), activation="gelu", activity_l1=0.01, weight_l2=0.001
    ),
    "normalised and noisy": lambda: normalised_and_noisy(13),
}
COMPANY = list(np.random.default_rng(0).permutation(100))
FEW = [907, 23, 7]


def run(name, seeds):
    return train(RECIPES[name], rows(40, 13), rows(13, 13, seed=1), seeds=seeds, batch_size=16)


def assert_same_run(a, b, seed):
    """To the last bit: NumPy's comparison without a tolerance."""
    assert curves(a, seed) == curves(b, seed)
    for mine, theirs in zip(weights(a, seed), weights(b, seed), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def fingerprint(replicates):
    digest = hashlib.sha256(replicates.history.to_csv(index=False).encode())
    for stack in replicates.weights:
        digest.update(stack.tobytes())
    return digest.hexdigest()


# --- initial weights


def dense(**settings):
    return keras.Sequential([keras.Input((6,)), layers.Dense(5, **settings), layers.Dense(6)])


def all_initializers():
    names = ["glorot_normal", "he_uniform", "lecun_normal", "orthogonal", "random_normal", "truncated_normal"]
    x = inputs = keras.Input((6,))
    for name in names:
        x = layers.Dense(6, kernel_initializer=name, bias_initializer="random_uniform")(x)
    return keras.Model(inputs, x)


def nested():
    x = inputs = keras.Input((6,))
    x = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dropout(0.2)])(x)
    inner = keras.Input((4,))
    x = keras.Model(inner, layers.Dense(3)(layers.GaussianNoise(0.1)(inner)))(x)
    return keras.Model(inputs, layers.Dense(6)(x))


def drawn_by_numpy():
    return dense(kernel_initializer=keras.initializers.Constant(np.random.standard_normal((6, 5))))  # noqa: NPY002


def drawn_by_tensorflow():
    """From its global generator, which `set_random_seed` seeds and nobody can look into."""
    return dense(kernel_initializer=keras.initializers.Constant(tf.random.normal((6, 5)).numpy()))


def chosen_by_python():
    """The first and the last of the seeds below choose alike, some between them not."""
    return dense(kernel_initializer=random.choice(["glorot_uniform", "he_normal"]))


def chosen_by_numpy():
    return dense(bias_initializer="ones" if np.random.random() < 0.5 else "zeros")  # noqa: NPY002


class Uniform(keras.initializers.Initializer):
    """Of the user's own: it has a seed, but no config to make it again from."""

    def __init__(self):
        self.seed = random.randrange(10**6)

    def __call__(self, shape, dtype=None):
        return keras.random.uniform(shape, dtype=dtype, seed=self.seed)


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.noise, self.outer = layers.Dense(3), layers.Dropout(0.5), layers.Dense(6)

    def call(self, x, training=False):
        return self.outer(self.noise(self.inner(x), training=training))


# How often the builder is called for eight seeds: twice where the weights are redrawn, else nine times, since the
# first is built again to see that it comes out the same.
BUILDERS = {
    "plain": (plain, 2),
    "deep with penalties": (deep_with_penalties, 2),
    "noise and normalisation": (normalised_and_noisy, 2),
    "many initializers": (all_initializers, 2),
    "nested models": (nested, 2),
    "subclass": (Subclass, 2),
    "Sequential without Input": (lambda: keras.Sequential([layers.Dense(3), layers.Dropout(0.1), layers.Dense(6)]), 2),
    "constants alone": (lambda: keras.Sequential([keras.Input((6,)), layers.BatchNormalization()]), 2),
    "a seed of its own": (lambda: dense(kernel_initializer=keras.initializers.HeNormal(seed=5)), 9),
    "weights drawn by NumPy": (drawn_by_numpy, 9),
    "weights drawn by TensorFlow": (drawn_by_tensorflow, 9),
    "a choice by NumPy": (chosen_by_numpy, 9),
    "a choice by Python": (chosen_by_python, 9),
    "an initializer without config": (lambda: dense(kernel_initializer=Uniform()), 9),
    "recurrent": (lambda: keras.Sequential([keras.Input((3, 2)), layers.LSTM(2, return_sequences=True)]), 9),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_initial_weights_are_those_of_a_seeded_build(name):
    build_model, n_builds = BUILDERS[name]
    seeds = [11, 0, 123_456_789, 2**32 - 1, 42, 43, 44, 12]
    calls = []

    def counted():
        calls.append(1)
        return build_model()

    example = np.zeros((1, 3, 2) if name == "recurrent" else (1, 6), "float32")
    model, states = initial_states(counted, seeds, example)
    assert len(calls) == n_builds
    assert [state.shape for state in states] == [(8, *variable.shape) for variable in model.variables]
    for position, seed in enumerate(seeds):
        keras.utils.set_random_seed(seed)
        expected = build_model()
        expected(example)
        for state, variable in zip(states, expected.variables, strict=True):
            np.testing.assert_array_equal(state[position], variable.numpy(), err_msg=f"{variable.path}, seed {seed}")


# --- whole runs


@pytest.fixture(scope="module")
def runs():
    """Each recipe alone, with few others, and among a hundred."""
    return {(name, len(seeds)): run(name, seeds) for name in RECIPES for seeds in ([7], FEW, COMPANY)}


@pytest.mark.parametrize("name", RECIPES)
def test_company_and_order_change_nothing(name, runs):
    alone, few, hundred = (runs[name, n] for n in (1, 3, 100))
    assert_same_run(alone, hundred, 7)
    assert_same_run(few, hundred, 7)
    assert_same_run(few, hundred, 23)


@pytest.mark.parametrize("name", RECIPES)
def test_another_seed_is_another_run(name, runs):
    hundred = runs[name, 100]
    first = hundred.history[hundred.history["epoch"] == 1]
    assert first["loss"].nunique() == first["val_loss"].nunique() == 100
    kernels = [stack for stack in hundred.weights if stack.ndim == 3]  # biases of dead units all stay at zero
    assert all(len(np.unique(kernel, axis=0)) == 100 for kernel in kernels)


@pytest.mark.parametrize("name", RECIPES)
def test_a_hundred_in_several_stacks(name, runs, monkeypatch):
    monkeypatch.setattr(stacking, "STACK_BYTES", 1)  # so that each stack is as small as can be
    reuse._kept.clear()
    sizes = []

    def make_engine(*args):
        sizes.append(args[-1])
        return StackedEngine(*args)

    monkeypatch.setattr(trainer, "StackedEngine", make_engine)
    in_stacks = run(name, COMPANY[:20])
    assert sizes == [stacking.LANES]
    for seed in COMPANY[:20]:
        assert_same_run(in_stacks, runs[name, 100], seed)


def test_in_turn_company_changes_nothing():
    in_turn = train(normalised_and_noisy, seeds=[23, 7], vectorize=False)
    assert_same_run(in_turn, train(normalised_and_noisy, seeds=[7], vectorize=False), 7)


def test_another_process_gives_the_same_bits(runs):
    """As does the second run of two: all recipes are trained again."""
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_training_seeds import *\n"
        "for name in RECIPES: print(fingerprint(run(name, FEW)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [fingerprint(runs[name, 3]) for name in RECIPES]


@pytest.mark.parametrize("vectorize", [True, False], ids=["stack", "in turn"])
def test_the_callers_generators_stay_as_they_were(vectorize):
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    replicates = train(normalised_and_noisy, seeds=[1], epochs=1, vectorize=vectorize)
    replicates.model(1)
    replicates.encode(X_VAL)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


# --- order of the rows


def orders(seeds, *, n_samples=12, epochs=7, shuffle=True):
    return np.stack(list(trainer.row_orders(seeds, n_samples, epochs, shuffle)), axis=1)  # (n_seeds, epochs, n_samples)


def test_orders_are_permutations_all_different():
    drawn = orders([3, 4])
    assert drawn.dtype == "int32"
    np.testing.assert_array_equal(np.sort(drawn, axis=-1), np.broadcast_to(np.arange(12), (2, 7, 12)))
    assert len(np.unique(drawn.reshape(-1, 12), axis=0)) == 14


def test_orders_belong_to_the_seed():
    np.testing.assert_array_equal(orders([3, 4])[1], orders([9, 8, 4])[2])


@pytest.mark.parametrize("rows_at_once", [1, 2, 5])
def test_orders_do_not_depend_on_how_many_are_drawn_at_once(rows_at_once, monkeypatch):
    expected = orders([3, 4])
    monkeypatch.setattr(trainer, "ORDER_BYTES", rows_at_once * expected[:, 0].nbytes)
    np.testing.assert_array_equal(orders([3, 4]), expected)


def test_a_longer_run_begins_as_the_shorter_one():
    np.testing.assert_array_equal(orders([3], epochs=3), orders([3], epochs=7)[:, :3])


def test_without_shuffling_the_order_is_that_of_the_rows():
    np.testing.assert_array_equal(orders([3, 4], shuffle=False), np.broadcast_to(np.arange(12), (2, 7, 12)))


def test_an_epoch_walks_the_rows_in_the_order_drawn():
    shuffled = train(plain, seeds=[3], epochs=1)
    order = orders([3], n_samples=len(X_TRAIN), epochs=1)[0, 0]
    assert_same_run(shuffled, train(plain, X_TRAIN[order], seeds=[3], epochs=1, shuffle=False), 3)


def test_shuffling_is_the_default():
    shuffled, unshuffled = (train(plain, seeds=[3], epochs=1, shuffle=shuffle) for shuffle in (True, False))
    assert curves(shuffled, 3) == curves(train(plain, seeds=[3], epochs=1), 3) != curves(unshuffled, 3)
