"""Exercises of the chapter "A first autoencoder"."""

from types import SimpleNamespace

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from aecourse import data, models
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close, near
from aecourse.exercises.sources import pca_loss, wine

N_ON_PAGE = 5
SPLITS = range(20)
# A linear autoencoder that has converged lies this close to PCA's loss, in training variances.
CONVERGED = 0.01


# wine.1: what a tanh can't reach


def _floor(x, output="tanh"):
    floor = models.reconstruction_floor(x, output)
    return floor.share_out_of_reach, floor.mse


def _floor_of_distances():
    x = wine().x_val
    return _floor(x)[0], np.abs(x - np.clip(x, -1, 1)).mean()


FLOOR = Exercise(
    name="wine.1",
    read=reading.numbers("share of the validation targets out of reach, from 0 to 1", "floor, MSE per value"),
    solve=lambda: _floor(wine().x_val),
    same=close(rtol=0.01),
    mistakes=(
        Mistake(
            name="training rows",
            make=lambda: _floor(wine().x_train),
            hint="These are the numbers of the training rows. Which rows does the exercise ask about?",
        ),
        Mistake(
            name="range of the sigmoid",
            make=lambda: _floor(wine().x_val, "sigmoid"),
            hint="This is what a sigmoid can't reach. A tanh also takes negative values.",
        ),
        Mistake(
            name="sum for mean",
            make=lambda: (_floor(wine().x_val)[0], _floor(wine().x_val)[1] * wine().x_val.size),
            hint="The share is right. The floor looks like a sum: the losses of this chapter are means over rows and "
            "features.",
        ),
        Mistake(
            name="distance not squared",
            make=_floor_of_distances,
            hint="The share is right. The floor is a mean distance; the loss is a mean of what?",
        ),
        Mistake(
            name="per cent",
            make=lambda: (100 * _floor(wine().x_val)[0], _floor(wine().x_val)[1]),
            hint="Give the share as a number from 0 to 1, not in per cent.",
        ),
        Mistake(
            name="order",
            make=lambda: _floor(wine().x_val)[::-1],
            hint="Both numbers are there, in the other order: first the share, then the floor.",
        ),
    ),
    otherwise="Count the standardised validation targets outside the range of a tanh, and square how far each of them "
    "lies outside.",
)


# wine.2: a linear autoencoder ends at PCA


def _bends(function, rows):
    """Whether a map is not affine: an affine one takes middles to middles."""
    a, b = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    middle, ends = function((a + b) / 2), (function(a) + function(b)) / 2
    return np.abs(np.subtract(middle, ends)).max() > 1e-3 * (1 + np.abs(ends).max())


def _measure_linear(answer):
    model = reading.model(13, "a Keras model of 13-3-13 with a layer called `code`")(answer)
    x = wine().x_train
    encode, decode = models.encoder(model), models.decoder(model)
    z = np.asarray(encode(x))
    return SimpleNamespace(
        width=z.shape[1],
        code_bends=_bends(lambda rows: np.asarray(encode(rows)), x),
        output_bends=_bends(lambda rows: np.asarray(decode(rows)), z),
        excess=((np.asarray(model(x)) - x) ** 2).mean() - pca_loss(x, x, 3),
    )


def _pca_model(size=1.0, latent_dim=3, **settings):
    """PCA as the weights of an autoencoder; with a `size` below 1, what a training leaves that ends too soon."""
    x = wine().x_train
    model = models.build_autoencoder(13, latent_dim, **{"code_activation": "linear"} | settings)
    axes = PCA(latent_dim).fit(x).components_  # (latent_dim, 13)
    mean = x.mean(axis=0)
    model.set_weights([axes.T, -mean @ axes.T, size * axes, mean])
    return model


LINEAR = Exercise(
    name="wine.2",
    read=_measure_linear,
    solve=_pca_model,
    same=lambda value, _: (
        value.width == 3 and not value.code_bends and not value.output_bends and value.excess <= CONVERGED
    ),
    mistakes=(
        Mistake(
            name="ReLU left in the code",
            make=lambda: _pca_model(code_activation="relu"),
            told_by=lambda value: value.code_bends,
            hint="The way from the input to the code still bends. Which activation has the layer `code`, and which is "
            "its default?",
        ),
        Mistake(
            name="sigmoid on standardised data",
            make=lambda: _pca_model(output_activation="sigmoid"),
            told_by=lambda value: value.output_bends,
            hint="The way from the code to the output bends: an activation is left at the output, or in between.",
        ),
        Mistake(
            name="other width",
            make=lambda: _pca_model(latent_dim=2),
            told_by=lambda value: value.width != 3,
            hint="The code has another width than PCA has components in this chapter.",
        ),
        Mistake(
            name="not converged",
            make=lambda: _pca_model(size=0.8),
            told_by=lambda value: value.excess > CONVERGED,
            hint="The model is linear, and its loss on the training rows has not come down to PCA's yet. Has it been "
            "trained for long enough, and on these rows?",
        ),
    ),
    otherwise="Look at the activations of the code and of the output, and at the loss on the training rows.",
)


