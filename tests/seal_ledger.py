"""Seal the ledger after a deliberate change: record what decides each claim, so that no number moves unnoticed."""

from pathlib import Path

from aecourse.claims import load_ledger
from rules import ROOT, ledger


def main(root=ROOT):
    """Write the seals of the ledger below ``root``."""
    lines = ledger.seals(load_ledger(Path(root, "book", "claims.yml")))
    Path(root, ledger.SEAL).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
