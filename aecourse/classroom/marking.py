"""One submission: run with the answers in it, then graded elsewhere from what the answers are.

Why the grading run is not nbgrader's: `nbgrader autograde` runs student code and hidden tests in one process. There an
answer may read the tests, change the points, replace `round` or `abs`, or be an object that equals everything; and one
notebook with a cell pasted twice ends the whole batch. Here nbgrader makes the student's version and reads the points
off a graded cell; a student's notebook runs within walls, with the visible tests only; plain data alone cross
to a clean process, and there the hidden tests run. So the walls protect the machine, but no grade hangs on them.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_output

from aecourse.classroom import remains, submissions
from aecourse.classroom.check import PLAN, VERDICTS
from aecourse.classroom.masters import Master
from aecourse.classroom.remains import CAPTURES
from aecourse.classroom.runner import DONE, RESULT, SOURCE, STARTED
from aecourse.classroom.sandbox import Limits, run_limited
from aecourse.classroom.submissions import Refused, grade_id, with_fields
from aecourse.classroom.values import Unfit

__all__ = ["GraderFault", "Marker", "Row"]

VALUES = "aecourse.classroom.values"
REASON_LENGTH = 200


class GraderFault(RuntimeError):
    """Something is wrong on the teacher's side, so that no grade can be given; never a student's zero."""


@dataclass(frozen=True)
class Row:
    """One student's result: `points` by question, `status`, and why, in one line."""

    student: str
    status: str
    points: dict
    reason: str
    comments: dict = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0

    def as_dict(self):
        return asdict(self)


