"""What a check finds: how bad it is, the numbers that show it, what to do."""

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

__all__ = ["FINE", "LOOK", "NOT_CHECKED", "SERIOUS", "Finding", "interval_of_mean", "number", "percent"]

SERIOUS, LOOK, FINE, NOT_CHECKED = "serious", "worth a look", "fine", "not checked"
# A dozen questions are asked of each model, so the healthy must not be accused by one chance in forty at each.
CONFIDENCE = 0.99
N_RESAMPLES = 2000
# Above, the correction of the bootstrap's bias costs seconds and moves nothing.
MOST_ROWS_CORRECTED = 500
RNG_SEED = 0  # equal errors give equal intervals


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes
    ----------
    check : str
        What was examined.
    severity : {"serious", "worth a look", "fine", "not checked"}
        "serious": what the model's loss or code seems to say does not hold, or much is lost. "worth a look": may be
        meant so; know of it. "not checked": `finding` says why.
    finding : str
        What was found.
    evidence : str
        The numbers, in words.
    advice : str
        What to do; empty where all is well.
    numbers : dict of str to float
        The numbers alone.
    """

    check: str
    severity: str
    finding: str
    evidence: str = ""
    advice: str = ""
    numbers: dict = field(default_factory=dict)


def interval_of_mean(*samples):
    """99 % bootstrap interval over rows of the mean of one sample, or of the first's mean minus the second's."""
    if all(np.ptp(sample) == 0 for sample in samples):
        value = _difference(*samples)
        return float(value), float(value)
    method = "BCa" if max(map(len, samples)) <= MOST_ROWS_CORRECTED else "percentile"
    result = stats.bootstrap(
        [np.asarray(sample, dtype="float64") for sample in samples],
        _difference,
        vectorized=True,
        n_resamples=N_RESAMPLES,
        confidence_level=CONFIDENCE,
        batch=100,
        method=method if min(map(np.ptp, samples)) > 0 else "percentile",
        rng=np.random.default_rng(RNG_SEED),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def number(value):
    """Three digits, as text."""
    return f"{value:.3g}"


def percent(share):
    """As in 12 % or 0.3 %."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _difference(first, second=None, axis=-1):
    value = np.mean(first, axis=axis)
    return value if second is None else value - np.mean(second, axis=axis)
