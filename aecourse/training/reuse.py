"""Engines kept for the next training of the same architecture: tracing a step takes longer than many a training.

Two trainings share an engine only where everything that TensorFlow traced is the same: layers, losses, optimizer and
batch size, all of them Keras's own, so that their configurations tell all there is to know. Weights, data, seeds, the
learning rate and the weights of several losses are put in anew each time.
"""

import json
import warnings
from collections import OrderedDict

import keras
import numpy as np

from aecourse.training.copies import is_of_keras
from aecourse.training.noise import draws_noise
from aecourse.training.stacking import flat_layers

# Chapters go back and forth between a handful of architectures.
MOST_KEPT = 8
# Numbers in all weights of an engine: small models are those that trace for longer than they train.
LARGEST_KEPT = 2_000_000
# Where a serialized model names its layers.
HOLD_NAMES = ("name", "keras_history", "input_layers", "output_layers")

_kept = OrderedDict()


def engine_key(model, fed, objective, optimizer, batch_size, n_runs, *, by_xla):
    """What two trainings must have in common to share an engine; None where that can't be told, or is not worth it.

    The names of layers are not among it: those that Keras gives count all layers that were ever made.

    Parameters
    ----------
    model, fed : keras.Model
        As it was built, and with its noise fed where that can be.
    objective : Objective
    optimizer : keras.optimizers.Optimizer
    batch_size, n_runs : int
    by_xla : bool
        Whether XLA is to compile the steps.
    """
    if not is_of_keras(model) or n_runs * model.count_params() > LARGEST_KEPT or None in objective.loss_names:
        return None
    if not all(map(is_of_keras, flat_layers(model))) or any(map(draws_noise, flat_layers(fed))):
        return None
    of_objective = [objective.loss_names, objective.names, None if objective.weighs else objective.weights]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a lambda can't be read back from a configuration
            of_model, of_optimizer = model.get_config(), optimizer.get_config()
        if fixed_rate(optimizer) is not None:
            del of_optimizer["learning_rate"]
        del of_model["name"], of_optimizer["name"]  # numbered by Keras
        parts = [of_model, type(optimizer).__name__, of_optimizer, of_objective, batch_size, n_runs, by_xla]
        serialized = keras.saving.serialize_keras_object(parts)
        numbers = {name: f"layer {i}" for i, name in enumerate(dict.fromkeys(_layer_names(serialized[0])))}
        serialized[0] = _rename(serialized[0], numbers)
        return json.dumps(serialized, sort_keys=True) if _only_keras(serialized) else None
    except (NotImplementedError, TypeError, ValueError):  # something without a configuration
        return None


def fixed_rate(optimizer):
    """Its learning rate, a number; None where that is a schedule."""
    rate = optimizer.get_config()["learning_rate"]
    return rate if isinstance(rate, float) else None


def borrow_engine(key, model, example, output):
    """Take the engine of that key out of those kept; None if there is none.

    It is used only if its model, with the weights of `model`, puts out the very `output` of `model` for `example`.
    """
    engine = _kept.pop(key, None)
    if engine is None:
        return None
    values = [(own, other.value) for own, other in zip(engine.model.variables, model.variables, strict=True)]
    with keras.StatelessScope(state_mapping=values):
        again = engine.model(example, training=False)
    equal = map(np.array_equal, keras.tree.flatten(again), keras.tree.flatten(output))
    return engine if all(equal) else None


def keep_engine(key, engine):
    """Keep an engine that nothing uses any more, and drop the one that has waited longest where there are many."""
    engine.unload()
    _kept[key] = engine
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)


def forget_engines():
    """Drop all that are kept: the next training traces anew, as the first of a process does."""
    _kept.clear()


def _layer_names(config):
    """Of a serialized model and of the models in it, in their order."""
    if isinstance(config, dict):
        for layer in config.get("layers", ()):
            yield layer["config"]["name"]
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list | tuple) else ():
        yield from _layer_names(part)


def _rename(config, numbers, *, is_name=False):
    """A serialized model with the names of its layers replaced, where they stand as such."""
    if isinstance(config, dict):
        return {key: _rename(part, numbers, is_name=is_name or key in HOLD_NAMES) for key, part in config.items()}
    if isinstance(config, list | tuple):
        return [_rename(part, numbers, is_name=is_name) for part in config]
    return numbers.get(config, config) if is_name and isinstance(config, str) else config


def _only_keras(config):
    """Whether nothing in a configuration is a function, or a class from elsewhere, which a name does not tell."""
    if isinstance(config, dict):
        module = config.get("module") or "keras"
        is_code = config.get("class_name") in ("function", "__lambda__") or module.split(".")[0] != "keras"
        is_code |= set(config) == {"value"}  # of a lambda: its bytes, which need not tell what it closes over
        return not is_code and all(map(_only_keras, config.values()))
    return all(map(_only_keras, config)) if isinstance(config, list | tuple) else True
