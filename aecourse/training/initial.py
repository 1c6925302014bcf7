"""The state that each seed starts from: the one that ``keras.utils.set_random_seed(seed); build_model()`` gives.

Building a Keras model costs tens of milliseconds, nearly all of it bookkeeping, while its random weights
cost microseconds. So one model is built, what its random draws came from is traced, and the draws are
repeated for every other seed. Where anything but Keras has drawn a random number, or where a second model,
built the slow way, is not equal to the last bit, every model is built.
"""

import random

import keras
import numpy as np

from aecourse._checks import received
from aecourse._seeding import generators_restored
from aecourse.training.replicates import Replicates

# Below this many seeds, building each model is as quick as tracing one.
FEW_SEEDS = 4
# Keras draws the seed of each unseeded initializer and noise layer so; see keras.src.random.make_default_seed.
LARGEST_DRAW = int(1e9)
# Beyond it, in models of hundreds of layers, every model is built.
MOST_DRAWS = 1000


def initial_states(build_model, seeds, example):
    """Build a model, and the state of each seed's replicate before training.

    Parameters
    ----------
    build_model : callable returning an uncompiled keras.Model
        Called with no arguments, after all random generators have been seeded.
    seeds : list of int
        Distinct seeds.
    example : array or structure of arrays
        One row of the inputs; a model that does not know its input shape yet is built by it.

    Returns
    -------
    model : keras.Model
        The model of the first seed, to run all others through.
    states : list of ndarray, one per entry of `model.variables`, each (n_seeds, *variable.shape)
    """
    model, n_draws = build_seeded(build_model, seeds[0], example)
    last, _ = build_seeded(build_model, seeds[-1], example)
    check_alike("build_model", model, last)
    first_state, last_state = _state(model), _state(last)
    if len(seeds) >= FEW_SEEDS and n_draws is not None:
        states = _redraw(model, seeds, n_draws)
        if states is not None and all(
            np.array_equal(drawn[-1], built) for drawn, built in zip(states, last_state, strict=True)
        ):
            return model, states
    others = [_state(build_seeded(build_model, seed, example)[0]) for seed in [*seeds[1:-1], seeds[0]]]
    if not all(map(np.array_equal, first_state, others.pop())):
        raise ValueError(
            "`build_model` must give the same weights for the same seed. Received: two models with different weights "
            "after `keras.utils.set_random_seed`. Draw random numbers from seeded generators only."
        )
    every = [first_state, *others, last_state][: len(seeds)]
    return model, [np.stack(values) for values in zip(*every, strict=True)]


def continued_states(initial_weights, seeds, model, states):
    """`states` with trained weights in the place of those drawn; the states of noise layers stay.

    Parameters
    ----------
    initial_weights : Replicates
        As the caller gave it; not checked yet.
    seeds, model, states
        As for `initial_states`.
    """
    if not isinstance(initial_weights, Replicates):
        expected = "`initial_weights` must be what `train_replicates` returned, or None."
        raise TypeError(f"{expected} {received('initial_weights', initial_weights)}")
    missing = sorted(set(seeds) - set(initial_weights.seeds))
    if missing:
        raise ValueError(f"`initial_weights` must hold every one of `seeds`. Received: a record without {missing[:5]}.")
    trained, own = [w.shape[1:] for w in initial_weights.weights], [tuple(v.shape) for v in model.weights]
    if trained != own:
        raise ValueError(
            f"`initial_weights` must come from a model with weights of shapes {own}, as `build_model` returns. "
            f"Received: {trained}."
        )
    positions = [initial_weights.seeds.index(seed) for seed in seeds]
    found = {id(v): stack[positions] for v, stack in zip(model.weights, initial_weights.weights, strict=True)}
    return [found.get(id(v), state) for v, state in zip(model.variables, states, strict=True)]


def build_seeded(build_model, seed, example):
    """Call `build_model` as after ``keras.utils.set_random_seed(seed)``; check that a model comes back.

    The generators of Python and NumPy are put back afterwards, so that the caller's own draws do not change;
    TensorFlow's global seed, which cannot be read, stays at `seed`.

    Returns
    -------
    model : keras.Model
    n_draws : int or None
        How many seeds were drawn as Keras draws them; None if other random numbers were drawn.
    """
    with generators_restored():
        keras.utils.set_random_seed(seed)
        model = build_model()
        if isinstance(model, keras.Model) and not model.built:
            model(example)
        n_draws = _count_draws(seed)
    check_built("build_model", model)
    return model, n_draws


