"""Data sets, split and scaled, as frozen records."""

from aecourse.data.mnist import load_mnist
from aecourse.data.records import Dataset, ImageDataset
from aecourse.data.wine import SCALERS, SPLITS, load_wine, load_wine_as_in_tutorial

__all__ = ["SCALERS", "SPLITS", "Dataset", "ImageDataset", "load_mnist", "load_wine", "load_wine_as_in_tutorial"]
