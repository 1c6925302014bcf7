"""Train the same model from many seeds, or an autoencoder and a classifier of its code in alternation."""

from aecourse.training.alternating import train_alternating
from aecourse.training.alternation import Alternation
from aecourse.training.replicates import Replicates
from aecourse.training.trainer import train_replicates

__all__ = ["Alternation", "Replicates", "train_alternating", "train_replicates"]
