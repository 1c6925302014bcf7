"""Early stopping for many runs at once, with the rules of ``keras.callbacks.EarlyStopping``."""

import numpy as np


class Stopper:
    """Follows the monitored loss of each run and keeps the weights that count.

    The runs of a stack are trained together to the end; a run that has stopped is no longer listened to,
    so its neighbours see no difference.

    Parameters
    ----------
    rule : keras.callbacks.EarlyStopping or None
        Never changed. None: every run goes on to the last epoch.
    n_runs : int
        How many runs are followed.
    """

    def __init__(self, rule, n_runs):
        self.rule = rule
        self.active = np.ones(n_runs, bool)
        self.epochs = np.zeros(n_runs, int)  # trained so far
        self.kept_epoch = np.zeros(n_runs, int)  # whose weights are kept; 0: none yet
        self.stopped = np.zeros(n_runs, bool)
        self.diverged = np.zeros(n_runs, bool)
        self._restores = rule is not None and rule.restore_best_weights
        self._best = np.full(n_runs, np.inf, "float32")
        self._wait = np.zeros(n_runs, int)
        self._kept = None  # arrays (n_runs, ...) of the weights to return

    def update(self, row, read_state):
        """Take in one epoch.

        Parameters
        ----------
        row : dict of str to ndarray, shape (n_runs,)
            Losses of this epoch, by column.
        read_state : callable returning a list of ndarray, each (n_runs, ...)
            The weights now; called only when some are to be kept.
        """
        listening = self.active.copy()
        self.epochs[listening] += 1
        finite = np.all([np.isfinite(values) for values in row.values()], axis=0)
        self.diverged |= listening & ~finite
        improved = np.zeros_like(listening)
        if self.rule is not None:
            improved, patience_over = self._follow(row[self.rule.monitor], listening & finite)
            self.stopped |= patience_over
        self.active = listening & ~self.stopped & ~self.diverged
        ended = listening & ~self.active
        keep = improved | (ended & (self.kept_epoch == 0)) if self._restores else ended
        if keep.any():
            self._keep(keep, read_state())

    def _follow(self, monitored, listening):
        rule = self.rule
        listening = listening & (self.epochs > rule.start_from_epoch)
        min_delta = abs(rule.min_delta)  # Keras turns its sign once an instance has been used
        bar = monitored + min_delta  # all in float32, in which Keras compares too
        better = listening & (bar < self._best)
        self._wait[listening] += 1
        self._best[better] = monitored[better]
        resets = better if rule.baseline is None else better & (bar < rule.baseline)
        self._wait[resets] = 0
        return better, listening & ~better & (self._wait >= rule.patience)

    def _keep(self, which, state):
        if self._kept is None:
            self._kept = [np.array(values) for values in state]
        for kept, values in zip(self._kept, state, strict=True):
            kept[which] = values[which]
        self.kept_epoch[which] = self.epochs[which]

    def final_state(self, state):
        """The weights that count, from those kept on the way and `state`, the weights after the last epoch."""
        self._keep(self.active & (self.kept_epoch == 0) if self._restores else self.active, state)
        finite = [np.isfinite(values).reshape(len(values), -1).all(axis=1) for values in self._kept]
        self.diverged |= ~np.all(finite, axis=0)
        return self._kept
