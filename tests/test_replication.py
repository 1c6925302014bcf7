"""The replication report holds what the chapters of a build computed; where that is not the ledger, the build fails."""

import importlib.util
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aecourse.claims import RECORD_KEY, load_ledger
from rules import ROOT
from test_claims import ENTRY, write_ledger

EXTENSION = ROOT / "book" / "_ext" / "replication.py"
SECOND = ENTRY | {"id": "t1-2", "number": 2, "claimed": "same", "verdict": "did not hold", "sentence": "1 < 2"}
RECORD = {
    "id": "t1-1",
    "outcome": "held",
    "difference": -0.3,
    "low": -0.4,
    "high": -0.2,
    "treatment_mean": 0.7,
    "control_mean": 1.0,
    "n_seeds": 50,
    "n_splits": 1,
    "paired": True,
    "page": "book/wine",
}
OTHER = RECORD | {"id": "t1-2", "outcome": "did not hold", "n_splits": 10}


@pytest.fixture(scope="module")
def replication():
    spec = importlib.util.spec_from_file_location("replication", EXTENSION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ledger(tmp_path):
    return load_ledger(write_ledger(tmp_path, [ENTRY, SECOND]))


def test_records_are_found_among_other_outputs(replication):
    shown = new_output("execute_result", data={"text/plain": "held"}, metadata={RECORD_KEY: RECORD}, execution_count=1)
    figure = new_output("display_data", data={"image/png": ""})
    printed = new_output("stream", name="stdout", text="held")
    cells = [new_markdown_cell("text"), new_code_cell("1", outputs=[printed, shown, figure]), new_code_cell("2")]
    assert replication.records_of(new_notebook(cells=cells), "book/wine") == [RECORD]


def test_what_the_ledger_waits_for_passes(replication, ledger):
    assert replication.complaints_about([RECORD, OTHER], ledger) == []


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([RECORD], "claim t1-2 is computed nowhere: it belongs to chapter wine"),
        ([RECORD, OTHER, RECORD], "claim t1-1 is computed 2 times"),
        ([RECORD | {"page": "book/digits"}, OTHER], "claim t1-1 is computed in digits: the ledger has it in wine"),
        ([RECORD | {"outcome": "reversed"}, OTHER], "claim t1-1: 'reversed' was computed, 'held' stands in the ledger"),
        ([RECORD, OTHER, RECORD | {"id": "t1-3"}], "claim t1-3 of wine is not in the ledger"),
    ],
)
def test_difference_to_the_ledger_is_told(replication, ledger, records, message):
    assert message in replication.complaints_about(records, ledger)


def test_chapters_to_come_are_waited_for(replication, tmp_path):
    waiting = load_ledger(write_ledger(tmp_path, [ENTRY], chapters_to_come=["wine"]))
    assert replication.complaints_about([], waiting) == []
    assert replication.complaints_about([RECORD], waiting) == ["wine computes claims: remove it from chapters_to_come"]


def test_effects_are_in_units_of_what_matters_and_turned_as_claimed(replication, ledger):
    frame = replication.effects([OTHER, RECORD], ledger)
    assert frame["label"].tolist() == ["wider is better  (t1-1)", "wider is better  (t1-2)"]
    assert frame[["effect", "low", "high"]].to_numpy().ravel() == pytest.approx([3, 2, 4, -3, -4, -2])


def test_words_tell_what_the_picture_shows(replication):
    assert replication.summary([RECORD, OTHER]) == "Of 2 measured claims: 1 held, 1 did not hold."
    assert replication.alternative_text([RECORD, OTHER]).endswith("held: t1-1; did not hold: t1-2.")