# wine.3: one unit, turned round


def _model_to_flip():
    model = models.build_autoencoder(13, 3, code_activation="linear")
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])  # biases that are not zero
    return model


def _read_flip(answer):
    if not callable(answer):
        reading.refuse(answer, "a function `flip(model, unit)` that changes the weights of a Keras model")
    model = _model_to_flip()
    returned = reading.call(answer, model, 1, copied=False)
    model = model if returned is None else returned  # changed in place, or a new one
    reading.model(13, "a function that changes the model, or returns a new one")(model)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def _flip(model, unit, *, bias=True, row=True, column=False, last_bias=False):
    kernel, b, out, c = model.get_weights()
    kernel[:, unit] *= -1
    b[unit] *= -1 if bias else 1
    out[unit] *= -1 if row else 1
    if column:
        out[:, unit] *= -1
    model.set_weights([kernel, b, out, -c if last_bias else c])


def _flips(**parts):
    return lambda: lambda model, unit: _flip(model, unit, **parts)


FLIP = Exercise(
    name="wine.3",
    read=_read_flip,
    solve=_flips(),
    same=close(atol=1e-5),
    mistakes=(
        Mistake(
            name="nothing changed",
            make=lambda: lambda model, unit: None,
            hint="The weights are what they were. `get_weights` gives copies: they have to go back into the model.",
        ),
        Mistake(
            name="decoder forgotten",
            make=_flips(row=False),
            hint="The encoder is right. The decoder still reads the unit as it was before, so reconstructions change.",
        ),
        Mistake(
            name="bias forgotten",
            make=_flips(bias=False),
            hint="Nearly. The unit is not quite its own mirror image yet: what is added to it besides the weighted "
            "features?",
        ),
        Mistake(
            name="column for row",
            make=_flips(row=False, column=True),
            hint="In the decoder you turned round what leads to one feature. Look at the shape of its kernel: along "
            "which axis do the units lie?",
        ),
        Mistake(
            name="bias of the output",
            make=_flips(last_bias=True),
            hint="One change too many: does the bias of the output know anything of the code?",
        ),
    ),
    otherwise="Compare `model(x)` before and after on a few rows. Only what goes into the one unit and what comes out "
    "of it may change.",
)


# wine.4: what a scaler gains that has seen all rows


def _gains(measure):
    return np.array([measure(data.load_wine(seed=seed, scaling="none")) for seed in SPLITS])


def _loss(wine, seen, *, on="val", own_unit=False):
    """PCA's loss with a scaler that has seen some rows, in variances of the training rows (or of `seen`)."""
    scaler, x = StandardScaler().fit(seen), getattr(wine, f"x_{on}")
    pca = PCA(3).fit(scaler.transform(wine.x_train))
    x_hat = scaler.inverse_transform(pca.inverse_transform(pca.transform(scaler.transform(x))))
    unit = scaler.scale_ if own_unit else wine.x_train.std(axis=0)
    return (((x_hat - x) / unit) ** 2).mean()


def _gain(wine, seen=None, **options):
    seen = wine.x_raw if seen is None else seen
    return _loss(wine, wine.x_train, **options) - _loss(wine, seen, **options)


LEAK = Exercise(
    name="wine.4",
    read=reading.array((len(SPLITS),), "a gain for each of the splits 0 to 19"),
    solve=lambda: _gains(_gain),
    same=near(0.05),
    mistakes=(
        Mistake(
            name="each loss in a unit of its own",
            make=lambda: _gains(lambda wine: _gain(wine, own_unit=True)),
            hint="Each loss is in units of its own scaler, and those differ. Take both reconstructions back to the "
            "units of the laboratory, and divide both by the same spread.",
        ),
        Mistake(
            name="training error for validation error",
            make=lambda: _gains(lambda wine: _gain(wine, on="train")),
            hint="These are losses on the training rows. A leak can only show where something was not to be seen.",
        ),
        Mistake(
            name="sign",
            make=lambda: -_gains(_gain),
            hint="The sizes are right. A gain is positive where the scaler that has seen all rows has the lower loss.",
        ),
        Mistake(
            name="scaler of the validation rows",
            make=lambda: _gains(lambda wine: _gain(wine, wine.x_val)),
            hint="This scaler has seen the validation rows and no others. The exercise asks for one that has seen all.",
        ),
    ),
    otherwise="For each split: two scalers, fitted on different rows; PCA with three components, fitted on the "
    "training rows as each scales them; the validation rows rebuilt, and both errors in one unit. The loader can leave "
    "the values as they were measured.",
)

EXERCISES = (FLOOR, LINEAR, FLIP, LEAK)
