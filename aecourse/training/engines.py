"""One epoch of training, compiled: for a stack of replicates at once, or for one at a time.

Both engines hold the data once, walk it by the row numbers they are given, and return the losses of the
epoch as ``fit`` reports them: the mean over batches, weighted by their sizes, while the weights move.
"""

import math

import keras
import tensorflow as tf

from aecourse.training.noise import fed_layers, feed

# XLA takes several steps in one call, since a call costs as much as a small step: at most so many, whose batches,
# gathered before, have at most so many bytes. Given the whole data, it would copy them at every step.
MOST_STEPS_IN_A_CALL = 128
CALL_BYTES = 32_000_000


class Engine:
    """What both engines share: the walk over batches.

    Parameters
    ----------
    model : keras.Model
        A stack runs it with other values for its variables, a single replicate as it is.
    objective : Objective
    optimizer : keras.optimizers.Optimizer
        Not built yet; the engine's own.
    batch_size : int
    n_runs : int
        Replicates in the stack.
    """

    def __init__(self, model, objective, optimizer, batch_size, n_runs):
        self.model, self.objective, self.optimizer = model, objective, optimizer
        self.fed_layers = fed_layers(model)
        self.batch_size, self.n_runs = batch_size, n_runs
        self._loss_weights = tf.Variable(objective.weights, trainable=False) if objective.weighs else objective.weights
        self._make_variables()
        optimizer.build(self.trainable)
        self._fresh_optimizer = [keras.ops.convert_to_numpy(v) for v in optimizer.variables]
        self._train_epoch = tf.function(self._train_epoch_graph)
        self._val_epoch = tf.function(self._val_epoch_graph)

    def load(self, train, val, *, loss_weights=None, learning_rate=None):
        """Take what may change from one training to the next.

        Parameters
        ----------
        train, val : tuple (x, y) of structures of tensors, each (n_samples, ...)
            `val` may be None. Where `y` is `x` itself, its rows are gathered once.
        loss_weights : tuple of float, optional
            In the place of the objective's own, where it weighs several outputs.
        learning_rate : float, optional
            In the place of the optimizer's own.
        """
        if loss_weights is not None and self.objective.weighs:
            self._loss_weights.assign(loss_weights)
        self._train, self._val = (part and (part[0], None if part[1] is part[0] else part[1]) for part in (train, val))
        self._learning_rate = learning_rate

    def unload(self):
        """Let go of the data."""
        self._train = self._val = self._rows_val = None

    @property
    def validates(self):
        return self._val is not None

    def start(self, state, rows_val=None):
        """Put `state`, a list of arrays (n_runs, ...) in the order of `model.variables`, and a fresh optimizer in.

        `rows_val`, int32 (n_runs, n_rows), are the rows that each run validates on; None where all take all.
        """
        self._rows_val = None if rows_val is None else tf.constant(self._inward(rows_val))
        for variable, value in zip(self.variables, state, strict=True):
            variable.assign(self._inward(value))
        for variable, value in zip(self.optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        if self._learning_rate is not None:
            self.optimizer.learning_rate = self._learning_rate

    def state(self):
        """The weights now, as `start` takes them."""
        return [self._outward(keras.ops.convert_to_numpy(variable)) for variable in self.variables]

    def train_epoch(self, order, noise):
        """Train on the rows `order`, int32 (n_runs, n_samples); losses of this epoch, (n_runs, 1 + n_outputs).

        `noise` holds that of each fed layer, (n_runs, n_samples, ...).
        """
        noise = [self._inward(each) for each in noise]
        return self._train_epoch(self._inward(order), noise, *self._train).numpy().reshape(self.n_runs, -1)

    def val_epoch(self):
        """Losses on the validation rows, (n_runs, 1 + n_outputs)."""
        return self._val_epoch(self._rows_val, *self._val).numpy().reshape(self.n_runs, -1)

    def _train_epoch_graph(self, order, noise, x, y):
        def cut(start, stop):
            batch = _gather(x, y, order[..., start:stop])
            return [*batch, [self._cut_noise(each, start, stop) for each in noise]]

        return self._mean_over_batches(order.shape[-1], cut, self._train_step)

    def _val_epoch_graph(self, rows, x, y):
        if rows is not None:

            def cut_own(start, stop):
                return _gather(x, y, rows[..., start:stop])

            return self._mean_over_batches(rows.shape[-1], cut_own, self._val_step_on_own_rows)

        def cut(start, stop):
            x_batch = _take(x, slice(start, stop))
            return x_batch, x_batch if y is None else _take(y, slice(start, stop))

        return self._mean_over_batches(len(tf.nest.flatten(x)[0]), cut, self._val_step)

    def _val_step_on_own_rows(self, x, y):
        return self._val_step(x, y)

    def _mean_over_batches(self, n_samples, cut, step):
        """Mean of the losses that `step` gives for what `cut(start, stop)` takes of each batch."""
        total = tf.zeros(self._losses_shape())
        for start in tf.range(0, n_samples, self.batch_size):
            stop = tf.minimum(start + self.batch_size, n_samples)
            total += step(*cut(start, stop)) * tf.cast(stop - start, tf.float32)
        return total / n_samples


class StackedEngine(Engine):
    """All replicates in each operation: every weight has a leading axis of length n_runs."""

    def _make_variables(self):
        # Layer variables in the order of model.variables; those that training moves by gradient apart.
        self.variables = [
            keras.Variable(
                tf.zeros((self.n_runs, *v.shape), v.dtype), dtype=v.dtype, trainable=v.trainable, name=v.name
            )
            for v in self.model.variables
        ]
        stacked = {id(v): s for v, s in zip(self.model.variables, self.variables, strict=True)}
        self.trainable = [stacked[id(v)] for v in self.model.trainable_variables]
        self.others = [stacked[id(v)] for v in self.model.non_trainable_variables]

    def _inward(self, value):
        return value

    _outward = _inward

    def _losses_shape(self):
        return (self.n_runs, 1 + len(self.objective.names))

    def _cut_noise(self, noise, start, stop):
        return noise[:, start:stop]

    def _run(self, loss_weights, trainable, others, x, y, noise=(), training=True):
        """One replicate: its losses (1 + n_outputs,) and what its other variables become."""
        if training:
            feed(self.fed_layers, noise)
        variables = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        values = zip(variables, [*trainable, *others], strict=True)
        # Not `stateless_call`: it passes by the model's `__call__`, and asks each `call` to take `training`.
        with keras.StatelessScope(state_mapping=list(values), collect_losses=True) as scope:
            y_pred = self.model(x, training=training)
            penalties = self.model.losses
        others = [scope.get_current_value(variable) for variable in self.model.non_trainable_variables]
        return self.objective(y, y_pred, penalties, loss_weights), others

    def _train_step(self, x, y, noise):
        weights, trainable, others = self._values()
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            losses, others = tf.vectorized_map(lambda run: self._run(weights, *run), (trainable, others, x, y, noise))
            # The sum over replicates has for each replicate's weights the gradient of its own loss.
            total = self.optimizer.scale_loss(tf.reduce_sum(losses[:, 0]))
        self.optimizer.apply(tape.gradient(total, trainable), self.trainable)
        for variable, value in zip(self.others, others, strict=True):
            variable.assign(value)
        return losses

    def _val_step(self, x, y):
        weights, *runs = self._values()
        return tf.vectorized_map(lambda run: self._run(weights, *run, x, y, training=False)[0], runs)

    def _val_step_on_own_rows(self, x, y):
        weights, *runs = self._values()
        return tf.vectorized_map(lambda run: self._run(weights, *run, training=False)[0], [*runs, x, y])

    def _values(self):
        """Weights of the losses; then the values that differ between the runs."""
        weights = tf.convert_to_tensor(self._loss_weights)
        return weights, [v.value for v in self.trainable], [v.value for v in self.others]


class SingleEngine(Engine):
    """One replicate at a time, in the model itself: for large steps, and for operations that do not vectorise."""

    def __init__(self, *args, jit_compile=False, **kwargs):
        self.jit_compile = jit_compile
        super().__init__(*args, **kwargs)

    def _make_variables(self):
        self.variables = self.model.variables
        self.trainable = self.model.trainable_variables
        self._train_step = tf.function(self._train_step_graph, jit_compile=self.jit_compile)
        self._val_step = tf.function(self._val_step_graph, jit_compile=self.jit_compile)

    def _inward(self, value):
        return value[0]

    def _outward(self, value):
        return value[None]

    def _losses_shape(self):
        return (1 + len(self.objective.names),)

    def _cut_noise(self, noise, start, stop):
        return noise[start:stop]

    def _mean_over_batches(self, n_samples, cut, step):
        n_full, n_rest = divmod(n_samples, self.batch_size)
        if not self.jit_compile or n_full == 0:
            return super()._mean_over_batches(n_samples, cut, step)
        total = tf.zeros(self._losses_shape())
        n_steps = min(n_full, self._steps_in_a_call(cut))
        take_steps = tf.function(self._steps_graph, jit_compile=True)
        for start in tf.range(0, n_full, n_steps):
            # The last call has the batches of the one before with it, where there are too few, and passes them over.
            n_passed = tf.maximum(start + n_steps - n_full, 0)
            first_row = (start - n_passed) * self.batch_size
            rows = cut(first_row, first_row + n_steps * self.batch_size)
            batches = tf.nest.map_structure(lambda t: tf.reshape(t, (n_steps, self.batch_size, *t.shape[1:])), rows)
            total = take_steps(step, total, n_passed, n_steps, batches)
        if n_rest:
            total += step(*cut(n_full * self.batch_size, n_samples)) * n_rest
        return total / n_samples

    def _steps_in_a_call(self, cut):
        """How many of the batches that `cut` gives XLA gets at a time."""
        batch = tf.nest.flatten(cut(0, self.batch_size))
        n_bytes = sum(math.prod(tensor.shape[1:]) * tensor.dtype.size for tensor in batch) * self.batch_size
        return max(1, min(MOST_STEPS_IN_A_CALL, CALL_BYTES // n_bytes))

    def _steps_graph(self, step, total, position, n_steps, batches):
        while position < n_steps:  # XLA would compile a `tf.range` anew for each of its beginnings
            total += step(*_take(batches, position)) * self.batch_size
            position += 1
        return total

    def _train_step_graph(self, x, y, noise):
        feed(self.fed_layers, noise)
        with tf.GradientTape() as tape:
            losses = self.objective(y, self.model(x, training=True), self.model.losses, self._loss_weights)
            total = self.optimizer.scale_loss(losses[0])
        self.optimizer.apply(tape.gradient(total, [v.value for v in self.trainable]), self.trainable)
        return losses

    def _val_step_graph(self, x, y):
        return self.objective(y, self.model(x, training=False), self.model.losses, self._loss_weights)


def _take(structure, index):
    return tf.nest.map_structure(lambda tensor: tensor[index], structure)


def _gather(x, y, rows):
    """Rows of `x` and `y`; the gathered `x` for both where `y` is None."""

    def take(tensor):
        return tf.gather(tensor, rows)

    x_rows = tf.nest.map_structure(take, x)
    return x_rows, x_rows if y is None else tf.nest.map_structure(take, y)
