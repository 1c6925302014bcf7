"""Runs that end early: by early stopping, with the rules of `keras.callbacks.EarlyStopping`, or by divergence."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, optimizers
from keras.callbacks import EarlyStopping

from aecourse.training.stopping import Stopper
from training_models import X_VAL, curves, plain, train, weights

N_RUNS, EPOCHS = 60, 12


class FakeModel:
    """What `EarlyStopping` asks of a model; its weights are the number of the epoch."""

    def __init__(self):
        self.stop_training, self.epoch, self.metrics = False, 0, []

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.epoch = weights


def by_keras(losses, **rule):
    """How many epochs a run with these losses takes, and the epoch whose weights it ends with."""
    model, callback = FakeModel(), EarlyStopping(**rule)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model.epoch, model.stop_training


def by_stopper(losses, rule):
    """The same of all runs, losses (n_runs, epochs), as a list."""
    stopper = Stopper(rule, len(losses))
    for epoch, row in enumerate(losses.T, start=1):
        state = [np.full(len(losses), epoch)]
        stopper.update({"val_loss": row}, lambda state=state: state)
        if not stopper.active.any():
            break
    (kept,) = stopper.final_state(state)
    np.testing.assert_array_equal(stopper.kept_epoch, kept)
    assert not stopper.diverged.any()
    return list(zip(stopper.epochs.tolist(), kept.tolist(), stopper.stopped.tolist(), strict=True))


@pytest.fixture(scope="module")
def losses():
    """Falling, rising and wandering; in tenths, so that there are ties and changes of exactly `min_delta`."""
    steps = np.random.default_rng(0).integers(-2, 3, (N_RUNS, EPOCHS)) / 10
    walks = 1 + np.cumsum(steps, axis=1) * np.linspace(0.2, 1, N_RUNS)[:, None].round(1)
    return walks.astype("float32")


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"patience": 1},
        {"patience": 3},
        {"patience": 3, "restore_best_weights": True},
        {"patience": 2, "min_delta": 0.1},
        {"patience": 2, "min_delta": -0.1, "restore_best_weights": True},
        {"patience": 2, "min_delta": 1e-9},
        {"patience": 3, "baseline": 0.9},
        {"patience": 2, "baseline": 0.9, "min_delta": 0.1, "restore_best_weights": True},
        {"patience": 1, "start_from_epoch": 4},
        {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True},
        {"patience": 1, "start_from_epoch": 99, "restore_best_weights": True},
        {"patience": 99, "restore_best_weights": True},
        {"patience": 2, "mode": "min"},
    ],
    ids=str,
)
def test_each_run_ends_as_keras_would_end_it(rule, losses):
    expected = [by_keras([float(loss) for loss in run], **rule) for run in losses]
    assert by_stopper(losses, EarlyStopping(**rule)) == expected


def test_a_rule_that_fit_has_used_serves_too(losses):
    """Keras turns the sign of its `min_delta` then."""
    rule = EarlyStopping(patience=1, min_delta=0.1)
    expected = by_stopper(losses, rule)
    rule.set_model(FakeModel())
    rule.on_train_begin()
    rule.on_epoch_end(0, {"val_loss": 1.0})
    assert by_stopper(losses, rule) == expected


@pytest.mark.parametrize(
    "rule", [None, EarlyStopping(), EarlyStopping(restore_best_weights=True)], ids=["none", "last", "best"]
)
def test_a_run_that_is_lost_at_once_keeps_what_there_is(rule):
    """Of two runs, the second has no finite loss at all."""
    stopper = Stopper(rule, 2)
    for epoch in (1, 2):
        losses = np.array([1 / epoch, np.nan], "float32")
        stopper.update({"val_loss": losses}, lambda epoch=epoch: [np.array([10, 20]) + epoch])
    assert stopper.final_state([np.array([12, 99])])[0].tolist() == [12, 21]
    assert stopper.kept_epoch.tolist() == [2, 1]
    assert stopper.diverged.tolist() == [False, True]


def test_weights_that_are_lost_in_the_last_step():
    """The losses of the epoch were taken before it."""
    stopper = Stopper(None, 2)
    stopper.update({"loss": np.ones(2)}, None)
    assert not stopper.diverged.any()
    stopper.final_state([np.zeros((2, 3)), np.array([[0.0, 0.0], [0.0, np.inf]])])
    assert stopper.diverged.tolist() == [False, True]


# --- whole runs


RULE = {"patience": 1, "min_delta": 0.002}
SETTINGS = {"seeds": range(6), "epochs": 15, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def without_rule():
    return train(plain, **SETTINGS)


@pytest.fixture(scope="module")
def last_kept():
    return train(plain, **SETTINGS, early_stopping=EarlyStopping(**RULE))


@pytest.fixture(scope="module")
def best_kept():
    return train(plain, **SETTINGS, early_stopping=EarlyStopping(**RULE, restore_best_weights=True))


def test_curves_are_those_without_a_rule_cut_short(without_rule, last_kept, best_kept):
    lengths = set()
    for seed in SETTINGS["seeds"]:
        complete, cut = curves(without_rule, seed), curves(last_kept, seed)
        n_epochs, _, _ = by_keras(complete["val_loss"], **RULE)
        assert cut == {name: values[:n_epochs] for name, values in complete.items()}
        lengths.add(n_epochs)
    assert len(lengths) > 2  # else this data would not tell the seeds apart
    pd.testing.assert_frame_equal(best_kept.history, last_kept.history)


@pytest.mark.parametrize("which", ["last_kept", "best_kept"])
def test_runs_tell_what_happened(which, without_rule, request):
    restores = which == "best_kept"
    expected = [
        by_keras(curves(without_rule, seed)["val_loss"], **RULE, restore_best_weights=restores)
        for seed in SETTINGS["seeds"]
    ]
    runs = request.getfixturevalue(which).runs
    assert list(runs[["epochs", "kept_epoch", "stopped"]].itertuples(index=False, name=None)) == expected
    assert not runs["diverged"].any()


@pytest.mark.parametrize("which", ["last_kept", "best_kept"])
def test_the_weights_are_those_of_the_epoch_told(which, request):
    replicates = request.getfixturevalue(which)
    errors = np.mean((replicates.predict(X_VAL) - X_VAL) ** 2, axis=(1, 2))
    for seed, error, epoch in zip(replicates.seeds, errors, replicates.runs["kept_epoch"], strict=True):
        assert error == pytest.approx(curves(replicates, seed)["val_loss"][epoch - 1], rel=1e-5)


def test_stopping_in_turn_is_stopping_in_a_stack(best_kept):
    in_turn = train(plain, **SETTINGS, early_stopping=EarlyStopping(**RULE, restore_best_weights=True), vectorize=False)
    pd.testing.assert_frame_equal(in_turn.runs, best_kept.runs)
    np.testing.assert_allclose(in_turn.weights[0], best_kept.weights[0], rtol=1e-3, atol=1e-5)


def test_any_column_can_be_monitored():
    rule = EarlyStopping(monitor="reconstruction_loss", min_delta=9, restore_best_weights=True)
    replicates = train(plain, x_val=None, early_stopping=rule, epochs=5)
    assert replicates.runs["epochs"].tolist() == [2, 2, 2]  # no epoch is better than the first by 9
    assert replicates.runs["kept_epoch"].tolist() == [1, 1, 1]


# --- divergence


def explosive():
    """Linear, so that gradient descent diverges by its own laws where a seed starts far out."""
    spread = 30.0 if np.random.random() < 0.4 else 0.3  # noqa: NPY002
    far_out = keras.initializers.RandomNormal(stddev=spread)
    return keras.Sequential([keras.Input((6,)), layers.Dense(3, kernel_initializer=far_out), layers.Dense(6)])


@pytest.mark.parametrize("vectorize", [True, False], ids=["stack", "in turn"])
def test_a_run_that_diverges_leaves_the_others_alone(vectorize):
    settings = {"epochs": 8, "optimizer": optimizers.SGD(0.1), "vectorize": vectorize}
    mixed = train(explosive, seeds=range(6), **settings)
    diverged = mixed.runs.set_index("seed")["diverged"]
    assert 0 < diverged.sum() < 6
    calm = diverged.index[~diverged].tolist()
    undisturbed = train(explosive, seeds=calm, **settings)
    assert not undisturbed.runs["diverged"].any()
    for seed in calm:
        assert curves(mixed, seed) == curves(undisturbed, seed)
        for mine, theirs in zip(weights(mixed, seed), weights(undisturbed, seed), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_the_history_of_a_diverged_run_ends_with_the_epoch_of_its_divergence():
    replicates = train(explosive, seeds=range(6), epochs=8, optimizer=optimizers.SGD(0.1))
    for run in replicates.runs.itertuples():
        found = curves(replicates, run.seed)
        assert len(found["epoch"]) == run.epochs == run.kept_epoch
        finite = np.isfinite(found["loss"]) & np.isfinite(found["val_loss"])
        assert finite[:-1].all()
        assert finite[-1] != run.diverged
        assert run.epochs == 8 or run.diverged
    assert not replicates.runs["stopped"].any()


@keras.saving.register_keras_serializable("tests")
class Explode(optimizers.schedules.LearningRateSchedule):
    """Beyond all bounds from the second batch of the third epoch on; there are three batches to an epoch."""

    def __call__(self, step):
        return keras.ops.where(step > 6, 1e38, 0.01)

    def get_config(self):
        return {}


def test_a_diverged_run_keeps_its_best_weights_where_that_is_asked():
    """The epochs before the divergence were finite, so that what is kept is finite too."""
    rule = EarlyStopping(patience=99, restore_best_weights=True)
    linear = {"build_model": lambda: keras.Sequential([keras.Input((6,)), layers.Dense(3), layers.Dense(6)])}
    replicates = train(**linear, early_stopping=rule, epochs=4, optimizer=optimizers.SGD(Explode()))
    assert replicates.runs["diverged"].all()
    assert replicates.runs["epochs"].tolist() == [3, 3, 3]
    assert replicates.runs["kept_epoch"].tolist() == [2, 2, 2]
    assert all(np.isfinite(stack).all() for stack in replicates.weights)
