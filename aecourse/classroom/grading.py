"""A whole class: every submission by itself, several at a time, resumed where a call was cut off."""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import joblib
import pandas as pd
from tqdm import tqdm

from aecourse._checks import check_int, check_real
from aecourse.classroom.feedback import write_feedback
from aecourse.classroom.isolation import find_walls
from aecourse.classroom.marking import GraderFault, Marker
from aecourse.classroom.masters import find_masters, load_master
from aecourse.classroom.records import Records, file_hash
from aecourse.classroom.sandbox import Limits
from aecourse.classroom.scratch import scratch_folder
from aecourse.classroom.submissions import Refused, choose_file, cohort_of, find_submissions, read_submission

__all__ = ["Graded", "grade"]


@dataclass(frozen=True)
class Graded:
    """What a call of `grade` did.

    Attributes
    ----------
    table : DataFrame
        The rows of the CSV.
    n_graded, n_kept : int
        Submissions graded now, and grades that were there before.
    changed : tuple of str
        Students whose submission is not the one that was graded; their grades were kept.
    failed : dict of str to str
        Students without a grade, since something was wrong on the teacher's side, and what.
    open_walls : str
        Why student code could see files and network; empty where it could not.
    """

    table: pd.DataFrame
    n_graded: int
    n_kept: int
    changed: tuple
    failed: dict
    open_walls: str


def grade(
    name,
    submissions,
    *,
    out,
    cohort=0,
    masters=None,
    n_jobs=None,
    seconds=300,
    cell_seconds=None,
    memory_gb=4,
    force=False,
) -> Graded:
    """Grade a class: one row per student, in a CSV file, and one page of feedback each.

    >>> graded = grade("wine", "submitted", out="grades.csv", cohort=2026)  # doctest: +SKIP
    >>> graded.table[["student", "status", "points"]]  # doctest: +SKIP

    Each submission runs by itself in a temporary folder, within limits and, where the system allows it, without
    network and without sight of other submissions, masters and grades. A grade is kept as soon as it is given:
    the same call goes on where an earlier one was stopped, and grades nobody twice.

    Parameters
    ----------
    name : str
        The assignment.
    submissions : str or path
        Folder with a subfolder or a notebook per student, named for the student.
    out : str or path
        CSV file to write. Records and feedback go into the folder of the same name.
    cohort : int, default 0
        As it was given to `release`.
    masters : str or path, optional
        Folder of the masters; by default the one of this course.
    n_jobs : int, optional
        Submissions at a time; by default one for each two processors, as training keeps more than one busy.
    seconds : float, default 300
        Time for one submission, by the clock.
    cell_seconds : float, optional
        Time for a single cell, after which it is interrupted and the next one begins; by default half of `seconds`, so
        that an endless loop in one answer leaves time for the others.
    memory_gb : float, default 4
        Memory for one submission, all of its processes together. TensorFlow takes about one.
    force : bool, default False
        Grade everybody anew, and write over what is there.

    Returns
    -------
    Graded

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If there is no such assignment, no submissions, or they are of another cohort.
    FileExistsError
        If the CSV holds other grades, or was changed by hand.
    ImportError
        If nbgrader is not installed; the message says how to install it.
    RuntimeError
        If the CSV is being written by another call; `GraderFault` if the assignment does not run on this machine.

    Notes
    -----
    Chapter: Teaching with this book.
    """
    seconds = check_real("seconds", seconds, minimum=1)
    cell_seconds = check_real("cell_seconds", seconds / 2 if cell_seconds is None else cell_seconds, minimum=1)
    memory_gb = check_real("memory_gb", memory_gb, minimum=0.1)
    n_jobs = max(1, (os.cpu_count() or 1) // 2) if n_jobs is None else check_int("n_jobs", n_jobs, minimum=1)
    if os.name != "posix":
        raise RuntimeError("Grading needs Linux or macOS: on Windows, run it in WSL or in a container.")
    master = load_master(name, cohort=cohort, masters=masters)
    released = master.released()
    found = find_submissions(submissions)
    _check_cohort(found, master)
    walls = find_walls()
    with Records(out, master, force=force) as records, scratch_folder() as scratch:
        seen = [Path(submissions).expanduser(), find_masters(masters)[name].parent, records.folder, records.out]
        hidden = [path.resolve() for path in seen] + [scratch, *_history(seen[1])]
        hidden += [home] if len((home := Path.home().resolve()).parts) > 1 else []  # "/" is the home of some accounts
        limits = Limits(seconds, cell_seconds, int(memory_gb * 1e9))
        marker = Marker(master, released, limits, walls, tuple(hidden), scratch)
        old = {each.student: records.get(each.student) for each in found}
        todo = [each for each in found if old[each.student] is None]
        kept = [each for each in found if old[each.student] is not None]
        changed = [each.student for each in kept if old[each.student]["file"] != file_hash(each.path)]
        failed = {}
        if todo:
            marker.try_out()
            failed = _mark_all(marker, todo, records, n_jobs)
        table = records.write_table()
    return Graded(table, len(todo) - len(failed), len(kept), tuple(changed), failed, walls.why_not)


def _mark_all(marker, todo, records, n_jobs):
    """Grade, keep each grade at once; return what failed on the teacher's side."""
    failed, stop = {}, threading.Event()

    def mark(submission):
        if stop.is_set():
            return
        try:
            file = file_hash(submission.path)
            row, executed = marker.mark(submission, stop)
            write_feedback(records.feedback / f"{submission.student}.html", row, executed, marker.master)
            records.put(row, file)
        except (GraderFault, OSError) as fault:
            failed[submission.student] = " ".join(str(fault).split())[:500]
        except InterruptedError:
            pass

    # Threads: each only waits for a process of its own.
    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")
    try:
        work = parallel(joblib.delayed(mark)(submission) for submission in todo)
        for _ in tqdm(work, total=len(todo), unit="student", file=sys.stderr):
            pass
    except BaseException:
        stop.set()  # ends what is running, with all its processes
        raise
    return failed


def _check_cohort(found, master):
    """Submissions that are all of another cohort were released for it: grading them as this one helps nobody."""
    cohorts = []
    for submission in found:
        try:
            cohorts.append(cohort_of(read_submission(choose_file(submission, master.name)[0])))
        except Refused:
            continue
    others = sorted({each for each in cohorts if each is not None})
    if others and master.cohort not in others:
        raise ValueError(
            f"`cohort` must be the one of the release. Received: cohort={master.cohort}, while the submissions are of "
            f"cohort {', '.join(map(str, others))}."
        )


def _history(masters):
    """Where git keeps the masters' earlier versions, which student code must not see either."""
    command = ["git", "-C", str(masters), "rev-parse", "--path-format=absolute", "--git-common-dir"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return [Path(done.stdout.strip())] if done.returncode == 0 else []
