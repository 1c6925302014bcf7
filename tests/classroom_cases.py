"""A small assignment without TensorFlow, and a class that hands in what classes hand in, and worse."""

import copy
import json
import os
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from aecourse import classroom

SETUP = "import numpy as np\n\nCOHORT = 0\nx = np.random.default_rng(COHORT).normal(size=(20, 3))"
TASKS = {
    "mean": (
        "column_means = x.mean(axis=0)",
        "assert np.shape(column_means) == (3,), 'one mean per column'",
        "assert np.allclose(column_means, x.mean(axis=0)), 'the means are not those of the columns'",
        2,
    ),
    "count": (
        "n_positive = int((x > 0).sum())",
        "assert n_positive >= 0",
        "assert n_positive == (x > 0).sum(), 'not the number of positive values'",
        1,
    ),
    "spread": (
        "spread = {'std': x.std(), 'range': float(np.ptp(x))}",
        "assert set(spread) == {'std', 'range'}",
        "secret_of_the_test = x.std()\n"
        "assert abs(spread['std'] - secret_of_the_test) < 1e-9, 'std is over all values'\n"
        "assert abs(spread['range'] - np.ptp(x)) < 1e-9",
        3,
    ),
}


def marked(cell, grade_id, **flags):
    about = dict.fromkeys(("grade", "solution", "locked", "task"), False)
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": grade_id} | about | flags
    return cell


def light_master(token="of_the_test"):
    """Three questions of 2, 1 and 3 points; the hidden tests hold a word that is nowhere else."""
    cells = [new_markdown_cell("# Light"), marked(new_code_cell(SETUP), "setup", locked=True)]
    for name, (solution, visible, hidden, points) in TASKS.items():
        answer = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
        test = f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden.replace('of_the_test', token)}\n### END HIDDEN TESTS"
        cells.append(marked(new_code_cell(answer), name, solution=True))
        cells.append(marked(new_code_cell(test), f"{name}-test", grade=True, locked=True, points=points))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def answered(released, **answers):
    """A student's notebook: the solutions, with `answers` in the place of some."""
    notebook = copy.deepcopy(released)
    code = {name: task[0] for name, task in TASKS.items()} | answers
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in code:
            cell.source = code[grade_id]
    return notebook


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")  # as it is: nbformat would refuse to write some of them


def without(notebook, *names):
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") not in names]
    return notebook


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def emptied(notebook):
    for name in TASKS:
        cell_of(notebook, f"{name}-test").source = "pass"
    return notebook


def more_points(notebook):
    cell_of(notebook, "count-test").metadata.nbgrader["points"] = 100
    return notebook


def not_graded(notebook):
    cell_of(notebook, "count-test").metadata.nbgrader["grade"] = False
    return notebook


def renamed_cell(notebook):
    cell_of(notebook, "count-test").metadata.nbgrader["grade_id"] = "mine"
    return notebook


def pasted_twice(notebook, name):
    notebook.cells.append(copy.deepcopy(cell_of(notebook, name)))
    return notebook


def other_cohort(notebook):
    cell = cell_of(notebook, "setup")
    cell.source = cell.source.replace("COHORT = 7", "COHORT = 6")
    return notebook


EQUALS_ALL = """class Everything(float):
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    __sub__ = __rsub__ = __abs__ = lambda self, *other: self
"""
PATCHED = """import builtins
column_means = [0, 0, 0]
np.allclose = lambda *a, **k: True
builtins.abs = lambda value: 0"""
FORGED = """import aecourse.classroom.values as values
class Writer(values._Writer):
    def encode(self, value, depth=0):
        self.arrays.append(np.array([print], dtype=object))
        return ["array", 0]
values._Writer = Writer
real, np.save = np.save, lambda file, array, allow_pickle: real(file, array, allow_pickle=True)
n_positive = 1"""
OTHER_NAMES = """import aecourse.classroom.values as values
real = values.capture
def capture(namespace, names, path):
    real(dict(namespace, x=np.zeros((1, 1))), [*names, "x"], path)
values.capture = capture
n_positive = 0"""
FORGED_END = """import json, os, threading, time
def forge():
    while True:
        for name in ("done.json", "executed.ipynb"):
            open(name, "w").write(json.dumps({"cells": 7, "end": "all", "cell": "x"}))
threading.Thread(target=forge, daemon=True).start()
n_positive = 0
time.sleep(0.5)
os._exit(0)"""
READS = """import pathlib
def contents(folder):
    for path in pathlib.Path(folder).rglob("*"):
        try:
            if path.is_file() and path.stat().st_size < 1_000_000:
                yield path.read_text(errors="replace")
        except OSError:
            pass
word = "secret_" + "{token}"
print("SEEN", sum(word in text for folder in {folders} for text in contents(folder)))"""
# New files only, outside of the class: should a wall not hold, nobody's files are lost.
WRITES = """import pathlib
for folder in {folders}:
    for path in (pathlib.Path(folder), *pathlib.Path(folder).glob("*"), *pathlib.Path({folder!r}).rglob("*")):
        try:
            if path.is_dir():
                (path / "{mark}").write_text("was here")
            elif path.is_relative_to({folder!r}):
                path.write_text("was here")
        except OSError:
            pass
print("OWN FOLDER", pathlib.Path("own").write_text("fine"))"""
CONNECTS = """import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2).close()
    print("CONNECTED")
except OSError:
    print("NOT CONNECTED")"""
