"""The folder for the temporary copies of one grading, gone afterwards even if the grader was killed."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["scratch_folder"]

PREFIX = "aecourse-grading-"
LOCK = "lock"
YOUNG_SECONDS = 60  # a folder is made first and locked then


@contextlib.contextmanager
def scratch_folder():
    """Make a folder that is removed at the end; remove what killed graders of this account have left.

    The system opens a lock when its holder ends, however that ends: a folder that can be locked is nobody's.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            about = left.lstat()
            if about.st_uid == os.getuid() and time.time() - about.st_mtime > YOUNG_SECONDS:
                with FileLock(left / LOCK, timeout=0):
                    shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        folder = Path(folder).resolve()
        with FileLock(folder / LOCK):
            yield folder
