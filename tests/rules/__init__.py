"""What must hold of the project's files: one module per kind of file.

Each rule is a function that returns its complaints as a list of sentences, empty when all is well, so that
the tests can hold it against the project and against a file that is wrong on purpose.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
