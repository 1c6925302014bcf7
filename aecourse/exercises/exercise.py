"""What an exercise knows: how to read an answer, the right one, the mistakes that are often made, and their hints."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from aecourse.exercises.reading import Unreadable

__all__ = ["Exercise", "Mistake", "Result", "close", "judge", "near"]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong answer that is often given.

    Attributes
    ----------
    name : str
        What went wrong, for the teacher; a learner sees the hint alone.
    make : callable
        Takes nothing, makes the mistake, and returns the answer to which it leads.
    hint : str
        Leads away from it without the solution.
    told_by : callable, optional
        Takes an answer as it was read and tells whether the mistake was made; where left out, an answer close to what
        `make` leads to is taken for it.
    """

    name: str
    make: Callable[[], Any]
    hint: str
    told_by: Callable[[Any], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise with a check.

    Attributes
    ----------
    name : str
        Chapter and place on its page, as in "wine.3".
    read : callable
        Turns an answer into something that can be compared; raises `Unreadable` with a sentence where it can't.
    solve : callable
        Takes nothing and returns the right answer, computed from the data.
    same : callable
        Whether two answers, as read, count as equal.
    mistakes : tuple of Mistake
        Looked for in this order.
    otherwise : str
        Hint for any other wrong answer.
    """

    name: str
    read: Callable[[Any], Any]
    solve: Callable[[], Any]
    same: Callable[[Any, Any], bool]
    mistakes: tuple[Mistake, ...]
    otherwise: str


@dataclass(frozen=True, repr=False)
class Result:
    """What `check` and `find` return; shown at the end of a notebook's cell.

    Attributes
    ----------
    exercise : str
        As in "wine.3".
    state : {"right", "mistake", "wrong", "unreadable", "open"}
        A mistake that was recognised; a wrong answer of another kind; one that can't be compared; an exercise without a
        check.
    text : str
        What the learner is told.
    mistake : str
        Name of the mistake that was recognised, else empty.
    """

    exercise: str
    state: str
    text: str
    mistake: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return self.state == "right"

    def __repr__(self):
        return f"{self._headline} {self.text}".strip()

    def _repr_html_(self):
        return f"<p><strong>{escape(self._headline)}</strong> {_with_code(self.text)}</p>"

    @property
    def _headline(self):
        said = {"right": "right.", "open": "no check.", "unreadable": "can't be read."}
        return f"{self.exercise}: {said.get(self.state, 'not yet.')}"


def _with_code(text):
    """Escape a hint, and set what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def judge(exercise, answer) -> Result:
    """Hold an answer against the right one, then against each known mistake."""
    try:
        value = exercise.read(answer)
    except Unreadable as fault:
        return Result(exercise.name, "unreadable", str(fault))
    if exercise.same(value, exercise.read(exercise.solve())):
        return Result(exercise.name, "right", "")
    for mistake in exercise.mistakes:
        if mistake.told_by is None:
            made = exercise.same(value, exercise.read(mistake.make()))
        else:
            made = mistake.told_by(value)
        if made:
            return Result(exercise.name, "mistake", mistake.hint, mistake.name)
    return Result(exercise.name, "wrong", exercise.otherwise)


def close(*, rtol=0.0, atol=0.0):
    """Equal shapes, and each number within its tolerance; NaN equals NaN."""

    def same(value, expected):
        value, expected = np.asarray(value), np.asarray(expected)
        return value.shape == expected.shape and np.allclose(value, expected, rtol=rtol, atol=atol, equal_nan=True)

    return same


def near(share):
    """Equal shapes, and as a whole no further off than this share of the size: for numbers around zero."""

    def same(value, expected):
        value, expected = np.asarray(value), np.asarray(expected)
        return value.shape == expected.shape and np.linalg.norm(value - expected) <= share * np.linalg.norm(expected)

    return same
