"""What the tests of sweeps train, for processes that import it.

It runs nothing in TensorFlow when imported: a process that has run something there can't be forked any more.
"""

import functools
import os
import signal

import numpy as np

from aecourse import models
from aecourse.sweeps import sweep

X = np.random.default_rng(0).normal(size=(48, 6)).astype("float32")
X_VAL = np.random.default_rng(1).normal(size=(16, 6)).astype("float32")
SEEDS = [3, 1, 2]
GRID = {"latent_dim": [1, 2], "learning_rate": [0.1, 0.01]}
build = functools.partial(models.build_autoencoder, 6)


def real_sweep(results_dir=None, *, build_model=build, param_grid=GRID, **others):
    """Four trials, half a second each."""
    settings = {"seeds": SEEDS, "epochs": 3, "progress": False, "results_dir": results_dir, **others}
    return sweep(build_model, param_grid, X, X_VAL, **settings)


def build_or_die(latent_dim):
    """A builder that ends its process at one point of the grid, as a machine short of memory would."""
    if latent_dim == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return build(latent_dim)
