"""Models built without a trace in the caller's random numbers."""

import random
from contextlib import contextmanager

import numpy as np


@contextmanager
def generators_restored():
    """Put the generators of Python and NumPy back afterwards: Keras draws a seed for every layer that it makes."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - put back as they were
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
