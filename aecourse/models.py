"""Autoencoders as Keras models: build one, take its encoder and decoder out, know what its output can reach."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from aecourse._checks import as_numeric_array, check_choice, check_int, check_real, received
from aecourse._graph import names, reconstruction_tensor, walk_back

__all__ = ["ReconstructionFloor", "build_autoencoder", "decoder", "encoder", "reconstruction_floor"]

# At a time: of more rows the activations of a convolutional model leave the processor's cache, and take twice as long.
PREDICT_ROWS = 1024
# Keras offers them by name; glu halves the units and threshold has no default, so neither serves as an activation here.
NO_ACTIVATIONS = {"get", "serialize", "deserialize", "glu", "threshold"}
ACTIVATIONS = tuple(name for name in dir(keras.activations) if name[0] != "_" and name not in NO_ACTIVATIONS)

OUTPUT_RANGES = {
    "linear": (-np.inf, np.inf),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
    "elu": (-1.0, np.inf),
}


def build_autoencoder(
    n_features,
    latent_dim,
    *,
    hidden_units=(),
    activation="relu",
    code_activation="relu",
    output_activation="linear",
    activity_l1=0.0,
    weight_l2=0.0,
    dropout=0.0,
    input_noise=0.0,
) -> keras.Model:
    """Build an uncompiled autoencoder of dense layers; the decoder mirrors the encoder.

    >>> model = build_autoencoder(13, 3, hidden_units=(32, 16))
    >>> [layer.units for layer in model.layers if hasattr(layer, "units")]
    [32, 16, 3, 16, 32, 13]

    Parameters
    ----------
    n_features : int
        Width of the input and of the reconstruction.
    latent_dim : int
        Width of the layer `code`.
    hidden_units : tuple of int, default ()
        Widths of the encoder's hidden layers, from the input to the code; the decoder has them in reverse.
    activation : str, default "relu"
        Activation of the hidden layers, by Keras name.
    code_activation : str, default "relu"
        Activation of the code. With "relu" a unit may end up zero for every row; "linear" can't die.
    output_activation : str, default "linear"
        Activation of the reconstruction; it bounds what can be rebuilt, see `reconstruction_floor`.
    activity_l1 : float, default 0.0
        L1 penalty on the output of each of the encoder's dense layers, the code among them: without hidden layers the
        code alone is penalised. Per row, `activity_l1` times the sum of absolute activations; Keras averages over the
        rows of a batch and adds the result to the reported loss.
    weight_l2 : float, default 0.0
        L2 penalty on the kernels of all dense layers (biases go free): `weight_l2` times the sum of squares.
    dropout : float in [0, 1), default 0.0
        Share of the units of every hidden layer, encoder and decoder, that is set to zero while training. The code is
        spared, as one of three code units is a third of what the decoder gets to see.
    input_noise : float, default 0.0
        Standard deviation of the Gaussian noise added to the input while training, in units of the input.

    Returns
    -------
    keras.Model
        Maps (n_samples, n_features) to (n_samples, n_features), float32. Layers are named `encoder_1`, ..., `code`,
        `decoder_1`, ..., `reconstruction`; what is 0 adds neither layer nor penalty.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or `dropout` is asked of a model without hidden layers.

    Notes
    -----
    Chapter: Wine autoencoder. The mirrored shape is that of Hinton & Salakhutdinov (2006),
    doi 10.1126/science.1127647; the noise that of Vincent et al. (2008), doi 10.1145/1390156.1390294.
    """
    n_features = check_int("n_features", n_features, minimum=1)
    latent_dim = check_int("latent_dim", latent_dim, minimum=1)
    if isinstance(hidden_units, str) or not np.iterable(hidden_units):
        raise TypeError(
            f"`hidden_units` must be a tuple of integers, as in (32, 16). {received('hidden_units', hidden_units)}"
        )
    hidden_units = [check_int("hidden_units", units, minimum=1) for units in hidden_units]
    check_choice("activation", activation, ACTIVATIONS)
    check_choice("code_activation", code_activation, ACTIVATIONS)
    check_choice("output_activation", output_activation, ACTIVATIONS)
    activity_l1 = check_real("activity_l1", activity_l1, minimum=0)
    weight_l2 = check_real("weight_l2", weight_l2, minimum=0)
    dropout = check_real("dropout", dropout, minimum=0, below=1)
    input_noise = check_real("input_noise", input_noise, minimum=0)
    if dropout and not hidden_units:
        raise ValueError(
            f"`dropout` must be 0 in a model without hidden layers. {received('dropout', dropout)} "
            "Give `hidden_units`, or disturb the input with `input_noise`."
        )

    def dense(units, activation, name, penalise_activity):
        return layers.Dense(
            units,
            activation=activation,
            kernel_regularizer=keras.regularizers.L2(weight_l2) if weight_l2 else None,
            activity_regularizer=keras.regularizers.L1(activity_l1) if activity_l1 and penalise_activity else None,
            name=name,
        )

    def hidden(x, units, name, penalise_activity):
        x = dense(units, activation, name, penalise_activity)(x)
        return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x

    x = inputs = keras.Input((n_features,), name="features")  # (n_samples, n_features)
    if input_noise:
        x = layers.GaussianNoise(input_noise, name="input_noise")(x)
    for depth, units in enumerate(hidden_units, start=1):
        x = hidden(x, units, f"encoder_{depth}", True)  # (n_samples, units)
    x = dense(latent_dim, code_activation, "code", True)(x)  # (n_samples, latent_dim)
    for depth, units in enumerate(reversed(hidden_units), start=1):
        x = hidden(x, units, f"decoder_{depth}", False)  # (n_samples, units)
    x_hat = dense(n_features, output_activation, "reconstruction", False)(x)  # (n_samples, n_features)
    return keras.Model(inputs, x_hat, name="autoencoder")


def encoder(model) -> keras.Model:
    """Take the part from the inputs to the layer `code` out of a model; the weights are shared, nothing is retrained.

    >>> encoder(build_autoencoder(13, 3)).output_shape
    (None, 3)

    Parameters
    ----------
    model : keras.Model
        Functional or built Sequential, with a layer called `code`; of several inputs, those that lead to it are taken.

    Returns
    -------
    keras.Model
        Training `model` further changes it too.

    Raises
    ------
    TypeError
        If `model` is no Keras model with a graph of layers.
    ValueError
        If it has no layer called `code`, or calls it more than once; the message lists the layers.
    """
    code = _code_tensor(model)
    reached = {id(tensor) for tensor in walk_back([code])}
    inputs = [tensor for tensor in model.inputs if id(tensor) in reached]
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, code, name="encoder")


def decoder(model) -> keras.Model:
    """Take the part from the layer `code` to the reconstruction out of a model; the weights are shared.

    >>> decoder(build_autoencoder(13, 3)).input_shape
    (None, 3)

    Parameters
    ----------
    model : keras.Model
        Functional or built Sequential, with a layer called `code`. If it has several outputs, the one that a layer
        called `reconstruction` gives is taken.

    Returns
    -------
    keras.Model
        `decoder(model)(encoder(model)(x))` equals `model(x)`.

    Raises
    ------
    TypeError
        If `model` is no Keras model with a graph of layers.
    ValueError
        If it has no layer called `code`, or the output also depends on an input by a way around the code.
    """
    code = _code_tensor(model)
    x_hat = reconstruction_tensor(model)
    reached = {id(tensor) for tensor in walk_back([x_hat], stop=code)}
    around = [tensor.name for tensor in model.inputs if id(tensor) in reached]
    if around:
        raise ValueError(
            "`model` must reach its output through the layer `code` alone. "
            f"Received: a model with a way around it, from input {around[0]!r}. Such a model has no decoder of its own."
        )
    return keras.Model(code, x_hat, name="decoder")


@dataclass(frozen=True)
class ReconstructionFloor:
    """What an output activation can't rebuild; see `reconstruction_floor`.

    Attributes
    ----------
    lower, upper : float
        Closed range of the activation, in units of the targets.
    share_out_of_reach : float in [0, 1]
        Share of the target values outside that range.
    mse : float
        Mean over all values of the squared distance to that range: no model with this output gets below it.
    """

    lower: float
    upper: float
    share_out_of_reach: float
    mse: float


def reconstruction_floor(x, output_activation) -> ReconstructionFloor:
    """Tell how many targets an output activation can't reach, and the floor which that puts under the MSE.

    >>> reconstruction_floor([[-2.0, 0.5, 1.0, 2.0]], "sigmoid")
    ReconstructionFloor(lower=0.0, upper=1.0, share_out_of_reach=0.5, mse=1.25)

    The best that a bounded output can do is the nearest end of its range, so the floor is the mean of
    (x - clip(x, lower, upper))**2. It holds for any architecture and any length of training.

    Parameters
    ----------
    x : array_like, shape (n_samples, ...)
        The targets, finite, in the scaling that the model is trained on.
    output_activation : str
        Keras name of the output's activation: any whose range is known here.

    Returns
    -------
    ReconstructionFloor
        Range, share out of reach, and MSE per value in squared units of `x`.

    Raises
    ------
    TypeError, ValueError
        If `x` is no finite array, or the range of `output_activation` isn't known (the message lists the choices).

    Notes
    -----
    Chapter: Wine autoencoder.
    """
    x = as_numeric_array("x", x, dtype="float64")
    lower, upper = OUTPUT_RANGES[check_choice("output_activation", output_activation, OUTPUT_RANGES)]
    distance = x - np.clip(x, lower, upper)
    return ReconstructionFloor(lower, upper, float(np.mean(distance != 0)), float(np.mean(distance**2)))


def _code_tensor(model):
    """Output of the layer `code` in this model's own graph: a layer that several models share has other outputs too."""
    try:
        outputs = model.outputs
    except (AttributeError, ValueError):
        outputs = None
    if not isinstance(model, keras.Model) or not outputs:
        raise TypeError(
            f"`model` must be a functional Keras model or a built Sequential. Received: model={type(model).__name__}. "
            "Give a Sequential a `keras.Input` as its first layer; write a subclassed model as a functional one."
        )
    found = [tensor for tensor in walk_back(outputs) if tensor._keras_history.operation.name == "code"]
    if len(found) != 1:
        what = "no layer of that name" if not found else f"{len(found)} outputs of it"
        raise ValueError(
            f"`model` must have one layer called `code`, used once. Received: {what} among the layers "
            f"{names(model.layers)}. Name the narrowest layer when you build the model, as in Dense(3, name='code')."
        )
    return found[0]
