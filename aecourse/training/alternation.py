"""The record of a training in alternation."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from aecourse import models
from aecourse.training.replicates import Replicates

__all__ = ["Alternation", "collect"]


@dataclass(frozen=True, eq=False, repr=False)
class Alternation:
    """What `train_alternating` returns: the curves, and the networks at every checkpoint.

    Attributes
    ----------
    history : DataFrame
        A row per seed and epoch: `seed`, `epoch`, `reconstruction_loss` (MSE per value of the input, without
        penalties) and, with a classifier, `classifier_loss` (cross-entropy per row, nats) and `accuracy` (share of
        rows); each also as `val_…`. Epoch 0 is before training, with the weights as drawn. From epoch 1 on, those of
        training are means over the batches while the weights move; those of validation are taken after the epoch.
    autoencoders : mapping of int to Replicates
        By epoch, for every checkpoint and the last epoch, ascending: `autoencoders[20].encode(x)` are the codes of all
        seeds, (n_seeds, n_samples, latent_dim). The `history` in them is that of the autoencoders up to there.
    classifiers : mapping of int to Replicates
        The same for the classifiers, which take codes; empty where there was none.
    """

    history: pd.DataFrame
    autoencoders: Mapping
    classifiers: Mapping

    @property
    def checkpoints(self) -> tuple:
        """Epochs whose networks were kept, the last one among them."""
        return tuple(self.autoencoders)

    def __repr__(self):
        final = self.autoencoders[self.checkpoints[-1]]
        what = f"{final.template.name!r}, latent_dim {models.encoder(final.template).output_shape[-1]}"
        kept = ", ".join(map(str, self.checkpoints))
        classifier = "with a classifier" if self.classifiers else "without a classifier"
        return f"Alternation({len(final.seeds)} seeds of {what}, {classifier}, kept at epochs {kept})"


def collect(seeds, pair, columns, checkpoints, runs):
    """The record, from rows of numbers, states by checkpoint and whether it diverged, for each seed."""
    names = [*columns, *(f"val_{name}" for name in columns)]
    frames = [pd.DataFrame(rows, columns=names).rename_axis("epoch").reset_index() for rows, *_ in runs]
    history = pd.concat([frame.assign(seed=seed) for seed, frame in zip(seeds, frames, strict=True)], ignore_index=True)
    history = history[["seed", "epoch", *names]]
    lived = np.array([len(frame) - 1 for frame in frames])
    diverged = np.array([flag for *_, flag in runs])

    def at(epoch, model, positions, columns):
        n_epochs = np.minimum(lived, epoch)
        return Replicates(
            seeds=tuple(seeds),
            history=history.loc[history["epoch"].between(1, epoch), ["seed", "epoch", *columns]].reset_index(drop=True),
            runs=pd.DataFrame(
                {
                    "seed": seeds,
                    "epochs": n_epochs,
                    "kept_epoch": n_epochs,
                    "stopped": False,
                    "diverged": diverged & (lived <= epoch),
                }
            ),
            weights=tuple(np.stack([states[epoch][i] for _, states, _ in runs]) for i in positions),
            template=model,
        )

    def of(name):
        model, own = (
            getattr(pair, name),
            [each for each in names if ("reconstruction" in each) == (name == "autoencoder")],
        )
        if model is None:
            return MappingProxyType({})
        positions = pair.positions(model)
        return MappingProxyType({epoch: at(epoch, model, positions, own) for epoch in checkpoints})

    return Alternation(history, of("autoencoder"), of("classifier"))
