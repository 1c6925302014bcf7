"""What the tutorials claim, and what many seeds say: the ledger of claims, effects with intervals, and verdicts."""

from aecourse.claims.effects import Effect, estimate_effect
from aecourse.claims.judging import RECORD_KEY, LedgerDisagreement, Verdict, judge, verdict
from aecourse.claims.ledger import VERDICTS, Claim, Ledger, Source, load_ledger

__all__ = [
    "RECORD_KEY",
    "VERDICTS",
    "Claim",
    "Effect",
    "Ledger",
    "LedgerDisagreement",
    "Source",
    "Verdict",
    "estimate_effect",
    "judge",
    "load_ledger",
    "verdict",
]
