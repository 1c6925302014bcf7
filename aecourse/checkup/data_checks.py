"""Checks of the rows alone: twice the same, unscaled, constant, ruled by a few."""

from collections import Counter

import numpy as np

from aecourse.checkup.findings import FINE, LOOK, SERIOUS, Finding, number, percent

__all__ = ["check_columns", "check_outliers", "check_overlap", "check_scale"]

# Of rounded numbers a row or so is equal by chance.
FEW_EQUAL_ROWS, MANY_EQUAL_ROWS = 0.01, 0.05
# Columns of so few values bring equal rows by themselves, as often among the training rows as between the parts.
FEW_VALUES = 10
# A column whose spread is this many times the usual, and holds most of the variance, is in another unit than the rest.
UNLIKE_SPREAD = 10
# Root of the mean square of all values: standardised data have 1, pixels up to 255 have about 80.
USUAL_SIZE = (1e-3, 10.0)
# Pixels at the border of images are constant, and do no harm but to the mean over pixels.
MANY_COLUMNS = 50
MANY_CONSTANT = 0.25
# Of normal rows with a single column, 8 in a million lie as far from the mean as this many times the median, squared.
FAR_OUT = 40
RULING, RULING_MOST = 0.25, 0.5


def check_overlap(e) -> Finding:
    """Validation rows that stand in the training data, too."""
    counts = Counter(_row_keys(e.all_train))
    n_val, n_both = len(e.all_val), sum(key in counts for key in _row_keys(e.all_val))
    share = n_both / n_val
    natural = sum(n for n in counts.values() if n > 1) / len(e.all_train)
    numbers = {"n_both": n_both, "share": share, "share_repeated_in_training": natural}
    evidence = (
        f"{n_both:,} of {n_val:,} validation rows ({percent(share)}) stand in the training data; of the "
        f"training rows, {percent(natural)} have an equal"
    )
    if n_both > 1 and share > FEW_EQUAL_ROWS:
        if share <= 2 * natural and _is_discrete(e.x_train):
            what = "Validation rows stand in the training data, too, as rows of few values repeat."
            advice = "If these are copies of one thing, drop them before splitting; else leave them."
            return Finding("overlap", LOOK, what, evidence, advice, numbers)
        severity = SERIOUS if share > MANY_EQUAL_ROWS else LOOK
        what = "Validation rows stand in the training data, too: the validation loss is too good."
        return Finding("overlap", severity, what, evidence, "Drop repeated rows, then split anew.", numbers)
    return Finding("overlap", FINE, "Hardly any validation row stands in the training data.", evidence, "", numbers)


def check_scale(e) -> Finding:
    """One column in another unit than the others, or all values far from 1."""
    spread = e.x_train.std(axis=0, dtype="float64")
    variance = spread**2
    total = variance.sum()
    widest = int(np.argmax(spread))
    share = variance[widest] / total if total else 0.0
    ratio = spread[widest] / np.median(spread[spread > 0]) if total else 1.0
    size = float(np.sqrt(np.mean(e.x_train.astype("float64") ** 2)))
    numbers = {"share_of_widest": share, "spread_over_median": ratio, "root_mean_square": size}
    evidence = (
        f"root of the mean square {number(size)}; column {e.columns[widest]!r} holds {percent(share)} of the variance, "
        f"its standard deviation is {number(ratio)} times the median one"
    )
    if share > 0.5 and ratio > UNLIKE_SPREAD:
        what = f"Column {e.columns[widest]!r} rules the loss: the others hardly count."
        advice = "Standardise the columns, with mean and standard deviation of the training rows."
        return Finding("scale", SERIOUS, what, evidence, advice, numbers)
    if not USUAL_SIZE[0] < size < USUAL_SIZE[1]:
        what = "The values are far from 1, for which initial weights and learning rates are made."
        advice = "Scale the input: pixels to [0, 1], other columns to mean 0 and standard deviation 1."
        return Finding("scale", LOOK, what, evidence, advice, numbers)
    return Finding("scale", FINE, "The columns are on one scale.", evidence, "", numbers)


def check_columns(e) -> Finding:
    """Columns that are constant in the training rows."""
    # All rows, not those examined: of images, a pixel may be set in a few alone.
    constant = e.all_train.min(axis=0) == e.all_train.max(axis=0)
    n_constant, share = int(constant.sum()), float(constant.mean())
    numbers = {"n_constant": n_constant, "share": share}
    evidence = f"{n_constant:,} of {len(constant):,} columns ({percent(share)}) are constant in the training rows"
    many = e.is_image or len(constant) >= MANY_COLUMNS
    if n_constant and (not many or share > MANY_CONSTANT):
        named = ", ".join(repr(e.columns[i]) for i in np.flatnonzero(constant)[:5])
        evidence += f": {named}" + ", ..." * (n_constant > 5)
        what = "Constant columns are rebuilt for nothing and make the mean loss look small."
        return Finding("constant columns", LOOK, what, evidence, "Drop these columns.", numbers)
    what = "No column is constant." if not n_constant else "Few columns are constant, as at the border of images."
    return Finding("constant columns", FINE, what, evidence, "", numbers)


def check_outliers(e) -> Finding:
    """A few rows, far from all others, that make up much of the loss."""
    distance = np.mean((e.x_train - e.x_train.mean(axis=0, dtype="float64")) ** 2, axis=1)
    far = distance > FAR_OUT * np.median(distance)
    n_far, total = int(far.sum()), e.errors_train.sum()
    share = float(e.errors_train[far].sum() / total) if total else 0.0
    numbers = {"n_far": n_far, "share_of_loss": share}
    evidence = (
        f"{n_far:,} of {len(far):,} training rows are {np.sqrt(FAR_OUT):.0f} times as far from the mean as the median "
        f"row; they make up {percent(share)} of the training loss"
    )
    if share <= RULING:
        return Finding("outliers", FINE, "No few rows rule the loss.", evidence, "", numbers)
    severity = SERIOUS if share > RULING_MOST else LOOK
    what = f"{n_far} rows far from all others rule the loss."
    advice = "Look at these rows: mend or drop errors; else take logarithms or a loss such as Huber's."
    return Finding("outliers", severity, what, evidence, advice, numbers)


def _is_discrete(x):
    return np.median([len(np.unique(column)) for column in x.T]) <= FEW_VALUES


def _row_keys(x):
    """One value for each row, equal for equal rows."""
    return [row.tobytes() for row in x + np.float32(0)]  # -0.0 becomes 0.0
