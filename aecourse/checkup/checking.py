"""`checkup`: an autoencoder and its data, examined."""

import pandas as pd
from threadpoolctl import threadpool_limits

from aecourse.checkup.code_checks import check_decoder, check_probe, check_units, code_spectrum
from aecourse.checkup.data_checks import check_columns, check_outliers, check_overlap, check_scale
from aecourse.checkup.examination import examine
from aecourse.checkup.findings import interval_of_mean
from aecourse.checkup.loss_checks import check_baselines, check_gap, check_output, check_penalties
from aecourse.checkup.report import ORDER, Report

__all__ = ["checkup"]

# Causes before what comes of them, so that of equally bad findings the first is the one to mend first.
CHECKS = (
    check_overlap,
    check_scale,
    check_columns,
    check_outliers,
    check_output,
    check_penalties,
    check_units,
    check_decoder,
    check_baselines,
    check_gap,
    check_probe,
)


def checkup(model, x_train, x_val, *, y=None) -> Report:
    """Examine an autoencoder: does its loss mean what it seems to, and is its code in use?

    >>> from aecourse import data, models
    >>> wine = data.load_wine()
    >>> model = models.build_autoencoder(13, 3, output_activation="sigmoid")  # and never trained
    >>> report = checkup(model, wine.x_train, wine.x_val)
    >>> report.problems["check"].tolist()[0]  # what follows depends on the weights drawn
    'output range'

    In a notebook, `report` as the last line of a cell shows a table, and ``plots.plot_checkup(**report.picture)`` draws
    the losses beside those of PCA and of the mean, and how many directions of the code are used. Rows go through the
    model as they do in ``predict``; losses are mean squared errors, whatever the model was trained with.

    Parameters
    ----------
    model : keras.Model
        Trained; dense or convolutional; functional, Sequential, or a subclass with attributes `encoder` and `decoder`.
        Its code is the layer called `code`, else the narrowest: the report tells which was taken.
    x_train, x_val : array_like or DataFrame, shape (n_samples, ...)
        Finite numbers in the scaling that the model was trained with: what it was fitted to, and what it has not seen.
        Of more than 10,000 rows, 10,000 random ones are run through the model.
    y : (y_train, y_val), optional
        Classes of the rows, as integers or text: is the code still of use to a classifier?

    Returns
    -------
    Report
        One finding for each check, with severity, evidence and advice.

    Raises
    ------
    TypeError, ValueError
        If the model doesn't rebuild rows of this shape, gives NaN, or can't be cut at a code; if a row has other things
        than finite numbers.

    Notes
    -----
    Chapter: A checkup for your own autoencoder. It takes seconds: on 60,000 images of 784 pixels about seven.
    """
    with threadpool_limits(1):  # two that wait for each other are slower than one
        e = examine(model, x_train, x_val, y)
        findings = pd.DataFrame([vars(check(e)) for check in CHECKS])
        losses = _losses(e, findings)
        spectrum = code_spectrum(e)
    worst_first = findings["severity"].map(ORDER.index).sort_values(kind="stable").index
    return Report(
        findings=findings.loc[worst_first].reset_index(drop=True),
        losses=losses,
        spectrum=spectrum,
        code_layer=e.parts.code_layer,
        by_name=e.parts.by_name,
    )


def _losses(e, findings):
    errors = [
        ("this model", "training", e.errors_train),
        ("this model", "validation", e.errors_val),
        (f"PCA, {e.n_components}", "validation", e.pca_errors),
        ("the mean", "validation", e.mean_errors),
    ]
    rows = [(method, part, rows.mean(), *interval_of_mean(rows)) for method, part, rows in errors]
    floor = findings.set_index("check")["numbers"]["output range"].get("floor", 0.0)
    if floor > 0:
        rows.append(("floor of the output", "validation", floor, floor, floor))
    return pd.DataFrame(rows, columns=["method", "part", "mse", "low", "high"])
