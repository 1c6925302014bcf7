"""How long is the sweep of the latent-dimension tutorial on this machine, without a GPU?

Six shallow autoencoders, 784-d-784 with d from 2 to 128, 20 epochs of 60,000 images each, timed whole: from the call of
`sweep` to the returned frames. The tutorial names its times, but neither epochs nor batch size; these are ours.
"""

import functools

from measuring import seconds, table
from mnist_epoch import BATCH_SIZE, N_PIXELS, mnist_rows

from aecourse import models, sweeps

LATENT_DIMS = [2, 8, 16, 32, 64, 128]
EPOCHS = 20
TUTORIAL = "R. Pramoditha, How the Dimension of Autoencoder Latent Vector Affects the Quality of Latent Representation"
TUTORIAL_MINUTES = {"a hosted GPU": 13.5, "a laptop with an RTX 3050 Ti": 5.5}


def report(quick=False):
    """Markdown of this benchmark."""
    x, rows_are = mnist_rows()
    epochs = 2 if quick else EPOCHS
    build_model = functools.partial(models.build_autoencoder, N_PIXELS, output_activation="sigmoid")
    found = {}

    def sweep():
        settings = {"seeds": [0], "epochs": epochs, "batch_size": BATCH_SIZE, "progress": False}
        found["results"] = sweeps.sweep(build_model, {"latent_dim": LATENT_DIMS}, x, **settings).results

    minutes = seconds(sweep) / 60
    if found["results"]["error"].any():
        raise RuntimeError(f"A trial failed: {found['results']['error'].max()}")
    rows = [[f"the tutorial, on {name}", "not stated", f"{value:.1f}", ""] for name, value in TUTORIAL_MINUTES.items()]
    faster = " and ".join(f"{value / minutes:.1f}" for value in TUTORIAL_MINUTES.values())
    rows.append(["`sweep`, on this processor", epochs, f"{minutes:.1f}", "" if quick else faster])
    header = ["six models", "epochs", "minutes", "times as fast as these"]
    about = f"Rows: {rows_are}; batches of {BATCH_SIZE}, one seed, one call. The tutorial: {TUTORIAL} (2022)."
    if quick:
        about += f" A quick run, of {epochs} epochs instead of {EPOCHS}: its time is not to be compared."
    return f"## The sweep over {len(LATENT_DIMS)} latent dimensions, timed whole\n\n{about}\n\n{table(header, rows)}"
