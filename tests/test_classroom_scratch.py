"""Temporary copies go with the grading that made them, or at the next one."""

import os
import subprocess
import sys
import tempfile
import time

import pytest

from aecourse.classroom import scratch
from aecourse.classroom.scratch import scratch_folder

GRADER = """
import sys
from aecourse.classroom.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "copy").mkdir()
    (folder / "copy" / "notebook").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The system's folder for temporary files, with one of somebody else's in it."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "of another program").mkdir()
    return lambda: {path for path in tmp_path.iterdir() if path.name != "of another program"}


def begin():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    grader = subprocess.Popen([sys.executable, "-c", GRADER], env=environment, text=True, **pipes)
    grader.stdout.readline()
    return grader


def make_old(folders):
    for folder in folders():
        os.utime(folder, (time.time() - 2 * scratch.YOUNG_SECONDS,) * 2)


def test_nothing_stays(folders):
    with scratch_folder() as folder:
        assert folders() == {folder}
    assert folders() == set()


def test_what_a_killed_grader_left_goes_at_the_next(folders):
    with begin() as grader:
        grader.kill()
    (left,) = folders()
    with scratch_folder() as folder:
        assert folders() == {left, folder}  # perhaps just made, and about to be locked
    make_old(folders)
    with scratch_folder() as folder:
        assert folders() == {folder}


def test_another_grading_that_runs_keeps_its_own(folders):
    with begin() as grader:
        (running,) = folders()
        make_old(folders)
        with scratch_folder() as folder:
            assert folders() == {running, folder}
        assert (running / "copy" / "notebook").exists()
        grader.communicate("")
    assert folders() == set()


def test_folders_of_other_accounts_stay(folders, monkeypatch):
    with begin() as grader:
        grader.kill()
    make_old(folders)
    monkeypatch.setattr(scratch.os, "getuid", lambda: -1)
    with scratch_folder():
        assert len(folders()) == 2
