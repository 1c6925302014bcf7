"""What is written for TensorBoard is read back from the files by TensorBoard's own reader."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins import projector

from aecourse import models, training
from aecourse.tensorboard import EventLog, read_scalars
from training_models import rows

X_TRAIN, X_VAL = rows(20), rows(13, seed=1)
Y_TRAIN, Y_VAL = (np.argmax(x[:, :3], axis=1) for x in (X_TRAIN, X_VAL))


def train(log, **settings):
    def autoencoder():
        return models.build_autoencoder(6, 2, code_activation="linear", output_activation="sigmoid")

    def classifier():
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax", name="class")])

    settings = {"seeds": (3, 4), "epochs": 2, "batch_size": 10, "checkpoints": [0], "progress": False, **settings}
    return training.train_alternating(
        autoencoder, classifier, X_TRAIN, Y_TRAIN, X_VAL, Y_VAL, event_log=log, **settings
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder, and what the training that wrote into it returned."""
    folder = tmp_path_factory.mktemp("logs") / "2-D"
    return folder, train(EventLog(folder, image_shape=(2, 3), n_images=4, n_points=9))


def events(folder):
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def test_the_curves_are_those_of_the_history(trained):
    folder, result = trained
    read = read_scalars(folder)
    assert set(read["run"]) == {f"seed_{seed}/{part}" for seed in (3, 4) for part in ("train", "validation")}
    for prefix, part in (("", "train"), ("val_", "validation")):
        for name in ("reconstruction_loss", "classifier_loss", "accuracy"):
            for seed in (3, 4):
                curve = read[(read["run"] == f"seed_{seed}/{part}") & (read["tag"] == name)]
                expected = result.history[result.history["seed"] == seed]
                assert curve["step"].tolist() == [0, 1, 2]
                np.testing.assert_allclose(curve["value"], expected[prefix + name], rtol=1e-6)
    assert len(read) == 3 * 2 * 2 * 3


def test_the_graph_has_both_networks(trained):
    names = [node.name for node in events(trained[0] / "seed_3/train").Graph().node]
    for layer in ("autoencoder_1/code_1/MatMul", "autoencoder_1/reconstruction_1/Sigmoid", "class_1/Softmax"):
        assert any(name.endswith(layer) for name in names), names


def test_reconstructions_are_those_of_the_networks(trained):
    folder, result = trained
    images = events(folder / "seed_4/validation").Tensors("input above, reconstruction below")
    assert [each.step for each in images] == [0, 2]
    for each in images:
        width, height, png = tf.make_ndarray(each.tensor_proto)
        picture = tf.io.decode_png(png).numpy()[..., 0] / 255  # (2 height, n_images width)
        assert (int(height), int(width)) == picture.shape == (4, 12)
        x_hat = result.autoencoders[each.step].predict(X_VAL)[1]
        for half, part in ((picture[:2], X_VAL), (picture[2:], x_hat)):
            shown = half.reshape(2, 4, 3).swapaxes(0, 1).reshape(4, 6)
            np.testing.assert_allclose(shown, part[:4], atol=0.6 / 255)


def test_the_projector_finds_the_codes_labels_and_thumbnails(trained):
    folder, result = trained
    folder = folder / "seed_3/validation"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), projector.ProjectorConfig())
    assert [each.tensor_name for each in config.embeddings] == ["code, epoch 0", "code, epoch 2"]
    for epoch, entry in zip((0, 2), config.embeddings, strict=True):
        z = np.loadtxt(folder / entry.tensor_path, delimiter="\t")
        np.testing.assert_allclose(z[:, :2], result.autoencoders[epoch].encode(X_VAL)[0, :9], rtol=1e-4, atol=1e-5)
        assert z.shape == (9, 3)  # the projector's PCA needs a third column
        assert not z[:, 2].any()
        labels = pd.read_csv(folder / entry.metadata_path, sep="\t")
        assert labels["label"].tolist() == Y_VAL[:9].tolist()
        assert list(entry.sprite.single_image_dim) == [3, 2]  # width first
        sheet = tf.io.decode_png(tf.io.read_file(str(folder / entry.sprite.image_path))).numpy()[..., 0]
        assert sheet.shape == (6, 9)  # 3 x 3 thumbnails
        np.testing.assert_allclose(sheet[2:4, 3:6].ravel() / 255, 1 - X_VAL[4], atol=1 / 255)


def test_only_numbers_and_codes_where_rows_are_no_pictures(tmp_path):
    train(EventLog(tmp_path), seeds=[3])
    folder = tmp_path / "seed_3/validation"
    assert sorted(events(folder).Tags()["tensors"]) == ["accuracy", "classifier_loss", "reconstruction_loss"]
    assert sorted(path.name for path in folder.iterdir() if "events" not in path.name) == [
        *("code_epoch_0.tsv", "code_epoch_2.tsv", "metadata.tsv", "projector_config.pbtxt")
    ]


def test_writing_does_not_change_the_training(trained):
    np.testing.assert_array_equal(train(None).history, trained[1].history)


def test_a_run_that_is_there_is_kept_unless_asked(tmp_path):
    train(EventLog(tmp_path), seeds=[3])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FileExistsError, match="`folder` must hold no run of the same name.*overwrite=True.*seed_3"):
        train(EventLog(tmp_path), seeds=[4, 3])
    assert sorted(tmp_path.rglob("*")) == before
    train(EventLog(tmp_path, overwrite=True), seeds=[3], epochs=1)
    assert read_scalars(tmp_path)["step"].max() == 1


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="`folder` must hold event files. Received: folder="):
        read_scalars(tmp_path)


def test_curves_of_keras_are_read_too(tmp_path):
    model = models.build_autoencoder(6, 2)
    model.compile("adam", "mse")
    board = keras.callbacks.TensorBoard(tmp_path, write_graph=False)
    log = model.fit(X_TRAIN, X_TRAIN, epochs=2, verbose=0, callbacks=[board])
    read = read_scalars(tmp_path).query("tag == 'epoch_loss'")
    np.testing.assert_allclose(read["value"], log.history["loss"], rtol=1e-6)


BAD = {
    "folder": ({"folder": 3}, TypeError, "`folder` must be a path"),
    "shape": ({"image_shape": 28}, TypeError, "`image_shape` must be a tuple of height and width"),
    "size": ({"image_shape": (0, 3)}, ValueError, "`image_shape` must be an integer at least 1"),
    "images": ({"n_images": 0}, ValueError, "`n_images` must be"),
    "points": ({"n_points": 1}, ValueError, "`n_points` must be"),
    "flag": ({"overwrite": "yes"}, TypeError, "`overwrite` must be True or False"),
}


@pytest.mark.parametrize(("bad", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_settings_are_told(bad, kind, message):
    with pytest.raises(kind, match=message):
        EventLog(**{"folder": "logs", **bad})


def test_rows_that_are_no_pictures_are_told(tmp_path):
    log = EventLog(tmp_path, image_shape=(2, 3))
    with pytest.raises(ValueError, match="must be None unless rows are intensities in .0, 1.* from -1 to 0"):
        log.check_rows(np.array([[-1.0, 0, 0, 0, 0, 0]]))
    big = EventLog(tmp_path, image_shape=(100, 100), n_points=7000)
    with big.start("run") as run, pytest.raises(ValueError, match="`n_points` must leave room for thumbnails"):
        run.embedding(0, np.zeros((7000, 2)), x=np.zeros((7000, 10_000), "uint8"))
