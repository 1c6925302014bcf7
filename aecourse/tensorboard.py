"""What TensorBoard shows of a training: curves, graph, reconstructions and the embedded space, as files in a folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins import projector

from aecourse._checks import as_numeric_array, check_int, check_same_length, received

__all__ = ["EventLog", "RunWriter", "read_scalars"]

PARTS = ("train", "validation")  # a run of TensorBoard each, so that it draws both curves of a quantity in one chart
N_AXES = 3  # of the projector's space
MAX_SPRITE = 8192  # pixels; TensorBoard shows no larger picture


@dataclass(frozen=True)
class EventLog:
    """A folder for TensorBoard, and what is to be written into it; `train_alternating` takes one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with EventLog(folder).start("seed_0") as run:
    ...         run.scalars(1, {"loss": 0.5}, {"loss": 0.6})
    ...     frame = read_scalars(folder)
    >>> print(frame)
                     run   tag  step  value
    0       seed_0/train  loss     1    0.5
    1  seed_0/validation  loss     1    0.6

    Parameters
    ----------
    folder : str or Path
        Made where it is missing. TensorBoard is started with it, or with a folder above it that holds several logs:
        ``tensorboard --logdir folder`` in a terminal, ``%tensorboard --logdir folder`` in a notebook.
    image_shape : tuple of two int, optional
        Height and width of the picture that a row is, such as (28, 28). With it, sample reconstructions are written
        as images, and points of the embedded space are shown as thumbnails; values in [0, 1] are then expected.
    n_images : int, default 8
        How many validation rows are shown beside their reconstructions: the first ones.
    n_points : int, default 1000
        How many validation rows the embedded space shows: the first ones.
    overwrite : bool, default False
        Whether a run of the same name that lies in the folder already is deleted first.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    Chapter: Embedding probes.
    """

    folder: str | Path
    image_shape: tuple | None = None
    n_images: int = 8
    n_points: int = 1000
    overwrite: bool = False

    def __post_init__(self):
        if not isinstance(self.folder, str | Path):
            raise TypeError(f"`folder` must be a path. {received('folder', self.folder)}")
        object.__setattr__(self, "folder", Path(self.folder))
        if self.image_shape is not None:
            if not isinstance(self.image_shape, tuple) or len(self.image_shape) != 2:
                expected = "`image_shape` must be a tuple of height and width, as in (28, 28), or None."
                raise TypeError(f"{expected} {received('image_shape', self.image_shape)}")
            shape = tuple(check_int("image_shape", size, minimum=1) for size in self.image_shape)
            object.__setattr__(self, "image_shape", shape)
        check_int("n_images", self.n_images, minimum=1)
        check_int("n_points", self.n_points, minimum=2)
        if not isinstance(self.overwrite, bool):
            raise TypeError(f"`overwrite` must be True or False. {received('overwrite', self.overwrite)}")

    def check_rows(self, x):
        """Raise ValueError unless rows of `x`, (n_samples, n_features), are pictures of `image_shape`, if there is one.

        Raises
        ------
        ValueError
            If the number of features is another, or a value lies outside [0, 1].
        """
        if self.image_shape is None:
            return
        height, width = self.image_shape
        if x[0].size != height * width:
            expected = f"`image_shape` must hold as many pixels as a row has values, {x[0].size}."
            raise ValueError(f"{expected} {received('image_shape', self.image_shape)}")
        if x.min() < 0 or x.max() > 1:
            raise ValueError(
                "`image_shape` must be None unless rows are intensities in [0, 1]. "
                f"Received: image_shape={self.image_shape} for values from {x.min():.3g} to {x.max():.3g}."
            )

    def check_free(self, names):
        """Raise FileExistsError if a run of one of these names lies in the folder and may not be overwritten."""
        for name in names:
            if not self.overwrite and (self.folder / name).exists() and any((self.folder / name).iterdir()):
                raise FileExistsError(
                    "`folder` must hold no run of the same name, which TensorBoard would mix with the new one, or pass "
                    f"overwrite=True. Received: {self.folder / name}."
                )

    def start(self, name) -> "RunWriter":
        """Begin a run, to be used in a `with` statement.

        Parameters
        ----------
        name : str
            Name of the run, such as "seed_0"; a folder of that name is made.

        Raises
        ------
        FileExistsError
            If there is one with something in it and `overwrite` is False.
        """
        self.check_free([name])
        if (self.folder / name).exists():
            shutil.rmtree(self.folder / name)
        return RunWriter(self, self.folder / name)


class RunWriter:
    """Writes one run; made by `EventLog.start`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, EventLog(folder).start("run") as run:
    ...     run.embedding(0, [[0.0, 1.0], [1.0, 0.0]], labels=[3, 7])
    ...     sorted(path.name for path in run.folder.glob("validation/*.tsv"))
    ['code_epoch_0.tsv', 'metadata.tsv']

    Parameters
    ----------
    log : EventLog
    folder : Path
    """

    def __init__(self, log, folder):
        self.log, self.folder = log, folder
        self._writers = {part: tf.summary.create_file_writer(str(folder / part)) for part in PARTS}
        self._config = projector.ProjectorConfig()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for writer in self._writers.values():
            writer.close()

    def scalars(self, epoch, train, val):
        """Write the numbers of an epoch: two mappings of name to float, for training and validation rows."""
        for part, values in zip(PARTS, (train, val), strict=True):
            with self._writers[part].as_default():
                for name, value in values.items():
                    tf.summary.scalar(name, value, step=epoch)
            self._writers[part].flush()  # so that the curves grow while the training goes on

    def graph(self, function, *examples):
        """Write the graph of operations of `function`, a callable of tensors, traced with `examples`."""
        concrete = tf.function(function).get_concrete_function(*map(tf.convert_to_tensor, examples))
        with self._writers["train"].as_default():
            tf.summary.graph(concrete.graph)

    def reconstructions(self, epoch, x, x_hat):
        """Write rows as pictures, each above its reconstruction; both (n_samples, ...) in [0, 1], of `image_shape`."""
        height, width = self.log.image_shape
        pairs = [
            np.reshape(part[: self.log.n_images], (-1, height, width)).transpose(1, 0, 2).reshape(height, -1)
            for part in (x, x_hat)
        ]
        picture = np.rint(255 * np.clip(np.concatenate(pairs), 0, 1)).astype("uint8")  # (2 height, n_images width)
        with self._writers["validation"].as_default():
            tf.summary.image("input above, reconstruction below", picture[None, :, :, None], step=epoch)
        self._writers["validation"].flush()

    def embedding(self, epoch, z, labels=None, x=None):
        """Write a code for the projector, which offers one space for each epoch that was written.

        Parameters
        ----------
        epoch : int
        z : array_like, shape (n_samples, latent_dim)
            Only the first `n_points` rows are written; a code of one or two units gets columns of zeros up to three.
        labels : array_like, shape (n_samples,), optional
            What the projector colours and names the points by; the same at every call.
        x : array_like, shape (n_samples, n_features), optional
            The rows themselves, for thumbnails where the log has an `image_shape`; the same at every call.

        Raises
        ------
        TypeError, ValueError
            If an argument is no finite array, or the lengths differ.
        """
        z = as_numeric_array("z", z, ndim=2)
        check_same_length(z=z, labels=labels, x=x)
        n_points = min(self.log.n_points, len(z))
        folder = self.folder / "validation"
        entry = self._config.embeddings.add()
        entry.tensor_name = f"code, epoch {epoch}"
        entry.tensor_path = f"code_epoch_{epoch}.tsv"
        # Of fewer than three columns the projector draws nothing: its PCA gives NaN then.
        z = np.pad(z[:n_points], ((0, 0), (0, max(0, N_AXES - z.shape[1]))))
        np.savetxt(folder / entry.tensor_path, z, delimiter="\t", fmt="%.6g")
        if labels is not None:
            entry.metadata_path = "metadata.tsv"
            rows = pd.DataFrame({"label": np.asarray(labels)[:n_points], "row": range(n_points)})
            rows.to_csv(folder / entry.metadata_path, sep="\t", index=False)
        if x is not None and self.log.image_shape is not None:
            entry.sprite.image_path = "sprite.png"
            entry.sprite.single_image_dim.extend(reversed(self.log.image_shape))  # width first
            if not (folder / "sprite.png").exists():
                self._write_sprite(folder / "sprite.png", np.asarray(x)[:n_points])
        projector.visualize_embeddings(str(folder), self._config)

    def _write_sprite(self, path, x):
        """Thumbnails in a square, row by row from the top left; dark strokes, as the projector's ground is white."""
        height, width = self.log.image_shape
        per_side = int(np.ceil(np.sqrt(len(x))))
        if per_side * max(height, width) > MAX_SPRITE:
            raise ValueError(
                f"`n_points` must leave room for thumbnails in {MAX_SPRITE} x {MAX_SPRITE} pixels. "
                f"Received: n_points={len(x)} of {height} x {width} pixels."
            )
        sheet = np.zeros((per_side**2, height, width), "float32")
        sheet[: len(x)] = np.reshape(x, (-1, height, width))
        sheet = sheet.reshape(per_side, per_side, height, width).swapaxes(1, 2)
        picture = 255 * (1 - np.clip(sheet.reshape(per_side * height, -1, 1), 0, 1))
        tf.io.write_file(str(path), tf.io.encode_png(picture.astype("uint8")))


def read_scalars(folder) -> pd.DataFrame:
    """Read the curves back that lie below a folder, whoever wrote them.

    See `EventLog` for an example.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    DataFrame
        A row per value: `run` (the path below `folder`), `tag`, `step`, `value`, sorted in this order.

    Raises
    ------
    FileNotFoundError
        If no event file lies there.
    """
    files = sorted(Path(folder).rglob("events.out.tfevents.*"))
    if not files:
        raise FileNotFoundError(f"`folder` must hold event files. {received('folder', str(folder))}")
    rows = []
    for run in sorted({file.parent for file in files}):
        events = EventAccumulator(str(run), size_guidance={"tensors": 0}).Reload()  # 0: keep all of them
        name = run.relative_to(folder).as_posix()
        for tag in events.Tags()["tensors"]:
            if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
                rows += [
                    (name, tag, each.step, float(tf.make_ndarray(each.tensor_proto))) for each in events.Tensors(tag)
                ]
    frame = pd.DataFrame(rows, columns=["run", "tag", "step", "value"])
    return frame.sort_values(["run", "tag", "step"], ignore_index=True)
