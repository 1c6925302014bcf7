"""Exercises of the chapter "Attached autoencoder"."""

from functools import cache
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from aecourse import data
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close

N_ON_PAGE = 5
LAYERS = (32, 16, "pool", 8, "pool", 8, "pool")  # channels of the convolutions, and poolings


def _convolve(pixels, n_layers=None):
    x = layers.Reshape((28, 28, 1))(pixels)
    for layer in LAYERS[:n_layers]:
        settings = {"strides": 2, "padding": "same"}
        x = (layers.MaxPooling2D(2, **settings) if layer == "pool" else layers.Conv2D(layer, 2, **settings))(x)
    return layers.Flatten()(x)


# attached.1: what the convolutions leave of an image


@cache
def _numbers_left():
    pixels = keras.Input((784,))
    return [_convolve(pixels, n + 1).shape[1] for n in range(len(LAYERS))]


def _halve_down(side):
    return max(side // 2, 1)


def _by_hand(*, halve=lambda side: -(-side // 2), channels=True, pools=True):
    side, n_channels, left = 28, 1, []
    for layer in LAYERS:
        side = halve(side) if pools or layer != "pool" else side
        n_channels = n_channels if layer == "pool" else layer
        left.append(side**2 * (n_channels if channels else 1))
    return left


NUMBERS = Exercise(
    name="attached.1",
    read=reading.array((len(LAYERS),), "how many numbers are left by the first layer, by the first two, and so on"),
    solve=_numbers_left,
    same=close(atol=0.01),
    mistakes=(
        Mistake(
            name="pixels without channels",
            make=lambda: _by_hand(channels=False),
            hint="So many pixels are left. How many numbers does each of them hold by then?",
        ),
        Mistake(
            name="rounded down",
            make=lambda: _by_hand(halve=_halve_down),
            # Whatever comes after the first odd side: some go on to nothing, others stop at one pixel.
            told_by=lambda value: np.array_equal(value[:3], _by_hand(halve=_halve_down)[:3]),
            hint='A side becomes odd on the way, and the next layer has `padding="same"`. What becomes of the last row '
            "and column?",
        ),
        Mistake(
            name="begun with the image",
            make=lambda: [784, *_numbers_left()[:-1]],
            hint="Your list begins with the image as it comes in. The first number asked for is what one layer leaves "
            "of it.",
        ),
        Mistake(
            name="poolings without a stride",
            make=lambda: _by_hand(pools=False),
            hint="In your list a pooling leaves as many numbers as it gets. How far does its window move at each step?",
        ),
    ),
    otherwise="Follow the side of the image through the layers, then its channels. A layer leaves side times side "
    "times channels.",
)


# attached.2: what no gradient reaches when the decoder's loss has no weight


def _dense(x, units, name=None):
    return layers.Dense(units, activation="relu", name=name)(x)


@cache
def _sizes():
    """Parameters of the attached model, and of its parts."""
    pixels = keras.Input((784,))
    z = _dense(_dense(_dense(pixels, 256), 128), 128)
    branch = _dense(_dense(z, 128), 64)
    features = _dense(_dense(_convolve(pixels), 128), 64)
    digit = layers.Dense(10)(_dense(layers.Add()([features, branch]), 32))
    hidden = _dense(z, 128)
    x_hat = layers.Dense(784)(hidden)

    def size(outputs, inputs=pixels):
        return keras.Model(inputs, outputs).count_params()

    decoder = keras.Model(z, x_hat)
    return SimpleNamespace(
        total=size([digit, x_hat]),
        unreached=size([digit, x_hat]) - size(digit),
        biases=sum(int(np.prod(w.shape)) for w in decoder.weights if len(w.shape) == 1),
        output=size(x_hat, hidden),
        autoencoder=size(x_hat),
        second_path=size(x_hat) + size(branch, z),
        cnn=size(features),
    )


def _weight_by_weight():
    """The same, and with them what never moves in layers that learn: weights that see black pixels or padding alone."""
    n_black = (data.load_mnist().x_train.max(axis=0) == 0).sum()
    return _sizes().unreached + 256 * n_black + 3 * 8 * 8


UNREACHED = Exercise(
    name="attached.2",
    read=reading.number("how many parameters the layers have that no gradient reaches"),
    solve=lambda: _sizes().unreached,
    same=close(atol=0.01),
    mistakes=(
        Mistake(
            name="output layer alone",
            make=lambda: _sizes().output,
            hint="One layer is right, and another is missing. Go back from the reconstruction, layer by layer: which "
            "of them does the other loss reach?",
        ),
        Mistake(
            name="whole autoencoder",
            make=lambda: _sizes().autoencoder,
            hint="This counts the encoder as well. Who reads the code, besides the decoder?",
        ),
        Mistake(
            name="whole second path",
            make=lambda: _sizes().second_path,
            hint="This is all that was attached. With the weight at zero the model is still far more accurate than the "
            "CNN: something of it must have learnt.",
        ),
        Mistake(
            name="CNN",
            make=lambda: _sizes().cnn,
            told_by=lambda value: 0 <= value - _sizes().cnn <= 650,  # without its classes, or with them
            hint="This is the CNN. Its features are added to others, and a sum hands its gradient on to all that it "
            "adds.",
        ),
        Mistake(
            name="biases forgotten",
            make=lambda: _sizes().unreached - _sizes().biases,
            hint="The kernels of the right layers are counted. What else does a layer learn?",
        ),
        Mistake(
            name="those that learn",
            make=lambda: _sizes().total - _sizes().unreached,
            hint="So many parameters do get a gradient. Asked for are the others.",
        ),
        Mistake(
            name="weight by weight",
            make=_weight_by_weight,
            told_by=lambda value: _sizes().unreached < value < _sizes().total,
            hint="More than those layers have. If you counted the weights that did not move: in a layer that learns "
            "some stay too, as where a pixel is black in every image. Count whole layers.",
        ),
        Mistake(
            name="layers for parameters",
            make=lambda: 2,
            told_by=lambda value: 1 <= value <= 9,
            hint="So few could be layers, or arrays. How many parameters are in them?",
        ),
    ),
    otherwise="Which layers stand on the way from the pixels to the classes, by any path? All others count, with "
    "kernels and biases.",
)


# attached.4: a loss for rows with and without a label

N_ROWS, N_LABELLED, N_CLASSES = 6, 4, 10
EPSILON = 1e-7  # what Keras adds by default


def _rows():
    """Targets, of zeros where there is no label, and what stands before the softmax."""
    rng = np.random.default_rng(0)
    t = np.eye(N_CLASSES, dtype="float32")[rng.integers(2, N_CLASSES, N_ROWS)]
    t[N_LABELLED:] = 0
    logits = rng.normal(size=(N_ROWS, N_CLASSES)).astype("float32")
    logits[[0, -1], 1] = -200  # a softmax of exactly 0, with a label and without, for a class that is no label
    return t, logits


def _losses_and_gradient(found):
    losses = reading.array((N_ROWS,), "a loss for each row", allow_nan=True)(found[0])
    return np.column_stack([losses, found[1]])


def _measure_masked(answer):
    """Loss of each row and, beside it, the gradient by its logits; NaN where no gradient comes back at all."""
    what = "a function `masked(t, p)` of targets and probabilities, arrays of shape (n_samples, 10)"
    if not callable(answer):
        reading.refuse(answer, what)

    def with_gradient(t, logits):
        logits = tf.Variable(logits)
        with tf.GradientTape() as tape:
            # The softmax of Keras notes what went into it; that is where the ready-made loss takes its short cut.
            losses = answer(tf.constant(t), keras.activations.softmax(logits))
        gradient = tape.gradient(losses, logits) if tf.is_tensor(losses) else None
        gradient = np.full(t.shape, np.nan) if gradient is None else np.asarray(tf.convert_to_tensor(gradient))
        return losses.numpy() if tf.is_tensor(losses) else losses, gradient

    found = reading.function(_rows(), returns=_losses_and_gradient, what=what)(with_gradient)
    return found.reshape(N_ROWS, 1 + N_CLASSES)


def _masked(t, p):
    return -keras.ops.sum(t * keras.ops.log(p + EPSILON), axis=-1)


def _agrees(value, rows, columns):
    return MASKED.same(value[rows, columns], _measure_masked(_masked)[rows, columns])


ALL, LOSSES, LABELLED = slice(None), slice(0, 1), slice(N_LABELLED)


def _stumbles_at_zero(value):
    lost = np.isnan(value[:, 1:])
    return not np.isfinite(value[:, 0]).all() or (lost.any() and not lost.all())


MASKED = Exercise(
    name="attached.4",
    read=_measure_masked,
    solve=lambda: _masked,
    same=close(rtol=1e-3, atol=1e-4),
    mistakes=(
        Mistake(
            name="logarithm of zero",
            make=lambda: lambda t, p: -keras.ops.sum(t * keras.ops.log(p), axis=-1),
            told_by=_stumbles_at_zero,
            hint="Something becomes NaN or infinite where a probability is 0, as it may be after a softmax in float32. "
            "What is zero times its logarithm, and what is the slope there?",
        ),
        Mistake(
            name="NumPy",
            make=lambda: lambda t, p: -np.sum(np.asarray(t) * np.log(np.asarray(p) + EPSILON), axis=-1),
            told_by=lambda value: np.isnan(value[:, 1:]).all() and _agrees(value, ALL, LOSSES),
            hint="The losses are right, and no gradient comes back through them: NumPy keeps no record of what it "
            "computes. Which functions does a Keras layer use in its place?",
        ),
        Mistake(
            name="ready-made",
            make=lambda: keras.losses.categorical_crossentropy,
            told_by=lambda value: _agrees(value, ALL, LOSSES) and _agrees(value, LABELLED, ALL),
            hint="All losses are right, the gradient is not: look at it in the rows without a label.",
        ),
        Mistake(
            name="sign",
            make=lambda: lambda t, p: -_masked(t, p),
            hint="Your losses are negative, and would fall as the right class becomes less probable.",
        ),
        Mistake(
            name="mean over classes",
            make=lambda: lambda t, p: _masked(t, p) / N_CLASSES,
            hint="Too small, by as many times as there are classes. The formula adds up over them.",
        ),
        Mistake(
            name="no label for a zero",
            make=lambda: lambda t, p: _masked(keras.ops.one_hot(keras.ops.argmax(t, axis=-1), N_CLASSES), p),
            hint="Rows without a label have a loss here, as if each of them were the digit of the first class. Which "
            "entry of a row of zeros is the largest?",
        ),
        Mistake(
            name="weight in the loss",
            make=lambda: lambda t, p: _masked(t, p) * N_ROWS / keras.ops.sum(t),
            hint="Each loss is too large by the same factor, which depends on the batch. To make up for the rows "
            "without a label is the task of `loss_weights`.",
        ),
    ),
    otherwise="A row with a label has the cross-entropy as its loss. In a row without one, both the loss and its "
    "gradient are zero.",
)

EXERCISES = (NUMBERS, UNREACHED, MASKED)
