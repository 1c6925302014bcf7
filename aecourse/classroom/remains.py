"""What a run has left: outputs, how far it came, how it ended. A student's code may have put anything there."""

import copy
import json

import nbformat

from aecourse.classroom.submissions import grade_id

__all__ = ["CAPTURES", "how_it_ended", "is_plain_file", "outputs_of", "read_json"]

MAX_BYTES = 50_000_000
# In the metadata of a cell of ours: the question whose answers it writes down
CAPTURES = "aecourse-captures"


def is_plain_file(path):
    """Whether it is a file of its own: no link to somewhere else, no pipe that is never closed."""
    return path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1


def read_json(path):
    """The dict in a file; empty where there is none."""
    content = _read(path, json.loads)
    return content if isinstance(content, dict) else {}


def outputs_of(notebook, path):
    """The notebook that was run, with the outputs that the file holds; None where it is no result of this notebook.

    Cells stay as they were handed in: outputs and counts are all that is taken from the file.
    """
    result = _read(path, _parse)
    if result is None or len(result.cells) != len(notebook.cells):
        return None
    notebook = copy.deepcopy(notebook)
    for cell, ran in zip(notebook.cells, result.cells, strict=True):
        if cell.cell_type == ran.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    return notebook


def how_it_ended(outcome, executed, end, limits, notebook):
    """Status of a run, and the reasons for it.

    Parameters
    ----------
    outcome : Outcome
    executed : NotebookNode or None
    end : dict
        What the runner wrote: ``cell``, the index of the last one begun, and ``end``.
    limits : Limits
    notebook : NotebookNode
        What was to be run.

    Returns
    -------
    status : str
    reasons : list of str
    """
    index = end.get("cell")
    known = type(index) is int and 0 <= index < len(notebook.cells)
    where = f" in cell {_label(notebook.cells[index])}" if known else ""
    if outcome.ended_by == "time":
        return "timed out", [f"stopped after {limits.seconds:g} s{where}"]
    if outcome.ended_by != "itself":
        what = {
            "memory": f"more than {limits.memory / 1e9:g} GB of memory",
            "processes": f"more than {limits.processes} processes",
            "disk": "too much written to disk",
        }[outcome.ended_by]
        return "crashed", [f"{what}{where}"]
    if end.get("end") != "all" or executed is None:
        return "crashed", [f"Python ended{where}"]
    errors = [(cell, error) for cell in executed.cells for error in [_error(cell)] if error is not None]
    for cell, error in errors:
        if error.ename == "KeyboardInterrupt":
            return "timed out", [f"cell {_label(cell)} took longer than {limits.cell_seconds:g} s"]
    for cell, error in errors:
        is_test = cell.metadata.get("nbgrader", {}).get("grade")
        if not is_test and error.ename != "NotImplementedError":  # which stands in an answer that was left out
            return "ok", [f"cell {_label(cell)}: {error.ename}: {error.evalue}".strip()]
    return "ok", []


def _read(path, parse):
    if not is_plain_file(path) or path.stat().st_size > MAX_BYTES:
        return None
    try:
        return parse(path.read_text(encoding="utf-8"))
    except Exception:  # whatever stands there, it is no result
        return None


def _parse(text):
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return notebook


def _error(cell):
    return next((each for each in cell.get("outputs", []) if each.output_type == "error"), None)


def _label(cell):
    return cell.metadata.get(CAPTURES) or grade_id(cell) or "of the student's own"