@dataclass(frozen=True)
class Marker:
    """Grades one submission after another, each by itself.

    Attributes
    ----------
    master : Master
    released : NotebookNode
    limits : Limits
    walls : Walls
    hidden : tuple of Path
        What student code must not see.
    scratch : Path
        Folder for the temporary copies.
    """

    master: Master
    released: nbformat.NotebookNode
    limits: Limits
    walls: object
    hidden: tuple
    scratch: Path

    def try_out(self):
        """Run the set-up alone, so that what is wrong with this machine is told before the first student's row.

        Raises
        ------
        GraderFault
        """
        with self._box() as box:
            outcome, verdicts = self._run_tests([], box, None)
        fault = verdicts.get("set-up", {"fault": f"ended by {outcome.ended_by}"}).get("fault")
        if fault:
            raise GraderFault(f"The set-up of {self.master.name} does not run on this machine: {fault}\n{outcome.log}")

    def mark(self, submission, stop=None):
        """Grade one submission.

        Returns
        -------
        row : Row
        executed : NotebookNode or None
            What ran, with its outputs, for the feedback.

        Raises
        ------
        GraderFault
        """
        none = {question.name: 0.0 for question in self.master.questions}
        try:
            path, note = submissions.choose_file(submission, self.master.name)
            notebook, changes = submissions.assemble(submissions.read_submission(path), self.released)
        except Refused as refusal:
            return Row(submission.student, refusal.status, none, _one_line(str(refusal))), None
        with self._box() as box:
            running = self._with_captures(notebook, box)
            outcome = self._run(running, box, stop)
            executed, end = remains.outputs_of(running, box / RESULT), remains.read_json(box / DONE)
            status, reasons = remains.how_it_ended(outcome, executed, end, self.limits, running)
            answers = {each.name: box / f"{each.name}.answers" for each in self.master.questions}
            with self._box() as clean:
                points, comments = self._check(answers, clean, stop)
        if changes:
            reasons.append(f"not as released: {', '.join(changes[:4])}{' and more' * (len(changes) > 4)}")
            status = "tampered" if status == "ok" else status
        reasons += [note] * bool(note)
        reasons += [comments[name] for name in points if name in comments][:1] * (not reasons)
        row = Row(
            submission.student,
            status,
            points,
            _one_line("; ".join(reasons)),
            comments,
            round(outcome.seconds, 1),
            outcome.peak_memory,
        )
        shown = executed or running
        return row, with_fields(shown, cells=[cell for cell in shown.cells if cell.metadata.get(CAPTURES) is None])

    def _box(self):
        return _Box(self.scratch)

    def _run(self, notebook, box, stop):
        """Run a notebook in `box`, and tell how it ended."""
        (box / SOURCE).write_text(json.dumps(notebook), encoding="utf-8")
        command = [sys.executable, "-m", "aecourse.classroom.runner", str(self.limits.cell_seconds)]
        outcome = run_limited(command, box, self.limits, walls=self.walls, hidden=self.hidden, stop=stop)
        if outcome.ended_by == "stop":
            raise InterruptedError
        if STARTED not in outcome.log and outcome.ended_by != "time":
            raise GraderFault(f"the notebook did not begin: {outcome.log[-500:]}")
        return outcome

    def _with_captures(self, notebook, box):
        """Below each test, a cell that writes down the variables that the test uses, as they are at that point."""
        names = {question.name: question.names for question in self.master.questions}
        cells = []
        for cell in notebook.cells:
            cells.append(cell)
            name = grade_id(cell)
            if name in names:
                call = f"__import__({VALUES!r}, fromlist=['capture']).capture"
                path = str(box / f"{name}.answers")  # the code above may have changed folders
                cells.append(new_code_cell(f"{call}(globals(), {list(names[name])!r}, {path!r})"))
                cells[-1].metadata[CAPTURES] = name
        return with_fields(notebook, cells=cells)

    def _check(self, answers, box, stop):
        """Grade in a clean process: points and, where some are missing, a comment, by question."""
        points = {question.name: 0.0 for question in self.master.questions}
        comments = {question.name: f"{question.name}: not reached" for question in self.master.questions}
        asked = [question for question in self.master.questions if remains.is_plain_file(answers[question.name])]
        for question in asked:
            shutil.copyfile(answers[question.name], box / f"{question.name}.answers", follow_symlinks=False)
        if not asked:
            return points, comments
        outcome, verdicts = self._run_tests(asked, box, stop)
        if not isinstance(verdicts.get("set-up", {}), dict) or "fault" in verdicts.get("set-up", {"fault": ""}):
            raise GraderFault(f"the tests did not start (ended by {outcome.ended_by}): {outcome.log[-500:]}")
        for question in asked:
            verdict = verdicts.get(question.name, {"fault": [Unfit.__name__, "the tests did not come to an end"]})
            points[question.name] = _points(verdict, question)
            comments.pop(question.name)
            if "fault" in verdict:
                comments[question.name] = f"{question.name}: {_for_students(*verdict['fault'])}"
        return points, comments

    def _run_tests(self, questions, box, stop):
        plan = {"setup": self.master.setup, "questions": [asdict(question) for question in questions]}
        (box / PLAN).write_text(json.dumps(plan), encoding="utf-8")
        command = [sys.executable, "-m", "aecourse.classroom.check"]
        outcome = run_limited(command, box, self.limits, walls=self.walls, hidden=self.hidden, stop=stop)
        if outcome.ended_by == "stop":
            raise InterruptedError
        return outcome, remains.read_json(box / VERDICTS)


class _Box(tempfile.TemporaryDirectory):
    """A temporary folder as a path; what a student made unreadable is removed all the same."""

    def __init__(self, scratch):
        super().__init__(dir=scratch, prefix="b", ignore_cleanup_errors=True)

    def __enter__(self):
        # One level down, as the log of a run lies beside its folder.
        box = Path(super().__enter__(), "w").resolve()
        box.mkdir()
        return box


def _points(verdict, question):
    """By the rules of nbgrader: none for an error, a number that the cell returned, else all."""
    from nbgrader.utils import determine_grade

    outputs = []
    if "fault" in verdict:
        outputs.append(new_output("error", ename=verdict["fault"][0]))
    elif verdict["value"] is not None:
        outputs.append(new_output("execute_result", {"text/plain": verdict["value"]}, execution_count=1))
    cell = new_code_cell(question.source, outputs=outputs)
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": question.points}
    try:
        return float(determine_grade(cell)[0])
    except ValueError as error:
        raise GraderFault(f"{question.name}: the master gives more points than it has ({error})") from error


def _for_students(kind, text):
    """The author's message of a failed test; of another error its kind alone, as its text may hold what is hidden."""
    if kind == Unfit.__name__:
        return text
    if kind != "AssertionError":
        return f"{kind} in a test"
    return text or "a test is not fulfilled"


def _one_line(text):
    line = " ".join(text.split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"
