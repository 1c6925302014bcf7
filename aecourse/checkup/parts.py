"""A model taken apart: which layer is its code, what lies before and behind it, what its output can reach."""

import math
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from aecourse._checks import received
from aecourse._graph import reconstruction_tensor, walk_back

__all__ = ["Parts", "take_apart"]

# They move values about or leave them out, so that the range is that of the layer before.
PASS_ON = (
    layers.Reshape,
    layers.Flatten,
    layers.Permute,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Cropping3D,
    layers.Dropout,
    layers.GaussianNoise,
)
COMPARED_ROWS = 8


@dataclass(frozen=True, eq=False)
class Parts:
    """Encoder and decoder of a model; see `take_apart`.

    Attributes
    ----------
    model, encoder : keras.Model
        From the input to the reconstruction, and to the code.
    decoder : keras.Model or None
        From the code to the reconstruction; None where the output is also reached by a way around the code.
    code_layer : str
        Name of the layer that was taken for the code.
    by_name : bool
        Whether it is called `code`; else it is the narrowest.
    output_activation : str or None
        Keras name; None where it could not be told.
    """

    model: keras.Model
    encoder: keras.Model
    decoder: keras.Model | None
    code_layer: str
    by_name: bool
    output_activation: str | None


def take_apart(model, x) -> Parts:
    """Find the code of a model, by the name `code` or as the narrowest layer, and cut the model there.

    Parameters
    ----------
    model : keras.Model
        Functional, Sequential, or a subclass with attributes `encoder` and `decoder`.
    x : ndarray, shape (n_samples, ...), float32
        Rows that fit its input.
    """
    inputs, x_hat, code = _graph(model, x)
    if math.prod(x_hat.shape[1:]) != math.prod(x.shape[1:]):
        raise ValueError(
            "`model` must rebuild its input: as many values out as in. "
            f"Received: a model from shape {x.shape[1:]} to {tuple(x_hat.shape[1:])}."
        )
    by_name = False
    if code is None:
        code, by_name = _find_code(x_hat, inputs)
    whole = keras.Model(inputs, x_hat)
    around = any(tensor is inputs for tensor in walk_back([x_hat], stop=code))
    return Parts(
        model=whole,
        encoder=keras.Model(inputs, code),
        decoder=None if around else keras.Model(code, x_hat),
        code_layer=code._keras_history.operation.name,
        by_name=by_name,
        output_activation=_output_activation(x_hat),
    )


def _graph(model, x):
    """Input, reconstruction and, where attributes tell it, code, as tensors of Keras."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a Keras model. {received('model', model)}")
    if not _outputs(model):
        if isinstance(model, keras.Sequential):
            model(x[:1])
        else:
            return _graph_of_attributes(model, x)
    if len(model.inputs) != 1:
        raise ValueError(f"`model` must have one input. Received: {len(model.inputs)} inputs.")
    expected, got = tuple(model.inputs[0].shape[1:]), x.shape[1:]
    if len(expected) != len(got) or any(a not in (None, b) for a, b in zip(expected, got, strict=True)):
        raise ValueError(
            f"`x_train` must have rows of the shape that `model` expects, {expected}. "
            f"Received: rows of shape {got}. Reshape them, as in `x.reshape(-1, 28, 28, 1)`."
        )
    return model.inputs[0], reconstruction_tensor(model), None


def _outputs(model):
    try:
        return model.outputs
    except (AttributeError, ValueError):
        return None


def _graph_of_attributes(model, x):
    """A subclass hides its layers; one with an encoder and a decoder that does nothing else can still be cut."""
    parts = [getattr(model, name, None) for name in ("encoder", "decoder")]
    expected = "`model` must be functional, Sequential, or have attributes `encoder` and `decoder`."
    if not all(isinstance(part, layers.Layer) for part in parts):
        raise TypeError(f"{expected} Received: model={type(model).__name__}, a subclass without them.")
    inputs = keras.Input(x.shape[1:])
    code = parts[0](inputs)
    x_hat = parts[1](code)
    some = x[:COMPARED_ROWS]
    if not np.allclose(keras.Model(inputs, x_hat)(some), model(some), rtol=1e-4, atol=1e-5):
        raise TypeError(
            f"{expected} Received: model={type(model).__name__}, which gives other than decoder(encoder(x))."
        )
    return inputs, x_hat, code


def _find_code(x_hat, inputs):
    """The output of the layer `code`, else the narrowest there is; of equally narrow ones the last."""
    tensors = [tensor for tensor in walk_back([x_hat]) if tensor is not x_hat and tensor is not inputs]
    named = [tensor for tensor in tensors if tensor._keras_history.operation.name == "code"]
    if len(named) == 1:
        return named[0], True
    sized = [tensor for tensor in tensors if None not in tensor.shape[1:] and len(tensor.shape) > 1]
    if not sized:
        raise ValueError(
            "`model` must have a layer between input and output that can be taken for the code. "
            "Received: a model without one."
        )
    return min(sized, key=lambda tensor: math.prod(tensor.shape[1:])), False  # walked back from the output


def _output_activation(tensor):
    operation, node_index, tensor_index = tensor._keras_history
    if isinstance(operation, keras.Model):
        return _output_activation(operation.outputs[tensor_index])
    before = operation._inbound_nodes[node_index].input_tensors
    if isinstance(operation, PASS_ON):
        return _output_activation(before[0])
    if isinstance(operation, layers.ReLU):
        plain = not operation.negative_slope and not operation.threshold and operation.max_value is None
        return "relu" if plain else None
    if isinstance(operation, layers.BatchNormalization):
        return "linear"
    if callable(getattr(operation, "activation", None)):
        name = keras.activations.serialize(operation.activation)
        if name == "linear" and isinstance(operation, layers.Activation):
            return _output_activation(before[0])
        return name if isinstance(name, str) else None
    return None
