"""Grades on disk: one file per student as soon as there is a grade, and the table made of them."""

import hashlib
import json
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from aecourse._files import remove_stale, write_whole
from aecourse.classroom.marking import Row

__all__ = ["Records"]


class Records:
    """The table of one class, and the folder beside it with a record and a page of feedback for each student.

    Parameters
    ----------
    out : path
        The CSV file; ``grades.csv`` has its records and feedback in the folder ``grades``.
    master : Master
    force : bool
        Whether grades that are there may be replaced.
    """

    def __init__(self, out, master, *, force):
        self.out, self.master, self.force = Path(out).expanduser().resolve(), master, force
        if self.out.suffix != ".csv" or self.out.is_dir() or not self.out.parent.is_dir():
            raise ValueError(f"`out` must be a .csv file in a folder that exists. Received: out={str(out)!r}.")
        self.folder = self.out.with_suffix("")
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"`out` must leave the name {self.folder.name} to a folder. Received: a file called so.")
        self.rows = self.folder / "records"
        self.feedback = self.folder / "feedback"
        self.about = self.folder / "about.json"
        self._lock = FileLock(self.folder / "lock", timeout=0)

    def __enter__(self):
        for folder in (self.rows, self.feedback):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise RuntimeError(f"{self.out.name} is in use: it is being graded already, by another process.") from error
        try:
            for folder in (self.rows, self.feedback):
                remove_stale(folder)
            self._compare()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_):
        self._lock.release()

    def _compare(self):
        """Refuse to go on with grades of another kind, or to write over a table that somebody else has changed."""
        mine = {"assignment": self.master.name, "cohort": self.master.cohort, "tests": self._fingerprint()}
        self.known = json.loads(self.about.read_text()) if self.about.exists() else None
        if self.force:
            for path in (*self.rows.iterdir(), *self.feedback.iterdir()):
                path.unlink()
        elif self.known is None and self.out.exists():
            raise FileExistsError(f"{self.out.name} exists and was not written here. Name another file, or --force.")
        elif self.known is not None:
            before = {key: self.known.get(key) for key in mine}
            if before != mine:
                what = ", ".join(f"{key} {before[key]}" for key in mine if before[key] != mine[key])
                raise FileExistsError(f"{self.out.name} holds other grades ({what}). Name another file, or --force.")
            if self.out.exists() and _hash(self.out.read_bytes()) != self.known.get("table"):
                raise FileExistsError(
                    f"{self.out.name} was changed after it was written, and would be overwritten. "
                    "Move it away to have it written anew from the records, or --force to grade everybody anew."
                )
        if self.force or self.known is None:
            self.known = mine
            write_whole(self.about, json.dumps(self.known))

    def _fingerprint(self):
        return _hash("\n".join(cell.source for cell in self.master.notebook.cells).encode())

    def get(self, student):
        """The record of a student: ``{"row": Row, "file": hash}``, or None."""
        path = self._path(student)
        if not path.exists():
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
        return {"row": Row(**record["row"]), "file": record["file"]}

    def put(self, row, file):
        """Keep a grade at once; only then does it count as given."""
        write_whole(self._path(row.student), json.dumps({"row": row.as_dict(), "file": file}))

    def _path(self, student):
        return self.rows / f"{student}.json"

    def write_table(self):
        """Write the CSV of all records, sorted by name, and return it as a frame."""
        rows = [self.get(path.stem)["row"] for path in sorted(self.rows.glob("*.json"))]
        names = [question.name for question in self.master.questions]
        table = pd.DataFrame(
            [
                {"student": row.student, "status": row.status, "points": sum(row.points.values())}
                | {"max_points": self.master.max_points, **row.points, "reason": row.reason}
                for row in rows
            ],
            columns=["student", "status", "points", "max_points", *names, "reason"],
        )
        content = table.to_csv(index=False, float_format="%g", lineterminator="\n").encode("utf-8")
        try:
            write_whole(self.about, json.dumps(self.known | {"table": _hash(content)}))
            write_whole(self.out, content)
        except PermissionError as error:
            raise PermissionError(
                f"{self.out.name} can't be written; perhaps another program has it open. The grades are safe in "
                f"{self.folder.name}/: close that program and call again."
            ) from error
        return table


def file_hash(path):
    """SHA-256 of a submission: of its bytes, or of the notebooks in its folder."""
    files = [path] if path.is_file() else sorted(path.rglob("*.ipynb"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        if file.is_file():
            with open(file, "rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()


def _hash(content):
    return hashlib.sha256(content).hexdigest()
