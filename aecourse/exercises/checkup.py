"""Exercises of the chapter "A checkup for your own autoencoder"."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from aecourse import data, models
from aecourse.exercises import reading
from aecourse.exercises.exercise import Exercise, Mistake, close
from aecourse.training import train_replicates

N_ON_PAGE = 5

# checkup.1: a table mended

FAULTY = ("serial number", "clinic", "diagnosis")


def _table():
    """The chapter's table as it comes."""
    cancer = load_breast_cancer(as_frame=True)
    table = cancer.data.iloc[:, :10].copy()
    table.insert(0, "serial number", 80_000 + 25 * np.arange(len(table)))
    table["clinic"] = 7
    table["diagnosis"] = cancer.target_names[cancer.target]
    return pd.concat([table, table.sample(60, random_state=0)])


def _mend(*, copies=False, kept=()):
    frame = _table() if copies else _table().drop_duplicates()
    return frame.drop(columns=[name for name in FAULTY if name not in kept])


def _read_table(answer):
    frame = reading.frame([], "the mended frame, before it is split and scaled")(answer)
    measured = [name for name in _table().columns if name not in FAULTY]
    frame = reading.frame(measured, "a frame with all ten measurements")(frame)
    numbers = reading.array((None, len(measured)), "numbers in the ten measurements")(frame[measured])
    return SimpleNamespace(columns=set(frame.columns) - set(measured), means=numbers.mean(axis=0), n_rows=len(frame))


def _same_table(value, expected):
    alike = value.n_rows == expected.n_rows and np.allclose(value.means, expected.means, rtol=1e-6)
    return alike and not value.columns


MENDED = Exercise(
    name="checkup.1",
    read=_read_table,
    solve=_mend,
    same=_same_table,
    mistakes=(
        Mistake(
            name="labels left in",
            make=lambda: _mend(kept=["diagnosis"]),
            told_by=lambda value: "diagnosis" in value.columns,
            hint="The classes are still in the frame. What a probe is to read from the code must not go in with the "
            "measurements.",
        ),
        Mistake(
            name="serial number left in",
            make=lambda: _mend(kept=["serial number"]),
            told_by=lambda value: "serial number" in value.columns,
            hint="One column says when a row was entered, not what was measured, and it rules the loss.",
        ),
        Mistake(
            name="constant column left in",
            make=lambda: _mend(kept=["clinic"]),
            told_by=lambda value: "clinic" in value.columns,
            hint="One column is the same in every row: it tells nothing, and makes the loss of the mean look small.",
        ),
        Mistake(
            name="copies left in",
            make=lambda: _mend(copies=True),
            told_by=lambda value: value.n_rows == len(_table()),
            hint="The columns are right. Some rows stand there twice, and a split puts one of them on either side.",
        ),
        Mistake(
            name="scaled too soon",
            make=lambda: (_mend() - _mend().mean()) / _mend().std(),
            told_by=lambda value: bool((np.abs(value.means) < 0.1).all()),
            hint="These values are scaled already, so the scaler has seen the rows that are to be for validation. Give "
            "the frame as it is before the split.",
        ),
    ),
    otherwise="The ten measurements, each tumour once, in the units of the file.",
)


# checkup.2: the price of a penalty

L1 = 0.1


@cache
def _penalised():
    """The chapter's model, and its codes and reconstruction loss on the validation rows."""
    wine = data.load_wine()
    replicates = train_replicates(
        lambda: models.build_autoencoder(13, 3, activity_l1=L1),
        wine.x_train,
        wine.x_val,
        seeds=[0],
        epochs=300,
        batch_size=16,
        progress=False,
    )
    x_hat = replicates.predict(wine.x_val)[0]
    return replicates.encode(wine.x_val)[0], ((x_hat - wine.x_val) ** 2).mean()


def _excess():
    return L1 * np.abs(_penalised()[0]).sum(axis=1).mean()


PENALTY = Exercise(
    name="checkup.2",
    read=reading.number("the reported loss minus the reconstruction's, on the validation rows"),
    solve=_excess,
    same=close(rtol=0.1),  # for other processors
    mistakes=(
        Mistake(
            name="reported loss",
            make=lambda: _excess() + _penalised()[1],
            hint="This is the loss that Keras reports, the whole of it.",
        ),
        Mistake(
            name="reconstruction loss",
            make=lambda: _penalised()[1],
            hint="This is the reconstruction's loss. How much more does Keras report?",
        ),
        Mistake(
            name="mean for sum over units",
            make=lambda: _excess() / 3,
            hint="A third of it: the penalty is a mean over rows, and over the units of the code it is a sum.",
        ),
        Mistake(
            name="share for difference",
            make=lambda: _excess() / (_excess() + _penalised()[1]),
            hint="This is a share of the reported loss. The exercise asks for a difference.",
        ),
    ),
    otherwise="The report has it: look at the numbers of the check on penalties. The model is that of seed 0, trained "
    "for 300 epochs in batches of 16.",
)


# checkup.3: a unit that says nothing


@cache
def _scaled_rows():
    cancer = load_breast_cancer()
    raw, _ = train_test_split(cancer.data, test_size=0.3, random_state=0, stratify=cancer.target)
    return StandardScaler().fit_transform(raw).astype("float32")


