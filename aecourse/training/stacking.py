"""How replicates are trained: in stacks or in turn, by XLA or not; and where in a stack each seed stands."""

import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from aecourse.training.noise import draws_noise

# Their gradients run one replicate at a time even in a stack, so that a stack gains nothing.
IN_TURN_LAYERS = ("BaseConv", "BaseDepthwiseConv", "BaseSeparableConv", "BaseConvTranspose", "RNN", "Bidirectional")
# Optimizers that move each weight by itself, so that one of them can serve a whole stack.
ELEMENTWISE = ("SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Lion", "Ftrl")
# Multiplications per replicate and step above which a step is bound by arithmetic, not by the overhead that a stack
# shares out; benchmarks/ measures where the two cross.
LARGE_STEP = 700_000
# What XLA saves, counted in numbers: weights, and outputs of all layers for a batch. A step saves a nanosecond or two
# for each of its numbers, as fewer passes are made over them, and as much as so many for its calls of operations.
XLA_CALLS = 200_000
# The sum of these over the steps of one seed above which XLA pays for compiling them, which takes 0.5 to 3 s;
# benchmarks/ measures where the two meet. Most train several seeds, which share what was compiled.
XLA_TRAINING = 500_000_000
# Numbers that a processor's widest vector holds, and so the modulus by which seeds keep their place in a stack.
LANES = 16
# A stack is cut so that the weights, activations and gradients of one step stay below this.
STACK_BYTES = 500_000_000


def slots_of(seeds):
    """Where in the stack each seed goes: at a place that equals the seed, modulo LANES.

    The processor takes several numbers at a time, and its results for the first and the last of them can differ in
    the last bit. At the same place within such a group, a seed has the same result in every stack.
    """
    n_before = dict.fromkeys(range(LANES), 0)
    slots = []
    for seed in seeds:
        slots.append(LANES * n_before[seed % LANES] + seed % LANES)
        n_before[seed % LANES] += 1
    return np.array(slots)


def choose_stacks(model, optimizer, batch_size, vectorize):
    """Whether to train in stacks: as asked, or as is quicker; says so once where the model or optimizer decides it."""
    mixing = [type(optimizer).__name__] if type(optimizer).__name__ not in ELEMENTWISE else []
    mixing += [name for name in ("clipnorm", "global_clipnorm") if getattr(optimizer, name, None)]
    mixing += ["a weight constraint"] if any(v.constraint is not None for v in model.trainable_variables) else []
    if vectorize and mixing:
        raise ValueError(
            "`vectorize` must be False or None where a step of one weight depends on others, since a stack would mix "
            f"the replicates. Received: vectorize=True with {', '.join(mixing)}."
        )
    if vectorize is not None:
        return vectorize
    slow = sorted({type(layer).__name__ for layer in flat_layers(model) if _base_names(layer) & set(IN_TURN_LAYERS)})
    if mixing or slow:
        what = ", ".join(mixing + slow)
        warnings.warn(f"A stack gains nothing with {what}: the replicates are trained in turn.", stacklevel=3)
        return False
    return batch_size * model.count_params() <= LARGE_STEP


def worth_compiling(model, batch_size, n_steps):
    """Whether XLA should compile the steps of replicates in turn.

    Parameters
    ----------
    model : keras.Model
        As it is trained, its noise fed where that can be.
    batch_size : int
    n_steps : int
        In the training of one seed. Not of all: a seed's run must not depend on its company.
    """
    # XLA runs convolutions on one thread and draws random numbers slowly: both took several times as long.
    if any(_base_names(layer) & set(IN_TURN_LAYERS) or draws_noise(layer) for layer in flat_layers(model)):
        return False
    return saved_by_xla(model, batch_size, n_steps) >= XLA_TRAINING


def saved_by_xla(model, batch_size, n_steps):
    """What compiled steps save, in the numbers of XLA_TRAINING."""
    return n_steps * (XLA_CALLS + model.count_params() + batch_size * _total_width(model))


def stack_size(model, batch_size, n_slots):
    """Replicates per stack, a multiple of LANES: all of them, or as many as the memory for one step allows."""
    activations = batch_size * _total_width(model)
    n_bytes = 4 * (5 * model.count_params() + 4 * activations)  # five: weights, gradient, moments
    largest = max(1, STACK_BYTES // n_bytes // LANES)
    n_lanes = math.ceil(n_slots / LANES)
    n_groups = math.ceil(n_lanes / largest)
    return LANES * math.ceil(n_lanes / n_groups)


def _total_width(model):
    """Numbers that all layers put out for one row."""
    outputs = tf.nest.flatten([layer.output for layer in flat_layers(model) if hasattr(layer, "output")])
    return sum(math.prod(size or 1 for size in output.shape[1:]) for output in outputs)


def flat_layers(model):
    """The layers of a model and of the models inside it."""
    for layer in model.layers:
        yield from flat_layers(layer) if isinstance(layer, keras.Model) else [layer]


def _base_names(layer):
    return {base.__name__ for base in type(layer).__mro__}
