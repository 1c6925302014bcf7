"""The verdict on a claim: what many seeds say, held against the smallest difference that would matter."""

from dataclasses import dataclass

import pandas as pd

from aecourse._checks import check_choice, check_real, received
from aecourse.claims.effects import Effect, estimate_effect
from aecourse.claims.ledger import CLAIMED, Claim, load_ledger

__all__ = ["RECORD_KEY", "LedgerDisagreement", "Verdict", "judge", "verdict"]

# A verdict that a notebook shows carries its numbers in the output's metadata, where the report of the book reads them.
RECORD_KEY = "aecourse.verdict"


class LedgerDisagreement(ValueError):
    """What was computed is not what the ledger says."""


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """A claim, the effect that was measured, and what follows; shown as a table at the end of a notebook's cell.

    Attributes
    ----------
    claim : Claim
    outcome : {"held", "did not hold", "reversed", "too close to call"}
    effect : Effect
        Difference, interval, means of the arms, numbers of seeds and splits.
    """

    claim: Claim
    outcome: str
    effect: Effect

    @property
    def picture(self) -> dict:
        """What `plots.plot_differences` draws, by its arguments' names."""
        claim = self.claim
        return {
            "differences": self.effect.differences,
            "interval": self.effect.interval,
            "smallest": claim.smallest,
            "claimed": claim.claimed,
            "xlabel": f"{claim.treatment} minus {claim.other_arm}\n{claim.measure} ({claim.unit})",
        }

    def record(self) -> dict:
        """The numbers alone, for the report; plain types that JSON knows."""
        return {
            "id": self.claim.id,
            "outcome": self.outcome,
            "difference": self.effect.difference,
            "low": self.effect.interval[0],
            "high": self.effect.interval[1],
            "treatment_mean": self.effect.treatment_mean,
            "control_mean": self.effect.control_mean,
            "n_seeds": self.effect.n_seeds,
            "n_splits": self.effect.n_splits,
            "paired": self.effect.paired,
        }

    def rows(self) -> dict:
        """What the table shows: its rows by their headings."""
        claim, effect = self.claim, self.effect
        direction = {"higher": "higher by at least", "lower": "lower by at least", "same": "different by less than"}
        n_pairs = f"{effect.n_seeds} seeds" if effect.n_seeds > 1 else "no seeds"
        pairing = "paired by seed" if effect.paired and effect.n_seeds > 1 and claim.control is not None else ""
        splits = f"{effect.n_splits} splits" if effect.n_splits > 1 else "one split"
        difference, (low, high) = _number(effect.difference, "+"), effect.interval
        return {
            f"Claim {claim.id}": claim.sentence,
            "Measure": f"{claim.measure} ({claim.unit})",
            claim.treatment: _number(effect.treatment_mean),
            (claim.control or "Value claimed"): _number(effect.control_mean),
            "Difference [95 % interval]": f"{difference} [{_number(low, '+')}, {_number(high, '+')}]",
            "Held if": f"{direction[claim.claimed]} {_number(claim.smallest)}",
            "Seen in": ", ".join(filter(None, [n_pairs, pairing, splits])),
            "Verdict": self.outcome,
        }

    def __repr__(self):
        return "\n".join(f"{heading}: {text}" for heading, text in self.rows().items())

    def _repr_html_(self):
        table = pd.Series(self.rows()).to_frame().to_html(header=False, border=0, classes="verdict")
        return f'<div id="claim-{self.claim.id}" class="verdict">{table}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"text/plain": repr(self), "text/html": self._repr_html_()}
        # The report waits for the claims of the ledger alone.
        return data, {} if self.claim.verdict is None else {RECORD_KEY: self.record()}


