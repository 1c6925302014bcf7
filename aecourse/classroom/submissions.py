"""What students handed in: found, read with suspicion, and put together with the cells that must be as released."""

import copy
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from aecourse.classroom.masters import COHORT_LINE

__all__ = ["Refused", "Submission", "assemble", "find_submissions", "read_submission"]

# A notebook with fifty figures has 5 MB.
MAX_BYTES = 20_000_000
CELL_TYPES = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
IGNORED = {"__MACOSX", "Thumbs.db"}
KEPT_FLAGS = ("grade", "solution", "locked", "points", "schema_version", "task")


class Refused(ValueError):
    """A submission that can't be run: `status` is "missing" or "malformed", the message the reason."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Submission:
    """Where one student's work lies: a folder or a file."""

    student: str
    path: Path


def find_submissions(folder):
    """Return one `Submission` per subfolder or file, sorted by name.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such folder, it is empty, or a student has both a folder and a file.
    """
    folder = Path(folder).expanduser()
    expected = "`submissions` must be a folder with a subfolder or a notebook per student."
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise FileNotFoundError(f"{expected} Received: {folder}, which {what}.")
    entries = [path for path in sorted(folder.iterdir()) if path.name[0] != "." and path.name not in IGNORED]
    if not entries:
        raise ValueError(f"{expected} Received: {folder}, which is empty.")
    found = {}
    for path in entries:
        student = path.name if path.is_dir() else path.stem
        if student in found:
            raise ValueError(f"{expected} Received: {found[student].path.name} and {path.name}, both of {student}.")
        found[student] = Submission(student, path)
    return list(found.values())


def choose_file(submission, name):
    """The notebook of one submission: the file itself, NAME.ipynb in the folder, or the only notebook in it.

    Returns
    -------
    path : Path
    note : str
        What to tell the teacher; empty as a rule.
    """
    path = submission.path
    if path.is_symlink():
        raise Refused("malformed", f"{path.name} is a link to another place")
    if not path.is_dir():
        if path.suffix != ".ipynb":
            raise Refused("malformed", f"{path.name} is no notebook (.ipynb)")
        return path, ""
    files = [each for each in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in each.parts]
    if not files:
        empty = not any(path.iterdir())
        raise Refused("missing", "the folder is empty" if empty else f"no {name}.ipynb among the files handed in")
    exact = [each for each in files if each.name == f"{name}.ipynb"]
    chosen = exact or files
    if len(chosen) > 1:
        raise Refused("malformed", f"{len(chosen)} notebooks: {', '.join(each.name for each in chosen[:3])}")
    if chosen[0].is_symlink() or not chosen[0].resolve().is_relative_to(path.resolve()):
        raise Refused("malformed", f"{chosen[0].name} is a link to another place")
    return chosen[0], "" if exact else f"the file is called {chosen[0].name}"


def read_submission(path):
    """Read one notebook file, or say why it can't be graded.

    Raises
    ------
    Refused
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise Refused("malformed", f"{size / 1e6:.0f} MB; at most {MAX_BYTES // 1_000_000} MB are read")
    try:
        # Without validation: an editor's slip in metadata is no reason for a zero, and only sources are used.
        notebook = nbformat.convert(nbformat.reader.reads(path.read_text(encoding="utf-8")), 4)
        cells = [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]
    except (nbformat.reader.NotJSONError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed", "the file is no JSON, so no notebook") from error
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused("malformed", "the file is JSON, but no notebook") from error
    if not all(kind in CELL_TYPES and type(source) is str and isinstance(about, dict) for kind, source, about in cells):
        raise Refused("malformed", "the file is a notebook with cells that are none")
    return notebook


def cohort_of(notebook):
    """The cohort that a submission says it is of; None where it doesn't."""
    for cell in notebook.cells:
        match = COHORT_LINE.search(cell.source) if cell.cell_type == "code" else None
        if match:
            return int(match[1])
    return None


def assemble(submitted, released):
    """Put a student's answers between the cells that must be as released.

    The order is the student's, and cells that the student added stay. What is locked comes from the release; what is
    missing of it stands where it stood. Second copies of a locked cell are left out.

    Returns
    -------
    notebook : NotebookNode
    changes : list of str
        What was not as released, in words for the teacher.

    Raises
    ------
    Refused
        If not one cell of the assignment is there.
    """
    ours = {cell.metadata.nbgrader.grade_id: cell for cell in released.cells if "nbgrader" in cell.metadata}
    cells, seen, changes = [], set(), []
    for cell in submitted.cells:
        name = grade_id(cell)
        if name not in ours:
            cells.append(_without_marks(cell))
            if name is not None:
                changes.append(f"unknown cell {name}")
            continue
        own = ours[name]
        is_answer = own.metadata.nbgrader.solution
        if name in seen:
            changes.append(f"cell {name} twice")
            if is_answer:
                cells.append(_without_marks(cell))
            continue
        seen.add(name)
        flags = {key: cell.metadata.nbgrader.get(key) for key in KEPT_FLAGS}
        if flags != {key: own.metadata.nbgrader.get(key) for key in KEPT_FLAGS}:
            changes.append(f"marks or points of cell {name} changed")
        if is_answer:
            if cell.cell_type != own.cell_type:
                changes.append(f"type of cell {name} changed")
            cells.append(with_fields(own, source=cell.source))
            continue
        if _stripped(cell.source) != _stripped(own.source):
            changes.append(f"locked cell {name} changed")
        cells.append(copy.deepcopy(own))
    if not seen:
        raise Refused("malformed", "not one cell of this assignment is in it")
    for name in [each for each in ours if each not in seen]:
        changes.append(f"cell {name} missing")
        cells.insert(_place(name, list(ours), cells), copy.deepcopy(ours[name]))
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"  # pasted cells repeat theirs, which nbformat refuses
    return with_fields(released, cells=cells), changes


def with_fields(node, **fields):
    """A copy of a notebook or a cell with other contents; `|` would make a plain dict of it."""
    node = copy.deepcopy(node)
    node.update(fields)
    return node


def grade_id(cell):
    """The id that nbgrader gave a cell, or None."""
    about = cell.metadata.get("nbgrader")
    name = about.get("grade_id") if isinstance(about, dict) else None
    return name if isinstance(name, str) else None


def _without_marks(cell):
    """A cell of the student's own: source and nothing else, so that no flag of it reaches the run."""
    return CELL_TYPES[cell.cell_type](cell.source)


def _place(name, order, cells):
    """Index below the nearest cell that stood above it in the release."""
    above = set(order[: order.index(name)])
    return max((i + 1 for i, cell in enumerate(cells) if grade_id(cell) in above), default=0)


def _stripped(source):
    return [line.rstrip() for line in source.strip().splitlines()]
