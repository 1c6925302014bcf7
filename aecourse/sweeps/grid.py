"""The points of a grid: which argument goes to the builder, which to the trainer, and how each is called in a frame."""

import inspect
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.model_selection import ParameterGrid

from aecourse._checks import check_int, received
from aecourse.training import arguments, train_replicates
from aecourse.training.objective import LOSS_NAMES

TRAINER = inspect.signature(train_replicates).parameters
# What all trials share.
SHARED = ("build_model", "x_train", "x_val", "y_train", "y_val", "seeds", "progress")
TRAINER_AXES = tuple(name for name in TRAINER if name not in SHARED)
DATA_SETTINGS = ("y_train", "y_val")
PLAIN = bool | int | float | str | None


@dataclass(frozen=True)
class Point:
    """One point of the grid.

    Attributes
    ----------
    build_args, settings : dict
        What the builder and `train_replicates` get, besides what all points share.
    labels : dict
        Value of every axis, in a form that fits into a frame; of an axis that this point leaves out, the default.
    """

    build_args: dict
    settings: dict
    labels: dict


def read_grid(build_model, param_grid, settings, n_samples) -> list[Point]:
    """The points in the order of scikit-learn's `ParameterGrid`, checked as far as is possible without a model.

    Parameters
    ----------
    build_model : callable
    param_grid : dict of sequences, or list of such dicts
    settings : dict
        Settings of `train_replicates` that all points share.
    n_samples : int
        Rows to train on.
    """
    builder = _read_builder(build_model)
    own = [name for name, p in builder.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in builder.values())
    _check_settings_known(settings, own)
    points = _read_points(param_grid)
    names = list(dict.fromkeys(name for grid in _grids(param_grid) for name in grid))
    for name in names:
        _check_axis(name, own, takes_any, settings)
    defaults = {name: builder[name].default if name in own else settings.get(name) for name in names}
    defaults |= {name: TRAINER[name].default for name in names if name not in own and name in TRAINER_AXES}
    defaults = {name: None if value is inspect.Parameter.empty else value for name, value in defaults.items()}
    labels = {name: _labels([point.get(name, defaults[name]) for point in points]) for name in names}
    read = []
    for i, point in enumerate(points):
        build_args = {name: value for name, value in point.items() if name in own or name not in TRAINER_AXES}
        trained = {**settings, **{name: value for name, value in point.items() if name not in build_args}}
        _check_bound(build_model, build_args)
        check_training(trained, n_samples)
        read.append(Point(build_args, trained, {name: labels[name][i] for name in names}))
    _check_distinct(read)
    return read


def check_training(settings, n_samples):
    """What can be told of the trainer's settings before there is a model."""
    if "epochs" not in settings:
        raise TypeError("`epochs` must be given, as a setting or an axis of `param_grid`. Received: neither.")
    check_int("epochs", settings["epochs"], minimum=1)
    if "batch_size" in settings:
        hint = f"There are {n_samples} rows to train on."
        check_int("batch_size", settings["batch_size"], minimum=1, maximum=n_samples, hint=hint)
    arguments.read_optimizer(
        settings.get("optimizer", TRAINER["optimizer"].default),
        settings.get("learning_rate", TRAINER["learning_rate"].default),
    )
    if isinstance(settings.get("loss"), str):
        try:
            keras.losses.get(settings["loss"])
        except ValueError as error:
            expected = f"`loss` must be one of {', '.join(LOSS_NAMES)}."
            raise ValueError(f"{expected} {received('loss', settings['loss'])}") from error


def _read_builder(build_model):
    if not callable(build_model) or isinstance(build_model, keras.Model):
        raise TypeError(
            "`build_model` must be a function that returns a new keras.Model and takes the axes of `param_grid` that "
            f"are not settings of the trainer. {received('build_model', build_model)}"
        )
    return inspect.signature(build_model).parameters


def _check_settings_known(settings, own):
    choices = (*TRAINER_AXES, *DATA_SETTINGS)
    for name in settings:
        if name not in choices:
            hint = f" To pass it to the builder, put it in the grid: {{{name!r}: [value]}}." if name in own else ""
            raise TypeError(f"A setting must be one of {', '.join(choices)}. Received: {name}.{hint}")


def _grids(param_grid):
    return [param_grid] if isinstance(param_grid, dict) else list(param_grid)


def _read_points(param_grid):
    try:
        points = list(ParameterGrid(param_grid))
    except (TypeError, ValueError) as error:
        raise type(error)(
            "`param_grid` must be a dict such as {'latent_dim': [2, 8]}, or a list of them. "
            f"{received('param_grid', param_grid)} {error}"
        ) from error
    # As Python's own numbers: builders and frames take them better than NumPy's.
    return [
        {name: value.item() if isinstance(value, np.generic) else value for name, value in point.items()}
        for point in points
    ]


def _check_axis(name, own, takes_any, settings):
    if name in own and name in TRAINER_AXES:
        raise ValueError(
            f"`param_grid` must not hold {name!r}, which is an argument of both the builder and `train_replicates`. "
            "Rename the builder's."
        )
    if name in settings:
        raise ValueError(f"`{name}` must be an axis of `param_grid` or a setting, not both. {received(name, settings)}")
    if name in SHARED and name not in own:
        raise ValueError(f"`param_grid` must not hold {name!r}: all trials share it. Pass it to `sweep` itself.")
    if name not in own and name not in TRAINER_AXES and not takes_any:
        raise ValueError(
            f"`param_grid` must hold arguments of the builder ({', '.join(own) or 'it takes none'}) or of "
            f"`train_replicates` ({', '.join(TRAINER_AXES)}). Received: {name!r}."
        )


def _check_bound(build_model, build_args):
    try:
        inspect.signature(build_model).bind(**build_args)
    except TypeError as error:
        raise TypeError(
            f"`param_grid` must give the builder all that it needs. Received: {build_args!r}, with {error}. "
            "Give it a default, or an axis of one value."
        ) from error


def _check_distinct(points):
    seen = set()
    for point in points:
        key = tuple((type(label).__name__, label) for label in point.labels.values())
        if key in seen:
            raise ValueError(f"`param_grid` must hold each point once. Received: {point.labels!r} more than once.")
        seen.add(key)


def _labels(values):
    """One label for each value: itself if it is plain, else its name, numbered where several share it."""
    labels = [_label(value) for value in values]
    numbers = {}
    for value, label in zip(values, labels, strict=True):
        if not _is_plain(value):
            numbers.setdefault(label, {}).setdefault(id(value), len(numbers[label]) + 1)
    return [
        label if _is_plain(value) or len(numbers[label]) == 1 else f"{label} ({numbers[label][id(value)]})"
        for value, label in zip(values, labels, strict=True)
    ]


def _is_plain(value):
    return isinstance(value, PLAIN) or (isinstance(value, tuple | list) and all(map(_is_plain, value)))


def _label(value):
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, tuple | list):
        return tuple(map(_label, value))
    return getattr(value, "__name__", type(value).__name__)
