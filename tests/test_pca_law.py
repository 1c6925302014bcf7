"""A linear autoencoder reaches PCA's loss and PCA's subspace (Bourlard & Kamp 1988; Baldi & Hornik 1989)."""

import keras
import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from aecourse import models, training

LATENT_DIM, N_FEATURES, EPOCHS = 2, 6, 600
LINEAR = {"activation": "linear", "code_activation": "linear"}


def rows_with_clear_components(n_rows=120, seed=0):
    """Rows whose principal components are far apart in variance, so that the subspace is well determined."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    x = rng.normal(size=(n_rows, N_FEATURES)) * [2.0, 1.5, 0.5, 0.4, 0.3, 0.2] @ axes
    return (x - x.mean(axis=0)).astype("float32")


def train(x, hidden_units=()):
    return training.train_replicates(
        lambda: models.build_autoencoder(N_FEATURES, LATENT_DIM, hidden_units=hidden_units, **LINEAR),
        x,
        seeds=range(3),
        epochs=EPOCHS,
        batch_size=len(x),
        learning_rate=keras.optimizers.schedules.CosineDecay(3e-2, EPOCHS),  # a constant rate never comes to rest
        progress=False,
    )


def angles_to_pca(replicates, pca):
    """Largest principal angle in degrees between the decoder's span and PCA's, one per seed."""
    found = []
    for seed in replicates.seeds:
        decoder = models.decoder(replicates.model(seed))
        origin, *units = decoder(np.vstack([np.zeros(LATENT_DIM), np.eye(LATENT_DIM)]).astype("float32")).numpy()
        span = np.transpose(units - origin).astype("float64")  # (n_features, latent_dim)
        found.append(np.degrees(subspace_angles(span, pca.components_.T).max()))
    return np.array(found)


@pytest.fixture(scope="module")
def x():
    return rows_with_clear_components()


@pytest.fixture(scope="module")
def pca(x):
    return PCA(LATENT_DIM).fit(x)


@pytest.mark.parametrize("hidden_units", [(), (8,)], ids=["shallow", "deep"])
def test_a_linear_autoencoder_reaches_pca(x, pca, hidden_units):
    replicates = train(x, hidden_units)
    pca_loss = np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2)
    losses = ((replicates.predict(x) - x) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(losses, pca_loss, rtol=1e-2)  # another component in place of the second: 4 times as much
    assert (losses > pca_loss * (1 - 1e-5)).all()  # float32; nothing linear of this rank goes below
    assert (angles_to_pca(replicates, pca) < 1).all()


def test_the_angle_tells_another_subspace(x, pca):
    """What the law's test measures is not small by itself: the same data with two features exchanged are 10° off."""
    swapped = x[:, [1, 0, *range(2, N_FEATURES)]]
    assert (angles_to_pca(train(swapped), pca) > 10).all()
