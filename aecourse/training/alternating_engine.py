"""Two networks trained step by step in alternation: an autoencoder, and a classifier that reads its code."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from aecourse import models

EVALUATE_ROWS = 4096  # at a time


@dataclass(frozen=True)
class Pair:
    """An autoencoder and the classifier of its code, or None."""

    autoencoder: keras.Model
    classifier: keras.Model | None

    @property
    def variables(self):
        """Of both, with the states of noise layers."""
        return self.autoencoder.variables + ([] if self.classifier is None else self.classifier.variables)

    def state(self):
        """Values of `variables`, a list of ndarray."""
        return [keras.ops.convert_to_numpy(variable) for variable in self.variables]

    def positions(self, model):
        """Where in `variables` the weights of one of the two stand."""
        kept = {id(variable) for variable in model.weights}
        return [i for i, variable in enumerate(self.variables) if id(variable) in kept]


class AlternatingEngine:
    """One replicate: both steps, an epoch of them, and the evaluation, compiled.

    On each batch the autoencoder takes its step first, then the classifier, which reads the code of the encoder as it
    then is. Each step moves its own weights by its own optimizer and no others.

    Parameters
    ----------
    pair : Pair
        The autoencoder with a layer called `code`; the classifier from the code to the probabilities of the classes.
    make_optimizer : callable
        Gives a fresh optimizer for each of the two steps.
    batch_size : int
    train, val : tuple of tensors, x (n_samples, n_features) and y (n_samples,)
        Without a classifier, y is not looked at.
    update_encoder : bool
        Whether the classifier's step moves the encoder too.
    jit_compile : bool
        Whether XLA compiles the steps: it takes seconds, and makes large steps a third quicker.
    """

    def __init__(self, pair, make_optimizer, batch_size, train, val, update_encoder, *, jit_compile):
        self.pair = pair
        self.autoencoder, self.classifier = autoencoder, classifier = pair.autoencoder, pair.classifier
        self.encoder = models.encoder(autoencoder)
        self._to_both = keras.Model(
            autoencoder.inputs[0], [autoencoder.outputs[0], self.encoder.outputs[0]], name="autoencoder"
        )
        self.batch_size, self.parts, self.update_encoder = batch_size, {"train": train, "val": val}, update_encoder
        self._moved_by = {"autoencoder": autoencoder.trainable_variables}
        if classifier is not None:
            encoder_too = self.encoder.trainable_variables if update_encoder else []
            self._moved_by["classifier"] = [*classifier.trainable_variables, *encoder_too]
        self._optimizers = {name: make_optimizer() for name in self._moved_by}
        for name, optimizer in self._optimizers.items():
            optimizer.build(self._moved_by[name])
        optimizer_variables = [v for optimizer in self._optimizers.values() for v in optimizer.variables]
        self._fresh_optimizers = [(v, keras.ops.convert_to_numpy(v)) for v in optimizer_variables]
        # XLA fuses the small operations of a step; over a whole epoch it would copy the data at every step.
        self.autoencoder_step = tf.function(self._autoencoder_step, jit_compile=jit_compile)
        self.classifier_step = tf.function(self._classifier_step, jit_compile=jit_compile)
        rows = tf.TensorSpec([None], tf.int32)
        self._train_epoch = tf.function(self._train_epoch_graph, input_signature=[rows])
        self._evaluate = tf.function(self._evaluate_graph)

    @property
    def columns(self):
        """Names of what an epoch returns."""
        return ("reconstruction_loss", "classifier_loss", "accuracy")[: 3 if self.classifier is not None else 1]

    def start(self, state):
        """Put `state`, a list of arrays in the order of `Pair.variables`, and fresh optimizers in."""
        for variable, value in zip(self.pair.variables, state, strict=True):
            variable.assign(value)
        for variable, value in self._fresh_optimizers:
            variable.assign(value)

    def try_steps(self):
        """Take both steps on the first batch, which compiles them for all epochs; call `start` afterwards."""
        self.train_epoch(np.arange(self.batch_size, dtype="int32"))

    def state(self):
        """The values now, as `start` takes them."""
        return self.pair.state()

    def run_both(self, x):
        """What both networks make of rows: reconstruction, code and, with a classifier, probabilities."""
        x_hat, z = self._to_both(x, training=False)
        if self.classifier is None:
            return [x_hat, z]
        with tf.name_scope("classifier"):  # as TensorBoard's graph calls it
            return [x_hat, z, self.classifier(z, training=False)]

    def train_epoch(self, order):
        """Train on the rows `order`, int32 (n_rows,); the means over the batches while weights move, float32."""
        return self._train_epoch(order).numpy()

    def evaluate(self, part):
        """The same of "train" or "val" with the weights as they are."""
        return self._evaluate(*self.parts[part]).numpy()

    def _autoencoder_step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.autoencoder(x, training=True) - x))
            total = tf.add_n([loss, *map(tf.reduce_sum, self.autoencoder.losses)])
        self._move("autoencoder", tape, total)
        return tf.stack([loss])

    def _classifier_step(self, x, y):
        z = None if self.update_encoder else self.encoder(x, training=False)
        with tf.GradientTape() as tape:
            if self.update_encoder:
                z = self.encoder(x, training=True)
            loss, accuracy = self._classify(z, y, training=True)
            total = tf.add_n([loss, *map(tf.reduce_sum, self.classifier.losses)])
        self._move("classifier", tape, total)
        return tf.stack([loss, accuracy])

    def _classify(self, z, y, training):
        p = self.classifier(z, training=training)  # (batch, n_classes)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, p))
        return loss, tf.reduce_mean(tf.cast(tf.argmax(p, axis=1, output_type=y.dtype) == y, tf.float32))

    def _move(self, name, tape, total):
        moved = self._moved_by[name]
        self._optimizers[name].apply(tape.gradient(total, [v.value for v in moved]), moved)

    def _train_epoch_graph(self, order):
        x, y = self.parts["train"]

        def one_batch(start, stop):
            rows = order[start:stop]
            x_batch = tf.gather(x, rows)
            losses = self.autoencoder_step(x_batch)
            if self.classifier is None:
                return losses
            return tf.concat([losses, self.classifier_step(x_batch, tf.gather(y, rows))], axis=0)

        return self._mean_over_batches(tf.shape(order)[0], self.batch_size, one_batch)

    def _evaluate_graph(self, x, y):
        def one_batch(start, stop):
            x_batch = x[start:stop]
            losses = [tf.reduce_mean(tf.square(self.autoencoder(x_batch, training=False) - x_batch))]
            if self.classifier is not None:
                losses += self._classify(self.encoder(x_batch, training=False), y[start:stop], training=False)
            return tf.stack(losses)

        return self._mean_over_batches(len(x), EVALUATE_ROWS, one_batch)

    def _mean_over_batches(self, n_samples, batch_size, one_batch):
        total = tf.zeros(len(self.columns))
        for start in tf.range(0, n_samples, batch_size):
            stop = tf.minimum(start + batch_size, n_samples)
            total += one_batch(start, stop) * tf.cast(stop - start, tf.float32)
        return total / tf.cast(n_samples, tf.float32)
