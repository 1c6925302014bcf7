"""One command under watch: its time, its memory, its processes, its files; ended as a whole."""

import contextlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from aecourse.classroom import launch
from aecourse.classroom.isolation import MOST_TASKS, Walls

__all__ = ["Limits", "Outcome", "run_limited"]

LOOK_EVERY = 0.1  # seconds
SIZE_EVERY = 10  # looks
FOLDER_BYTES = 1_000_000_000
ATTEMPTS_TO_END, SECONDS_TO_END = 100, 5
LOG_BYTES = 4000
# All that a run gets to know of the teacher's environment: no password or token among it.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Limits:
    """What a run may take: seconds by the clock, in all and for one cell; bytes of memory and processes, in all."""

    seconds: float = 300
    cell_seconds: float = 150
    memory: int = 4_000_000_000
    processes: int = 100


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    ended_by : {"itself", "time", "memory", "processes", "disk", "stop"}
    returncode : int
    seconds : float
    peak_memory : int
        Bytes, as seen every tenth of a second.
    log : str
        The beginning and the end of what it wrote to the terminal.
    """

    ended_by: str
    returncode: int
    seconds: float
    peak_memory: int
    log: str


def run_limited(command, folder, limits, *, walls=None, hidden=(), stop=None) -> Outcome:
    """Run a command in a folder of its own, and end it with all its processes when it takes more than it may.

    >>> import sys, tempfile
    >>> outcome = run_limited([sys.executable, "-c", "while True: pass"], tempfile.mkdtemp(), Limits(seconds=0.5))
    >>> outcome.ended_by
    'time'

    Parameters
    ----------
    command : list of str
    folder : str or path
        Working folder and home of the run.
    limits : Limits
    walls : Walls, optional
        Without them, the run has the rights of whoever starts it, and only its use is limited.
    hidden : sequence of Path
        What it must not see, where there are walls.
    stop : threading.Event, optional
        Ends the run when it is set.

    Returns
    -------
    Outcome

    Notes
    -----
    Memory is watched as the resident memory of all processes together, not set as a limit of address space:
    TensorFlow reserves many times what it uses. Chapter: Teaching with this book.
    """
    folder = Path(folder).resolve()
    (folder / "tmp").mkdir(exist_ok=True)
    log = folder.parent / f"{folder.name}.log"
    started = time.monotonic()
    peak, looks, ended_by = 0, 0, None
    with open(log, "wb") as output:
        process = subprocess.Popen(
            _with_limits((walls or Walls(False)).command(command, folder, hidden=hidden), limits),
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while process.poll() is None and not ended_by:
            looks += 1
            memory, n_processes = _use(process.pid)
            peak = max(peak, memory)
            if time.monotonic() - started > limits.seconds:
                ended_by = "time"
            elif n_processes > limits.processes:
                ended_by = "processes"
            elif memory > limits.memory and _own_memory(process.pid) > limits.memory:
                ended_by = "memory"
            elif looks % SIZE_EVERY == 0 and _size(folder) > FOLDER_BYTES:
                ended_by = "disk"
            elif stop is not None and stop.is_set():
                ended_by = "stop"
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_EVERY)
    finally:
        _end(process)
    seconds = time.monotonic() - started
    return Outcome(ended_by or "itself", process.returncode, seconds, peak, _ends_of(log))


def _with_limits(command, limits):
    launcher = Path(launch.__file__).resolve()
    return [sys.executable, str(launcher), str(os.getpid()), str(limits.seconds), str(MOST_TASKS), *command]


def _environment(folder):
    own = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    home = str(folder)
    folders = {"HOME": home, "TMPDIR": f"{home}/tmp", "JUPYTER_RUNTIME_DIR": home, "IPYTHONDIR": f"{home}/tmp"}
    return own | folders | {"TQDM_DISABLE": "1", "PYTHONUNBUFFERED": "1", "MPLCONFIGDIR": f"{home}/tmp"}


def _use(pid):
    """Resident bytes and number of the processes below `pid`, itself included."""
    processes, memory = launch.tree(pid), 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            memory += process.memory_info().rss
    return memory, len(processes)


def _own_memory(pid):
    """Bytes below `pid` with what processes share counted once; it takes longer, so only where `_use` looks bad."""
    memory = 0
    for process in launch.tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                memory += process.memory_full_info().pss
            except (psutil.AccessDenied, AttributeError):  # not told here, or not by this system
                memory += process.memory_info().rss
    return memory


def _ends_of(log):
    """The first and the last of what was written; all of it may be a hundred megabytes."""
    with open(log, "rb") as file:
        content = file.read(LOG_BYTES)
        file.seek(max(LOG_BYTES, log.stat().st_size - LOG_BYTES))
        return (content + file.read()).decode(errors="replace")


def _size(folder):
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_blocks * 512
    return total


def _end(process):
    """End all processes of a run; the one that stands above them goes last, as it adopts what others leave behind."""
    for _ in range(ATTEMPTS_TO_END):
        if not launch.end_below(process.pid):
            break
    # With its command ended, the launcher ends what a list of processes has missed, and itself.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_END)
    process.kill()
    process.wait()
