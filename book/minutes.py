"""How long each chapter takes a class, counted from what is in it."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import yaml

BOOK = Path(__file__).parent
WORDS_PER_MINUTE = 130  # prose with formulas in it is read more slowly
MINUTES_PER_CELL = 0.5  # to run it and look at what comes out
MINUTES_PER_EXERCISE = 8
ROUNDED_TO = 5


def chapters():
    """Notebooks that the table of contents names, in its order."""
    toc = yaml.safe_load((BOOK.parent / "_toc.yml").read_text("utf-8"))
    pages = [page for part in toc["parts"] for page in part["chapters"]]
    files = [BOOK.parent / f"{page['file']}.ipynb" for page in pages]
    return [file for file in files if file.exists()]


def count(file):
    """Title and minutes of one chapter."""
    cells = nbformat.read(file, as_version=4).cells
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    n_code = sum(cell.cell_type == "code" for cell in cells)
    n_exercises = len(
        re.findall(r"^[`:]{3,}\{exercise(?:-start)?\}", prose, re.M)
    )
    reading = len(prose.split()) / WORDS_PER_MINUTE
    return {
        "chapter": re.search(r"^# (.+)$", prose, re.M)[1],
        "read and run": in_fives(reading + n_code * MINUTES_PER_CELL),
        "exercises": in_fives(n_exercises * MINUTES_PER_EXERCISE),
    }


def in_fives(minutes):
    return int(ROUNDED_TO * max(1, round(minutes / ROUNDED_TO)))


def table():
    """Minutes of every chapter, and their sum."""
    rows = pd.DataFrame([count(file) for file in chapters()])
    rows["minutes"] = rows["read and run"] + rows["exercises"]
    total = {"chapter": "all", **rows.drop(columns="chapter").sum()}
    return pd.concat([rows, pd.DataFrame([total])]).set_index("chapter")