def _break(*, encoder=True, bias=True, feature=False, decoder=False):
    """A model of four units with something set to zero."""
    model = models.build_autoencoder(30, 4, hidden_units=(16,), code_activation="linear")
    weights = dict(zip([w.path for w in model.weights], model.get_weights(), strict=True))
    rng = np.random.default_rng(0)
    for path, value in weights.items():
        value += rng.normal(0, 0.1, value.shape)  # biases that are not zero
        if path.endswith("code/kernel") and encoder:
            value[:, 0] = 0
        if path.endswith("code/kernel") and feature:
            value[0] = 0
        if path.endswith("code/bias") and bias:
            value[0] = 0
        if path.endswith("decoder_1/kernel") and decoder:
            value[0] = 0
    model.set_weights(list(weights.values()))
    return model


def _measure_broken(answer):
    model = reading.model(30, "a Keras model for the tumours' 30 measurements, with a layer called `code`")(answer)
    z = np.asarray(models.encoder(model)(_scaled_rows()))
    decode = models.decoder(model)
    moves = np.eye(z.shape[1], dtype="float32")  # one unit at a time
    follows = [np.abs(np.subtract(decode(z + move), decode(z))).max() for move in moves]
    kernel = model.get_layer("code").get_weights()[0]
    return SimpleNamespace(
        constant=int((np.ptp(z, axis=0) < 1e-6).sum()),
        dead=int((np.abs(z).max(axis=0) < 1e-6).sum()),
        unread=int((np.array(follows) < 1e-6).sum()),
        cut_off=int((np.abs(kernel) < 1e-9).all(axis=1).sum()),
    )


DEAD = Exercise(
    name="checkup.3",
    read=_measure_broken,
    solve=_break,
    same=lambda value, _: value.dead == value.constant == 1 and value.unread == 0,
    mistakes=(
        Mistake(
            name="bias left",
            make=lambda: _break(bias=False),
            told_by=lambda value: value.constant > value.dead,
            hint="The unit is the same for every row, and not zero. What else leads to it besides the kernel?",
        ),
        Mistake(
            name="decoder for encoder",
            make=lambda: _break(encoder=False, bias=False, decoder=True),
            told_by=lambda value: value.unread > 0,
            hint="The unit still changes from row to row, and nothing reads it: you have cut it off from the decoder.",
        ),
        Mistake(
            name="row for column",
            make=lambda: _break(encoder=False, bias=False, feature=True),
            told_by=lambda value: value.cut_off > 0 and value.dead == 0,
            hint="You have cut off what comes from one unit of the layer before. Look at the shape of the kernel: "
            "along which axis do the units of the code lie?",
        ),
        Mistake(
            name="nothing changed",
            make=lambda: _break(encoder=False, bias=False),
            told_by=lambda value: value.constant == 0,
            hint="All units vary from row to row. `get_weights` gives copies: they have to go back into the layer.",
        ),
    ),
    otherwise="More than one unit is dead. Break one.",
)


# checkup.5: nearly copies


def _two_parts():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 3)), rng.normal(size=(15, 3)) * 1.2


def _distances(a, b, n=1):
    return NearestNeighbors(n_neighbors=n).fit(a).kneighbors(b)[0][:, -1]


def _nearest(x_train, x_val):
    return _distances(x_train, x_val), _distances(x_train, x_train, n=2)


def _means(x_train, x_val):
    return tuple(np.linalg.norm(rows[:, None] - x_train, axis=2).mean(axis=1) for rows in (x_val, x_train))


NEAREST = Exercise(
    name="checkup.5",
    read=reading.function(
        _two_parts(),
        returns=reading.arrays(
            reading.array((15,), "a distance for each validation row"),
            reading.array((40,), "a distance for each training row"),
            what="two arrays: the distances of the validation rows, and those of the training rows",
        ),
        what="a function `nearest(x_train, x_val)` that returns two arrays of distances",
    ),
    solve=lambda: _nearest,
    same=close(rtol=1e-3, atol=1e-5),
    mistakes=(
        Mistake(
            name="itself",
            make=lambda: lambda a, b: (_distances(a, b), _distances(a, a)),
            hint="The nearest training row of a training row is, in your second array, that row itself.",
        ),
        Mistake(
            name="among the validation rows",
            make=lambda: lambda a, b: (_distances(b, b, n=2), _distances(a, a, n=2)),
            hint="Your first array has the distances among validation rows. Which rows may they not be copies of?",
        ),
        Mistake(
            name="mean for nearest",
            make=lambda: _means,
            hint="These are mean distances. A copy is found by the nearest row, however far the others are.",
        ),
        Mistake(
            name="second nearest for both",
            make=lambda: lambda a, b: (_distances(a, b, n=2), _distances(a, a, n=2)),
            hint="The second array is right. A validation row is not among the training rows, so there is no row of "
            "its own to pass over.",
        ),
    ),
    otherwise="For each validation row the distance to the nearest training row; for each training row the distance to "
    "the nearest other one.",
)

EXERCISES = (MENDED, PENALTY, DEAD, NEAREST)
