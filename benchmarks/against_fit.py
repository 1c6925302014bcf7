"""How many models are trained in the time that `keras.Model.fit` takes for one?

The 13-3-13 model of the wine chapter on the rows of the tutorial, 142 to train and 36 to validate on after each epoch,
batches of 16. A call of `train_replicates` is timed from the call to the returned record: building the models,
drawing the initial weights, tracing, training, and the frame of the history. So is `fit`, from the builder on.
"""

import statistics

import keras
from measuring import median_and_range, seconds, table

from aecourse import data, models
from aecourse.training import train_replicates
from aecourse.training.reuse import forget_engines

BATCH_SIZE = 16
TARGETS = {100: 500, 1000: 1000}  # times the throughput of fit, by number of seeds


def build_model():
    return models.build_autoencoder(13, 3, output_activation="sigmoid")


def by_fit(wine, epochs):
    keras.utils.set_random_seed(0)
    model = build_model()
    model.compile("adam", "mse")
    validation = (wine.x_val, wine.x_val)
    model.fit(wine.x_train, wine.x_train, BATCH_SIZE, epochs=epochs, validation_data=validation, verbose=0)


def by_training(wine, n_seeds, epochs):
    forget_engines()  # each call traces, as the first of a process does
    settings = {"seeds": range(n_seeds), "epochs": epochs, "batch_size": BATCH_SIZE, "progress": False}
    return train_replicates(build_model, wine.x_train, wine.x_val, **settings)


def report(quick=False):
    """Markdown of this benchmark."""
    wine = data.load_wine_as_in_tutorial()
    epochs, n_repeats = (20, 1) if quick else (200, 3)
    by_fit(wine, 1), by_training(wine, 1, 1)  # the first call of a process also starts TensorFlow
    times = {"fit": []} | {n_seeds: [] for n_seeds in TARGETS}
    for _ in range(n_repeats):  # in turns, so that what else the machine does falls on all of them
        times["fit"].append(seconds(lambda: by_fit(wine, epochs)))
        for n_seeds in TARGETS:
            times[n_seeds].append(seconds(lambda n_seeds=n_seeds: by_training(wine, n_seeds, epochs)))
    fit = statistics.median(times["fit"])
    rows = [["`keras.Model.fit`", 1, median_and_range(times["fit"]), f"{fit:.3g}", "1", ""]]
    for n_seeds, target in TARGETS.items():
        per_model = statistics.median(times[n_seeds]) / n_seeds
        throughput = f"{fit / per_model:,.0f}"
        rows.append(["`train_replicates`", n_seeds, median_and_range(times[n_seeds]), f"{per_model:.3g}"])
        rows[-1] += [throughput, f"at least {target:,}"]
    header = ["", "seeds", "seconds: median (range)", "seconds per model", "times the throughput of fit", "target"]
    return f"## Against `keras.Model.fit`: {epochs} epochs of the wine model, median of {n_repeats}\n\n" + table(
        header, rows
    )