def check_built(name, model):
    """Raise unless what the builder called `name` returned is a model that is not compiled."""
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"`{name}` must return an uncompiled keras.Model. Received: {name}() returned {type(model).__name__}."
        )
    if model.compiled:
        raise ValueError(
            f"`{name}` must return an uncompiled keras.Model. Received: a compiled one. "
            "Leave `model.compile(...)` out: the trainer brings optimizer and loss."
        )


def _count_draws(seed):
    """How often Keras has drawn from Python's generator since it was seeded; None if something else drew."""
    _, now, position, *_ = np.random.get_state()  # noqa: NPY002
    _, fresh, start, *_ = np.random.RandomState(seed).get_state()
    if position != start or not np.array_equal(now, fresh):
        return None
    generator, state = random.Random(seed), random.getstate()
    for n_draws in range(MOST_DRAWS):
        if generator.getstate() == state:
            return n_draws
        generator.randint(1, LARGEST_DRAW)
    return None


def check_alike(name, model, other):
    """Raise unless two models of one builder have variables of their own, and the same shapes."""
    shared = {id(v) for v in model.variables} & {id(v) for v in other.variables}
    if shared:
        names = ", ".join(v.path for v in model.variables if id(v) in shared)
        raise ValueError(
            f"`{name}` must make new layers at every call, or a replicate would start from weights that "
            f"another one has trained. Received: models that share {names}. Create the layers inside `{name}`."
        )
    shapes, others = ([tuple(v.shape) for v in each.variables] for each in (model, other))
    if shapes != others:
        raise ValueError(
            f"`{name}` must build the same architecture at every call. "
            f"Received: models with variables of shapes {shapes} and {others}."
        )


def _state(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.variables]


def _redraw(model, seeds, n_draws):
    """States of all seeds from those of one, by repeating each initializer's draw; None where that can't be done."""
    draws = np.array([_draws(seed, n_draws) for seed in seeds])  # (n_seeds, n_draws)
    position = {int(draw): i for i, draw in enumerate(draws[0])}
    initializers = _initializers(model)
    explained = {initializer.seed for own in initializers.values() for initializer in own}
    states = []
    for variable in model.variables:
        value = keras.ops.convert_to_numpy(variable)
        if value.shape == (2,) and value.dtype.kind in "iu" and int(value[0]) in position:  # state of a noise layer
            explained.add(int(value[0]))
            state = np.zeros((len(seeds), 2), value.dtype)
            state[:, 0] = draws[:, position[int(value[0])]]
        else:
            initializer = _source(variable, value, initializers.get(id(variable), ()))
            if initializer is None:
                state = np.repeat(value[None], len(seeds), axis=0)
            elif initializer.seed not in position:
                return None
            else:
                state = np.stack([_draw(initializer, int(s), variable) for s in draws[:, position[initializer.seed]]])
        states.append(state)
    # A draw that no layer holds was the builder's own, and may have decided anything.
    return states if set(position) <= explained else None


def _draws(seed, n_draws):
    generator = random.Random(seed)
    return [generator.randint(1, LARGEST_DRAW) for _ in range(n_draws)]


def _initializers(model):
    """Keras's own random initializers of the layer that owns each variable, by the variable's id."""
    found = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found |= _initializers(layer)
            continue
        own = [v for v in vars(layer).values() if isinstance(v, keras.initializers.Initializer)]
        own = [v for v in own if type(v).__module__.startswith("keras.") and isinstance(getattr(v, "seed", None), int)]
        found |= {id(variable): own for variable in layer.variables}
    return found


def _source(variable, value, initializers):
    """The initializer that drew `value`; None for a constant."""
    for initializer in initializers:
        try:
            drawn = _draw(initializer, initializer.seed, variable)
        except ValueError:  # an orthogonal one can't have drawn the biases
            continue
        if np.array_equal(drawn, value):
            return initializer
    return None


def _draw(initializer, seed, variable):
    again = type(initializer).from_config({**initializer.get_config(), "seed": seed})
    return keras.ops.convert_to_numpy(again(variable.shape, dtype=variable.dtype))
