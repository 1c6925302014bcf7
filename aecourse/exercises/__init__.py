"""Checks of answers to the exercises: right, or a hint for the mistake that was made."""

from aecourse.exercises.bug import FAULTS, find
from aecourse.exercises.checking import check, exercises_of
from aecourse.exercises.exercise import Result

__all__ = ["FAULTS", "Result", "check", "exercises_of", "find"]
