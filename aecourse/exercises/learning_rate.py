"""Exercises of the chapter "The learning rate"."""

import keras
import numpy as np

from aecourse import data
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close

N_ON_PAGE = 5
EPOCHS, RATE, SMALL_RATE = 200, 1e-3, 1e-4
CLIPS = (0.1, 0.01, 0.001)

# learning_rate.1: how long a small rate takes


def _needed():
    return EPOCHS * RATE / SMALL_RATE


PATIENCE = Exercise(
    name="learning_rate.1",
    read=reading.number("epochs"),
    solve=_needed,
    same=close(rtol=0.05),
    mistakes=(
        Mistake(
            name="as many",
            make=lambda: EPOCHS,
            hint="That is as many epochs as before, each with a step of a tenth. How far do they get?",
        ),
        Mistake(
            name="fewer",
            make=lambda: EPOCHS * SMALL_RATE / RATE,
            hint="With smaller steps a model needs more of them, not fewer.",
        ),
        Mistake(
            name="only the further ones",
            make=lambda: _needed() - EPOCHS,
            hint="Nearly: those are the epochs still to come after the first 200. Count from fresh weights.",
        ),
        Mistake(
            name="square root",
            make=lambda: EPOCHS * np.sqrt(RATE / SMALL_RATE),
            hint="So it would be if the steps went to and fro at random. Early in training most of them point the same "
            "way.",
        ),
    ),
    otherwise="How many times smaller is the step, and how does the way covered depend on it?",
)


# learning_rate.2: the loss times ten


def _step(optimizer, slope):
    """How far one step moves a weight on a given slope."""
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    optimizer.apply([np.float32(slope)], [weight])
    return abs(float(weight))


def _factors():
    """By which a rate has to be multiplied for a step to stay as long where the loss is ten times as large."""
    return np.array([_step(make(0.01), 0.5) / _step(make(0.01), 5.0) for make in MAKERS])


MAKERS = (keras.optimizers.SGD, keras.optimizers.Adam)

UNIT = Exercise(
    name="learning_rate.2",
    read=reading.numbers("the factor for the best rate of SGD", "the factor for that of Adam"),
    solve=_factors,
    same=close(rtol=0.02),
    mistakes=(
        Mistake(
            name="turned round",
            make=lambda: 1 / _factors(),
            hint="Adam is right. For SGD: is the step longer or shorter on the steeper slope, and must the rate make "
            "up for it or add to it?",
        ),
        Mistake(
            name="Adam like SGD",
            make=lambda: np.repeat(_factors()[0], 2),
            hint="SGD is right. In the formula of Adam the slope stands above and below the line.",
        ),
        Mistake(
            name="SGD like Adam",
            make=lambda: np.repeat(_factors()[1], 2),
            hint="Adam is right. In the formula of gradient descent nothing divides the slope.",
        ),
        Mistake(
            name="order",
            make=lambda: _factors()[::-1],
            hint="Both numbers are there, in the other order: first SGD, then Adam.",
        ),
    ),
    otherwise="Give two factors: new best rate divided by old best rate. All slopes grow as the loss does; by which "
    "factor must the rate change for each step to stay as long as it was?",
)


# learning_rate.3: the longest step of clipped descent


def _longest(clip, rate=10.0):
    return _step(keras.optimizers.SGD(rate, clipvalue=clip), 1e6)


CLIPPING = Exercise(
    name="learning_rate.3",
    read=reading.array((len(CLIPS),), f"the longest step of one weight for each c of {CLIPS}"),
    solve=lambda: np.array([_longest(clip) for clip in CLIPS]),
    same=close(rtol=0.01),
    mistakes=(
        Mistake(
            name="rate forgotten",
            make=lambda: np.array(CLIPS),
            hint="These are the largest slopes that are let through. A step is a slope times what?",
        ),
        Mistake(
            name="divided by the rate",
            make=lambda: np.array(CLIPS) / 10,
            hint="A larger rate makes longer steps, not shorter ones.",
        ),
        Mistake(
            name="unclipped",
            make=lambda: np.full(len(CLIPS), 10.0),
            hint="The same for every c. What does clipping leave of a large slope?",
        ),
    ),
    otherwise="Put the largest slope that clipping lets through into the formula of gradient descent.",
)


# learning_rate.4: a triangle of rates

LOW, HIGH, PERIOD = 0.01, 0.1, 20  # rates, and epochs


def _steps_per_epoch():
    return -(-len(data.load_wine().x_train) // 16)  # in batches of 16, rounded up


def _triangle(period, low=LOW, high=HIGH):
    """Rate by step: from low to high and back within a period, in steps."""

    def rate(step):
        position = step / (period / 2) % 2  # 0 to 2
        return low + (high - low) * (1 - abs(position - 1))

    return rate


def _sawtooth(period):
    return lambda step: LOW + (HIGH - LOW) * (step % period) / period


def _read_schedule(answer):
    if isinstance(answer, type) or not callable(answer):
        reading.refuse(answer, "a schedule, which can be called with the number of a step and returns a rate")
    rate = reading.number("the rate at a step")
    return np.array([rate(reading.call(answer, step)) for step in range(0, 5 * PERIOD * _steps_per_epoch(), 5)])


TRIANGLE = Exercise(
    name="learning_rate.4",
    read=_read_schedule,
    solve=lambda: _triangle(PERIOD * _steps_per_epoch()),
    same=close(rtol=1e-3),
    mistakes=(
        Mistake(
            name="epochs for steps",
            make=lambda: _triangle(PERIOD),
            hint="Your triangle is through after twenty steps. A schedule counts steps: how many are there in an "
            "epoch?",
        ),
        Mistake(
            name="twice as slow",
            make=lambda: _triangle(2 * PERIOD * _steps_per_epoch()),
            hint="Yours takes a whole period to rise, and another to fall.",
        ),
        Mistake(
            name="from the top",
            make=lambda: _triangle(PERIOD * _steps_per_epoch(), HIGH, LOW),
            hint="Yours starts with the large rate, while the weights are still random.",
        ),
        Mistake(
            name="sawtooth",
            make=lambda: _sawtooth(PERIOD * _steps_per_epoch()),
            hint="Yours rises over the whole period and then drops at once. A triangle comes down as it went up.",
        ),
    ),
    otherwise="At step 0 the rate is the low one, in the middle of a period the high one, and straight in between. "
    "Print a few values over two periods.",
)

EXERCISES = (PATIENCE, UNIT, CLIPPING, TRIANGLE)
