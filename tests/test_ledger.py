"""Each claim of the ledger is computed in one place, its numbers stay as sealed, and the rules see when not."""

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

import seal_ledger
from rules import ROOT, ledger
from test_claims import ENTRY, SOURCE

SHOWN = 'claims.verdict("t1-1", deep, wide)'
OTHER = 'result = claims.verdict("t1-2", deep, wide)\nplots.plot_differences(**result.picture)\nresult'
SECOND = ENTRY | {"id": "t1-2", "number": 2}


@pytest.mark.parametrize("rule", ledger.RULES, ids=lambda rule: rule.__name__)
def test_book_keeps_rule(rule):
    complaints = rule(ROOT)
    assert not complaints, "\n".join(complaints)


def book(folder, entries=(ENTRY, SECOND), to_come=(), **chapters):
    """Write a sealed ledger and chapters, given as ``name=[source of each cell]``; by default all is well."""
    (folder / "book").mkdir()
    (folder / "tests").mkdir()
    write(folder, entries, to_come)
    chapters = chapters or {"wine": [SHOWN, OTHER]}
    for name, cells in chapters.items():
        nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), folder / "book" / f"{name}.ipynb")
    files = [{"file": f"book/{name}"} for name in chapters]
    (folder / "_toc.yml").write_text(yaml.safe_dump({"format": "jb-book", "root": "book/intro", "chapters": files}))
    seal_ledger.main(folder)
    return folder


def write(folder, entries, to_come=(), source=SOURCE):
    content = {"sources": {"t1": source}, "claims": list(entries), "chapters_to_come": list(to_come)}
    (folder / "book" / "claims.yml").write_text(yaml.safe_dump(content))


def complaints_about(root):
    return [complaint for rule in ledger.RULES for complaint in rule(root)]


@pytest.mark.parametrize(
    "chapters",
    [
        {},
        {"wine": ['result = verdict(claim="t1-1", treatment=a)\nresult', OTHER]},
        {"wine": [SHOWN, OTHER, "claims.verdict(mine, a, b)"]},  # a reader's own claim, in an exercise
        {"wine": [SHOWN, OTHER], "digits": ["z = encode(x)"]},
    ],
)
def test_good_book_passes(tmp_path, chapters):
    assert complaints_about(book(tmp_path, **chapters)) == []


BAD = {
    "nowhere": ({"wine": [SHOWN]}, "claim t1-2 is computed nowhere: it belongs to chapter wine"),
    "chapter not there": ({"digits": ["x"]}, "belongs to chapter wine, which is not in _toc.yml"),
    "twice": ({"wine": [SHOWN, OTHER, SHOWN]}, "claim t1-1 is computed 2 times: wine, cell 1; wine, cell 3"),
    "twice in a cell": ({"wine": [f"{SHOWN}\n{SHOWN}", OTHER]}, "claim t1-1 is computed 2 times"),
    "in two chapters": ({"wine": [SHOWN, OTHER], "digits": [SHOWN]}, "claim t1-1 is computed 2 times"),
    "elsewhere": ({"digits": [SHOWN], "wine": [OTHER]}, "digits, cell 1: the ledger has claim t1-1 in chapter wine"),
    "unknown": ({"wine": [SHOWN, OTHER, SHOWN.replace("t1-1", "t1-9")]}, "claim 't1-9' is not in the ledger"),
    "id in a variable": (
        {"wine": [OTHER, "for name in names:\n    claims.verdict(name, a, b)"]},
        "t1-1 is computed now",
    ),
    "not shown": ({"wine": [f"result = {SHOWN}", OTHER]}, "wine, cell 1: end the cell with the verdict on t1-1"),
    "silenced": ({"wine": [f"{SHOWN};", OTHER]}, "wine, cell 1: end the cell with the verdict on t1-1"),
    "only its outcome": ({"wine": [f"{SHOWN}.outcome", OTHER]}, "end the cell with the verdict on t1-1"),
    "in a comment": ({"wine": [f"# {SHOWN}", OTHER]}, "claim t1-1 is computed nowhere"),
}


@pytest.mark.parametrize(("chapters", "message"), BAD.values(), ids=BAD)
def test_bad_book_is_told(tmp_path, chapters, message):
    complaints = ledger.computed_once(book(tmp_path, **chapters))
    assert any(message in complaint for complaint in complaints), complaints


def test_chapter_to_come_may_be_late_and_no_longer(tmp_path):
    root = book(tmp_path, to_come=["wine"], digits=["x"])
    assert complaints_about(root) == []
    nbformat.write(new_notebook(cells=[new_code_cell(SHOWN)]), root / "book" / "wine.ipynb")
    assert ledger.computed_once(root) == ["wine computes claims: remove it from chapters_to_come in book/claims.yml"]


def test_claim_left_out_is_told(tmp_path):
    assert ledger.complete(book(tmp_path, entries=[ENTRY])) == ["claim 2 of t1 has no entry: So is deeper."]


@pytest.mark.parametrize(
    "field",
    [{"smallest": 0.11}, {"verdict": "reversed"}, {"claimed": "same"}, {"control": None, "reference": 0.5}],
    ids=str,
)
def test_changed_number_or_verdict_is_told(tmp_path, field):
    root = book(tmp_path)
    write(root, [ENTRY | field, SECOND])
    (complaint,) = complaints_about(root)
    assert complaint.startswith("t1-1 in book/claims.yml is not as sealed; if on purpose, run")
    seal_ledger.main(root)
    assert complaints_about(root) == []


def test_changed_fact_of_a_tutorial_is_told(tmp_path):
    root = book(tmp_path)
    write(root, [ENTRY, SECOND], source=SOURCE | {"facts": {"data": "142 rows"}})
    assert ledger.sealed(root)[0].startswith("source t1 in book/claims.yml is not as sealed")


def test_wording_may_be_improved(tmp_path):
    root = book(tmp_path)
    write(root, [ENTRY | {"why": "another cause", "sentence": "Better words."}, SECOND])
    assert complaints_about(root) == []
