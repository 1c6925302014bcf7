"""Files that are there whole or not at all, at whatever moment their writing ends."""

import contextlib
import os
import secrets
import time
from pathlib import Path

UNFINISHED = ".unfinished"
# Writing takes seconds at most: what has been unfinished for so long was left behind by a kill.
STALE_SECONDS = 3600


@contextlib.contextmanager
def whole_file(path):
    """Open a binary file, which gets its name when the block ends without an error.

    A kill or a power cut leaves the whole of it or what was there before. Several may write it at once: each writes a
    file of its own, and the last one wins.
    """
    path = Path(path)
    unfinished = path.with_name(f"{secrets.token_hex(8)}{UNFINISHED}")
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a power cut must not leave the name without the content
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path, content):
    """Write bytes, or text as UTF-8."""
    with whole_file(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def remove_stale(folder):
    """Remove what a kill has left unfinished in a folder."""
    for left in Path(folder).glob(f"*{UNFINISHED}"):
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                left.unlink()
