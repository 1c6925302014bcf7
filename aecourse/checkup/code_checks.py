"""Checks of the code: units that say nothing, or nothing new; a decoder that does not listen; what a probe can read."""

import numpy as np

from aecourse.checkup.examination import row_errors, run
from aecourse.checkup.findings import FINE, LOOK, NOT_CHECKED, SERIOUS, Finding, interval_of_mean, number, percent
from aecourse.probes import linear_probe
from aecourse.probes.arrays import some_rows

__all__ = ["check_decoder", "check_probe", "check_units", "code_spectrum", "effective_rank"]

# Spread of a unit, over that of the widest, below which it is constant but for rounding.
ROUNDING = 1e-6
SAME_UNIT = 0.999  # correlation
MANY_DEAD = 0.25
FEW_DIRECTIONS = 0.25
# What is lost by giving each row the code of another, over the loss: a decoder that uses its code loses much more.
NO_LOSS = 0.05
# Accuracy that is lost from input to code, on top of twice its standard error
LOST_ACCURACY = 0.02
PROBE_ROWS = 10_000


def check_units(e) -> Finding:
    """Dead and duplicate units; how many directions the code really uses."""
    units = _units(e.z_train)
    n_units = units.shape[1]
    alive = _alive(units)
    n_dead = n_units - int(alive.sum())
    where = f"layer {e.parts.code_layer!r}, " + ("by its name" if e.parts.by_name else "the narrowest")
    numbers = {"n_units": n_units, "n_dead": n_dead}
    if n_dead == n_units:
        what = "The code is constant: every row has the same one."
        advice = "Train anew with a linear code or another seed: ReLU units that are zero for all rows never wake."
        return Finding("units", SERIOUS, what, f"{n_units} units ({where}), none varies", advice, numbers)
    correlation = np.abs(np.corrcoef(units[:, alive], rowvar=False)).reshape(alive.sum(), -1)
    n_duplicate = int((np.triu(correlation, 1) > SAME_UNIT).any(axis=0).sum())
    rank, width = effective_rank(code_spectrum(e)), int(_alive(_flat(e.z_train)).sum())
    numbers |= {"n_duplicate": n_duplicate, "effective_rank": rank}
    kind = "channels" if e.z_train.ndim > 2 else "units"
    evidence = (
        f"{n_units} {kind} ({where}): {n_dead} constant, {n_duplicate} copies of others; effective rank "
        f"{number(rank)} of {width} numbers that vary"
    )
    if n_dead or n_duplicate:
        severity = SERIOUS if n_dead + n_duplicate > MANY_DEAD * n_units else LOOK
        what = f"The code is narrower than it looks. Of its {n_units} {kind}, dead: {n_dead}, copies: {n_duplicate}."
        advice = "Narrow the code, or make it linear, or train with another seed or a lower learning rate."
        return Finding("units", severity, what, evidence, advice, numbers)
    if rank < FEW_DIRECTIONS * width:
        what = "The units of the code say much the same."
        return Finding("units", LOOK, what, evidence, "Narrow the code, and see whether the loss stays.", numbers)
    return Finding("units", FINE, f"All {kind} of the code are in use.", evidence, "", numbers)


def check_decoder(e) -> Finding:
    """A decoder that gives the same whatever the code, or an output that is reached around the code."""
    if e.parts.decoder is None:
        what = f"The output is reached by a way around the code (layer {e.parts.code_layer!r}): it need not be used."
        advice = "Take skip connections out, or name the layer that holds all of the code `code`."
        return Finding("decoder", SERIOUS, what, "", advice)
    other = np.roll(e.z_val, 1, axis=0)
    errors = row_errors(e.x_val, run(e.parts.decoder, other).reshape(len(other), -1))
    loss = e.errors_val.mean()
    low, high = interval_of_mean(errors - e.errors_val)
    numbers = {"loss": loss, "loss_with_other_codes": errors.mean(), "low": low, "high": high}
    evidence = (
        f"validation MSE {number(loss)}, with each row given the code of another {number(errors.mean())}: "
        f"more by [{number(low)}, {number(high)}]"
    )
    if high < NO_LOSS * loss or errors.mean() <= loss:
        what = "The decoder ignores the code: it gives the same whatever that says."
        advice = "See whether the code is dead or the output out of reach; train longer, or anew with another seed."
        return Finding("decoder", SERIOUS, what, evidence, advice, numbers)
    return Finding("decoder", FINE, "The decoder uses the code.", evidence, "", numbers)


def check_probe(e) -> Finding:
    """A code from which the classes are read worse than from the input."""
    if e.y_train is None:
        return Finding("probe", NOT_CHECKED, "No classes were given.")
    if not _alive(_flat(e.z_train)).any():
        return Finding("probe", NOT_CHECKED, "The code is constant: there is nothing to read.")
    rows = some_rows(len(e.x_train), PROBE_ROWS)
    y_train, y_val = e.y_train[rows], e.y_val
    code, raw, pca = (
        linear_probe(a[rows], y_train, b, y_val)
        for a, b in [
            (_flat(e.z_train), _flat(e.z_val)),
            (e.x_train, e.x_val),
            (e.pca.transform(e.x_train), e.pca.transform(e.x_val)),
        ]
    )
    chance = float(np.mean(y_val == np.bincount(y_train).argmax()))
    # As if the two were scored on different rows, so that the error is rather too large than too small.
    error = np.sqrt((code * (1 - code) + raw * (1 - raw)) / len(y_val))
    numbers = {"code": code, "input": raw, "pca": pca, "majority": chance, "standard_error": error}
    evidence = (
        f"accuracy of a linear probe on {len(y_val):,} validation rows: code {percent(code)}, input {percent(raw)} "
        f"(standard error of the difference {percent(error)}), PCA of that width {percent(pca)}, commonest class "
        f"{percent(chance)}"
    )
    if code < raw - LOST_ACCURACY - 2 * error:
        severity = SERIOUS if code < chance + 2 * np.sqrt(chance * (1 - chance) / len(y_val)) else LOOK
        what = f"From the code, {percent(code)} of the classes are read, from the input {percent(raw)}."
        better = pca > code + 2 * error
        advice = "Take the first components of PCA: they serve better." if better else "Widen the code."
        return Finding("probe", severity, what, evidence, advice, numbers)
    return Finding(
        "probe",
        FINE,
        "A probe reads the classes from the code as well as from the input, as far as so many rows tell.",
        evidence,
        "",
        numbers,
    )


def code_spectrum(e):
    """Variances along the principal axes of the standardised code, as shares of their sum; the largest first."""
    z = _flat(e.z_train)
    z = z[:, _alive(z)].astype("float64")
    if not z.shape[1]:
        return np.zeros(0)
    values = np.linalg.svd((z - z.mean(axis=0)) / z.std(axis=0), compute_uv=False) ** 2
    return values / values.sum()


def effective_rank(shares):
    """Number of equally strong directions that would be as spread out: exp of the entropy of the shares.

    After Roy & Vetterli (2007), "The effective rank", EUSIPCO, who take singular values; here variances.

    >>> effective_rank(np.array([0.5, 0.5, 0.0]))
    2.0
    """
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0


def _units(z):
    """Units as columns: of a code with axes of space, the channels, each of whose places counts as a row."""
    return z.reshape(-1, z.shape[-1]).astype("float64")


def _flat(z):
    return z.reshape(len(z), -1)


def _alive(z):
    spread = z.std(axis=0, dtype="float64")
    return spread > ROUNDING * max(spread.max(), np.abs(z).max())
