"""Exercises of the chapter "Regularisation"."""

import keras
import numpy as np

from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close

N_ON_PAGE = 5

# regularization.1: what Keras adds


def _codes(seed):
    """Codes with both signs: a linear code has them too."""
    return np.random.default_rng(seed).normal(size=(7, 4))


PENALTY = Exercise(
    name="regularization.1",
    read=reading.function(
        (_codes(0), 0.01),
        (_codes(1), 1.0),
        returns=reading.number("what the penalty adds to the loss"),
        what="a function `penalty(z, strength)` of the codes, an array of shape (n_samples, latent_dim)",
    ),
    solve=lambda: lambda z, strength: strength * np.abs(z).sum(axis=1).mean(),
    same=close(rtol=1e-4),
    mistakes=(
        Mistake(
            name="mean for sum over units",
            make=lambda: lambda z, strength: strength * np.abs(z).mean(),
            hint="Too small, by as many times as the code has units. Over which axis does Keras average, and over "
            "which does it add up?",
        ),
        Mistake(
            name="sum for mean over rows",
            make=lambda: lambda z, strength: strength * np.abs(z).sum(),
            hint="Too large, by as many times as there are rows. A loss that grew with the batch would make every "
            "strength depend on the batch size.",
        ),
        Mistake(
            name="no absolute values",
            make=lambda: lambda z, strength: strength * z.sum(axis=1).mean(),
            hint="Right for a ReLU code. Try a code with negative values, which cancel in your sum.",
        ),
        Mistake(
            name="L2 for L1",
            make=lambda: lambda z, strength: strength * (z**2).sum(axis=1).mean(),
            hint="This is what L2 would add.",
        ),
        Mistake(
            name="strength forgotten",
            make=lambda: lambda z, strength: np.abs(z).sum(axis=1).mean(),
            hint="The same for every strength: it does not enter your result.",
        ),
    ),
    otherwise="Compare with the first term of the formula that has a strength in it: what stands before its sum?",
)


# regularization.2: for which codes there is a way out

ACTIVATIONS = ("linear", "leaky_relu", "tanh", "sigmoid")


def _read_truths(answer):
    what = f"a dict with True or False for each of {', '.join(ACTIVATIONS)}"
    if not isinstance(answer, dict) or set(answer) != set(ACTIVATIONS):
        reading.refuse(answer, what)
    odd = [value for value in answer.values() if not isinstance(value, bool | np.bool_)]
    if odd:
        reading.refuse(odd[0], what)
    return {name: bool(answer[name]) for name in ACTIVATIONS}


def _has_way_out(name):
    """Whether a tenth of the input gives a tenth of the output, for small and large numbers."""
    u = np.array([-30, -3, -0.1, 0.1, 3, 30], "float32")
    a = getattr(keras.activations, name)
    return bool(np.allclose(a(u / 10), np.asarray(a(u)) / 10, rtol=1e-3))


def _truths(**changed):
    return {name: _has_way_out(name) for name in ACTIVATIONS} | changed


WAY_OUT = Exercise(
    name="regularization.2",
    read=_read_truths,
    solve=_truths,
    same=lambda value, expected: value == expected,
    mistakes=(
        Mistake(
            name="small numbers only",
            make=lambda: _truths(tanh=True),
            hint="One of those that you took passes only as long as its numbers are small. Compare both sides at a "
            "large one too.",
        ),
        Mistake(
            name="everywhere",
            make=lambda: dict.fromkeys(ACTIVATIONS, True),
            hint="Not all of them: what does a bounded activation do with a number ten times as large?",
        ),
        Mistake(
            name="nowhere but in ReLU",
            make=lambda: dict.fromkeys(ACTIVATIONS, False),
            hint="It is not a matter of the zeros of a ReLU. Which property of it does the chapter's formula use?",
        ),
        Mistake(
            name="the slope below zero",
            make=lambda: _truths(leaky_relu=False),
            hint="One more has it. Take a positive and a negative number by themselves: what becomes of each when its "
            "input is a tenth?",
        ),
    ),
    otherwise="For each activation compare its value at a tenth of a number with a tenth of its value, at a small and "
    "a large number of either sign.",
)


# regularization.3: small weights set to zero


def _weights():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.05, shape) for shape in ((6, 4), (4,), (4, 6), (6,))]


_read_weights = reading.arrays(
    *(reading.array(w.shape, "arrays of the shapes that it was given") for w in _weights()),
    what="a list of as many arrays as it was given",
)


def _prune(weights, threshold, *, biases=False, keep=lambda w, threshold: np.abs(w) >= threshold):
    return [w * keep(w, threshold) if biases or w.ndim == 2 else w for w in weights]


def _prunes(**options):
    return lambda: lambda weights, threshold: _prune(weights, threshold, **options)


PRUNE = Exercise(
    name="regularization.3",
    read=reading.function(
        (_weights(), 0.02),
        (_weights(), 0.05),
        returns=_read_weights,
        what="a function `prune(weights, threshold)` of what `model.get_weights()` gives",
    ),
    solve=_prunes(),
    same=close(atol=1e-6),
    mistakes=(
        Mistake(
            name="biases too",
            make=_prunes(biases=True),
            hint="The kernels are right, and the biases have lost something as well. They have one axis.",
        ),
        Mistake(
            name="sign",
            make=_prunes(keep=lambda w, threshold: w >= threshold),
            hint="All negative weights are gone, the large ones among them.",
        ),
        Mistake(
            name="the large ones",
            make=_prunes(keep=lambda w, threshold: np.abs(w) < threshold),
            hint="The other way round: you have kept what is small.",
        ),
        Mistake(
            name="nothing changed",
            make=lambda: lambda weights, threshold: weights,
            hint="The weights came back as they were.",
        ),
    ),
    otherwise="Kernels have two axes, biases one. In each kernel, what is smaller in size than the threshold becomes "
    "zero and everything else stays.",
)

EXERCISES = (PENALTY, WAY_OUT, PRUNE)