def test_table_has_all_that_a_reader_quotes(replication, ledger):
    tree = BeautifulSoup(
        replication.table(ledger.claims.values(), [RECORD, OTHER], {"wine": ("wine.html", "Wine")}), "html.parser"
    )
    first, second = tree.select("tbody tr")
    for text in ("Wider codes rebuild better.", "held", "−0.3 [−0.4, −0.2]", "50 seeds", "at least −0.1", ENTRY["why"]):
        assert text in first.get_text()
    assert first.select_one("a")["href"] == "wine.html#claim-t1-1"
    assert "1 < 2" in second.get_text()
    assert "50 seeds, 10 splits" in second.get_text()
    assert "to come" in replication.table(ledger.claims.values(), [], {})


CHAPTER = """
import numpy as np
from aecourse import claims
rng = np.random.default_rng(0)
wide, deep = rng.normal(size=(2, 50, 1)) * 0.05 + np.array([0.7, 1.0]).reshape(2, 1, 1)
"""
CELLS = {"t1-1": "claims.verdict('t1-1', wide, deep)", "t1-2": "claims.verdict('t1-2', wide, deep)"}
CONFIG = """
extensions = ["myst_nb", "replication"]
source_suffix = [".md", ".ipynb"]
nb_execution_mode = "force"
nb_execution_show_tb = True
html_theme = "basic"
html_static_path = ["book/_static"]
"""
FRONT = """# Book

```{replication-picture}
```

```{toctree}
book/wine
book/a_report
```
"""


def build(folder, *cells):
    """Build a book of one chapter and the report with the project's extension: exit code, messages, folder of pages."""
    (folder / "book" / "_ext").mkdir(parents=True)
    (folder / "book" / "_static").mkdir()
    shutil.copy(EXTENSION, folder / "book" / "_ext")
    shutil.copy(ROOT / "book" / "_static" / "replication.css", folder / "book" / "_static")
    write_ledger(folder / "book", [ENTRY, SECOND])
    cells = [new_markdown_cell("# Wine"), new_code_cell(CHAPTER), *map(new_code_cell, cells)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "book" / "wine.ipynb")
    # Read before the chapter, as a page of an earlier name would be.
    (folder / "book" / "a_report.md").write_text("# Report\n\n```{replication-report}\n```\n")
    (folder / "index.md").write_text(FRONT)
    (folder / "conf.py").write_text(f"import sys\nsys.path.insert(0, {str(folder / 'book' / '_ext')!r})\n{CONFIG}")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", ".", "_build/html"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return run.returncode, run.stderr, folder / "_build" / "html"


def test_built_report_shows_what_was_computed(tmp_path):
    code, messages, pages = build(tmp_path, *CELLS.values())
    assert code == 0, messages
    tree = BeautifulSoup((pages / "book" / "a_report.html").read_text(), "html.parser")
    assert [row.select_one(".outcome").get_text() for row in tree.select("tbody tr")] == ["held", "did not hold"]
    assert (pages / "_images" / "replication_report.svg").is_file()
    assert tree.select_one("img.replication")["src"] == "../_images/replication_report.svg"
    front = BeautifulSoup((pages / "index.html").read_text(), "html.parser")
    assert front.select_one("img.replication")["src"] == "_images/replication_report.svg"
    assert front.select_one(".replication-summary").get_text() == "Of 2 measured claims: 1 held, 1 did not hold."
    # The numbers are those that the chapter shows, and the link leads there.
    chapter = BeautifulSoup((pages / "book" / "wine.html").read_text(), "html.parser")
    shown = re.search(r"−0\.\d+ \[−0\.\d+, −0\.\d+\]", chapter.select_one("#claim-t1-1").get_text()).group()
    assert shown in tree.select_one("tbody tr").get_text()
    assert tree.select_one("tbody a")["href"] == "wine.html#claim-t1-1"


def test_build_fails_where_the_chapter_and_the_ledger_differ(tmp_path):
    other_result = CELLS["t1-2"].replace("wide, deep", "wide, wide")
    code, messages, _ = build(tmp_path, CELLS["t1-1"], CELLS["t1-1"], other_result)
    assert code == 1
    assert "claim t1-1 is computed 2 times" in messages
    assert "the ledger says 'did not hold', this computation 'held'" in messages
    assert "claim t1-2 is computed nowhere: it belongs to chapter wine" in messages
