"""Training in alternation: what is frozen does not move, and both steps are those that Keras takes."""

import threading
from dataclasses import FrozenInstanceError
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from aecourse import models, training
from aecourse.tensorboard import EventLog, read_scalars
from aecourse.training import alternating
from aecourse.training.alternating_engine import AlternatingEngine, Pair
from aecourse.training.trainer import row_orders
from training_models import rows

N_CLASSES = 3
X_TRAIN, X_VAL = rows(20), rows(13, seed=1)
Y_TRAIN, Y_VAL = (np.argmax(x[:, :N_CLASSES], axis=1) for x in (X_TRAIN, X_VAL))


def autoencoder():
    return models.build_autoencoder(6, 2, hidden_units=(5,), code_activation="linear", output_activation="sigmoid")


def classifier(**options):
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(4, activation="relu"),
            layers.Dense(N_CLASSES, activation="softmax", **options),
        ]
    )


def normalised():
    x = inputs = keras.Input((6,))
    x = layers.BatchNormalization()(layers.Dense(5, activation="relu")(x))
    z = layers.Dense(2, name="code")(layers.Dropout(0.3)(x))
    x_hat = layers.Dense(6)(layers.BatchNormalization()(layers.Dense(5, activation="relu")(z)))
    return keras.Model(inputs, x_hat)


def train(
    build_autoencoder=autoencoder,
    build_classifier=classifier,
    x_train=X_TRAIN,
    y_train=Y_TRAIN,
    x_val=X_VAL,
    y_val=Y_VAL,
    **settings,
):
    """`train_alternating` with a last batch that is smaller, and in silence."""
    settings = {"seeds": (0, 1), "epochs": 3, "batch_size": 8, "progress": False, **settings}
    return training.train_alternating(build_autoencoder, build_classifier, x_train, y_train, x_val, y_val, **settings)


def seeded_pair(seed=0, build_autoencoder=autoencoder):
    keras.utils.set_random_seed(seed)
    return Pair(build_autoencoder(), classifier())


def values(variables):
    return [keras.ops.convert_to_numpy(v) for v in variables]


def equal(before, variables):
    """Whether all are equal to the last bit; (any moved, all equal) would differ where some of several moved."""
    return [np.array_equal(old, new) for old, new in zip(before, values(variables), strict=True)]


# What is frozen


@pytest.fixture(params=[(False, False), (True, False), (False, True), (True, True)])
def engine(request):
    """The classifier's step stops at the code, or goes on; XLA compiles both steps, or does not."""

    def make(build_autoencoder):
        update_encoder, jit_compile = request.param
        parts = [(tf.constant(x), tf.constant(y)) for x, y in ((X_TRAIN, Y_TRAIN), (X_VAL, Y_VAL))]
        pair = seeded_pair(build_autoencoder=build_autoencoder)
        make_optimizer = partial(keras.optimizers.Adam, 0.01)
        return AlternatingEngine(pair, make_optimizer, 8, *parts, update_encoder, jit_compile=jit_compile)

    return make


@pytest.mark.parametrize("build_autoencoder", [autoencoder, normalised])
def test_the_autoencoders_step_leaves_the_classifier(engine, build_autoencoder):
    engine = engine(build_autoencoder)
    before, own = values(engine.classifier.variables), values(engine.autoencoder.trainable_variables)
    for _ in range(3):
        engine.autoencoder_step(tf.constant(X_TRAIN[:8]))
    assert all(equal(before, engine.classifier.variables))
    assert not any(equal(own, engine.autoencoder.trainable_variables))


