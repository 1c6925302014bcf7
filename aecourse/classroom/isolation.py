"""Walls around one run, by Linux namespaces: no network, nothing to write to but its folder, much of the rest unseen.

The tools are those of util-linux, which every Linux has: `unshare` makes the namespaces, `mount` covers and protects,
`setpriv` gives all privileges away before the student's code starts, so that no wall can be taken down from within.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Walls", "find_walls"]

NAMESPACES = ["--user", "--map-root-user", "--net", "--ipc", "--pid", "--mount", "--mount-proc"]
UNSHARE = ["unshare", *NAMESPACES, "--fork", "--kill-child=KILL", "--"]
GIVE_AWAY = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]
TOOLS = ("unshare", "mount", "umount", "setpriv")
# Where shared memory lies: each run gets its own, and the mounts below are prepared in it.
SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_SIZE = "256m"
# Processes and threads that a run may have at once, as no watch is as quick as a bomb: set in its own process namespace
# where the kernel (6.14) can, and as a limit of the account's, beyond what it runs already, which root is exempt from.
# Numbers below 300 are given out once only; a thread pool has a few per processor.
PID_MAX = Path("/proc/sys/kernel/pid_max")
MOST_TASKS = 800 + 64 * (os.cpu_count() or 1)
FIXED_FLAGS = ("nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime")


@dataclass(frozen=True)
class Walls:
    """What the system allows: `works`, and if not, why."""

    works: bool
    why_not: str = ""

    def command(self, inner, folder, *, hidden=()):
        """The command that runs `inner` within the walls.

        Parameters
        ----------
        inner : list of str
        folder : Path
            The one place where the run may write.
        hidden : sequence of Path
            Folders and files that it must not see.
        """
        if not self.works:
            return list(inner)
        plan = {"folder": str(folder), "hidden": [str(path) for path in hidden if path.exists()], "inner": list(inner)}
        # A folder above that of the run would bring back what is hidden beside it.
        plan["kept"] = [str(path) for path in _python_paths() if not folder.is_relative_to(path)]
        return [*UNSHARE, sys.executable, "-S", str(Path(__file__).resolve()), json.dumps(plan)]


@cache
def find_walls():
    """Try the walls out on an empty folder, once.

    Returns
    -------
    Walls

    Notes
    -----
    Chapter: Teaching with this book.
    """
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return Walls(False, f"there is no program {', '.join(lacking)} here")
    with tempfile.TemporaryDirectory(prefix="aecourse-") as folder:
        folder = Path(folder).resolve()
        (folder / "hidden").mkdir()
        (folder / "hidden" / "file").touch()
        (folder / "box").mkdir()
        proof = "import os, sys; open('proof', 'w').close(); sys.exit(os.path.exists('../hidden/file'))"
        command = Walls(True).command([sys.executable, "-S", "-c", proof], folder / "box", hidden=[folder / "hidden"])
        try:
            run = subprocess.run(command, cwd=folder / "box", capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return Walls(False, "building them takes longer than a minute")
        if run.returncode or not (folder / "box" / "proof").exists():
            said = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
            return Walls(False, f"the system refuses ({said[:150]})")
    return Walls(True)


def _python_paths():
    """Folders that Python needs, should they lie in a home that is hidden."""
    paths = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).resolve().parents[1], Path(sys.executable).parent}
    paths |= {Path(entry) for entry in sys.path if entry and Path(entry).resolve() != Path.cwd()}
    kept = sorted({path.resolve() for path in paths if path.is_dir()})
    home = Path.home().resolve()
    return [path for path in kept if path != home and path not in home.parents]


def _build(plan):
    """Run inside the new namespaces, as their root: cover, protect, give all privileges away, and start the run.

    First all that stays visible is kept in a corner, then whole folders are covered by empty ones, then what was kept
    is put back into its place. What is mounted here can't be unmounted later: the run has no privileges, and in a
    namespace of its own making these mounts are locked (see mount_namespaces(7)).
    """
    folder, hidden = Path(plan["folder"]), [Path(path) for path in plan["hidden"]]
    covers = [path for path in hidden if path.is_dir()]
    kept = [folder, *(Path(path) for path in plan["kept"])]
    kept = [path for path in kept if any(path.is_relative_to(cover) for cover in covers)]
    hidden_again = [path for path in hidden if any(path.is_relative_to(each) for each in kept[1:])]
    with contextlib.suppress(OSError):
        PID_MAX.write_text(str(MOST_TASKS))
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "-o", f"size={SHARED_MEMORY_SIZE},mode=1777", "tmpfs", str(SHARED_MEMORY))
    corner = SHARED_MEMORY / "kept"
    for i, path in enumerate(kept):
        (corner / str(i)).mkdir(parents=True)
        _mount("--rbind", str(path), str(corner / str(i)))
    for path in sorted(covers):  # a folder comes before those in it
        if path.is_dir():
            _mount("-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(path))
    for i, path in sorted(enumerate(kept), key=lambda item: item[1]):
        path.mkdir(parents=True, exist_ok=True)
        _mount("--rbind", str(corner / str(i)), str(path))
    for path in hidden_again:
        if path.is_dir():
            _mount("-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(path))
    for path in hidden:
        if path.is_file():
            _mount("--bind", "/dev/null", str(path))
    if folder not in kept:
        _mount("--bind", str(folder), str(folder))
    for i in range(len(kept)):
        subprocess.run(["umount", "--recursive", str(corner / str(i))], check=True)
        (corner / str(i)).rmdir()
    _protect({folder, SHARED_MEMORY})
    os.chdir(folder)
    os.execvp(GIVE_AWAY[0], [*GIVE_AWAY, *plan["inner"]])


def _protect(writable):
    """Make every mount read-only but those where the run may write."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        target = fields[4].encode().decode("unicode_escape")  # \\040 stands for a space
        flags = fields[5].split(",")
        if Path(target) in writable or "ro" in flags:
            continue
        # Flags that the outer system has set stay as they are, or it refuses.
        options = ",".join(["remount", "bind", "ro", *(flag for flag in flags if flag in FIXED_FLAGS)])
        done = subprocess.run(["mount", "-o", options, target], capture_output=True, text=True, check=False)
        if done.returncode and os.access(target, os.W_OK):
            raise SystemExit(f"cannot protect {target}: {done.stderr.strip()}")


def _mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


if __name__ == "__main__":
    _build(json.loads(sys.argv[1]))
