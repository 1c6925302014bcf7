"""Models and optimizers that gain nothing from a stack: the same call, the same result, said once."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from aecourse.training import trainer
from aecourse.training.engines import SingleEngine, StackedEngine
from training_models import convolutional, plain, rows, train

IMAGES = rows(20, 36).reshape(20, 6, 6, 1)


@pytest.fixture
def engines(monkeypatch):
    """Which engine is made for each training, and for how many runs at once."""
    made = []
    monkeypatch.setattr(trainer, "engine_key", lambda *what, by_xla: None)  # none is kept for the next
    for kind in (StackedEngine, SingleEngine):

        def make(*args, kind=kind):
            made.append((kind, args[-1]))
            return kind(*args)

        monkeypatch.setattr(trainer, kind.__name__, make)
    return made


def recurrent():
    return keras.Sequential([keras.Input((6, 6)), layers.LSTM(6, return_sequences=True)])


def bound():
    return keras.Sequential([keras.Input((6,)), layers.Dense(6, kernel_constraint="non_neg")])


@pytest.mark.parametrize(
    ("build_model", "x", "optimizer", "why"),
    [
        (convolutional, IMAGES, "adam", "Conv2D, Conv2DTranspose"),
        (recurrent, IMAGES[..., 0], "adam", "LSTM"),
        (bound, rows(20), "adam", "a weight constraint"),
        (plain, rows(20), "muon", "Muon"),
        (plain, rows(20), optimizers.SGD(clipnorm=1.0), "clipnorm"),
    ],
    ids=["convolution", "recurrence", "constraint", "optimizer", "clipping"],
)
def test_in_turn_and_says_so_once(build_model, x, optimizer, why, engines):
    with pytest.warns(UserWarning, match=f"A stack gains nothing with {why}: the replicates are trained in turn"):
        replicates = train(build_model, x, None, epochs=1, optimizer=optimizer)
    assert engines == [(SingleEngine, 1)]
    assert len(replicates.history) == 3


def test_the_warning_points_to_the_call():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        trainer.train_replicates(convolutional, IMAGES, seeds=[0, 1], epochs=1, batch_size=20, progress=False)
    caught = [warning for warning in caught if warning.category is UserWarning]
    assert [warning.filename for warning in caught] == [__file__]


def test_silent_where_it_was_asked_for(engines):
    train(convolutional, IMAGES, None, epochs=1, vectorize=False)
    assert engines == [(SingleEngine, 1)]


def test_a_stack_of_convolutions_gives_the_same_result():
    in_stack, in_turn = (train(convolutional, IMAGES, IMAGES[:5], vectorize=choice) for choice in (True, False))
    np.testing.assert_allclose(in_stack.history, in_turn.history, rtol=1e-4)
    for stack, turn in zip(in_stack.weights, in_turn.weights, strict=True):
        np.testing.assert_allclose(stack, turn, rtol=1e-3, atol=1e-5)
    assert in_turn.encode(IMAGES).shape == (3, 20, 3, 3, 2)


@pytest.mark.parametrize(("n_units", "kind"), [(4, StackedEngine), (40_000, SingleEngine)])
def test_large_steps_in_turn_whatever_the_number_of_seeds(n_units, kind, engines):
    """In silence: either way is right, and one is quicker."""

    def build_model():
        return keras.Sequential([keras.Input((6,)), layers.Dense(n_units, use_bias=False), layers.Dense(6)])

    for seeds in ([1], [1, 2]):
        train(build_model, seeds=seeds, epochs=1)
    assert [made[0] for made in engines] == [kind, kind]


@pytest.mark.parametrize(
    ("build_model", "optimizer"), [(bound, "adam"), (plain, "lamb"), (plain, optimizers.SGD(global_clipnorm=1.0))]
)
def test_no_stack_where_it_would_be_wrong(build_model, optimizer):
    with pytest.raises(ValueError, match="`vectorize` must be False or None .* would mix the replicates"):
        train(build_model, optimizer=optimizer, vectorize=True)


@pytest.mark.parametrize(
    "optimizer",
    [
        *("adamax", "nadam", "adagrad", "adadelta", "lion", "ftrl"),  # the others are compared with fit
        optimizers.Adam(clipvalue=0.001),
        optimizers.SGD(0.1, loss_scale_factor=8.0),
        optimizers.SGD(0.1, gradient_accumulation_steps=2),
    ],
    ids=lambda each: each if isinstance(each, str) else "configured",
)
def test_optimizers_that_are_stacked_treat_each_replicate_as_if_it_were_alone(optimizer):
    """One optimizer serves all; a law that would fail for one that mixes weights."""
    in_stack, in_turn = (
        train(plain, x_val=None, seeds=[3, 5], epochs=2, optimizer=optimizer, vectorize=choice)
        for choice in (True, False)
    )
    for stack, turn in zip(in_stack.weights, in_turn.weights, strict=True):
        np.testing.assert_allclose(stack, turn, rtol=1e-4, atol=1e-6)
