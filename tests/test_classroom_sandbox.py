"""A run ends when it takes too much, with all its processes; walls hide and protect."""

import os
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

import classroom_cases
from aecourse.classroom import isolation, sandbox
from aecourse.classroom.isolation import Walls, find_walls
from aecourse.classroom.sandbox import Limits, run_limited

WALLS = find_walls()
needs_walls = pytest.mark.skipif(not WALLS.works, reason=f"no walls on this system: {WALLS.why_not}")
BOTH = [pytest.param(WALLS, marks=needs_walls, id="walls"), pytest.param(Walls(False), id="no walls")]
GENEROUS = {"seconds": 60, "memory": 2_000_000_000, "processes": 50}


@pytest.fixture
def box(tmp_path):
    (tmp_path / "box").mkdir()
    return tmp_path / "box"


def run(code, box, *, walls=None, hidden=(), stop=None, **limits):
    command = [sys.executable, "-S", "-c", textwrap.dedent(code)]
    return run_limited(command, box, Limits(**GENEROUS | limits), walls=walls, hidden=hidden, stop=stop)


def processes_in(box):
    found = []
    for process in psutil.process_iter(["cwd", "status"]):
        if process.info["cwd"] and Path(process.info["cwd"]).is_relative_to(box):
            found.append(process)
    return found


@pytest.mark.parametrize("walls", BOTH)
@pytest.mark.parametrize(
    ("code", "limits", "ended_by"),
    [
        ("while True: pass", {"seconds": 1}, "time"),
        ("x = bytearray(600_000_000)\nwhile True: pass", {"memory": 300_000_000}, "memory"),
        (classroom_cases.FORK_BOMB, {"processes": 20}, "processes"),
        ("import subprocess\nwhile True: subprocess.Popen(['sleep', '60'])", {"processes": 20}, "processes"),
        ("import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)", {}, "itself"),
        (
            "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: pass",
            {},
            "itself",
        ),
        ("pass", {}, "itself"),
    ],
    ids=["loop", "memory", "fork bomb", "children", "left behind", "daemon", "nothing"],
)
def test_a_run_ends_with_all_its_processes(walls, code, limits, ended_by, box):
    if code == classroom_cases.FORK_BOMB and not walls.works and os.geteuid() == 0:
        pytest.skip("root is exempt from the limit of processes: without walls, a bomb is quicker than the watch")
    outcome = run(code, box, walls=walls, **limits)
    assert outcome.ended_by == ended_by, outcome
    assert not processes_in(box)


@needs_walls
def test_the_kernel_itself_holds_a_fork_bomb(box):
    """It is quicker than any watch; here nobody watches."""
    code = f"""
        import os, time
        print(open("/proc/sys/kernel/pid_max").read())
        for n_forked in range({2 * isolation.MOST_TASKS}):
            try:
                child = os.fork()
            except OSError:
                break
            if not child:
                time.sleep(60)
        print(n_forked)
    """
    outcome = run(code, box, walls=WALLS, processes=10**6)
    pid_max, n_forked = map(int, outcome.log.split())
    if pid_max != isolation.MOST_TASKS:
        pytest.skip("this kernel has no such limit for a process namespace")
    assert 100 < n_forked < isolation.MOST_TASKS


def test_disk_is_limited(box, monkeypatch):
    monkeypatch.setattr(sandbox, "FOLDER_BYTES", 5_000_000)
    code = """
        import os, time
        for i in range(20):
            open(str(i), "wb").write(os.urandom(1_000_000))
        time.sleep(60)
    """
    assert run(code, box).ended_by == "disk"


def test_a_single_file_is_limited(box):
    run("f = open('large', 'wb')\nwhile True: f.write(bytes(10_000_000))", box)
    assert (box / "large").stat().st_size <= 200_000_000


def test_a_run_can_be_stopped(box):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    assert run("while True: pass", box, stop=stop).ended_by == "stop"


def test_the_teachers_environment_is_not_passed_on(box, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "42")
    outcome = run("import os; print(os.environ.get('SECRET_TOKEN'), os.environ['HOME'])", box)
    assert outcome.log.split() == ["None", str(box)]


@needs_walls
def test_walls_hide_and_protect(box, tmp_path):
    hidden, seen, file = tmp_path / "hidden", tmp_path / "seen", tmp_path / "grades.csv"
    for folder in (hidden, seen):
        folder.mkdir()
        (folder / "file").write_text("secret")
    file.write_text("secret")
    code = f"""
        import os
        def attempt(what):
            try:
                return what()
            except OSError as error:
                return type(error).__name__
        print(os.listdir({str(hidden)!r}))
        print(repr(open({str(file)!r}).read()))
        print(open({str(seen / "file")!r}).read())
        print(attempt(lambda: open({str(seen / "file")!r}, "w")))
        print(attempt(lambda: open("/tmp/x", "w")))
        print(attempt(lambda: open("own", "w").write("x")))
        print(attempt(lambda: os.setuid(1)))
        print([name for name in os.listdir("/proc") if name.isdigit()])
        print(os.listdir(os.path.expanduser("~")) == os.listdir("."))
    """
    outcome = run(code, box, walls=WALLS, hidden=[hidden, file])
    said = outcome.log.splitlines()
    assert said == ["[]", "''", "secret", "OSError", "OSError", "1", "OSError", "['1']", "True"], outcome.log


@needs_walls
def test_a_home_is_hidden_and_python_works(box, tmp_path):
    """As where Python lies in the home that is to be hidden."""
    home = Path(sys.prefix).parents[1]
    stranger = next(path for path in sorted(home.iterdir()) if not Path(sys.prefix).is_relative_to(path))
    code = f"import os; import json; print(os.path.exists({str(stranger)!r}), os.path.exists({sys.prefix!r}))"
    outcome = run(code, box, walls=WALLS, hidden=[home])
    assert outcome.log.split() == ["False", "True"], outcome.log


def test_a_system_without_walls_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_walls.__wrapped__()
    assert not found.works
    assert "there is no program unshare, mount" in found.why_not


def test_a_system_that_refuses_is_told(monkeypatch):
    monkeypatch.setattr(isolation, "UNSHARE", ["sh", "-c", "echo unshare: Operation not permitted >&2; exit 1"])
    assert find_walls.__wrapped__() == Walls(False, "the system refuses (unshare: Operation not permitted)")


def test_walls_that_hide_nothing_do_not_count(monkeypatch):
    """As in a container that pretends."""
    monkeypatch.setattr(isolation, "UNSHARE", ["env"])
    monkeypatch.setattr(Walls, "command", lambda self, inner, folder, hidden=(): list(inner))
    assert not find_walls.__wrapped__().works


def test_the_end_of_the_grader_ends_the_run(box):
    """Killed, it can end nothing itself."""
    code = f"""
        import sys
        from aecourse.classroom.isolation import find_walls
        from aecourse.classroom.sandbox import Limits, run_limited
        command = [sys.executable, "-S", "-c", "open('runs', 'w').close()\\nwhile True: pass"]
        run_limited(command, {str(box)!r}, Limits(), walls=find_walls())
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    grader = psutil.Popen([sys.executable, "-c", textwrap.dedent(code)], env=environment)
    while not (box / "runs").exists():
        assert grader.poll() is None
    grader.kill()
    grader.wait()
    psutil.wait_procs(processes_in(box), timeout=10)
    assert not processes_in(box)