@pytest.mark.parametrize("build_autoencoder", [autoencoder, normalised])
def test_the_classifiers_step_leaves_the_decoder_and_unless_asked_the_encoder(engine, build_autoencoder):
    engine = engine(build_autoencoder)
    in_encoder = {id(v) for v in engine.encoder.variables}
    decoder = [v for v in engine.autoencoder.variables if id(v) not in in_encoder]
    before = {name: values(variables) for name, variables in (("d", decoder), ("e", engine.encoder.variables))}
    trained, own = values(engine.encoder.trainable_variables), values(engine.classifier.trainable_variables)
    for _ in range(3):
        engine.classifier_step(tf.constant(X_TRAIN[:8]), tf.constant(Y_TRAIN[:8]))
    assert len(decoder) >= 4
    assert all(equal(before["d"], decoder))
    assert not any(equal(own, engine.classifier.trainable_variables))
    if engine.update_encoder:
        assert not any(equal(trained, engine.encoder.trainable_variables))
    else:
        assert all(equal(before["e"], engine.encoder.variables))  # statistics and states of noise among them


@pytest.mark.parametrize("build_autoencoder", [autoencoder, normalised])
def test_monitoring_changes_nothing(build_autoencoder):
    """With the classifier's step stopping at the code, the autoencoder is the one trained alone, to the last bit."""
    alone = train(build_autoencoder, None, y_train=None, y_val=None, checkpoints=[1])
    watched = train(build_autoencoder, checkpoints=[1])
    steered = train(build_autoencoder, checkpoints=[1], update_encoder=True)
    for epoch in (1, 3):
        for a, b, c in zip(*(each.autoencoders[epoch].weights for each in (alone, watched, steered)), strict=True):
            np.testing.assert_array_equal(a, b)
            assert not np.array_equal(a, c)
    for column in ("reconstruction_loss", "val_reconstruction_loss"):
        np.testing.assert_array_equal(alone.history[column], watched.history[column])
    assert list(alone.history) == ["seed", "epoch", "reconstruction_loss", "val_reconstruction_loss"]
    assert not alone.classifiers


# What both steps do


