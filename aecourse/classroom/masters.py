"""Masters of assignments: notebooks in the format of nbgrader, with solutions, points and hidden tests."""

import ast
import builtins
import copy
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from aecourse._checks import check_int

__all__ = ["Master", "Question", "find_masters", "load_master"]

INSTALL = 'Install it with `pip install -e ".[teach]"` in a checkout of the course.'
# A master says which numbers a cohort has by one line of its set-up, which `release` and `grade` replace.
COHORT_LINE = re.compile(r"^COHORT = (\d+)\b", re.MULTILINE)
MAX_COHORT = 2**31 - 1


@dataclass(frozen=True)
class Question:
    """One graded cell: `names` are the variables that its tests take from the student."""

    name: str
    points: float
    names: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Master:
    """An assignment for one cohort.

    Attributes
    ----------
    name : str
    cohort : int
    notebook : NotebookNode
        With solutions and hidden tests.
    setup : tuple of str
        Code of the locked cells above the first task.
    questions : tuple of Question
    """

    name: str
    cohort: int
    notebook: nbformat.NotebookNode
    setup: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def max_points(self):
        return sum(question.points for question in self.questions)

    def released(self, *, solution=False):
        """The student's notebook, made by nbgrader; with `solution`, answers stay in and hidden tests go all the same.

        Returns
        -------
        NotebookNode
        """
        steps = _nbgrader_steps()
        notebook, resources = copy.deepcopy(self.notebook), {}
        for step in steps.generate:
            if not (solution and isinstance(step, steps.clear_solutions)):
                notebook, resources = step.preprocess(notebook, resources)
        for cell in notebook.cells if solution else ():
            lines = cell.source.splitlines()
            cell.source = "\n".join(line for line in lines if not re.search("(BEGIN|END) SOLUTION", line))
        notebook.metadata.pop("celltoolbar", None)
        return notebook


@dataclass(frozen=True)
class _Steps:
    generate: list
    clear_solutions: type


def _nbgrader_steps():
    """What `nbgrader generate_assignment` does to a notebook, without its course folder and its data base."""
    try:
        from nbgrader import preprocessors as steps
    except ImportError as error:
        raise ImportError(f"Assignments need nbgrader, which is not installed. {INSTALL}") from error
    names = "LockCells ClearSolutions ClearOutput CheckCellMetadata ClearHiddenTests ClearMarkScheme ComputeChecksums"
    return _Steps([getattr(steps, name)() for name in names.split()], steps.ClearSolutions)


def find_masters(masters=None):
    """Return ``{name: path}`` of the assignments in a folder; by default, of those that come with the course.

    Parameters
    ----------
    masters : str or path, optional

    Raises
    ------
    FileNotFoundError
        If there is no such folder or no notebook in it.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    own = masters is None
    folder = Path(__file__).resolve().parents[2] / "book" / "assignments" if own else Path(masters).expanduser()
    found = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not found:
        fix = (
            "The assignments are no part of the installed package, or students would have the hidden tests: run this "
            "in a checkout of the course, installed with `pip install -e .`, or name a folder by `--masters`."
        )
        expected = "`masters` must name a folder with notebooks of assignments."
        raise FileNotFoundError(f"{expected} Received: {folder}, which has none.{' ' + fix if own else ''}")
    return found


def load_master(name, *, cohort=0, masters=None) -> Master:
    """Read the master of an assignment, for one cohort.

    >>> master = load_master("wine", cohort=2026)
    >>> master.cohort, len(master.questions) > 3
    (2026, True)

    Parameters
    ----------
    name : str
        File name of the master, without its suffix.
    cohort : int, default 0
        Stands in the line ``COHORT = …`` of the first locked cell, on which data and expected answers depend.
    masters : str or path, optional
        Folder of the masters; by default the one of this course.

    Returns
    -------
    Master

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If there is no such assignment, or its notebook is not one of nbgrader's; the message says what it lacks.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    cohort = check_int("cohort", cohort, minimum=0, maximum=MAX_COHORT)
    found = find_masters(masters)
    if name not in found:
        raise ValueError(f"`name` must be an assignment: {', '.join(found)}. Received: name={name!r}.")
    notebook = nbformat.read(found[name], as_version=4)
    graded = [cell for cell in notebook.cells if _role(cell, "grade")]
    if not graded or not any(_role(cell, "solution") for cell in notebook.cells):
        counts = f"{len(graded)} test cells"
        raise ValueError(f"{found[name]} must have answer cells and test cells of nbgrader. Received: {counts}.")
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise ValueError(f"{found[name]} must give each cell an id of its own. Received: {', '.join(twice)} twice.")
    manual = [cell.metadata.nbgrader.grade_id for cell in graded if cell.cell_type != "code" or _role(cell, "solution")]
    if manual:
        raise ValueError(f"{found[name]} must grade by tests alone. Received: {manual[0]}, which a person would grade.")
    setup = _set_cohort(notebook, cohort, found[name])
    defined = set().union(*(_names(source)[1] for source in setup), dir(builtins))
    questions = []
    for cell in graded:
        used, made = _names(cell.source)
        names = tuple(sorted(used - made - defined))
        if not names:
            raise ValueError(f"{found[name]}: {cell.metadata.nbgrader.grade_id} must test a variable of the student's.")
        about = cell.metadata.nbgrader
        questions.append(Question(about.grade_id, float(about.points), names, cell.source))
    return Master(name, cohort, notebook, setup, tuple(questions))


def _role(cell, role):
    return bool(cell.metadata.get("nbgrader", {}).get(role, False))


def _set_cohort(notebook, cohort, path):
    """Write the cohort into the set-up, and return the set-up's code."""
    setup = []
    for cell in notebook.cells:
        if _role(cell, "solution"):
            break
        if cell.cell_type == "code" and _role(cell, "locked"):
            cell.source = COHORT_LINE.sub(f"COHORT = {cohort}", cell.source)
            setup.append(cell.source)
    if not any(COHORT_LINE.search(source) for source in setup):
        raise ValueError(f"{path} must have a locked cell with a line COHORT = 0 above its first task. Received: none.")
    return tuple(setup)


def _names(source):
    """Names that a cell reads, and names that it makes."""
    from IPython.core.inputtransformer2 import TransformerManager

    used, made = set(), set()
    for node in ast.walk(ast.parse(TransformerManager().transform_cell(source))):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            made |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    return used, made
