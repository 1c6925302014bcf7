"""Data sets, split and scaled, as frozen records."""

from aecourse.data.records import Dataset
from aecourse.data.wine import SCALERS, SPLITS, load_wine, load_wine_as_in_tutorial

__all__ = ["SCALERS", "SPLITS", "Dataset", "load_wine", "load_wine_as_in_tutorial"]
