"""Noise layers that are handed their noise, so that each replicate's comes from its own seed, and quickly.

TensorFlow draws the noise of a stack in a loop over replicates and layers, which takes longer than all the
rest of a step. Drawn beforehand for a whole epoch, by one generator for each seed, it costs next to nothing.
"""

import keras
import numpy as np

from aecourse.training.copies import copy_model, is_of_keras, plain_copy


class _Fed:
    """A noise layer that adds `noise`, set by `feed` while the step is traced, instead of drawing its own."""

    noise = None

    def call(self, inputs, training=False):
        return self.disturb(inputs, self.noise) if training else inputs


class FedDropout(_Fed, keras.layers.Dropout):
    def draw(self, generator, shape):
        return generator.random(shape, dtype="float32")  # in [0, 1)

    def disturb(self, inputs, noise):
        kept = keras.ops.cast(noise >= self.rate, inputs.dtype)
        return inputs * kept / (1 - self.rate)  # the mean over noise is the input


class FedGaussianNoise(_Fed, keras.layers.GaussianNoise):
    def draw(self, generator, shape):
        return generator.standard_normal(shape, dtype="float32")

    def disturb(self, inputs, noise):
        return inputs + self.stddev * noise


# Exact types: a subclass may do something else.
FED = {keras.layers.Dropout: FedDropout, keras.layers.GaussianNoise: FedGaussianNoise}


def with_fed_noise(model):
    """`model`, or a clone of it whose noise layers are fed; the variables are alike in number, order and shape.

    Noise layers of other kinds, inside nested models or in subclassed models stay as they are and draw for themselves.
    """
    if not is_of_keras(model) or not any(map(_can_be_fed, model.layers)):
        return model

    def copy_layer(layer):
        return FED[type(layer)].from_config(layer.get_config()) if _can_be_fed(layer) else plain_copy(layer)

    return copy_model(model, copy_layer)


def _can_be_fed(layer):
    if type(layer) not in FED or getattr(layer, "noise_shape", None) is not None:
        return False
    is_used_once = len(layer._inbound_nodes) == 1  # each use needs noise of its own
    return is_used_once and None not in layer.output.shape[1:]


def draws_noise(layer):
    """Whether the layer itself draws random numbers while it trains, since it is not fed."""
    return hasattr(layer, "seed_generator") and not isinstance(layer, _Fed)


def fed_layers(model):
    return [layer for layer in getattr(model, "layers", ()) if isinstance(layer, _Fed)]


def feed(layers, noise):
    """Hand each layer its noise, (batch, ...); to be called where the step is traced, right before the model."""
    for layer, each in zip(layers, noise, strict=True):
        layer.noise = each


def epoch_noise(layers, seeds, n_samples, epochs):
    """Yield for each epoch the noise of all layers, float32 (n_seeds, n_samples, ...) each, from streams by seed."""
    # A second word sets the stream apart from that of the orders of rows.
    generators = [np.random.default_rng([seed, 1]) for seed in seeds]
    for _ in range(epochs):
        yield [
            np.stack([layer.draw(generator, (n_samples, *layer.output.shape[1:])) for generator in generators])
            for layer in layers
        ]
