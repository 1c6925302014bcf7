"""The ledger of claims against the chapters: each claim is computed in one cell, and no number moved unnoticed."""

import ast
import hashlib
import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

import nbformat
import yaml

from aecourse.claims import load_ledger
from rules import notebooks, toc

SEAL = "tests/ledger.seal"
# Of a claim what decides it; its wording may be improved freely.
SEALED = ("claimed", "smallest", "reference", "verdict")


def verdict_calls(notebook):
    """Return ``[(cell number, claim id, whether the cell shows it)]`` of all calls on ``verdict`` in a notebook.

    The id is None where it is not written out in the call, and what is given is a Claim only if it is made there.
    """
    found = []
    for number, cell in notebooks.code_cells(notebook):
        tree = notebooks.syntax_tree(cell)
        last = tree.body[-1] if tree.body else None
        shown = {last.value} if isinstance(last, ast.Expr) and not cell.source.rstrip().endswith(";") else set()
        if shown and isinstance(last.value, ast.Name):
            shown |= _assigned(tree, last.value.id)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) == "verdict":
                found.append((number, _claim_id(node), node in shown))
    return found


def _assigned(tree, name):
    """Values that the cell's own statements give a name."""
    return {
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    }


def _name(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def _claim_id(call):
    given = call.args[:1] + [keyword.value for keyword in call.keywords if keyword.arg == "claim"]
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def computed_once(root):
    """Each claim of a chapter that is in the table of contents is computed and shown in one cell of that chapter."""
    ledger = load_ledger(Path(root, "book", "claims.yml"))
    pages = {Path(entry).name for entry in toc.entries(yaml.safe_load(Path(root, "_toc.yml").read_text("utf-8")))}
    complaints, places = [], defaultdict(list)
    for path in notebooks.chapters(root):
        for number, claim_id, shown in verdict_calls(nbformat.read(path, as_version=4)):
            where = f"{path.stem}, cell {number}"
            if claim_id is None:
                continue  # a Claim of the reader's own, in an exercise; an id in a variable is met as computed nowhere
            places[claim_id].append(where)
            if claim_id not in ledger.claims:
                complaints.append(f"{where}: claim {claim_id!r} is not in the ledger")
            elif ledger[claim_id].chapter != path.stem:
                complaints.append(f"{where}: the ledger has claim {claim_id} in chapter {ledger[claim_id].chapter}")
            if not shown:
                complaints.append(f"{where}: end the cell with the verdict on {claim_id}, so that it is shown")
            if path.stem in ledger.chapters_to_come:
                complaints.append(f"{path.stem} computes claims: remove it from chapters_to_come in book/claims.yml")
    for claim in ledger.claims.values():
        if len(places[claim.id]) > 1:
            complaints.append(
                f"claim {claim.id} is computed {len(places[claim.id])} times: {'; '.join(places[claim.id])}"
            )
        if not places[claim.id] and claim.chapter not in ledger.chapters_to_come:
            known = "" if claim.chapter in pages else ", which is not in _toc.yml"
            complaints.append(f"claim {claim.id} is computed nowhere: it belongs to chapter {claim.chapter}{known}")
    return list(dict.fromkeys(complaints))


def complete(root):
    """A tutorial that the ledger has a claim of has all its claims there."""
    ledger = load_ledger(Path(root, "book", "claims.yml"))
    present = {(claim.source, claim.number) for claim in ledger.claims.values()}
    begun = {source for source, _ in present}
    return [
        f"claim {number} of {source} has no entry: {text}"
        for source in ledger.sources
        if source in begun
        for number, text in ledger.sources[source].claims.items()
        if (source, number) not in present
    ]


def seals(ledger):
    """Return a line for each source and claim: its name and a fingerprint of what must not move unnoticed."""
    parts = {f"source {key}": asdict(source) for key, source in ledger.sources.items()}
    parts |= {claim.id: {name: getattr(claim, name) for name in SEALED} for claim in ledger.claims.values()}
    return [f"{name} {_fingerprint(part)}" for name, part in parts.items()]


def _fingerprint(part):
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:12]


def sealed(root):
    """What decides a claim, and the tutorials' facts, are what they were when they were sealed."""
    now = set(seals(load_ledger(Path(root, "book", "claims.yml"))))
    before = set(Path(root, SEAL).read_text(encoding="utf-8").splitlines())
    names = sorted({line.rpartition(" ")[0] for line in now ^ before})
    return [
        f"{name} in book/claims.yml is not as sealed; if on purpose, run `python tests/seal_ledger.py`"
        for name in names
    ]


RULES = [computed_once, complete, sealed]
