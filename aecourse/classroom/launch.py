"""Stands above one run: sets what the system itself enforces, and leaves no process of the run behind.

Started as a script, without the package. On Linux it adopts what the run's processes leave behind, so that a process
that detaches itself is still seen by the watch, and ended here.
"""

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import sys

import psutil

__all__ = ["end_below", "main", "tree"]

FILE_BYTES = 200_000_000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main():
    """Run a command, given behind the grader's process id, its seconds, and the tasks that it may have at once."""
    import resource  # here, as Windows, where nothing is graded, has none

    grader, seconds, most_tasks, *command = sys.argv[1:]
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: None

    def end_with(parent):
        """Be killed when `parent` ends, however that ends; it may have ended before this was said."""
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    end_with(int(grader))
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    processor = int(float(seconds)) * (os.cpu_count() or 1) + 1
    for kind, limit in (("FSIZE", FILE_BYTES), ("CPU", processor), ("CORE", 0)):
        which = getattr(resource, f"RLIMIT_{kind}")
        hard = resource.getrlimit(which)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (limit, limit))
    if os.geteuid():  # root is exempt from it
        tasks = sum(
            each.info["num_threads"] or 0 for each in psutil.process_iter(["num_threads", "uids"]) if _is_own(each)
        )
        resource.setrlimit(resource.RLIMIT_NPROC, (tasks + int(most_tasks),) * 2)
    run = subprocess.Popen(command, preexec_fn=functools.partial(end_with, os.getpid()))
    code = run.wait()
    while _any_left():
        end_below(os.getpid())
    sys.exit(code if code >= 0 else 128 - code)


def _is_own(process):
    uids = process.info["uids"]
    return uids is not None and uids.real == os.getuid()


def _any_left():
    """Whether processes are left below this one, which adopts those whose parents have ended.

    The kernel tells: a list of all processes can miss one that was just made by another that has ended meanwhile.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    return False


def tree(pid):
    """A process and all below it; empty where it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_below(pid):
    """End all processes below `pid`: stopped first, so that a bomb can't fork on while its processes are ended.

    Returns
    -------
    bool
        Whether there was any; then there may be more by now.
    """
    below = [each for each in tree(pid)[1:] if _is_living(each)]
    for name in ("suspend", "kill"):
        for process in below:
            with contextlib.suppress(psutil.Error):
                getattr(process, name)()
    return bool(below)


def _is_living(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    main()
