"""What training returns: every curve and every model of a set of replicates."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from aecourse import models
from aecourse._checks import received
from aecourse._files import whole_file
from aecourse.training.arguments import as_arrays
from aecourse.training.copies import copy_model
from aecourse.training.quiet import quiet_tensorflow

FORMAT = 1  # of the files that Replicates.save writes


@dataclass(frozen=True, eq=False, repr=False)
class Replicates:
    """Replicates of one model, trained from several seeds; what `train_replicates` returns.

    >>> from aecourse import data, models, training
    >>> wine = data.load_wine()
    >>> replicates = training.train_replicates(
    ...     lambda: models.build_autoencoder(13, 3), wine.x_train, wine.x_val, seeds=range(5), epochs=2, progress=False
    ... )
    >>> replicates
    Replicates(5 seeds of 'autoencoder', 94 parameters, 2 epochs, 0 diverged)
    >>> replicates.history.shape
    (10, 6)
    >>> replicates.predict(wine.x_test).shape, replicates.encode(wine.x_test).shape
    ((5, 36, 13), (5, 36, 3))
    >>> replicates.model(4).name
    'autoencoder'

    Attributes
    ----------
    seeds : tuple of int
        In the order of the first axis of all arrays.
    history : DataFrame
        A row per seed and epoch: `seed`, `epoch` (from 1), `loss` and, with validation rows, `val_loss`, both with all
        penalties in them as ``fit`` reports them; `reconstruction_loss` and `val_reconstruction_loss` without.
        (`prediction_loss` where the output has not the shape of the input; `<output>_loss` for each output of a model
        with several, without its weight.) In the unit of the loss: for "mse", the mean over rows and features of
        the squared error. A run that stopped early or diverged has no rows after that epoch.
    runs : DataFrame
        A row per seed: `seed`; `epochs` trained; `kept_epoch`, whose weights are kept (the last, or the best where
        early stopping restores it); `stopped`, whether early; `diverged`, whether a loss or weight was not finite.
    weights : tuple of ndarray, each (n_seeds, ...)
        In the order of `keras.Model.weights`.
    template : keras.Model
        The architecture; its own weights mean nothing. For a model of one seed, call `model`.
    """

    seeds: tuple
    history: pd.DataFrame
    runs: pd.DataFrame
    weights: tuple
    template: keras.Model

    def __post_init__(self):
        for stack in self.weights:
            stack.setflags(write=False)

    def __repr__(self):
        return (
            f"Replicates({len(self.seeds)} seeds of {self.template.name!r}, "
            f"{self.template.count_params():,} parameters, {self.runs['epochs'].max()} epochs, "
            f"{self.runs['diverged'].sum()} diverged)"
        )

    def model(self, seed) -> keras.Model:
        """Make a Keras model with the weights of one seed, uncompiled; what becomes of it changes nothing here.

        Parameters
        ----------
        seed : int
            One of `seeds`.

        Raises
        ------
        ValueError
            If that seed was not trained.
        """
        if seed not in self.seeds:
            trained = f"{len(self.seeds)} seeds from {min(self.seeds)} to {max(self.seeds)}"
            raise ValueError(f"`seed` must be one of the trained {trained}. {received('seed', seed)}")
        try:
            model = copy_model(self.template)
        except (TypeError, NotImplementedError) as error:
            raise TypeError(
                "The trained model must be one that Keras can copy; classes of your own need a `get_config`. "
                f"Received: {type(self.template).__name__}, of which Keras says: {str(error).splitlines()[0]}"
            ) from error
        model.set_weights([stack[self.seeds.index(seed)] for stack in self.weights])
        return model

    def predict(self, x):
        """Run rows through all replicates, in inference mode.

        Parameters
        ----------
        x : array_like or DataFrame, shape (n_samples, ...), or a list or dict of them for several inputs
            Finite numbers.

        Returns
        -------
        ndarray, shape (n_seeds, n_samples, ...), float32; a list or dict of them for several outputs
        """
        return self._run_all(self.template, x)

    def encode(self, x):
        """Latent codes of rows in all replicates: the output of the layer called `code`.

        The axes of two seeds mean different things, as each finds a code of its own.

        Parameters
        ----------
        x : as for `predict`

        Returns
        -------
        ndarray, shape (n_seeds, n_samples, latent_dim), float32

        Raises
        ------
        ValueError
            If the model has no layer called `code`.
        """
        return self._run_all(self._encoder, x)

    @cached_property
    def _encoder(self):
        return models.encoder(self.template)  # shares the template's weights

    def _run_all(self, model, x):
        x = as_arrays("x", x)
        n_samples = len(tf.nest.flatten(x)[0])
        stacks = {id(v): stack for v, stack in zip(self.template.weights, self.weights, strict=True)}
        weights = [v for v in model.variables if id(v) in stacks]

        # Weights go in as arguments: no call can meet those that another one has left in the template.
        @tf.function(reduce_retracing=True)
        def forward(values, rows):
            with keras.StatelessScope(state_mapping=list(zip(weights, values, strict=True))):
                return model(rows, training=False)

        def rows_from(start):
            return tf.nest.map_structure(lambda part: tf.constant(part[start : start + models.PREDICT_ROWS]), x)

        outputs = []
        for position in range(len(self.seeds)):
            values = [tf.constant(stacks[id(v)][position]) for v in weights]
            with quiet_tensorflow():
                batches = [forward(values, rows_from(i)) for i in range(0, n_samples, models.PREDICT_ROWS)]
            outputs.append(tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches))
        return tf.nest.map_structure(lambda *parts: np.stack(parts), *outputs)

    def save(self, path, *, overwrite=False):
        """Write everything to one file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            By custom ending in ``.npz``: NumPy reads the arrays without this package too.
        overwrite : bool, default False
            Whether a file of that name may be replaced.

        Raises
        ------
        FileExistsError
            If there is one and `overwrite` is False.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise FileExistsError(f"`path` must be a new file, or pass overwrite=True. {received('path', str(path))}")
        arrays = {f"weight_{i}": stack for i, stack in enumerate(self.weights)}
        arrays |= {f"history_{name}": self.history[name].to_numpy() for name in self.history}
        arrays |= {f"runs_{name}": self.runs[name].to_numpy() for name in self.runs}
        about = {"format": FORMAT, "model": json.loads(self.template.to_json())}
        with whole_file(path) as file:
            np.savez_compressed(file, about=json.dumps(about), **arrays)

    @classmethod
    def load(cls, path, *, custom_objects=None) -> "Replicates":
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
        custom_objects : dict, optional
            Layers of one's own by name, as for ``keras.models.model_from_json``.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it was not written by `save`, or by a later version of it.
        """
        expected = "`path` must name a file that `Replicates.save` wrote."
        try:
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = dict(file)
            about = json.loads(str(arrays.pop("about")))
        except FileNotFoundError:
            raise
        except Exception as error:  # NumPy and zipfile raise a dozen kinds for a file of another sort
            raise ValueError(f"{expected} {received('path', str(path))}") from error
        if about.get("format") != FORMAT:
            raise ValueError(f"{expected} Received: format {about.get('format')!r} where {FORMAT} can be read.")

        def frame(prefix):
            return pd.DataFrame({k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)})

        template = keras.models.model_from_json(json.dumps(about["model"]), custom_objects=custom_objects)
        runs = frame("runs_")
        return cls(
            seeds=tuple(int(seed) for seed in runs["seed"]),
            history=frame("history_"),
            runs=runs,
            weights=tuple(arrays[f"weight_{i}"] for i in range(len(template.weights))),
            template=template,
        )
