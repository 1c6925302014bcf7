"""Checks of the loss: what bounds it, who does better, what it hides."""

import numpy as np

from aecourse.checkup.findings import FINE, LOOK, NOT_CHECKED, SERIOUS, Finding, interval_of_mean, number, percent
from aecourse.models import OUTPUT_RANGES, reconstruction_floor

__all__ = ["check_baselines", "check_gap", "check_output", "check_penalties"]

# A floor below this share of the loss is not what holds the model back.
SMALL_FLOOR, LARGE_FLOOR = 0.01, 0.1
# From this share of the mean's loss on, nothing to speak of has been learnt.
NEAR_MEAN = 0.98
# A loss worse than PCA's by less than this is as good as PCA's: so near does training come to the best linear map.
NEAR_PCA, FAR_FROM_PCA = 1.05, 1.2
# Ends of the interval of the gap, over the training loss.
GAP, LARGE_GAP = 0.1, 0.5
SMALL_PENALTY, LARGE_PENALTY = 0.01, 0.5


def check_output(e) -> Finding:
    """Targets that the output activation can't reach, and the floor that this sets."""
    activation = e.parts.output_activation
    if activation not in OUTPUT_RANGES:
        what = f"The range of the output activation ({activation or 'not found'}) is not known."
        return Finding("output range", NOT_CHECKED, what)
    floor = reconstruction_floor(e.x_val, activation)
    loss = e.errors_val.mean()
    relative = floor.mse / loss if loss else 0.0
    numbers = {"floor": floor.mse, "share_out_of_reach": floor.share_out_of_reach, "floor_over_loss": relative}
    evidence = (
        f"{percent(floor.share_out_of_reach)} of the targets lie outside [{floor.lower:g}, {floor.upper:g}]; no model "
        f"with this output has a validation MSE below {number(floor.mse)}, this one has {number(loss)}"
        if np.isfinite([floor.lower, floor.upper]).any()
        else "this activation has no bounds"
    )
    if relative <= SMALL_FLOOR:
        what = f"The output activation ({activation}) reaches the targets."
        return Finding("output range", FINE, what, evidence, "", numbers)
    severity = SERIOUS if relative > LARGE_FLOOR else LOOK
    what = f"The output activation ({activation}) can't reach {percent(floor.share_out_of_reach)} of the targets."
    advice = "Take a linear output, or scale the input into the range of the activation."
    return Finding("output range", severity, what, evidence, advice, numbers)


def check_baselines(e) -> Finding:
    """Beaten by PCA of the same width, or by the mean."""
    model, mean = e.errors_val, e.mean_errors
    loss, mean_loss = model.mean(), mean.mean()
    numbers = {"loss": loss, "mean_loss": mean_loss}
    evidence = f"validation MSE {number(loss)}; the mean of the training rows {number(mean_loss)}"
    if loss > NEAR_MEAN * mean_loss:
        what = "It rebuilds no better than the mean of the training rows."
        advice = "It has learnt nothing: see the other findings; train longer or with another learning rate."
        return Finding("baselines", SERIOUS, what, evidence, advice, numbers)
    if e.latent_dim >= e.n_features:
        what = "The code is as wide as the input: copying would do, and PCA at its width is perfect."
        advice = "Narrow the code, unless noise or a penalty keeps the model from copying."
        return Finding("baselines", LOOK, what, evidence, advice, numbers)
    pca_loss = e.pca_errors.mean()
    numbers["pca_loss"] = pca_loss
    low, high = interval_of_mean(model - e.pca_errors)
    evidence += f"; PCA with {e.n_components} components {number(pca_loss)}; the model's minus PCA's "
    evidence += f"{number(loss - pca_loss)} [{number(low)}, {number(high)}], 99 % interval over rows"
    if low > 0 and loss > NEAR_PCA * pca_loss:
        severity = SERIOUS if loss > FAR_FROM_PCA * pca_loss else LOOK
        what = f"PCA with {e.n_components} components, a linear map without training, rebuilds better."
        advice = "Train longer, with another learning rate or linear code; a penalty or noise may be the price paid."
        return Finding("baselines", severity, what, evidence, advice, numbers)
    what = "It rebuilds as well as PCA of the same width or better."
    return Finding("baselines", FINE, what, evidence, "", numbers)


def check_gap(e) -> Finding:
    """Validation loss above or below training loss by more than chance."""
    train, val = e.errors_train.mean(), e.errors_val.mean()
    low, high = interval_of_mean(e.errors_val, e.errors_train)
    scale = max(train, np.finfo("float32").tiny)
    pca_train, pca_val = e.pca_errors_train.mean(), e.pca_errors.mean()
    numbers = {"train": train, "val": val, "gap": val - train, "low": low, "high": high}
    numbers |= {"pca_train": pca_train, "pca_val": pca_val}
    evidence = (
        f"MSE {number(train)} on training rows, {number(val)} on validation rows: a gap of {number(val - train)} "
        f"[{number(low)}, {number(high)}], 99 % interval over rows; PCA of that width {number(pca_train)} and "
        f"{number(pca_val)}"
    )
    # What is next to nothing beside the spread of the data is not worth a gap.
    if max(train, val) < 1e-6 * e.mean_errors.mean():
        return Finding("gap", FINE, "Both losses are next to nothing.", evidence, "", numbers)
    if low > GAP * scale:
        severity = SERIOUS if low > LARGE_GAP * scale else LOOK
        what = "It rebuilds validation rows worse than training rows."
        advice = (
            "If PCA has no such gap, the model has learnt rows by heart: take more rows, a narrower model, a penalty, "
            "or stop earlier. If PCA has one too, look at how the rows were split."
        )
        return Finding("gap", severity, what, evidence, advice, numbers)
    if high < -GAP * scale:
        what = "It rebuilds validation rows better than training rows: the two parts differ."
        advice = "Split at random. (Dropout is not the reason: it is off in both losses here.)"
        return Finding("gap", LOOK, what, evidence, advice, numbers)
    return Finding("gap", FINE, "No gap between training and validation that matters.", evidence, "", numbers)


def check_penalties(e) -> Finding:
    """Penalties in the loss that Keras reports."""
    loss = e.errors_val.mean()
    share = e.penalty / (e.penalty + loss) if e.penalty else 0.0
    numbers = {"penalty": e.penalty, "share": share}
    evidence = f"penalties {number(e.penalty)}, reconstruction MSE {number(loss)} on validation rows"
    if share <= SMALL_PENALTY:
        what = "The loss that Keras reports is the reconstruction's, but for next to nothing."
        return Finding("penalties", FINE, what, evidence, "", numbers)
    what = f"Of a loss that Keras reports as MSE, {percent(share)} are penalties."
    advice = "Compare reconstructions by a metric, as in compile(metrics=['mse']); a lighter penalty rebuilds better."
    return Finding("penalties", SERIOUS if share > LARGE_PENALTY else LOOK, what, evidence, advice, numbers)
