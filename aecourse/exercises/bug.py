"""The lab "Find the bug": its planted faults, and `find`, which confirms and explains."""

from aecourse._checks import check_choice, check_int
from aecourse.exercises.exercise import Result

__all__ = ["FAULTS", "find"]

N_CELLS = 16

# What a learner may name; eight of them are in the lab.
FAULTS = {
    "argument never used": "a function takes a setting and does not heed it",
    "clean for noisy": "a model that is to remove noise is judged on images without noise",
    "dead units": "units of the code are zero for every row",
    "labels in the input": "the classes stand among the columns that the model sees",
    "layers used again": "a model said to be new is made of layers that are trained already",
    "loss with a penalty": "losses with and without a penalty are compared",
    "noise of two sizes": "training and test rows are disturbed by different amounts",
    "output out of reach": "the activation of the output can't reach the data",
    "own grey scale": "each picture is scaled to its own range, so that pale and dark look alike",
    "positive class turned round": "a score is told of one class and computed for the other",
    "rows on both sides": "the same rows stand in the training and in the test part",
    "scaler before the split": "the scaler has seen the test rows",
    "seed after building": "the seed is set when the weights have been drawn already",
    "stopped by the test rows": "the rows that judge the model have decided when to stop",
    "sum for mean": "a loss is a sum in one place and a mean in another",
    "training rows scored": "a score on training rows is told as one on test rows",
}

# Cell, and what the fault does there
PLANTED = {
    "scaler before the split": (
        2,
        "Mean and spread of the test rows have gone into the data that the model is trained on. With so many rows it "
        "is worth little; with a dozen it is not, and it costs nothing to do it right: split first, fit the scaler "
        "on the training rows.",
    ),
    "layers used again": (
        6,
        "`keras.Model(...)` makes a new model of the layers it is given, and these have been trained for sixty "
        "epochs. The second curve goes on where the first one ended. Make the layers inside a function, and call it "
        "for each model.",
    ),
    "positive class turned round": (
        9,
        "What is computed is the precision of saying 'ordinary', which is easy where most wines are. The alarm's own "
        "precision takes the odd wines for the positive class.",
    ),
    "argument never used": (
        11,
        "`latent_dim` is taken and forgotten: the layer `code` has the same width in every model. Two settings that "
        "give nearly the same result are a reason to print `model.summary()`.",
    ),
    "stopped by the test rows": (
        12,
        "`EarlyStopping` keeps the weights of the epoch that suits the rows in `validation_data` best. If those are "
        "the test rows, the test error has been chosen to be low. There are validation rows for that.",
    ),
    "seed after building": (
        14,
        "The weights are drawn when a model is built, and here the seed comes after that. It decides the order of the "
        "rows alone; run the cell twice and the results differ. Set the seed, then build.",
    ),
    "clean for noisy": (
        15,
        "The model is given the clean images, so there is no noise to remove, and 'do nothing' is computed with "
        "noise. The two can't be compared: give it the noisy images, and measure the distance to the clean ones.",
    ),
    "own grey scale": (
        16,
        "Without `vmin` and `vmax` each picture is stretched to its own range. Noise beyond 0 and 1 turns the "
        "background grey, a pale stroke is drawn black, and an error that is left can't be compared with the one "
        "before. One range for all of them shows it.",
    ),
}


def find(*, cell, fault) -> Result:
    """Tell whether a fault of the lab is in this cell; if it is, explain what it does there.

    >>> find(cell=5, fault="sum for mean")
    bug: not yet. This fault is nowhere in the lab, and cell 5 is sound.

    Parameters
    ----------
    cell : int
        Number in the first line of the cell.
    fault : str
        Name of a fault, one of `FAULTS`.

    Returns
    -------
    Result
        Shows itself as the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If there is no such cell, or no fault of that name; the message lists the names.

    Notes
    -----
    Chapter: Find the bug.
    """
    cell = check_int("cell", cell, minimum=1, maximum=N_CELLS)
    check_choice("fault", fault, FAULTS)
    planted_at, why = PLANTED.get(fault, (None, ""))
    if planted_at == cell:
        return Result("bug", "right", f"Cell {cell}, {fault}. {why}")
    faulty = cell in [at for at, _ in PLANTED.values()]
    if faulty:
        elsewhere = "It is in the lab, in another cell." if planted_at else "It is nowhere in the lab."
        text = f"Something is wrong in cell {cell}, but not this. {elsewhere}"
        return Result("bug", "mistake", text, "another fault")
    if planted_at:
        return Result("bug", "mistake", f"Cell {cell} is sound. This fault is in another one.", "another cell")
    return Result("bug", "wrong", f"This fault is nowhere in the lab, and cell {cell} is sound.")
