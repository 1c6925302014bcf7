"""Noise that is drawn beforehand and fed to the layers: its distribution, and where it comes from."""

import keras
import numpy as np
import pytest
from keras import layers

from aecourse import models
from aecourse.training.noise import FedDropout, FedGaussianNoise, epoch_noise, fed_layers, feed, with_fed_noise
from training_models import X_TRAIN, curves, normalised_and_noisy, train

N = 200_000  # so that a mean of N values with variance 1 lies within 0.01 of the true one, by 4 standard errors


def fed_model(layer, shape=(1,)):
    inputs = keras.Input(shape)
    return with_fed_noise(keras.Model(inputs, layer(inputs)))


def outputs(layer, x):
    """What the layer, fed by its seed's stream, makes of `x` while training."""
    model = fed_model(layer, x.shape[1:])
    (noise,) = epoch_noise(fed_layers(model), [5], len(x), epochs=1)
    feed(fed_layers(model), [each[0] for each in noise])
    return model(x, training=True).numpy()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate):
    found = outputs(layers.Dropout(rate), np.ones((N, 1), "float32"))
    assert sorted(set(found.ravel().round(4))) == [0, np.float32(1 / (1 - rate)).round(4)]
    assert np.mean(found == 0) == pytest.approx(rate, abs=0.01)
    assert found.mean() == pytest.approx(1, abs=0.02)
    assert found.var() == pytest.approx(rate / (1 - rate), rel=0.02)


@pytest.mark.parametrize("stddev", [0.1, 0.9])
def test_gaussian_noise_has_its_mean_and_spread(stddev):
    found = outputs(layers.GaussianNoise(stddev), np.full((N, 1), 3, "float32"))
    assert found.mean() == pytest.approx(3, abs=0.01 * stddev)
    assert found.std() == pytest.approx(stddev, rel=0.01)
    tails = np.mean(np.abs(found - 3) > 2 * stddev)
    assert tails == pytest.approx(0.0455, abs=0.003)  # of a normal distribution


@pytest.mark.parametrize("layer", [layers.Dropout(0.5), layers.GaussianNoise(1.0)], ids=lambda layer: layer.name)
def test_each_value_has_noise_of_its_own(layer):
    found = outputs(layer, np.ones((1000, 4, 3), "float32"))
    correlation = np.corrcoef(found.reshape(1000, 12), rowvar=False)
    assert np.abs(correlation - np.eye(12)).max() < 0.15


@pytest.mark.parametrize("layer", [layers.Dropout(0.5), layers.GaussianNoise(1.0)], ids=lambda layer: layer.name)
def test_off_in_inference(layer):
    model = fed_model(layer)
    x = np.ones((50, 1), "float32")
    feed(fed_layers(model), [np.random.default_rng(0).random((50, 1), "float32")])
    np.testing.assert_array_equal(model(x, training=False), x)
    np.testing.assert_array_equal(model(x), x)


def test_noise_belongs_to_seed_and_epoch():
    fed = fed_layers(with_fed_noise(normalised_and_noisy()))
    assert [type(layer) for layer in fed] == [FedGaussianNoise, FedDropout]
    a = list(epoch_noise(fed, [5, 6], 10, epochs=3))
    b = list(epoch_noise(fed, [7, 8, 6], 10, epochs=2))
    for in_a, in_b in zip(a, b, strict=False):
        for each_a, each_b, layer in zip(in_a, in_b, fed, strict=True):
            assert each_a.shape == (2, 10, *layer.output.shape[1:])
            assert each_a.dtype == "float32"
            np.testing.assert_array_equal(each_a[1], each_b[2])
    first_layer = np.stack([noise[0] for noise in a]).reshape(6, -1)  # 3 epochs, 2 seeds
    assert len(np.unique(first_layer)) == first_layer.size


def test_only_what_can_be_fed_is_fed():
    def own_shape():  # one draw for all rows
        return layers.Dropout(0.5, noise_shape=(1, 4))

    reused = layers.Dropout(0.5)
    x = inputs = keras.Input((4,))
    x = layers.SpatialDropout1D(0.5)(layers.Reshape((1, 4))(x))
    x = reused(own_shape()(reused(layers.Reshape((4,))(x))))
    model = keras.Model(inputs, keras.Sequential([keras.Input((4,)), layers.Dropout(0.5)])(x))
    assert with_fed_noise(model) is model
    of_any_length = keras.Input((None, 2))
    model = keras.Model(of_any_length, layers.Dropout(0.5)(of_any_length))
    assert with_fed_noise(model) is model


@pytest.mark.parametrize(
    ("settings", "is_noisy"), [({}, False), ({"dropout": 0.5}, True), ({"input_noise": 0.5}, True)], ids=str
)
def test_noise_disturbs_the_training_and_not_the_validation(settings, is_noisy):
    def build_model():
        return models.build_autoencoder(6, 3, hidden_units=(8,), **settings)

    # The same rows to train and to validate on, and so small a learning rate that the weights stay where they are.
    found = train(build_model, x_val=X_TRAIN, seeds=[2], epochs=1, learning_rate=1e-9)
    (loss,), (val_loss,) = (curves(found, 2)[column] for column in ("loss", "val_loss"))
    assert val_loss == pytest.approx(np.mean((found.predict(X_TRAIN) - X_TRAIN) ** 2), rel=1e-5)
    assert (loss == pytest.approx(val_loss, rel=1e-5)) is not is_noisy


def unfed():
    """Noise that the layers draw for themselves: inside a nested model, and of another kind."""
    inputs = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(8), layers.Dropout(0.5)])
    return keras.Model(inputs, layers.Dense(6)(layers.GaussianDropout(0.2)(inner(inputs))))


def test_noise_that_is_not_fed_is_the_seeds_too():
    """A stack draws it from the same stream as a single replicate."""
    assert not fed_layers(with_fed_noise(unfed()))
    in_stack = train(unfed, seeds=[4, 1], shuffle=False)
    in_turn = train(unfed, seeds=[1, 9], shuffle=False, vectorize=False)
    np.testing.assert_allclose(curves(in_stack, 1)["loss"], curves(in_turn, 1)["loss"], rtol=1e-5)
    assert curves(in_stack, 1)["loss"] != curves(in_stack, 4)["loss"]
