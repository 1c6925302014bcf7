"""Copies of a model."""

import keras

from aecourse._seeding import generators_restored


def copy_model(model, copy_layer=None):
    """A model of the same architecture with weights of its own, which mean nothing yet.

    Parameters
    ----------
    model : keras.Model
    copy_layer : callable layer -> layer, optional
        Makes the new layers of a functional or sequential model; `plain_copy` is the default.
    """
    with generators_restored():
        if not is_of_keras(model):
            return keras.models.clone_model(model)
        return keras.models.clone_model(model, clone_function=copy_layer or plain_copy)


def is_of_keras(thing):
    """Whether a model or layer is of a class of Keras: what another does, its configuration need not tell."""
    return type(thing).__module__.startswith("keras.")


def plain_copy(layer):
    if isinstance(layer, keras.layers.Lambda):
        return layer  # holds no weights, and Keras refuses to read a function back from a config
    return type(layer).from_config(layer.get_config())
