"""Assignments: the student's version, and a class graded safely. Chapter: Teaching with this book."""

from importlib import import_module

__all__ = ["Graded", "GraderFault", "grade", "release"]

WHERE = {"Graded": "grading", "grade": "grading", "GraderFault": "marking", "release": "releasing"}


def __getattr__(name):
    # A student's process takes `values` from here at every question, and needs nothing of what grades.
    if name in WHERE:
        return getattr(import_module(f"aecourse.classroom.{WHERE[name]}"), name)
    raise AttributeError(f"module 'aecourse.classroom' has no attribute {name!r}")
