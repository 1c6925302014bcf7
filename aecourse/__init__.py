"""Autoencoders, measured: the companion package of the course."""

import os
from importlib import import_module, metadata

# TensorFlow reads both when it is first imported; each alone still lets it write to stderr.
# Without oneDNN the sums run in one fixed order, so that equal seeds give equal bits.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

__all__ = [
    "checkup",
    "claims",
    "classroom",
    "data",
    "exercises",
    "models",
    "plots",
    "probes",
    "sweeps",
    "tensorboard",
    "training",
]
__version__ = metadata.version("aecourse")


def __getattr__(name):
    # Modules load on first use: `import aecourse` takes no time, TensorFlow comes when it is needed.
    if name in __all__:
        return import_module(f"aecourse.{name}")
    raise AttributeError(f"module 'aecourse' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
