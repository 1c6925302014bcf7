"""Stands above one run: sets what the system itself enforces, and leaves no process of the run behind.

Started as a script, without the package. On Linux it adopts what the run's processes leave behind, so that a process
that detaches itself is still seen by the watch, and ended here.
"""

import contextlib
import ctypes
import functools
import os
import resource
import signal
import subprocess
import sys

import psutil

FILE_BYTES = 200_000_000
MORE_TASKS = 800 + 64 * (os.cpu_count() or 1)  # processes and threads; a thread pool has a few per processor
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main():
    grader, seconds, *command = sys.argv[1:]
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
        resource.setrlimit(resource.RLIMIT_NPROC, (tasks + MORE_TASKS,) * 2)
    run = subprocess.Popen(command, preexec_fn=functools.partial(end_with, os.getpid()))
    code = run.wait()
    while left := _living_below(psutil.Process()):
        for name in ("suspend", "kill"):
            for process in left:
                with contextlib.suppress(psutil.Error):
                    getattr(process, name)()
    sys.exit(code if code >= 0 else 128 - code)


def _is_own(process):
    uids = process.info["uids"]
    return uids is not None and uids.real == os.getuid()


def _living_below(process):
    living = []
    for each in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if each.status() != psutil.STATUS_ZOMBIE:
                living.append(each)
    return living


if __name__ == "__main__":
    main()
