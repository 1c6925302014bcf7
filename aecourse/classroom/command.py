"""The commands `aecourse release` and `aecourse grade`."""

import argparse
import os
import sys

from aecourse.classroom import grading, releasing

__all__ = ["main"]

PROBLEMS = (OSError, ValueError, TypeError, ImportError, RuntimeError)


def main(arguments=None):
    """Run one command; return its exit code: 0, 1 where grades are missing, 2 for an error of the caller's.

    >>> main(["release", "whine", "release"])
    2

    Notes
    -----
    Chapter: Teaching with this book.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except PROBLEMS as error:
        _tell(f"aecourse {options.command}: {error}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        _tell("Stopped. Grades given so far are kept; the same command goes on from here.", sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="aecourse", description="Assignments: release them, grade them.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("name", help="the assignment, such as wine")
    common.add_argument("--cohort", type=int, default=0, help="number of the class, which data and answers depend on")
    common.add_argument("--masters", help="folder of your own masters (default: book/assignments of the course)")
    common.add_argument("--force", action="store_true", help="write over what is there")
    one = commands.add_parser("release", parents=[common], help="write the student's version")
    one.add_argument("out", help="folder to write into")
    one.add_argument("--solution", action="store_true", help="with the solutions, without the hidden tests")
    one.set_defaults(run=_release)
    two = commands.add_parser("grade", parents=[common], help="grade a folder of submissions")
    two.add_argument("submissions", help="folder with a subfolder or a notebook per student")
    two.add_argument("--out", required=True, help="CSV file for the grades; feedback goes into a folder of its name")
    two.add_argument("--jobs", type=int, help="submissions at a time (default: half the number of processors)")
    two.add_argument("--seconds", type=float, default=300, help="time for one submission (default: %(default)s)")
    two.add_argument("--cell-seconds", type=float, help="time for a single cell (default: half of that)")
    two.add_argument("--memory", type=float, default=4, help="gigabytes for one submission (default: %(default)s)")
    two.set_defaults(run=_grade)
    return parser


def _release(options):
    path = releasing.release(
        options.name,
        options.out,
        cohort=options.cohort,
        masters=options.masters,
        solution=options.solution,
        force=options.force,
    )
    _tell(f"{path}, cohort {options.cohort}. Grade it with --cohort {options.cohort}.")
    return 0


def _grade(options):
    walls = grading.find_walls()
    if not walls.works:
        _tell(
            f"No walls here: {walls.why_not}. Student code can use the network and read and write what you can. "
            "Time, memory and processes are limited all the same. Grade a class that you don't trust in a container.",
            sys.stderr,
        )
    elif os.geteuid() == 0:
        _tell("You grade as root: walls hold less against code that may open devices. Use a plain account.", sys.stderr)
    graded = grading.grade(
        options.name,
        options.submissions,
        out=options.out,
        cohort=options.cohort,
        masters=options.masters,
        n_jobs=options.jobs,
        seconds=options.seconds,
        cell_seconds=options.cell_seconds,
        memory_gb=options.memory,
        force=options.force,
    )
    counts = ", ".join(f"{count} {status}" for status, count in graded.table["status"].value_counts().items())
    _tell(f"{options.out}: {len(graded.table)} students ({counts}).")
    _tell(f"{graded.n_graded} graded now, {graded.n_kept} before.")
    for student in graded.changed:
        _tell(f"{student}: the file is another one than was graded; the grade was kept (--force grades all anew).")
    for student, why in graded.failed.items():
        _tell(f"{student}: NOT GRADED, through no fault of the student: {why}", sys.stderr)
    return int(bool(graded.failed))


def _tell(text, stream=None):
    (stream or sys.stdout).write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
