"""Train over every point of a grid, with results that survive a kill."""

from aecourse.sweeps.record import Sweep
from aecourse.sweeps.sweeping import sweep

__all__ = ["Sweep", "sweep"]
