"""Small models to train, and rows to train them on, for the tests of `aecourse.training`."""

import keras
import numpy as np
from keras import layers

from aecourse import models, training


def rows(n_samples, n_features=6, seed=0):
    """float32 in [0, 1), so that every loss may have them as targets."""
    return np.random.default_rng(seed).random((n_samples, n_features), dtype="float32")


X_TRAIN, X_VAL = rows(20), rows(13, seed=1)


def plain():
    return models.build_autoencoder(6, 3, output_activation="sigmoid")


def deep_with_penalties():
    return models.build_autoencoder(6, 2, hidden_units=(8, 5), activation="tanh", activity_l1=0.01, weight_l2=0.001)


def normalised_and_noisy(n_features=6):
    x = inputs = keras.Input((n_features,))
    x = layers.GaussianNoise(0.1)(x)
    x = layers.BatchNormalization()(layers.Dense(7, activation="relu")(x))
    x = layers.Dropout(0.3)(x)
    x = layers.LayerNormalization()(layers.Dense(4, activation="tanh", name="code")(x))
    return keras.Model(inputs, layers.Dense(n_features, activation="sigmoid")(x))


def convolutional():
    x = inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(2, 2, strides=2, activation="relu", name="code")(x)
    x = layers.Conv2DTranspose(1, 2, strides=2, activation="sigmoid")(x)
    return keras.Model(inputs, x)


def train(build_model, x_train=X_TRAIN, x_val=X_VAL, **settings):
    """`train_replicates` with a last batch that is smaller, and in silence."""
    settings = {"seeds": (0, 1, 2), "epochs": 3, "batch_size": 8, "progress": False, **settings}
    return training.train_replicates(build_model, x_train, x_val, **settings)


def curves(replicates, seed):
    """Columns of the history of one seed, by name, without `seed`."""
    history = replicates.history
    return history[history["seed"] == seed].drop(columns="seed").to_dict("list")


def weights(replicates, seed):
    position = replicates.seeds.index(seed)
    return [stack[position] for stack in replicates.weights]
