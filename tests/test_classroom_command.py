"""The two commands as a teacher calls them: what they say, what they refuse, and what a kill leaves behind."""

import copy
import os
import subprocess
import sys
import tempfile
import time

import nbformat
import psutil
import pytest
from filelock import FileLock

import classroom_cases
from aecourse.classroom import GraderFault, command, grading, marking, release, sandbox, scratch
from aecourse.classroom.isolation import Walls
from aecourse.classroom.masters import load_master


@pytest.fixture
def course(tmp_path):
    """Masters of one small assignment, and two submissions of cohort 3."""
    (tmp_path / "masters").mkdir()
    nbformat.write(classroom_cases.light_master(), tmp_path / "masters" / "light.ipynb")
    released = load_master("light", cohort=3, masters=tmp_path / "masters").released()
    for student in ("ada", "bob"):
        classroom_cases.write(classroom_cases.answered(released), tmp_path / "submitted" / student / "light.ipynb")
    return tmp_path


def call(course, *arguments):
    return command.main([*map(str, arguments), "--masters", str(course / "masters")])


def grade_command(course, *more):
    return call(course, "grade", "light", course / "submitted", "--out", course / "grades.csv", "--cohort", 3, *more)


def test_release_and_grade(course, capsys):
    assert call(course, "release", "light", course / "release", "--cohort", 3) == 0
    assert "Grade it with --cohort 3" in capsys.readouterr().out
    assert grade_command(course) == 0
    assert "2 students (2 ok)" in capsys.readouterr().out
    rows = (course / "grades.csv").read_text().splitlines()
    assert rows[1:] == ["ada,ok,6,6,2,1,3,", "bob,ok,6,6,2,1,3,"]
    assert grade_command(course) == 0
    assert "0 graded now, 2 before" in capsys.readouterr().out


def test_force_grades_anew(course, capsys):
    assert grade_command(course) == 0
    released = load_master("light", cohort=3, masters=course / "masters").released()
    classroom_cases.write(released, course / "submitted" / "bob" / "light.ipynb")
    assert grade_command(course) == 0
    assert "bob: the file is another one than was graded" in capsys.readouterr().out
    assert "bob,ok,6,6" in (course / "grades.csv").read_text()
    assert grade_command(course, "--force") == 0
    assert "bob,ok,0,6" in (course / "grades.csv").read_text()


def test_a_system_without_walls_is_told(course, capsys, monkeypatch):
    monkeypatch.setattr(grading, "find_walls", lambda: Walls(False, "the system refuses (no)"))
    assert grade_command(course) == 0
    said = capsys.readouterr()
    assert "No walls here: the system refuses (no)." in said.err
    assert "can use the network and read and write what you can" in said.err
    assert "2 students (2 ok)" in said.out


def no_submissions(course):
    os.rename(course / "submitted", course / "elsewhere")


def empty_folder(course):
    no_submissions(course)
    (course / "submitted").mkdir()


def twice(course):
    (course / "submitted" / "ada.ipynb").write_text("{}")


def foreign_table(course):
    (course / "grades.csv").write_text("name,grade\nada,1\n")


def folder_in_place_of_table(course):
    (course / "grades.csv").mkdir()


def file_in_place_of_folder(course):
    (course / "grades").write_text("")