def judge(interval, smallest, claimed) -> str:
    """Tell from a difference's interval whether a claim held.

    >>> judge((0.3, 0.5), 0.1, "higher"), judge((-0.2, 0.05), 0.1, "higher")
    ('held', 'did not hold')

    With s the smallest difference that would matter, and "higher" claimed (for "lower" mirror the picture)::

                      -s           0           +s
        ---------------+-----------+-----------+---------------> difference
                       :           :           :   [-------]     held: at least s, wherever the truth lies in it
                       :           :        [--:------]          too close to call: s or more is possible, so is less
                       :           : [-----]   :                 did not hold: a difference, too small to matter
                       :     [-----:---]       :                 did not hold
                 [-----:-----]     :           :                 did not hold: whether reversed can't be told
         [----]        :           :           :                 reversed: at least s in the other direction

    A claim says that the difference is at least s, so it is s that decides: an interval beyond s bears the claim
    out, one that ends before s contradicts it, one that contains s leaves it open. Zero decides nothing: with enough
    seeds any two arms differ. So "did not hold" does not say that the arms are equal: an interval that reaches below
    -s excludes what was claimed just as well. A claim of "same" says that the difference is smaller than s::

        ---------------+-----------+-----------+--------------->
                       :    [------:---]       :                 held
                       :           :        [--:------]          too close to call; so is one that spans all of it
                       :           :           :   [-------]     did not hold, on either side

    Parameters
    ----------
    interval : tuple of two float
        Ends of the interval of treatment minus control.
    smallest : float, above 0
        The smallest difference that would matter: one of just this size does.
    claimed : {"higher", "lower", "same"}

    Returns
    -------
    {"held", "did not hold", "reversed", "too close to call"}

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the interval's ends stand in the wrong order.
    """
    low, high = (check_real("interval", end) for end in interval)
    smallest = check_real("smallest", smallest, above=0)
    check_choice("claimed", claimed, CLAIMED)
    if low > high:
        raise ValueError(f"`interval` must have its lower end first. {received('interval', (low, high))}")
    if claimed == "lower":
        low, high = -high, -low
    if claimed == "same":
        if -smallest < low and high < smallest:
            return "held"
        return "did not hold" if low >= smallest or high <= -smallest else "too close to call"
    if low >= smallest:
        return "held"
    if high <= -smallest:
        return "reversed"
    return "did not hold" if high < smallest else "too close to call"


def verdict(claim, treatment, control=None, *, paired=True) -> Verdict:
    """Hold a claim against what many seeds gave; the ledger must say the same.

    >>> mine = Claim(
    ...     id="mine", sentence="Wider codes rebuild better.", measure="test loss", unit="MSE", treatment="5 units",
    ...     control="3 units", claimed="lower", smallest=0.05,
    ... )
    >>> verdict(mine, [0.30, 0.32, 0.29, 0.31], [0.50, 0.49, 0.52, 0.50]).outcome
    'held'

    In a chapter, as the last line of a cell, so that the table is shown and the report finds the numbers in it::

        result = claims.verdict("t1-1", loss_sigmoid, loss_linear)
        plots.plot_differences(**result.picture)
        result

    Parameters
    ----------
    claim : str or Claim
        Id of a claim of the ledger, or a claim of your own, which no ledger contradicts.
    treatment : array_like, Series or DataFrame, shape (n_seeds,) or (n_seeds, n_splits)
        The claim's measure in its unit, a value for each seed (and split). Booleans count as 0 and 1.
    control : the same, or a number, or shape (1, n_splits); optional
        The other arm; a number, or one value for each split, where no seed enters it, such as PCA or a computed bound.
        Left out where the claim is about one arm and has a `reference`.
    paired : bool, default True
        Whether equal rows of the two arms are equal seeds. Labels of frames and Series are matched.

    Returns
    -------
    Verdict

    Raises
    ------
    TypeError, ValueError
        If the arms are not what `estimate_effect` takes, or there is one too many or too few.
    LedgerDisagreement
        If the ledger has another verdict.

    Notes
    -----
    The definitions stand in `judge`, the interval's in `estimate_effect`.
    """
    if isinstance(claim, str):
        claim = load_ledger()[claim]
    elif not isinstance(claim, Claim):
        raise TypeError(f"`claim` must be the id of a claim in the ledger, or a Claim. {received('claim', claim)}")
    if (control is None) == (claim.reference is None):
        expected = f"the values of the control, {claim.control!r}" if control is None else "left out"
        why = f", which claim {claim.id} is held against" if control is None else f": claim {claim.id} has a reference"
        raise ValueError(f"`control` must be {expected}{why}. {received('control', control)}")
    effect = estimate_effect(treatment, claim.reference if control is None else control, paired=paired)
    result = Verdict(claim, judge(effect.interval, claim.smallest, claim.claimed), effect)
    if claim.verdict not in (None, result.outcome):
        raise LedgerDisagreement(
            f"Claim {claim.id}: the ledger says {claim.verdict!r}, this computation {result.outcome!r}.\n\n{result}\n\n"
            f"If the computation is right, change verdict and why of {claim.id} in book/claims.yml, run "
            "python tests/seal_ledger.py, and say in the commit what changed the result. The smallest difference "
            "rests on its reason, not on the result: it is not to be moved to save a verdict."
        )
    return result


def _number(value, sign=""):
    return f"{value:{sign}.3g}".replace("-", "\N{MINUS SIGN}")
