"""`train_replicates` can go on from trained weights, with a fresh optimizer."""

import numpy as np
import pytest

from aecourse import models, training

X = np.random.default_rng(0).random((20, 6), dtype="float32")


def build():
    return models.build_autoencoder(6, 3)


def train(build_model=build, **settings):
    settings = {"seeds": (0, 1, 2), "epochs": 2, "batch_size": 8, "shuffle": False, "progress": False, **settings}
    return training.train_replicates(build_model, X, **settings)


@pytest.mark.parametrize("vectorize", [True, False])
def test_two_epochs_and_three_more_are_five_where_the_optimizer_has_no_memory(vectorize):
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "vectorize": vectorize}
    half = train(**settings)
    whole, continued = train(epochs=5, **settings), train(epochs=3, initial_weights=half, **settings)
    for mine, theirs in zip(continued.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_agrees_with_fit_of_a_trained_model_compiled_anew():
    start = train()
    continued = train(seeds=(1,), initial_weights=start)
    model = start.model(1)
    model.compile(optimizer="adam", loss="mse")
    model.fit(X, X, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for mine, theirs in zip(continued.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(mine[0], theirs, rtol=1e-5, atol=1e-6)


def test_each_seed_goes_on_from_its_own_weights_and_leaves_the_record_as_it_was():
    start = train()
    before = [stack.copy() for stack in start.weights]
    idle = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1}
    continued = train(seeds=(2, 0), initial_weights=start, **idle)
    for mine, theirs, kept in zip(continued.weights, start.weights, before, strict=True):
        np.testing.assert_allclose(mine, theirs[[2, 0]], atol=1e-9)
        np.testing.assert_array_equal(theirs, kept)


def test_noise_layers_keep_their_own_state():
    def noisy():
        return models.build_autoencoder(6, 3, hidden_units=(8,), dropout=0.2, input_noise=0.1)

    start = train(noisy)
    continued = train(noisy, initial_weights=start)
    assert np.isfinite(continued.history["loss"]).all()
    assert not np.array_equal(continued.weights[0], start.weights[0])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"initial_weights": build}, TypeError, "`initial_weights` must be what `train_replicates` returned"),
        ({"seeds": (0, 7)}, ValueError, r"must hold every one of `seeds`. Received: a record without \[7\]"),
        (
            {"build_model": lambda: models.build_autoencoder(6, 2)},
            ValueError,
            r"`initial_weights` must come from a model with weights of shapes \[\(6, 2\), .* Received: \[\(6, 3\), ",
        ),
    ],
)
def test_says_what_is_wrong(settings, error, message):
    with pytest.raises(error, match=message):
        train(**{"initial_weights": train(epochs=1), **settings})
