"""What is minimised: the losses of a model's outputs, their weights, and the names of their columns."""

from dataclasses import dataclass

import keras
import tensorflow as tf

from aecourse._checks import check_real

NO_LOSSES = {"get", "serialize", "deserialize"}
LOSS_NAMES = [name for name in dir(keras.losses) if name.islower() and name[0] != "_" and name not in NO_LOSSES]
SPARSE_LOSSES = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")


@dataclass(frozen=True)
class Objective:
    """Losses of a model's outputs, in their flat order.

    Attributes
    ----------
    losses : tuple of callables (y, y_pred) -> scalar tensor
    weights : tuple of float
    loss_names : tuple of str
        As Keras knows them; None for a loss that was not given by name.
    names : tuple of str
        Column of each output's loss, without weight or penalties.
    sparse : tuple of bool
        Whether the targets of the output are class numbers.
    """

    losses: tuple
    weights: tuple
    loss_names: tuple
    names: tuple
    sparse: tuple

    @property
    def weighs(self):
        """Whether there are several losses, whose weights may then be other ones at each training."""
        return len(self.losses) > 1

    def __call__(self, y, y_pred, penalties, weights):
        """Row (total, loss of output 1, ...): total is the sum of losses times weights, plus all penalties."""
        pairs = zip(tf.nest.flatten(y), tf.nest.flatten(y_pred), strict=True)
        parts = [loss(*pair) for loss, pair in zip(self.losses, pairs, strict=True)]
        total = tf.add_n([weights[i] * part for i, part in enumerate(parts)])
        return tf.stack([tf.add_n([total, *map(tf.reduce_sum, penalties)]), *parts])


def make_objective(loss, loss_weights, output, model, *, is_reconstruction):
    """Read `loss` and `loss_weights` as ``keras.Model.compile`` does.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable, or a list or dict of them
        One for all outputs, or one for each; a dict goes by the names of the outputs.
    loss_weights : None or a list or dict of float
        Likewise; None weighs all outputs by 1.
    output : tensor or a list or dict of tensors
        What the model returns.
    model : keras.Model
        For the names of the outputs of a model that returns a list.
    is_reconstruction : bool
        Whether the only output of a model rebuilds its input.
    """
    n_outputs = len(tf.nest.flatten(output))
    if isinstance(output, dict):
        keys = sorted(output)  # the order in which TensorFlow flattens a dict
    else:
        keys = getattr(model, "output_names", None) or [f"output_{i}" for i in range(1, n_outputs + 1)]
    losses = _per_output("loss", loss, keys)
    weights = _per_output("loss_weights", 1.0 if loss_weights is None else loss_weights, keys)
    if len(keys) == 1:
        names = ("reconstruction_loss" if is_reconstruction else "prediction_loss",)
    else:
        names = tuple(f"{name}_loss" for name in keys)
    return Objective(
        losses=tuple(map(_as_function, losses)),
        weights=tuple(check_real("loss_weights", weight, minimum=0) for weight in weights),
        loss_names=tuple(each if isinstance(each, str) else None for each in losses),
        names=names,
        sparse=tuple(_name(each) in SPARSE_LOSSES for each in losses),
    )


def _per_output(name, value, keys):
    if isinstance(value, dict) and set(value) == set(keys):
        return tuple(value[key] for key in keys)
    if isinstance(value, list | tuple) and len(value) == len(keys):
        return tuple(value)
    if isinstance(value, dict | list | tuple):
        raise ValueError(
            f"`{name}` must be a single entry, a list of {len(keys)} entries or a dict with the keys {list(keys)}. "
            f"Received: {name}={value!r}."
        )
    return (value,) * len(keys)


def _as_function(loss):
    if isinstance(loss, str):
        try:
            function = keras.losses.get(loss)
        except ValueError as error:
            raise ValueError(f"`loss` must be one of {', '.join(LOSS_NAMES)}. Received: loss={loss!r}.") from error
    elif callable(loss):
        function = loss
    else:
        raise TypeError(f"`loss` must be the name of a Keras loss or a callable. Received: loss={loss!r}.")
    # A loss function gives one value per sample, a Loss object their mean; the mean of either is what Keras reports.
    return lambda y, y_pred: tf.reduce_mean(function(y, y_pred))


def _name(loss):
    return loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
