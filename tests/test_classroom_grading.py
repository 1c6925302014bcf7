"""A planted class is graded: every submission gets its right row, and nothing outside its folder changes."""

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from bs4 import BeautifulSoup

import classroom_cases
from aecourse.classroom import grade
from aecourse.classroom.isolation import find_walls
from aecourse.classroom.masters import load_master

COHORT = 7
# Enough for a busy machine to start Python in; a loop that can't be interrupted takes all of it.
LIMITS = {"seconds": 60, "cell_seconds": 10, "memory_gb": 1.5}
MARK = "planted-by-a-submission"
TOKEN = secrets.token_hex(8)
WALLS = find_walls()


def contents(folder):
    """Hash of each file below `folder`, by its path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def sleepers():
    """The process that "leaves a process" starts must not outlive its run."""
    return [each for each in psutil.process_iter(["cmdline"]) if "987654" in (each.info["cmdline"] or [])]


def temporary_copies():
    return set(Path(tempfile.gettempdir()).glob("aecourse-*"))


@pytest.fixture(scope="module")
def graded():
    copies_before = temporary_copies()  # a grader that was killed leaves its own
    folder = Path(tempfile.mkdtemp(prefix="class-"))
    (folder / "masters").mkdir()
    nbformat.write(classroom_cases.light_master(TOKEN), folder / "masters" / "light.ipynb")
    released = load_master("light", cohort=COHORT, masters=folder / "masters").released()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        expected = classroom_cases.planted_class(folder, released, port=port, mark=MARK, token=TOKEN)
        if not WALLS.works:
            for student in classroom_cases.NEEDS_WALLS:
                del expected[student]
                shutil.rmtree(folder / "submitted" / student)
        before = contents(folder)
        settings = {"cohort": COHORT, "masters": folder / "masters", "out": folder / "grades.csv"}
        result = grade("light", folder / "submitted", **settings, **LIMITS, n_jobs=2)
    after = {name: hash for name, hash in contents(folder).items() if not name.startswith("grades")}
    found = {"folder": folder, "expected": expected, "result": result, "settings": settings, "released": released}
    yield SimpleNamespace(**found, before=before, after=after, copies_before=copies_before)
    shutil.rmtree(folder)


def feedback(graded, student):
    return (graded.folder / "grades" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


def shown(page):
    """The words of a page."""
    return BeautifulSoup(page, "html.parser").get_text()


def test_every_submission_gets_its_row(graded, capsys):
    rows = graded.result.table.set_index("student")
    lines, wrong = [], []
    for student, (status, points, reason, said) in graded.expected.items():
        row = rows.loc[student] if student in rows.index else {"status": "none", "points": -1, "reason": ""}
        right = row["status"] == status and row["points"] == points and reason in row["reason"]
        right = right and (not said or said in shown(feedback(graded, student)))
        lines.append(f"{'yes' if right else 'NO':4}{student:25}{row['status']:10}{row['points']:4g}  {row['reason']}")
        if not right:
            wrong.append(f"{student}: expected {status}, {points:g}, {reason!r}, {said!r}; got {lines[-1]}")
    with capsys.disabled():
        print("", f"Planted class, {'within' if WALLS.works else 'WITHOUT'} walls:", *lines, sep="\n")
    assert not graded.result.failed
    assert graded.result.open_walls == WALLS.why_not
    assert not wrong, "\n".join(wrong)
    assert set(rows.index) == set(graded.expected)


def test_points_add_up(graded):
    rows = graded.result.table
    assert (rows[["mean-test", "count-test", "spread-test"]].sum(axis=1) == rows["points"]).all()
    assert set(rows["max_points"]) == {classroom_cases.FULL}
    assert not rows["reason"].str.contains("\n").any()


def test_nothing_outside_has_changed(graded):
    assert graded.after == graded.before
    for place in (graded.folder, Path("/tmp"), Path.home()):
        assert not list(place.glob(MARK)) + list(place.glob(f"*/{MARK}"))


def test_no_process_is_left(graded):
    assert not sleepers()


def test_no_temporary_copy_is_left(graded):
    assert temporary_copies() <= graded.copies_before


def test_feedback_has_no_hidden_test_and_no_script_of_the_student(graded):
    for student in graded.expected:
        page = feedback(graded, student)
        assert TOKEN not in page or student == "reads hidden tests", student
        assert "np.allclose(column_means" not in shown(page), student
        scripts = BeautifulSoup(page, "html.parser").find_all("script")
        assert not any("evil" in script.get_text() for script in scripts), student
        assert not re.search(r"""<(?:script|img|link|iframe)[^>]+(?:src|href)=["'](?:https?:)?//""", page), student


def test_feedback_says_points_and_why(graded):
    page = shown(feedback(graded, "partly right"))
    assert "5 of 6 points" in page
    assert "count-test: 0 of 1 points. not the number of positive values" in page


def test_the_same_call_grades_nobody_twice(graded):
    records = graded.folder / "grades" / "records"
    before = {path: path.stat().st_mtime_ns for path in records.iterdir()}
    late = graded.folder / "submitted" / "partly right" / "light.ipynb"
    original = late.read_bytes()
    classroom_cases.write(classroom_cases.answered(graded.released), late)
    try:
        again = grade("light", graded.folder / "submitted", **graded.settings)
    finally:
        late.write_bytes(original)
    assert {path: path.stat().st_mtime_ns for path in records.iterdir()} == before
    assert again.n_graded == 0
    assert again.n_kept == len(graded.expected)
    assert again.changed == ("partly right",)
    assert again.table.equals(graded.result.table)


def test_a_table_changed_by_hand_is_kept(graded):
    out = graded.settings["out"]
    original = out.read_bytes()
    out.write_bytes(original.replace(b"untouched,ok,0", b"untouched,ok,1"))
    try:
        with pytest.raises(FileExistsError, match="changed after it was written"):
            grade("light", graded.folder / "submitted", **graded.settings)
        assert b"untouched,ok,1" in out.read_bytes()
    finally:
        out.write_bytes(original)


def test_grades_of_other_tests_are_kept(graded):
    before = graded.settings["out"].read_bytes()
    other = graded.folder / "other-masters"
    other.mkdir()
    master = classroom_cases.light_master()
    classroom_cases.cell_of(master, "count-test").metadata.nbgrader["points"] = 5
    nbformat.write(master, other / "light.ipynb")
    with pytest.raises(FileExistsError, match=r"grades\.csv holds other grades \(tests "):
        grade("light", graded.folder / "submitted", **graded.settings | {"masters": other})
    assert graded.settings["out"].read_bytes() == before


def test_rows_are_readable_by_others(graded):
    lines = graded.settings["out"].read_text().splitlines()
    assert lines[0] == "student,status,points,max_points,mean-test,count-test,spread-test,reason"
    assert len(lines) == len(graded.expected) + 1
    records = graded.folder / "grades" / "records"
    assert json.loads((records / "reference.json").read_text())["row"]["points"]["mean-test"] == 2
    assert os.path.exists(graded.folder / "grades" / "feedback" / "reference.html")
