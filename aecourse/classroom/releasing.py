"""The student's version of an assignment, written into a folder."""

from pathlib import Path

import nbformat

from aecourse.classroom.masters import load_master

__all__ = ["release"]


def release(name, out, *, cohort=0, masters=None, solution=False, force=False) -> Path:
    """Write the student's notebook of an assignment: without solutions and hidden tests.

    >>> import tempfile
    >>> release("wine", tempfile.mkdtemp(), cohort=2026).name
    'wine.ipynb'

    Parameters
    ----------
    name : str
        The assignment.
    out : str or path
        Folder to write into; made if it is not there.
    cohort : int, default 0
        Decides data and expected answers, so that last year's answers do not pass. `grade` needs the same number.
    masters : str or path, optional
        Folder of the masters; by default the one of this course.
    solution : bool, default False
        Leave the solutions in: to hand out afterwards, or to see that they get full marks.
    force : bool, default False
        Write over a file that is there.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    FileExistsError
        If the notebook is there already.
    FileNotFoundError, ImportError, TypeError, ValueError
        If there is no such assignment, its master is not one of nbgrader's, or nbgrader is not installed.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    notebook = load_master(name, cohort=cohort, masters=masters).released(solution=solution)
    folder = Path(out).expanduser()
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"`out` must be a folder. Received: {folder}, which is a file.")
    path = folder / f"{name}.ipynb"
    if path.exists() and not force:
        raise FileExistsError(f"{path} is there already. Name another folder, or --force to write over it.")
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
