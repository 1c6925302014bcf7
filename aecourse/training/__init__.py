"""Train the same model from many seeds at once."""

from aecourse.training.replicates import Replicates
from aecourse.training.trainer import train_replicates

__all__ = ["Replicates", "train_replicates"]
