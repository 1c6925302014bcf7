"""What `train_replicates` returns: each seed's model, predictions, codes and curves, and the file that keeps them."""

import dataclasses
import io

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from aecourse import models, training
from aecourse.training import Replicates, replicates
from training_models import X_TRAIN, X_VAL, curves, deep_with_penalties, normalised_and_noisy, plain, rows, train

SEEDS = (4, 0, 9)


@pytest.fixture(scope="module")
def trained():
    return train(normalised_and_noisy, seeds=SEEDS)


def two_outputs():
    first, second = keras.Input((6,), name="first"), keras.Input((2,), name="second")
    z = layers.Dense(3, name="code")(first)
    return keras.Model({"first": first, "second": second}, [layers.Dense(6)(z), layers.Dense(2)(second)])


class TestModels:
    def test_predictions_are_those_of_each_model(self, trained):
        x_hat = trained.predict(X_VAL)
        assert x_hat.shape == (3, 13, 6)
        assert x_hat.dtype == "float32"
        for position, seed in enumerate(SEEDS):
            np.testing.assert_allclose(trained.model(seed)(X_VAL), x_hat[position], rtol=1e-5, atol=1e-6)

    def test_codes_are_those_of_each_encoder(self, trained):
        z = trained.encode(X_VAL)
        assert z.shape == (3, 13, 4)
        for position, seed in enumerate(SEEDS):
            expected = models.encoder(trained.model(seed))(X_VAL)
            np.testing.assert_allclose(expected, z[position], rtol=1e-5, atol=1e-6)

    def test_what_becomes_of_a_model_changes_nothing_here(self, trained):
        before = trained.predict(X_VAL)
        model = trained.model(0)
        for variable in model.weights:
            variable.assign(variable + 1)
        np.testing.assert_array_equal(trained.predict(X_VAL), before)
        assert not np.array_equal(model(X_VAL), before[1])

    def test_a_model_can_be_compiled_and_trained_further(self, trained):
        model = trained.model(9)
        assert not model.compiled
        model.compile("sgd", "mse")
        assert model.evaluate(X_VAL, X_VAL, verbose=0) == pytest.approx(curves(trained, 9)["val_loss"][-1], rel=1e-4)
        assert [type(layer) for layer in model.layers] == [type(layer) for layer in trained.template.layers]
        assert layers.Dropout in [type(layer) for layer in model.layers]  # of Keras, not fed by hand

    def test_models_of_two_seeds_are_apart(self, trained):
        first, second = trained.model(4), trained.model(4)
        assert not {id(v) for v in first.variables} & {id(v) for v in second.variables}

    @pytest.mark.parametrize("seed", [1, "0", None])
    def test_another_seed_is_refused(self, seed, trained):
        with pytest.raises(ValueError, match="`seed` must be one of the trained 3 seeds from 0 to 9. Received: seed="):
            trained.model(seed)

    def test_rows_in_pieces(self, trained, monkeypatch):
        whole = trained.predict(X_VAL)
        monkeypatch.setattr(models, "PREDICT_ROWS", 5)
        np.testing.assert_allclose(trained.predict(X_VAL), whole, rtol=1e-5, atol=1e-7)

    def test_structures_come_back_as_they_are(self):
        x = {"first": X_TRAIN, "second": rows(20, 2)}
        found = train(two_outputs, x, None, y_train=[X_TRAIN, rows(20, 2)], seeds=SEEDS, epochs=1)
        first, second = found.predict(x)
        assert (first.shape, second.shape) == ((3, 20, 6), (3, 20, 2))
        np.testing.assert_allclose(found.model(0)(x)[1], second[1], rtol=1e-5, atol=1e-6)

    def test_no_code_no_encoding(self):
        found = train(lambda: keras.Sequential([keras.Input((6,)), layers.Dense(6)]), seeds=[0], epochs=1)
        with pytest.raises(ValueError, match="must have one layer called `code`"):
            found.encode(X_VAL)

    def test_a_model_that_cannot_be_copied(self):
        class Opaque(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = layers.Dense(6)

            def call(self, x):
                return self.dense(x)

        found = train(Opaque, seeds=[0, 1], epochs=1)
        assert found.predict(X_VAL).shape == (2, 13, 6)
        with pytest.raises(TypeError, match="must be one that Keras can copy.*Received: Opaque, of which Keras says"):
            found.model(0)

    def test_a_lambda_layer_is_copied(self):
        def doubled():
            inputs = keras.Input((6,))
            x = layers.Dropout(0.5)(layers.Lambda(lambda x: 2 * x)(inputs))
            return keras.Model(inputs, layers.Dense(6)(x))

        found = train(doubled, seeds=[0], epochs=1)
        np.testing.assert_allclose(found.model(0)(X_VAL), found.predict(X_VAL)[0], rtol=1e-5, atol=1e-6)


class TestHistory:
    def test_rows_and_columns(self, trained):
        history = trained.history
        losses = ["loss", "val_loss", "reconstruction_loss", "val_reconstruction_loss"]
        assert list(history) == ["seed", "epoch", *losses]
        assert list(history["seed"]) == [4] * 3 + [0] * 3 + [9] * 3
        assert list(history["epoch"]) == [1, 2, 3] * 3
        assert list(history.dtypes.astype(str)) == ["int64", "int64"] + ["float32"] * 4
        assert isinstance(history.index, pd.RangeIndex)

    def test_runs(self, trained):
        expected = {"seed": list(SEEDS), "epochs": [3] * 3, "kept_epoch": [3] * 3}
        expected |= {"stopped": [False] * 3, "diverged": [False] * 3}
        pd.testing.assert_frame_equal(trained.runs, pd.DataFrame(expected))

    @pytest.mark.parametrize(
        ("settings", "columns"),
        [
            ({"x_val": None}, ["loss", "reconstruction_loss"]),
            ({"y_train": X_TRAIN[::-1], "x_val": None}, ["loss", "reconstruction_loss"]),
        ],
    )
    def test_without_validation(self, settings, columns):
        assert list(train(deep_with_penalties, epochs=1, seeds=[0], **settings).history)[2:] == columns

    def test_outputs_of_another_shape_are_predictions(self):
        found = train(
            lambda: keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")]),
            y_train=np.arange(20) % 3,
            y_val=np.arange(13) % 3,
            loss="sparse_categorical_crossentropy",
            seeds=[0],
        )
        assert list(found.history)[2:] == ["loss", "val_loss", "prediction_loss", "val_prediction_loss"]

    @pytest.mark.parametrize("vectorize", [True, False], ids=["stack", "in turn"])
    def test_penalties_are_in_the_loss_alone(self, vectorize):
        """Computed by hand from weights, codes and predictions."""
        l1, l2 = 0.5, 0.25
        found = train(
            lambda: models.build_autoencoder(6, 3, activity_l1=l1, weight_l2=l2),
            batch_size=13,  # the penalty on activities is a mean over the rows of a batch
            vectorize=vectorize,
        )
        squared_errors = np.mean((found.predict(X_VAL) - X_VAL) ** 2, axis=(1, 2))
        activity = l1 * np.abs(found.encode(X_VAL)).sum(axis=2).mean(axis=1)
        kernels = [stack for stack in found.weights if stack.ndim == 3]
        weight = sum(l2 * np.sum(kernel**2, axis=(1, 2)) for kernel in kernels)
        last = found.history.groupby("seed", sort=False).last()
        np.testing.assert_allclose(last["val_reconstruction_loss"], squared_errors, rtol=1e-5)
        np.testing.assert_allclose(last["val_loss"], squared_errors + activity + weight, rtol=1e-5)
        assert (activity > 0.01).any()
        assert (weight > 0.01).all()

    def test_the_training_loss_is_the_mean_over_batches_by_their_sizes(self):
        """With so small a learning rate that the weights stay where they are, it is the mean over all rows."""
        found = train(deep_with_penalties, shuffle=False, epochs=1, learning_rate=1e-9)
        errors = np.mean((found.predict(X_TRAIN) - X_TRAIN) ** 2, axis=(1, 2))
        np.testing.assert_allclose(found.history["reconstruction_loss"], errors, rtol=1e-5)


class TestFrozen:
    def test_nothing_is_assigned(self, trained):
        with pytest.raises(dataclasses.FrozenInstanceError):
            trained.seeds = (1,)

    def test_no_weight_is_overwritten(self, trained):
        with pytest.raises(ValueError, match="read-only"):
            trained.weights[0][0] = 0

    def test_it_says_what_it_is(self, trained):
        parameters = f"{trained.template.count_params():,}"
        name = trained.template.name
        assert repr(trained) == f"Replicates(3 seeds of '{name}', {parameters} parameters, 3 epochs, 0 diverged)"


class TestFile:
    @pytest.mark.parametrize("build_model", [normalised_and_noisy, deep_with_penalties])
    def test_what_is_read_is_what_was_written(self, build_model, tmp_path):
        written = train(build_model, seeds=SEEDS, epochs=2)
        written.save(tmp_path / "wine.npz")
        read = Replicates.load(tmp_path / "wine.npz")
        assert read.seeds == SEEDS
        pd.testing.assert_frame_equal(read.history, written.history)
        pd.testing.assert_frame_equal(read.runs, written.runs)
        np.testing.assert_array_equal(read.predict(X_VAL), written.predict(X_VAL))
        np.testing.assert_array_equal(read.encode(X_VAL), written.encode(X_VAL))
        assert read.template.name == written.template.name
        assert [path.name for path in tmp_path.iterdir()] == ["wine.npz"]

    def test_layers_of_ones_own(self, tmp_path):
        class Twice(layers.Layer):
            def call(self, x):
                return 2 * x

        written = train(lambda: keras.Sequential([keras.Input((6,)), layers.Dense(6), Twice()]), seeds=[0], epochs=1)
        written.save(tmp_path / "own.npz")
        read = Replicates.load(tmp_path / "own.npz", custom_objects={"Twice": Twice})
        np.testing.assert_array_equal(read.predict(X_VAL), written.predict(X_VAL))

    def test_no_file_is_overwritten_unasked(self, trained, tmp_path):
        path = tmp_path / "kept.npz"
        path.write_text("precious")
        with pytest.raises(FileExistsError, match="`path` must be a new file, or pass overwrite=True.*kept.npz"):
            trained.save(path)
        assert path.read_text() == "precious"
        trained.save(str(path), overwrite=True)
        assert Replicates.load(str(path)).seeds == SEEDS

    def test_a_failed_save_leaves_things_as_they_were(self, trained, tmp_path, monkeypatch):
        def full_disk(file, **arrays):
            file.write(b"half of it")
            raise OSError("No space left on device")

        monkeypatch.setattr(replicates.np, "savez_compressed", full_disk)
        (tmp_path / "old.npz").write_text("precious")
        for name in ("new.npz", "old.npz"):
            with pytest.raises(OSError, match="No space left"):
                trained.save(tmp_path / name, overwrite=True)
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.npz", "precious")]

    def test_a_file_has_the_permissions_that_others_have(self, trained, tmp_path):
        trained.save(tmp_path / "saved.npz")
        (tmp_path / "other").touch()
        assert (tmp_path / "saved.npz").stat().st_mode == (tmp_path / "other").stat().st_mode

    @pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "another npz", "npy"])
    def test_a_file_of_another_sort(self, damage, trained, tmp_path):
        path = tmp_path / "damaged.npz"
        trained.save(path)
        whole = path.read_bytes()
        middle = len(whole) // 2
        other, array = io.BytesIO(), io.BytesIO()
        np.savez(other, x=X_VAL)
        np.save(array, X_VAL)
        path.write_bytes(
            {
                "truncated": whole[:middle],
                "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
                "empty": b"",
                "text": b"seed,epoch,loss",
                "another npz": other.getvalue(),
                "npy": array.getvalue(),
            }[damage]
        )
        with pytest.raises(ValueError, match="`path` must name a file that `Replicates.save` wrote.*damaged.npz"):
            Replicates.load(path)

    def test_a_file_of_a_later_version(self, trained, tmp_path, monkeypatch):
        monkeypatch.setattr(replicates, "FORMAT", 2)
        trained.save(tmp_path / "later.npz")
        monkeypatch.undo()
        with pytest.raises(ValueError, match="Received: format 2 where 1 can be read"):
            Replicates.load(tmp_path / "later.npz")

    def test_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            Replicates.load(tmp_path / "absent.npz")


def test_a_progress_bar_on_stderr(capsys):
    training.train_replicates(plain, X_TRAIN, seeds=[0], epochs=3, batch_size=20)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "0/3" in printed.err
    assert "epoch" in printed.err


def test_the_progress_bar_can_be_turned_off(capsys):
    training.train_replicates(plain, X_TRAIN, seeds=[0], epochs=3, batch_size=20, progress=False)
    assert capsys.readouterr() == ("", "")


def test_predicting_many_times_says_nothing(caplog):
    """TensorFlow warns of functions that are traced again and again, as each call here does for its own weights."""
    replicates = training.train_replicates(plain, X_TRAIN, seeds=[0], epochs=1, batch_size=20, progress=False)
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        for _ in range(12):
            replicates.predict(X_TRAIN)
    finally:
        logger.removeHandler(caplog.handler)
    assert caplog.text == ""
