"""A file is there whole or not at all, and what a kill has left unfinished goes in time."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from aecourse import _files
from aecourse._files import remove_stale, whole_file, write_whole


@pytest.mark.parametrize("content", [b"\x00\xff", "é\n"])
def test_what_is_written_is_there(content, tmp_path):
    write_whole(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == (content if isinstance(content, bytes) else content.encode("utf-8"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_has_the_rights_of_any_other_file(tmp_path):
    write_whole(tmp_path / "file", "x")
    (tmp_path / "other").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    write_whole(tmp_path / ("n" * 255), "x")


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(before, error, tmp_path):
    path = tmp_path / "file"
    if before:
        path.write_text(before)

    def write():
        with whole_file(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert [each.read_text() for each in tmp_path.iterdir()] == [before] * bool(before)


def test_a_kill_leaves_what_was_there(tmp_path):
    (tmp_path / "file").write_text("old")
    code = f"""if True:
        import os, signal
        from aecourse._files import whole_file
        with whole_file({str(tmp_path / "file")!r}) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_text() == "old"
    remove_stale(tmp_path)
    (left,) = set(tmp_path.iterdir()) - {tmp_path / "file"}  # perhaps of somebody who is writing now
    os.utime(left, (time.time() - 2 * _files.STALE_SECONDS,) * 2)
    remove_stale(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_of_several_at_once_one_wins(tmp_path):
    contents = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_whole, args=(tmp_path / "file", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_text() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