REFUSED = {
    "no submissions": (no_submissions, (), "`submissions` must be a folder"),
    "empty folder": (empty_folder, (), "which is empty"),
    "folder and file": (twice, (), "Received: ada and ada.ipynb, both of ada"),
    "another table": (foreign_table, (), "grades.csv exists and was not written here"),
    "a folder called so": (folder_in_place_of_table, (), "`out` must be a .csv file"),
    "a file called so": (file_in_place_of_folder, (), "`out` must leave the name grades to a folder"),
    "other cohort": (None, ("--cohort", 4), "Received: cohort=4, while the submissions are of cohort 3"),
    "negative cohort": (None, ("--cohort", -1), "`cohort` must be an integer at least 0"),
    "no time": (None, ("--seconds", 0), "`seconds` must be"),
    "no memory": (None, ("--memory", 0), "`memory_gb` must be"),
    "no jobs": (None, ("--jobs", 0), "`n_jobs` must be"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_any_work(case, course, capsys, monkeypatch):
    prepare, more, message = REFUSED[case]
    if prepare:
        prepare(course)
    monkeypatch.setattr(grading, "_mark_all", lambda *_: pytest.fail("it went to work"))
    assert grade_command(course, *more) == 2
    assert message in capsys.readouterr().err


def test_a_table_in_use(course, capsys):
    (course / "grades").mkdir()
    with FileLock(course / "grades" / "lock"):
        assert grade_command(course) == 2
    assert "grades.csv is in use" in capsys.readouterr().err


def test_a_table_that_another_program_holds(course, capsys, monkeypatch):
    real = os.replace

    def held(source, target):
        if str(target).endswith("grades.csv"):
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "replace", held)
    assert grade_command(course) == 2
    assert "perhaps another program has it open. The grades are safe in grades/" in capsys.readouterr().err
    monkeypatch.setattr(os, "replace", real)
    assert grade_command(course) == 0
    assert "0 graded now, 2 before" in capsys.readouterr().out


def test_a_fault_of_the_teachers_side_is_nobodys_zero(course, capsys):
    """Here a set-up that does not run, as where a package is missing."""
    master = classroom_cases.light_master()
    setup = classroom_cases.cell_of(master, "setup")
    setup.source = f"import a_package_that_is_missing\n{setup.source}"
    nbformat.write(master, course / "masters" / "light.ipynb")
    with pytest.raises(GraderFault, match="a_package_that_is_missing"):
        grading.grade("light", course / "submitted", out=course / "grades.csv", cohort=3, masters=course / "masters")
    assert not (course / "grades.csv").exists()
    assert not list((course / "grades" / "records").iterdir())


def test_a_run_that_does_not_begin_is_nobodys_zero(course, capsys, monkeypatch):
    """As where memory is short, or a library was removed in between."""
    monkeypatch.setattr(marking.Marker, "try_out", lambda _: None)
    monkeypatch.setattr(sandbox.sys, "executable", "/bin/false")
    assert grade_command(course) == 1
    assert "ada: NOT GRADED, through no fault of the student: the notebook did not begin" in capsys.readouterr().err
    assert (course / "grades.csv").read_text().count("\n") == 1
    monkeypatch.undo()
    assert grade_command(course) == 0
    assert "2 graded now, 0 before" in capsys.readouterr().out


def test_no_such_assignment(course, capsys):
    assert call(course, "release", "whine", course / "out") == 2
    assert "`name` must be an assignment: light. Received: name='whine'." in capsys.readouterr().err
    assert command.main(["release", "whine", str(course / "out")]) == 2
    assert "`name` must be an assignment: digits, validation, wine" in capsys.readouterr().err


def test_no_masters(course, capsys):
    assert command.main(["release", "light", str(course / "out"), "--masters", str(course / "nowhere")]) == 2
    assert "`masters` must name a folder with notebooks of assignments" in capsys.readouterr().err


def test_nothing_is_written_over(course, capsys):
    assert call(course, "release", "light", course / "out") == 0
    assert call(course, "release", "light", course / "out") == 2
    assert "is there already" in capsys.readouterr().err
    assert call(course, "release", "light", course / "out", "--force") == 0
    (course / "file").write_text("")
    assert call(course, "release", "light", course / "file") == 2
    assert "which is a file" in capsys.readouterr().err


def test_nbgrader_missing(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    with pytest.raises(ImportError, match=r"need nbgrader, which is not installed. Install it with `pip install"):
        release("light", course / "out", masters=course / "masters")


def hand_graded(master):
    classroom_cases.cell_of(master, "mean").metadata.nbgrader.update(grade=True, points=1)


def without_cohort(master):
    classroom_cases.cell_of(master, "setup").source = "import numpy as np\nx = np.zeros((20, 3))"


def nothing_tested(master):
    classroom_cases.cell_of(master, "mean-test").source = "assert x.shape == (20, 3)"


def id_twice(master):
    again = copy.deepcopy(classroom_cases.cell_of(master, "mean"))
    again["id"] = "another"
    master.cells.append(again)


def ordinary(master):
    for cell in master.cells:
        cell.metadata.pop("nbgrader", None)


BAD_MASTERS = {
    "hand-graded": (hand_graded, "must grade by tests alone. Received: mean"),
    "no cohort": (without_cohort, "must have a locked cell with a line COHORT = 0"),
    "tests nothing": (nothing_tested, "mean-test must test a variable of the student's"),
    "id twice": (id_twice, "must give each cell an id of its own. Received: mean twice"),
    "no assignment": (ordinary, "must have answer cells and test cells of nbgrader"),
}


@pytest.mark.parametrize("case", BAD_MASTERS)
def test_a_master_that_cannot_be_graded_is_told(case, course):
    change, message = BAD_MASTERS[case]
    master = classroom_cases.light_master()
    change(master)
    nbformat.write(master, course / "masters" / "light.ipynb")
    with pytest.raises(ValueError, match=message):
        load_master("light", masters=course / "masters")


def test_a_class_resumes_after_a_kill(course, monkeypatch):
    """Killed at the first grade; the same call then grades the others and nobody twice, and nothing is left."""
    released = load_master("light", cohort=3, masters=course / "masters").released()
    count = f"import time; time.sleep(3)\n{classroom_cases.TASKS['count'][0]}"
    slow = classroom_cases.answered(released, count=count)
    for student in ("carl", "dora"):
        classroom_cases.write(slow, course / "submitted" / student / "light.ipynb")
    arguments = ["grade", "light", course / "submitted", "--out", course / "grades.csv", "--cohort", 3, "--jobs", 2]
    full = [sys.executable, "-m", "aecourse.classroom.command", *map(str, arguments), "--masters", course / "masters"]
    (course / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(course / "tmp"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(course / "tmp")}
    grader = psutil.Popen(full, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    records = course / "grades" / "records"
    while not list(records.glob("*.json")):
        assert grader.poll() is None, grader.stdout.read()
        time.sleep(0.05)
    below = grader.children(recursive=True)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive
    before = {path.name: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 0 < len(before) < 4
    (left,) = (course / "tmp").iterdir()
    os.utime(left, (time.time() - 2 * scratch.YOUNG_SECONDS,) * 2)
    assert grade_command(course) == 0
    after = {path.name: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert len(after) == 4
    assert before.items() <= after.items()
    assert (course / "grades.csv").read_text().count(",ok,6,6,") == 4
    assert list((course / "tmp").iterdir()) == []


class Enough(RuntimeError):
    """What stands in for grading, where only the words before it are looked at."""


@pytest.mark.parametrize("user", [0, 1000])
def test_who_grades_as_root_is_warned(user, course, capsys, monkeypatch):
    def enough(*_, **__):
        raise Enough

    monkeypatch.setattr(grading, "find_walls", lambda: Walls(True))
    monkeypatch.setattr(command.os, "geteuid", lambda: user)
    monkeypatch.setattr(grading, "grade", enough)
    assert grade_command(course) == 2
    assert ("You grade as root" in capsys.readouterr().err) == (user == 0)
