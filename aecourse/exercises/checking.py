"""`check`: an answer to an exercise, held against the right one and against the usual mistakes."""

import difflib
from importlib import import_module

from aecourse._checks import received
from aecourse._seeding import generators_restored
from aecourse.exercises.exercise import Result, judge

__all__ = ["check", "exercises_of"]

# Chapter keys, with the module of their checks; each is loaded when it is first asked for.
CHAPTERS = {
    "wine": "wine",
    "validation": "validation",
    "regularization": "regularization",
    "learning_rate": "learning_rate",
    "capacity": "capacity",
    "latent_dim": "latent_dim",
    "probes": "probes",
    "attached": "attached",
    "checkup": "checkup",
}


def check(exercise, answer) -> Result:
    """Tell whether an answer is right, or give a hint for the mistake that was made.

    >>> check("learning_rate.1", 200)
    learning_rate.1: not yet. That is as many epochs as before, each with a step of a tenth. How far do they get?

    Parameters
    ----------
    exercise : str
        Chapter and place on its page, as in "wine.3"; the exercise itself says it.
    answer : anything
        What the exercise asks for: a number, an array, a function, a model or a frame. It is not changed.

    Returns
    -------
    Result
        Shows itself as the last line of a cell; `result.right` is True or False. An answer of another kind than
        the one asked for gets a sentence that says so.

    Raises
    ------
    TypeError
        If `exercise` is no text.
    ValueError
        If there is no exercise of that name; the message lists those near.

    Notes
    -----
    Chapter: Wine autoencoder. What is right is computed from the data at each call, in a few seconds at most.
    """
    if not isinstance(exercise, str):
        raise TypeError(f"`exercise` must be a name such as 'wine.1'. {received('exercise', exercise)}")
    found = exercises_of(exercise.partition(".")[0]) if exercise.partition(".")[0] in CHAPTERS else {}
    if exercise not in found:
        raise ValueError(
            f"`exercise` must be the name of an exercise, such as 'wine.1'. {received('exercise', exercise)} "
            f"Near it: {', '.join(map(repr, _near(exercise)))}."
        )
    if found[exercise] is None:
        return Result(exercise, "open", "It is an open study: compare with the solution on the page.")
    with generators_restored():  # a check leaves no trace in the random numbers of a notebook
        return judge(found[exercise], answer)


def exercises_of(chapter):
    """All exercises of a chapter by name, in the order of its page; None for those without a check.

    >>> list(exercises_of("wine"))
    ['wine.1', 'wine.2', 'wine.3', 'wine.4', 'wine.5']

    Parameters
    ----------
    chapter : str
        Key of a chapter, as in "wine".

    Returns
    -------
    dict of str to Exercise or None

    Raises
    ------
    ValueError
        If there is no such chapter.

    Notes
    -----
    Chapter: Wine autoencoder.
    """
    if chapter not in CHAPTERS:
        raise ValueError(f"`chapter` must be one of {', '.join(map(repr, CHAPTERS))}. {received('chapter', chapter)}")
    module = import_module(f"aecourse.exercises.{CHAPTERS[chapter]}")
    with_check = {exercise.name: exercise for exercise in module.EXERCISES}
    names = [f"{chapter}.{place}" for place in range(1, module.N_ON_PAGE + 1)]
    return {name: with_check.get(name) for name in names}


def _near(name):
    """The names most like this one; of a chapter that is known, all of its own."""
    chapter = name.partition(".")[0].strip().lower()
    likely = difflib.get_close_matches(chapter, CHAPTERS, n=1, cutoff=0.5) or ["wine"]
    return list(exercises_of(likely[0]))
