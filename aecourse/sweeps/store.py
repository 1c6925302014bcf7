"""Finished trials on disk: one file each, whole or not there."""

import json
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aecourse._checks import received
from aecourse._files import remove_stale, whole_file
from aecourse.sweeps.trials import Outcome

FORMAT = 1


@dataclass(frozen=True)
class Store:
    """A folder of finished trials, each in a file called by its key.

    A kill at any moment leaves either the whole of a file or none, and two sweeps can share the folder.
    """

    folder: Path

    @classmethod
    def open(cls, results_dir):
        """Make the folder if need be, and see that it can be written to."""
        expected = "`results_dir` must be a folder that can be written to."
        if not isinstance(results_dir, str | os.PathLike):
            raise TypeError(f"{expected} {received('results_dir', results_dir)}")
        folder = Path(results_dir).expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise type(error)(f"{expected} {received('results_dir', str(results_dir))} {error}") from error
        remove_stale(folder)
        return cls(folder)

    def path(self, key):
        return self.folder / f"{key[:32]}.npz"

    def read(self, key) -> Outcome | None:
        """The trial of this key; None if it is not there, or, with a warning, if its file is damaged."""
        path = self.path(key)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            about = json.loads(str(arrays.pop("about")))
            if (about["format"], about["key"]) != (FORMAT, key):
                raise ValueError("it holds another trial")
        except FileNotFoundError:
            return None
        except Exception as error:  # zipfile, NumPy and json raise a dozen kinds
            warnings.warn(f"{path} is damaged ({error}): its trial runs again.", stacklevel=4)
            return None
        parts = {name: {} for name in ("history", "runs", "measures")}
        for name, array in arrays.items():
            part, _, column = name.partition("/")
            parts[part][column] = array
        return Outcome(**parts)

    def write(self, key, outcome, about):
        """Keep a trial; `about` is for people who look into the folder."""
        arrays = {
            f"{part}/{column}": array
            for part in ("history", "runs", "measures")
            for column, array in getattr(outcome, part).items()
        }
        about = json.dumps({"format": FORMAT, "key": key, **about}, default=str)
        with whole_file(self.path(key)) as file:
            np.savez_compressed(file, about=about, **arrays)