def test_alone_as_fit_trains_it():
    result = train(build_classifier=None, seeds=[5], learning_rate=0.01)
    keras.utils.set_random_seed(5)
    model = autoencoder()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    for (order,), (_, row) in zip(row_orders([5], 20, 3, shuffle=True), result.history[1:].iterrows(), strict=True):
        log = model.fit(
            X_TRAIN[order], X_TRAIN[order], validation_data=(X_VAL, X_VAL), batch_size=8, shuffle=False, verbose=0
        )
        assert row["reconstruction_loss"] == pytest.approx(log.history["loss"][0], rel=1e-4)
        assert row["val_reconstruction_loss"] == pytest.approx(log.history["val_loss"][0], rel=1e-4)
    for ours, theirs in zip(result.autoencoders[3].weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("update_encoder", [False, True])
def test_in_alternation_as_keras_trains_each_of_the_two(update_encoder):
    """The classifier's step is that of a Keras model whose layers up to the code are trainable, or are not."""
    result = train(seeds=[5], learning_rate=0.01, update_encoder=update_encoder)
    pair = seeded_pair(5)
    pair.autoencoder.compile(keras.optimizers.Adam(0.01), "mse")
    encoder = models.encoder(pair.autoencoder)
    through = keras.Sequential([encoder, pair.classifier])
    encoder.trainable = update_encoder
    through.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for (order,) in row_orders([5], 20, 3, shuffle=True):
        for start in (0, 8, 16):
            batch = order[start : start + 8]
            encoder.trainable = True
            pair.autoencoder.train_on_batch(X_TRAIN[batch], X_TRAIN[batch])
            encoder.trainable = update_encoder
            through.train_on_batch(X_TRAIN[batch], Y_TRAIN[batch])
    last = result.history.iloc[-1]
    loss, accuracy = through.evaluate(X_VAL, Y_VAL, verbose=0)
    assert last["val_classifier_loss"] == pytest.approx(loss, rel=1e-4)
    assert last["val_accuracy"] == pytest.approx(accuracy)
    for name, model in (("autoencoders", pair.autoencoder), ("classifiers", pair.classifier)):
        for ours, theirs in zip(getattr(result, name)[3].weights, model.get_weights(), strict=True):
            np.testing.assert_allclose(ours[0], theirs, rtol=1e-3, atol=1e-5)


def test_penalties_are_minimised_and_not_reported():
    def penalised():
        return classifier(kernel_regularizer=keras.regularizers.L2(10.0))

    plain, shrunk = train(learning_rate=0.01), train(build_classifier=penalised, learning_rate=0.01)
    norms = [np.abs(each.classifiers[3].weights[2]).mean() for each in (plain, shrunk)]
    assert norms[1] < 0.9 * norms[0]
    first = [each.history["val_classifier_loss"].iloc[0] for each in (plain, shrunk)]
    assert first[0] == first[1]


# The record


def test_epoch_0_is_before_training():
    result = train(seeds=[4], checkpoints=[0, 2])
    pair = seeded_pair(4)
    first = result.history.iloc[0]
    z = models.encoder(pair.autoencoder)(X_TRAIN)
    assert first["epoch"] == 0
    p = np.asarray(pair.classifier(z))
    assert first["reconstruction_loss"] == pytest.approx(np.mean((pair.autoencoder(X_TRAIN) - X_TRAIN) ** 2), rel=1e-5)
    assert first["accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == Y_TRAIN))
    assert first["classifier_loss"] == pytest.approx(-np.mean(np.log(p[range(20), Y_TRAIN])), rel=1e-5)
    np.testing.assert_array_equal(result.autoencoders[0].encode(X_TRAIN)[0], z)


def test_record_holds_networks_of_every_checkpoint():
    result = train(checkpoints=[2, 0, 2])
    assert result.checkpoints == (0, 2, 3)
    assert repr(result) == (
        "Alternation(2 seeds of 'autoencoder', latent_dim 2, with a classifier, kept at epochs 0, 2, 3)"
    )
    assert result.history[["seed", "epoch"]].to_numpy().tolist() == [[s, e] for s in (0, 1) for e in range(4)]
    for epoch in result.checkpoints:
        codes = result.autoencoders[epoch].encode(X_VAL)
        row = result.history[result.history["epoch"] == epoch].iloc[1]
        p = np.asarray(result.classifiers[epoch].model(1)(codes[1]))
        assert row["val_accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == Y_VAL))
        x_hat = result.autoencoders[epoch].predict(X_VAL)[1]
        assert row["val_reconstruction_loss"] == pytest.approx(np.mean((x_hat - X_VAL) ** 2), rel=1e-5)
        assert result.autoencoders[epoch].runs["epochs"].tolist() == [epoch, epoch]
        assert result.autoencoders[epoch].history["epoch"].nunique() == epoch
    assert list(result.classifiers[3].history) == [
        *("seed", "epoch", "classifier_loss", "accuracy", "val_classifier_loss", "val_accuracy")
    ]
    with pytest.raises(FrozenInstanceError):
        result.history = None
    with pytest.raises(TypeError):
        result.autoencoders[0] = None


def test_a_seed_alone_is_the_same_to_the_last_bit():
    several, alone = train(normalised, seeds=(3, 1, 2)), train(normalised, seeds=[2])
    rows_of_2 = several.history[several.history["seed"] == 2].reset_index(drop=True)
    np.testing.assert_array_equal(rows_of_2, alone.history)
    for stack, own in zip(several.autoencoders[3].weights, alone.autoencoders[3].weights, strict=True):
        np.testing.assert_array_equal(stack[2], own[0])
    others = several.history.groupby("seed")["val_reconstruction_loss"].last()
    assert others.nunique() == 3


@pytest.mark.parametrize("by_xla", [False, True])
def test_seeds_side_by_side_are_the_same_to_the_last_bit(tmp_path, monkeypatch, by_xla):
    """More seeds than engines, so that one serves several; with noise, whose state is a weight too."""
    monkeypatch.setattr(alternating, "worth_compiling", lambda *size: by_xla)
    in_turn, at_a_time = (
        train(normalised, seeds=(3, 1, 2), checkpoints=[1], n_jobs=n_jobs, event_log=EventLog(tmp_path / str(n_jobs)))
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(at_a_time.history, in_turn.history)
    for epoch in (1, 3):
        for part in ("autoencoders", "classifiers"):
            ours, theirs = (getattr(each, part)[epoch].weights for each in (at_a_time, in_turn))
            for stack, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(stack, other)
    pd.testing.assert_frame_equal(read_scalars(tmp_path / "2"), read_scalars(tmp_path / "1"))


def test_as_many_seeds_at_a_time_as_asked(monkeypatch):
    """Each waits until the others have begun, which in turn would never happen."""
    together = threading.Barrier(3)
    inner = alternating._train

    def wait_and_train(*args):
        together.wait(timeout=60)
        return inner(*args)

    monkeypatch.setattr(alternating, "_train", wait_and_train)
    assert train(seeds=range(3), n_jobs=3).history["seed"].nunique() == 3


def test_more_epochs_go_on_from_fewer():
    short, long = train(epochs=2), train(epochs=4)
    np.testing.assert_array_equal(short.history, long.history[long.history["epoch"] <= 2])


@pytest.mark.parametrize("batch_size", [10, 8])
def test_the_callers_random_numbers_stay(batch_size):
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    train(batch_size=batch_size, epochs=1)
    assert np.random.random() == expected  # noqa: NPY002


def test_divergence_is_recorded_and_the_others_go_on():
    def build():
        scale = 1e25 if alternating_seed() == 1 else 1.0
        kernel = keras.initializers.RandomNormal(stddev=scale)
        return keras.Sequential(
            [keras.Input((6,)), layers.Dense(2, kernel_initializer=kernel, name="code"), layers.Dense(6)]
        )

    def alternating_seed():
        return int(np.random.get_state()[1][0])  # noqa: NPY002 - that which set_random_seed has just set

    result = train(build, seeds=(0, 1, 2), checkpoints=[0, 2])
    assert result.autoencoders[3].runs["diverged"].tolist() == [False, True, False]
    assert result.history.groupby("seed")["epoch"].max().tolist()[0::2] == [3, 3]
    assert result.history.groupby("seed")["epoch"].max()[1] < 3
    assert np.isfinite(result.history.query("seed != 1")).all(axis=None)


def test_without_xla_where_it_cannot(monkeypatch):
    def build():
        x = inputs = keras.Input((6,))
        x = layers.Lambda(lambda v: tf.ensure_shape(tf.numpy_function(np.asarray, [v], tf.float32), (None, 6)))(x)
        z = layers.Dense(2, name="code")(x)
        return keras.Model(inputs, layers.Dense(6)(z))

    plain = train(build)
    monkeypatch.setattr(alternating, "worth_compiling", lambda *size: True)
    with pytest.warns(UserWarning, match="XLA cannot compile the steps .*: they take longer without"):
        result = train(build)
    np.testing.assert_array_equal(result.history, plain.history)


def test_xla_changes_the_last_digits_at_most(monkeypatch):
    plain = train()
    monkeypatch.setattr(alternating, "worth_compiling", lambda *size: True)
    np.testing.assert_allclose(train().history, plain.history, rtol=1e-4)


def test_it_learns():
    """Two classes at opposite corners: a code of one number is enough for both networks."""
    x = np.repeat(np.eye(2, dtype="float32"), 20, axis=0)
    y = np.repeat([0, 1], 20)

    def build_classifier():
        return keras.Sequential([keras.Input((1,)), layers.Dense(2, activation="softmax")])

    def build():
        return models.build_autoencoder(2, 1, code_activation="linear")

    for update_encoder in (False, True):
        result = train(
            build, build_classifier, x, y, x, y, epochs=150, learning_rate=0.02, update_encoder=update_encoder
        )
        last = result.history[result.history["epoch"] == 150]
        assert (last["val_reconstruction_loss"] < 0.01).all()
        assert (last["val_accuracy"] == 1).all()


# Bad input


def two_outputs():
    model = autoencoder()
    return keras.Model(model.inputs[0], [model.outputs[0], model.outputs[0]])


def without_code():
    return keras.Sequential([keras.Input((6,)), layers.Dense(2), layers.Dense(6)])


def compiled():
    model = autoencoder()
    model.compile("adam", "mse")
    return model


def logits():
    return keras.Sequential([keras.Input((2,)), layers.Dense(N_CLASSES)])


SHARED = autoencoder()
BAD = {
    "a model": ({"build_autoencoder": SHARED}, TypeError, "`build_autoencoder` must be a function"),
    "a string": ({"build_classifier": "softmax"}, TypeError, "`build_classifier` must be a function"),
    "compiled": ({"build_autoencoder": compiled}, ValueError, "`build_autoencoder` must return an uncompiled"),
    "no model": ({"build_classifier": lambda: 3}, TypeError, r"Received: build_classifier\(\) returned int"),
    "shared": ({"build_autoencoder": lambda: SHARED}, ValueError, "`build_autoencoder` must make new layers"),
    "no code": ({"build_autoencoder": without_code}, ValueError, "one layer called `code`"),
    "two outputs": ({"build_autoencoder": two_outputs}, ValueError, "output has the shape of its input"),
    "other rows": ({"x_train": rows(20, 7), "x_val": rows(13, 7)}, ValueError, "`x_train` must fit the model"),
    "rows differ": ({"x_val": rows(13, 7)}, ValueError, "`x_val` must have the features of `x_train`"),
    "narrow": (
        {"build_classifier": lambda: keras.Sequential([keras.Input((3,)), layers.Dense(3, "softmax")])},
        ValueError,
        r"`build_classifier` must return a model that takes the code, of shape \(2,\) per row.*takes \(3,\)",
    ),
    "logits": ({"build_classifier": logits}, ValueError, "probabilities of the classes, which sum to 1"),
    "no labels": ({"y_train": None, "y_val": None}, ValueError, "`y_train` must be given with a classifier"),
    "no validation": ({"x_val": None, "y_val": None}, ValueError, "`x_val` must be given. Received: x_val=None"),
    "a fourth class": ({"y_val": Y_VAL + 1}, ValueError, "`y_val` must hold whole numbers from 0 to 2"),
    "lengths": ({"y_train": Y_TRAIN[:5]}, ValueError, "`x_train` and `y_train` must have as many rows"),
    "NaN": ({"x_train": np.full((20, 6), np.nan)}, ValueError, "`x_train` must hold finite numbers"),
    "two inputs": ({"x_train": [X_TRAIN, X_TRAIN], "x_val": [X_VAL, X_VAL]}, TypeError, "must be a single array"),
    "no seeds": ({"seeds": []}, ValueError, "`seeds` must hold at least one"),
    "no epochs": ({"epochs": 0}, ValueError, "`epochs` must be an integer at least 1"),
    "large batch": ({"batch_size": 21}, ValueError, "`batch_size` must be .* at most 20"),
    "no jobs": ({"n_jobs": 0}, ValueError, "`n_jobs` must be an integer at least 1"),
    "rate": ({"learning_rate": 0}, ValueError, "`learning_rate` must be"),
    "flag": ({"update_encoder": 1}, TypeError, "`update_encoder` must be True or False"),
    "flag alone": ({"build_classifier": None, "update_encoder": True}, ValueError, "`update_encoder` must be False"),
    "late checkpoint": ({"checkpoints": [4]}, ValueError, "`checkpoints` must be .* at most 3"),
    "one checkpoint": ({"checkpoints": 2}, TypeError, "`checkpoints` must be a sequence"),
    "a folder": ({"event_log": "logs"}, TypeError, "`event_log` must be an EventLog"),
    "no pictures": ({"event_log": EventLog("logs", image_shape=(2, 4))}, ValueError, "`image_shape` must hold as many"),
}


@pytest.mark.parametrize(("bad", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_told_before_training(bad, kind, message, monkeypatch):
    monkeypatch.setattr(alternating, "AlternatingEngine", None)
    with pytest.raises(kind, match=message):
        train(**bad)


def test_silent(capfd):
    train()
    assert capfd.readouterr().out == ""
