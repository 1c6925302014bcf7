"""Strip the chapters of all outputs but those that nbval compares; what git, `make` and pre-commit call.

With --colab, give each chapter a first cell that installs the package in Colab, for the public repository of this
checkout. No file names that repository: it is found as the book finds it for its launch buttons.
"""

import argparse
import sys
from pathlib import Path

import nbformat

from rules import ROOT, colab, notebooks, outputs


def tidy(path, *, run=False, repository=None):
    """Rewrite one notebook file where that changes it, and tell whether it did."""
    notebook = nbformat.read(path, as_version=4)
    before = nbformat.writes(notebook)
    if run:
        outputs.run(notebook, Path(path).parent)
    outputs.strip(notebook)
    if repository:
        colab.put_first(notebook, repository)
    changed = nbformat.writes(notebook) != before
    if changed:
        nbformat.write(notebook, path)
    return changed


def main(argv=None):
    """Return 1 where a file was changed, or breaks a rule, as pre-commit expects it."""
    parser = argparse.ArgumentParser(description=__doc__)
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="change nothing, report broken rules")
    task.add_argument("--run", action="store_true", help="run first, so that stored outputs are today's")
    task.add_argument("--colab", action="store_true", help="write or renew the first cell, which installs in Colab")
    parser.add_argument("notebooks", nargs="*", help="all chapters if none is named")
    options = parser.parse_args(argv)
    paths = options.notebooks or notebooks.chapters(ROOT)
    if options.check:
        complaints = [complaint for path in paths for complaint in notebooks.complaints_about(path)]
        complaints += colab.disagreements(paths)
        print("\n".join(complaints) or f"{len(paths)} notebooks keep the rules.")
        return int(bool(complaints))
    repository = colab.find_repository(ROOT) if options.colab else None
    if options.colab and repository is None:
        print(
            "No public repository is known, from which Colab could install the package. Add it to this checkout, "
            "git remote add origin https://github.com/OWNER/NAME, or name it in the environment variable "
            "AECOURSE_REPOSITORY.",
            file=sys.stderr,
        )
        return 1
    changed = [str(path) for path in paths if tidy(path, run=options.run, repository=repository)]
    print("\n".join(f"changed {path}" for path in changed) or f"{len(paths)} notebooks need no change.")
    return int(bool(changed) and not (options.run or options.colab))


if __name__ == "__main__":
    sys.exit(main())