LEAVES_WALLS = """import subprocess
for command in ("umount {folder}", "unshare -rm umount {folder}", "mount -o remount,rw /", "nsenter -t 1 -n true"):
    done = subprocess.run(command.split(), capture_output=True)
    print("LEFT" if done.returncode == 0 else "HELD")"""
# Two hundred and fifty-six, which a limit of a hundred must hold. A true bomb would stop this machine, should it not.
FORK_BOMB = """import os, time
for _ in range(8):
    os.fork()
time.sleep(20)"""
STUBBORN = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
DETACHED = "import subprocess\nsubprocess.Popen(['sleep', '987654'], start_new_session=True)\n" + TASKS["count"][0]

FULL = 6.0


def planted_class(folder, released, *, port, mark, token):
    """Write submissions into `folder`/submitted and return what the grade book must hold.

    Returns
    -------
    dict of str to (status, points, part of the reason, part of the feedback)
    """
    handed_in, expected = folder / "submitted", {}

    def plant(student, notebook, status, points, reason="", feedback="", file="light.ipynb"):
        if notebook is not None:
            write(notebook, handed_in / student / file)
        expected[student] = status, points, reason, feedback

    def answer(**answers):
        return answered(released, **answers)

    # The class, the temporary copies of all who are graded now, and a home
    places = [str(folder), "../..", str(Path.home())]
    masters = str(Path(classroom.__file__).parents[2] / "book" / "assignments")
    count = TASKS["count"][0]
    plant("reference", answer(), "ok", FULL)
    plant("untouched", released, "ok", 0, "column_means is not defined")
    plant("partly right", answer(count="n_positive = 1"), "ok", 5, "not the number of positive values")
    plant("syntax error", answer(count="n_positive = = 1"), "ok", 5, "cell count: SyntaxError")
    plant("raises", answer(mean="1 / 0"), "ok", 4, "cell mean: ZeroDivisionError")
    plant("endless loop", answer(count="while True: pass"), "timed out", 5, "cell count took longer than")
    plant("stubborn loop", answer(count=STUBBORN), "timed out", 2, "stopped after", "mean-test: 2 of 2")
    plant("fork bomb", answer(count=FORK_BOMB), "crashed", 2, "more than 100 processes in cell count")
    plant("memory hog", answer(count="hog = np.ones(10**9)"), "crashed", 2, "GB of memory in cell count")
    plant("leaves", answer(count="import os; os._exit(0)"), "crashed", 2, "Python ended in cell count")
    plant("leaves a process", answer(count=DETACHED), "ok", FULL)
    plant("test deleted", without(answer(count="n_positive = 1"), "count-test"), "tampered", 5, "count-test missing")
    plant("answer deleted", without(answer(), "count"), "tampered", 5, "cell count missing")
    plant("test twice", pasted_twice(answer(), "count-test"), "tampered", FULL, "count-test twice")
    plant("answer twice", pasted_twice(answer(), "count"), "tampered", FULL, "cell count twice")
    plant("tests emptied", emptied(answer(count="n_positive = 1")), "tampered", 5, "locked cell mean-test changed")
    plant("points changed", more_points(answer()), "tampered", FULL, "points of cell count-test")
    plant("not graded", not_graded(answer(count="n_positive = 1")), "tampered", 5, "points of cell count-test")
    plant("cell renamed", renamed_cell(answer()), "tampered", FULL, "unknown cell mine")
    plant("other cohort", other_cohort(answer()), "tampered", FULL, "locked cell setup changed")
    equal = answer(count=EQUALS_ALL + "n_positive = Everything()", mean=EQUALS_ALL + "column_means = Everything()")
    plant("equals everything", equal, "ok", 3, "column_means is an Everything")
    plant("patches", answer(mean=PATCHED, spread="spread = {'std': 0, 'range': 0}"), "ok", 1, "the means are not")
    plant("data changed", answer(mean="x[:] = 0; column_means = np.zeros(3)", count="n_positive = 0"), "ok", 0)
    plant("pickle", answer(count=FORGED), "ok", 2, "no readable answers")
    plant("other names", answer(count=OTHER_NAMES), "ok", 5, "not the number of positive values")
    plant("forged end", answer(count=FORGED_END), "crashed", 2, "Python ended")
    plant("NaN", answer(count="n_positive = float('nan')"), "ok", 5)
    plant("changes folder", answer(count=f"import os; os.mkdir('d'); os.chdir('d'); {count}"), "ok", FULL)
    plant("prints much", answer(count=f"print('x' * 30_000_000); {count}"), "ok", FULL, "", "(shortened)")
    script = f"from IPython.display import HTML\n{count}\nHTML('<script>evil()</script>')"
    plant("script in output", answer(count=script), "ok", FULL)
    odd = "display({'image/png': 'none', 'text/html': ['a', 3], 'image/svg+xml': 5, 'text/latex': {}}, raw=True)"
    plant("odd outputs", answer(count=f"{odd}\nprint('\\udc80')\n{count}"), "ok", FULL)
    plant("renamed file", answer(), "ok", FULL, "the file is called final (2).ipynb", file="final (2).ipynb")
    plant("not JSON", None, "malformed", 0, "no JSON")
    (handed_in / "not JSON").mkdir()
    (handed_in / "not JSON" / "light.ipynb").write_text("PK\x03\x04 no notebook")
    plant("JSON of others", [1, 2], "malformed", 0, "no notebook")
    plant("cells that are none", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}, "malformed", 0)
    plant("deep JSON", None, "malformed", 0, "no JSON")
    (handed_in / "deep JSON").mkdir()
    (handed_in / "deep JSON" / "light.ipynb").write_text("[" * 100_000)
    plant("another notebook", new_notebook(cells=[new_code_cell("1 + 1")]), "malformed", 0, "not one cell")
    plant("two notebooks", answer(), "malformed", 0, "2 notebooks", file="a.ipynb")
    write(answer(), handed_in / "two notebooks" / "b.ipynb")
    plant("empty folder", None, "missing", 0, "empty")
    (handed_in / "empty folder").mkdir()
    plant("another file", None, "missing", 0, "no light.ipynb")
    (handed_in / "another file").mkdir()
    (handed_in / "another file" / "essay.txt").write_text("Dear teacher")
    plant("50 MB", None, "malformed", 0, "50 MB")
    (handed_in / "50 MB").mkdir()
    with open(handed_in / "50 MB" / "light.ipynb", "wb") as file:
        file.truncate(50_000_000)
    plant("a link", None, "malformed", 0, "link to another place")
    (handed_in / "a link").mkdir()
    os.symlink(handed_in / "reference" / "light.ipynb", handed_in / "a link" / "light.ipynb")
    plant("a folder that is a link", None, "malformed", 0, "link to another place")
    os.symlink(handed_in / "reference", handed_in / "a folder that is a link")
    write(answer(), handed_in / "a file.ipynb")
    expected["a file"] = "ok", FULL, "", ""
    (handed_in / "a scan.pdf").write_text("")
    expected["a scan"] = "malformed", 0, "no notebook (.ipynb)", ""
    # What only walls hold
    reads = READS.replace("{folders}", repr([*places[:2], masters])).replace("{token}", token)
    plant("reads hidden tests", answer(count=f"{reads}\n{count}"), "ok", FULL, "", "SEEN 0")
    writes = WRITES.replace("{folders}", repr([*places, masters, "/tmp", "/var/tmp"])).replace("{mark}", mark)
    writes = writes.replace("{folder!r}", repr(str(folder)))
    plant("writes outside", answer(count=f"{writes}\n{count}"), "ok", FULL, "", "OWN FOLDER 4")
    connects = CONNECTS.replace("{port}", str(port))
    plant("uses the network", answer(count=f"{connects}\n{count}"), "ok", FULL, "", "NOT CONNECTED")
    leaves = LEAVES_WALLS.replace("{folder}", str(handed_in))
    plant("leaves the walls", answer(count=f"{leaves}\n{count}"), "ok", FULL, "", "HELD\nHELD\nHELD\nHELD")
    kills = f"import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n{count}"
    plant("kills its parent", answer(count=kills), "ok", FULL)
    return expected


NEEDS_WALLS = {"reads hidden tests", "writes outside", "uses the network", "leaves the walls", "kills its parent"}
if os.geteuid() == 0:  # exempt from the limit of processes
    NEEDS_WALLS.add("fork bomb")
