"""The figure of the front page: one seed's picture, and what fifty seeds say.

The page draws it in each build; `python book/cover.py` draws the copy of the
README.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from aecourse import data, models, plots
from aecourse.training import train_replicates

FILE = Path(__file__).parent / "_static" / "cover.png"
SEEDS = range(50)


def codes_by_seed(x, output_activation):
    replicates = train_replicates(
        lambda: models.build_autoencoder(
            x.shape[1], 3, output_activation=output_activation
        ),
        x, seeds=SEEDS, epochs=100, batch_size=16, progress=False,
    )  # fmt: skip
    return replicates.encode(x)  # (n_seeds, n_samples, 3)


def cluster_scores(stack, y, method):
    """Agreement of KMeans clusters with the varieties, seed by seed."""
    clusters = [
        KMeans(3, n_init=10, random_state=seed).fit_predict(z)
        for seed, z in zip(SEEDS, stack, strict=True)
    ]
    scores = [adjusted_rand_score(y, found) for found in clusters]
    return pd.DataFrame({"method": method, "seed": SEEDS, "ARI": scores})


def draw():
    """Return the figure."""
    plots.use_style()
    wine = data.load_wine_as_in_tutorial()
    x, y = wine.x_all, wine.y_all
    z = codes_by_seed(x, "sigmoid")
    spaces = {
        "code,\nas published": z,
        "code,\nlinear output": codes_by_seed(x, "linear"),
        "the data,\nno network": np.stack([x] * len(SEEDS)),
    }
    scores = [cluster_scores(stack, y, name) for name, stack in spaces.items()]
    figure = plt.figure(figsize=(10.5, 4.3))
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.25, 1])
    in_space = figure.add_subplot(left, projection="3d")
    plots.plot_latent_3d(z[0], y, class_names=wine.class_names, ax=in_space)
    in_space.set_title("One seed: a convincing picture")
    beside = figure.add_subplot(right)
    label = "agreement of KMeans clusters with the varieties (ARI)"
    plots.plot_seed_values(pd.concat(scores), "ARI", xlabel=label, ax=beside)
    beside.get_legend().remove()
    beside.set_title("Fifty seeds: the plain data do better")
    return figure


if __name__ == "__main__":
    draw().savefig(FILE, dpi=150)
