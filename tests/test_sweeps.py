"""Laws of a sweep: its rows are the grid's points, its numbers the trainer's, and a kill costs the trials in flight."""

import functools
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import ParameterGrid

from aecourse import _files
from aecourse.sweeps import Sweep, sweep, sweeping, trials
from aecourse.sweeps.grid import TRAINER_AXES
from aecourse.training import train_replicates
from sweep_cases import GRID, SEEDS, X_VAL, X, build, build_or_die, real_sweep

TESTS = Path(__file__).parent


def assert_same(first, second):
    """To the last bit, order and types of the columns included."""
    for name in ("history", "results"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    assert first.axes == second.axes


@pytest.fixture(scope="module")
def undisturbed():
    return real_sweep()


@pytest.fixture
def trained(monkeypatch):
    """A trainer that takes no time, and the list of what it was called with; its losses are easy to predict."""
    calls = []

    def train(build_model, x_train, x_val, *, seeds, y_train, y_val, progress, epochs, **settings):
        model = build_model()
        calls.append({"model": model, "epochs": epochs, "y_train": y_train, **settings})
        seed, epoch = np.repeat(seeds, epochs), np.tile(np.arange(1, epochs + 1), len(seeds))
        history = pd.DataFrame({"seed": seed, "epoch": epoch, "loss": (10.0 * seed - epoch).astype("float32")})
        runs = pd.DataFrame(
            {"seed": seeds, "epochs": epochs, "kept_epoch": epochs, "stopped": False, "diverged": False}
        )
        return SimpleNamespace(history=history, runs=runs, seeds=seeds)

    monkeypatch.setattr(trials, "train_replicates", train)
    return calls


def quick(build_model, param_grid, x=X, **settings):
    return sweep(build_model, param_grid, x, **{"seeds": [5, 6], "epochs": 2, "progress": False, **settings})


def echo(a=1, b=None, *, c="c"):
    """A builder for the trainer above."""
    return {"a": a, "b": b, "c": c}


class TestGrid:
    GRIDS = {
        "one axis": {"a": [1, 2]},
        "product": {"b": [3, 4], "a": [2, 1], "batch_size": [8, 16]},
        "several dicts": [{"a": [1, 2]}, {"b": [5], "c": ["x", "y"]}],
        "generators": {"a": np.arange(3), "learning_rate": np.logspace(-3, -1, 3)},
        "nothing": {},
    }

    @pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
    def test_the_rows_are_the_points_of_scikit_learn_times_the_seeds(self, trained, grid):
        result = quick(echo, grid)
        expected = list(ParameterGrid(grid))
        assert len(trained) == len(expected)
        assert len(result.results) == 2 * len(expected)
        assert len(result.history) == 2 * 2 * len(expected)
        for frame, n_each in ((result.results, 2), (result.history, 4)):
            rows = frame.to_dict("records")
            for i, point in enumerate(expected):
                for row in rows[n_each * i : n_each * (i + 1)]:
                    assert {name: row[name] for name in point} == point
        assert result.results["seed"].tolist() == [5, 6] * len(expected)

    def test_each_argument_reaches_its_function(self, trained):
        quick(echo, {"a": [np.int64(7)], "c": ["x"], "batch_size": [8]}, loss="mae", y_train=X[:, :1])
        (call,) = trained
        assert call["model"] == {"a": 7, "b": None, "c": "x"}
        assert type(call["model"]["a"]) is int
        assert (call["batch_size"], call["loss"]) == (8, "mae")
        assert np.array_equal(call["y_train"], X[:, :1])

    AXES = {
        "epochs": [1, 2],
        "batch_size": [8, 16],
        "optimizer": ["sgd", keras.optimizers.Adam(0.1)],
        "learning_rate": [0.1, keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)],
        "loss": ["mse", keras.losses.Huber()],
        "loss_weights": [None, 2.0],
        "early_stopping": [None, keras.callbacks.EarlyStopping(monitor="loss")],
        "shuffle": [True, False],
        "vectorize": [True, None],
    }

    @pytest.mark.parametrize("name", TRAINER_AXES)
    def test_each_argument_of_the_trainer_can_be_an_axis(self, trained, name):
        values = self.AXES.get(name, ["one", "two"])
        settings = {} if name == "epochs" else {"epochs": 1}
        sweep(echo, {name: values}, X, seeds=[0], progress=False, **settings)
        assert [call[name] for call in trained] == values

    def test_what_a_point_leaves_out_has_its_default(self, trained):
        grid = [{"a": [2]}, {"c": ["d"], "shuffle": [False]}]
        frame = quick(echo, grid, seeds=[0]).results
        assert frame[["a", "c", "shuffle"]].to_dict("list") == {"a": [2, 1], "c": ["c", "d"], "shuffle": [True, False]}

    def test_values_that_do_not_fit_into_a_frame_stand_by_their_names(self, trained):
        optimizers = ["adam", keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.2), keras.optimizers.Adam(0.1)]
        frame = quick(echo, {"optimizer": optimizers, "b": [(8, 4), [2], np.tanh]}, seeds=[0]).results
        assert frame["optimizer"].unique().tolist() == ["adam", "SGD (1)", "SGD (2)", "Adam"]
        assert frame["b"].unique().tolist() == [(8, 4), (2,), "tanh"]

    def test_an_axis_called_like_a_column(self, trained):
        result = sweep(echo, {"loss": ["mse", "mae"], "epochs": [1, 2]}, X, seeds=[5], progress=False)
        assert result.axes == ("param_loss", "param_epochs")
        assert result.results["param_loss"].tolist() == ["mse", "mae", "mse", "mae"]
        assert result.results["param_epochs"].tolist() == result.results["epochs"].tolist()
        assert result.history["loss"].dtype == "float32"

    def test_any_name_goes_to_a_builder_that_takes_any(self, trained):
        quick(lambda **anything: anything, {"width": [3], "batch_size": [4]})
        assert trained[0]["model"] == {"width": 3}
        assert trained[0]["batch_size"] == 4


class TestNumbers:
    def test_history_is_that_of_the_trainer(self, undisturbed):
        for number, point in enumerate(ParameterGrid(GRID)):
            rate = point.pop("learning_rate")
            expected = train_replicates(
                lambda point=point: build(**point), X, X_VAL, seeds=SEEDS, epochs=3, learning_rate=rate, progress=False
            ).history
            n = len(expected)
            part = undisturbed.history.iloc[n * number : n * (number + 1)].reset_index(drop=True)
            pd.testing.assert_frame_equal(part[list(expected)], expected, check_exact=True)
            assert part["latent_dim"].eq(point["latent_dim"]).all()
            if number == 1:
                break  # two points show it

    def test_final_and_best_values(self):
        """Runs of different lengths, and one that diverges."""
        stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True)
        grid = {"latent_dim": [2], "learning_rate": [0.1, 1e30]}
        result = real_sweep(param_grid=grid, epochs=12, early_stopping=stopping, optimizer="sgd")
        assert result.results["epochs"].nunique() > 1
        assert result.results["diverged"].any()
        runs = result.history.groupby(["learning_rate", "seed"], sort=False)
        for loss in ("loss", "val_loss", "reconstruction_loss", "val_reconstruction_loss"):
            final = runs[loss].nth(-1).to_numpy()
            np.testing.assert_array_equal(result.results[f"final_{loss}"].to_numpy(), final)
            np.testing.assert_array_equal(result.results[f"best_{loss}"].to_numpy(), runs[loss].min().to_numpy())
        assert np.array_equal(result.results["epochs"], runs.size())

    def test_measures_see_the_trained_models(self):
        measures = {"mse": lambda r: np.mean((r.predict(X_VAL) - X_VAL) ** 2, axis=(1, 2))}
        result = real_sweep(param_grid={"latent_dim": [2]}, measures=measures)
        np.testing.assert_allclose(result.results["mse"], result.results["final_val_reconstruction_loss"], rtol=1e-5)

    def test_the_repr_says_what_it_is(self, undisturbed):
        assert repr(undisturbed) == (
            "Sweep(4 trials of 3 seeds over latent_dim, learning_rate; 0 failed, 0 read from disk)"
        )
        assert isinstance(undisturbed, Sweep)

    def test_progress_goes_over_the_trials(self, trained, capsys):
        quick(echo, {"a": [1, 2, 3]}, progress=True)
        assert "3/3" in capsys.readouterr().err
        quick(echo, {"a": [1, 2, 3]})
        assert capsys.readouterr().err == ""

    def test_the_environment_can_hide_the_progress(self):
        """In a process of its own, as tqdm reads the variable when it is imported."""
        code = (
            "from sweep_cases import X; from aecourse import models; from aecourse.sweeps import sweep\n"
            "sweep(lambda d: models.build_autoencoder(X.shape[1], d), {'d': [1]}, X, seeds=[0], epochs=1, batch_size=4)"
        )
        for hidden in ("", "1"):
            environment = os.environ | {"TQDM_DISABLE": hidden, "PYTHONPATH": str(Path(__file__).parent)}
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
            assert done.returncode == 0, done.stderr
            assert ("1/1" in done.stderr) == (not hidden)


def must_not_run(latent_dim, depth=1):
    raise AssertionError("work has started")


def clash(batch_size=1):
    raise AssertionError("work has started")


BAD = {
    "no builder": ({"build_model": 3}, TypeError, "`build_model` must be a function that returns a new keras.Model"),
    "unknown axis": (
        {"param_grid": {"latent_dim": [1], "latent_dims": [2]}},
        ValueError,
        r"builder \(latent_dim, depth\) or of `train_replicates` \(epochs, .*\). Received: 'latent_dims'",
    ),
    "both": ({"build_model": clash, "param_grid": {"batch_size": [1]}}, ValueError, "argument of both the builder and"),
    "axis and setting": (
        {"param_grid": {"latent_dim": [1], "epochs": [2]}},
        ValueError,
        "`epochs` must be an axis of `param_grid` or a setting, not both",
    ),
    "shared": (
        {"param_grid": {"latent_dim": [1], "seeds": [[1]]}},
        ValueError,
        "must not hold 'seeds'.*all trials share",
    ),
    "builder lacks": (
        {"param_grid": {"depth": [1]}},
        TypeError,
        "must give the builder all that it needs.*'latent_dim'",
    ),
    "no list": ({"param_grid": {"latent_dim": 1}}, TypeError, "`param_grid` must be a dict such as"),
    "text": ({"param_grid": {"latent_dim": "12"}}, TypeError, "`param_grid` must be a dict such as"),
    "empty axis": ({"param_grid": {"latent_dim": []}}, ValueError, "`param_grid` must be a dict such as"),
    "no dict": ({"param_grid": 5}, TypeError, "`param_grid` must be a dict such as"),
    "point twice": ({"param_grid": {"latent_dim": [1, 1]}}, ValueError, "must hold each point once. .*'latent_dim': 1"),
    "unknown setting": ({"epoch": 3}, TypeError, "A setting must be one of epochs, batch_size.* Received: epoch."),
    "builder's as setting": ({"depth": 3}, TypeError, "put it in the grid: {'depth': .value.}"),
    "no epochs": ({"epochs": None}, TypeError, "`epochs` must be an integer"),
    "epochs 0": ({"epochs": 0}, ValueError, "`epochs` must be an integer at least 1"),
    "axis of 0": ({"param_grid": {"latent_dim": [1], "batch_size": [8, 0]}}, ValueError, "`batch_size` must be"),
    "batch too large": ({"batch_size": 49}, ValueError, "`batch_size` .* at most 48. .* There are 48 rows"),
    "optimizer": ({"optimizer": "adm"}, ValueError, "`optimizer` must be one of .*adam"),
    "learning rate": ({"learning_rate": -1.0}, ValueError, "`learning_rate` must be a finite number above 0"),
    "loss": ({"loss": "mze"}, ValueError, "`loss` must be one of .*mean_squared_error"),
    "no seeds": ({"seeds": []}, ValueError, "`seeds` must hold at least one"),
    "seed twice": ({"seeds": [1, 1]}, ValueError, "`seeds` must be distinct"),
    "NaN": ({"x_train": np.where(X > 2, np.nan, X)}, ValueError, "`x_train` must hold finite numbers"),
    "x_val": ({"x_val": "x"}, TypeError, "`x_val` must be an array"),
    "targets": ({"y_train": X[1:]}, ValueError, "`x_train` and `y_train` must have as many rows"),
    "no jobs": ({"n_jobs": 0}, ValueError, "`n_jobs` must be"),
    "half a job": ({"n_jobs": 0.5}, TypeError, "`n_jobs` must be an integer"),
    "measures": ({"measures": [len]}, TypeError, "`measures` must be a dict of functions"),
    "no measure": ({"measures": {"a": 1}}, TypeError, "`measures` must be a dict of functions"),
    "measure's name": (
        {"measures": {"final_loss": len}},
        ValueError,
        "`measures` must not be called like another column",
    ),
    "measure is axis": ({"measures": {"latent_dim": len}}, ValueError, "`measures` must not be called like"),
    "folder is a file": ({"results_dir": __file__}, OSError, "`results_dir` must be a folder that can be written to"),
    "folder is a number": ({"results_dir": 3}, TypeError, "`results_dir` must be a folder"),
}


class TestThreads:
    def test_other_threads_may_draw_random_numbers(self, undisturbed):
        """As those of a Dask worker do; and their generator is not seeded by the trials."""
        stop, drawn = threading.Event(), []

        def draw():
            while not stop.is_set():
                drawn.append(random.random())
                time.sleep(0)

        random.seed(1)
        thread = threading.Thread(target=draw)
        thread.start()
        try:
            assert_same(real_sweep(), undisturbed)
        finally:
            stop.set()
            thread.join()
        expected = random.Random(1)
        assert drawn == [expected.random() for _ in drawn]
        assert random.random.__self__ is random._inst

    def test_trials_in_threads_wait_for_each_other(self, undisturbed):
        with joblib.parallel_config(backend="threading", n_jobs=2):
            assert_same(real_sweep(), undisturbed)


class TestBadInput:
    @pytest.mark.parametrize(("change", "error", "message"), BAD.values(), ids=BAD)
    def test_it_is_told_before_any_work(self, change, error, message):
        good = {"build_model": must_not_run, "param_grid": {"latent_dim": [1]}, "x_train": X, "seeds": [0], "epochs": 1}
        with pytest.raises(error, match=message):
            sweep(**{**good, **change})

    def test_epochs_are_needed(self):
        with pytest.raises(TypeError, match="`epochs` must be given, as a setting or an axis"):
            sweep(must_not_run, {"latent_dim": [1]}, X, seeds=[0])


class TestFailures:
    def test_a_trial_that_fails_is_a_row_and_the_others_finish(self, undisturbed):
        grid = {"latent_dim": [1, 0, 2], "learning_rate": [0.1]}
        with pytest.warns(UserWarning, match=r"1 of 3 trials failed; .*'latent_dim': 0.*must be an integer at least 1"):
            result = real_sweep(param_grid=grid)
        failed = result.results["latent_dim"] == 0
        assert result.results.loc[failed, "error"].str.match("ValueError: `latent_dim` must be an integer").all()
        assert result.results.loc[failed, "final_loss"].isna().all()
        assert result.results.loc[~failed, "error"].eq("").all()
        assert result.results.loc[failed, "seed"].tolist() == SEEDS
        assert set(result.history["latent_dim"]) == {1, 2}
        assert "1 failed" in repr(result)
        same = undisturbed.results.query("latent_dim < 3 and learning_rate == 0.1").reset_index(drop=True)
        pd.testing.assert_frame_equal(result.results[~failed].reset_index(drop=True), same, check_exact=True)

    @pytest.mark.parametrize(
        ("measure", "message"),
        [
            (lambda r: [1.0], r"must return one number per seed, shape \(2,\). Received: shape \(1,\)"),
            (lambda r: ["a", "b"], "must return one number per seed"),
            (lambda r: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda r: r.nothing, "AttributeError: .*nothing"),
        ],
    )
    def test_a_measure_that_fails(self, trained, measure, message):
        with pytest.warns(UserWarning, match="2 of 2 trials failed"):
            result = quick(echo, {"a": [1, 2]}, measures={"m": measure})
        assert result.results["error"].str.contains(message).all()
        assert result.history.empty
        assert {"a", "seed", "epoch"} <= set(result.history)

    def test_failures_are_tried_again(self, trained, tmp_path):
        broken = tmp_path / "broken"
        broken.touch()

        def builder(a):
            if a == 2 and broken.exists():
                raise RuntimeError("no luck")
            return a

        with pytest.warns(UserWarning, match="RuntimeError: no luck"):
            assert quick(builder, {"a": [1, 2]}, results_dir=tmp_path / "runs").n_reused == 0
        broken.unlink()
        result = quick(builder, {"a": [1, 2]}, results_dir=tmp_path / "runs")
        assert result.n_reused == 1
        assert result.results["error"].eq("").all()

    def test_an_interrupt_is_no_failure(self, trained, tmp_path):
        def builder(a):
            if a == 2:
                raise KeyboardInterrupt
            return a

        with pytest.raises(KeyboardInterrupt):
            quick(builder, {"a": [1, 2]}, results_dir=tmp_path)
        assert len(list(tmp_path.glob("*.npz"))) == 1


# What the trials below depend on; a test changes one thing and looks whether trials run again.


def helper(a):
    return a + 1


def other_helper(a):
    return a + 2


CONSTANT = 1


def dependent(a=1, *, power=2):
    return helper(a) ** power + CONSTANT


def measure(replicates):
    return [float(seed) for seed in replicates.seeds]


def _rewritten(source):
    namespace = {"helper": helper, "CONSTANT": 1}
    exec(compile(textwrap.dedent(source), "somewhere_else.py", "exec"), namespace)
    return namespace["dependent"]


CODE = "def dependent(a=1, *, power=2):\n    return helper(a) ** power + CONSTANT\n"


class TestResuming:
    def test_a_second_run_trains_nothing(self, undisturbed, tmp_path, monkeypatch):
        first = real_sweep(tmp_path)
        monkeypatch.setattr(trials, "train_replicates", must_not_run)
        second = real_sweep(tmp_path)
        assert (first.n_reused, second.n_reused) == (0, 4)
        assert_same(first, undisturbed)
        assert_same(second, undisturbed)

    def test_a_larger_grid_trains_the_rest(self, trained, tmp_path):
        quick(dependent, {"a": [1, 2]}, results_dir=tmp_path)
        result = quick(dependent, {"a": [0, 1, 2, 3]}, results_dir=tmp_path)
        assert (result.n_reused, len(trained)) == (2, 4)
        assert result.results["a"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]

    CHANGES = {
        "epochs": {"epochs": 3},
        "another setting": {"batch_size": 16},
        "seeds": {"seeds": [5, 7]},
        "a value in the data": {"x": np.clip(X, None, 2)},
        "shape of the data": {"x": X.reshape(-1, 3, 2)},
        "validation rows": {"x_val": X[:8]},
        "targets": {"y_train": X + 1},
        "builder": {"build_model": _rewritten(CODE.replace("+ CONSTANT", "- CONSTANT"))},
        "a constant in it": {"build_model": _rewritten(CODE.replace("CONSTANT", "2"))},
        "a default": {"build_model": _rewritten(CODE.replace("power=2", "power=3"))},
        "bound argument": {"build_model": functools.partial(dependent, power=3)},
        "measure": {"measures": {"m": lambda r: [2.0 * seed for seed in r.seeds]}},
        "name of a measure": {"measures": {"n": measure}},
    }

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_a_change_of_code_data_or_settings_is_another_trial(self, trained, tmp_path, change):
        base = {"build_model": dependent, "param_grid": {"a": [1]}, "results_dir": tmp_path, "measures": {"m": measure}}
        quick(**base)
        assert quick(**base).n_reused == 1
        assert quick(**{**base, **change}).n_reused == 0
        assert quick(**base).n_reused == 1  # the old one is left alone

    @pytest.mark.parametrize(
        ("owner", "name", "value"),
        [
            (sys.modules[__name__], "CONSTANT", 2),
            (sys.modules[__name__], "helper", other_helper),
            (keras, "__version__", "9.9"),
            (sweeping.aecourse, "__version__", "9.9"),
            (sweeping, "CODE", ("_checks.py",)),
        ],
    )
    def test_a_change_around_the_builder_is_another_trial(self, trained, tmp_path, monkeypatch, owner, name, value):
        assert quick(dependent, {"a": [1]}, results_dir=tmp_path).n_reused == 0
        monkeypatch.setattr(owner, name, value)
        assert quick(dependent, {"a": [1]}, results_dir=tmp_path).n_reused == 0

    def test_the_code_of_the_package_is_part_of_it(self):
        code, *_ = sweeping._environment()
        assert {"_checks.py", "models.py", "training/trainer.py", "training/engines.py", "sweeps/trials.py"} <= set(
            code
        )
        assert "plots/__init__.py" not in code

    SAME = {
        "the same code elsewhere": {"build_model": _rewritten("\n\n\n" + CODE)},
        "a copy of the data": {"x": X.copy()},
        "data in another order of memory": {"x": np.asfortranarray(X)},
        "data of another type with the same values": {"x": pd.DataFrame(X.astype("float64"))},
        "a setting as an axis": {"param_grid": {"a": [1], "batch_size": [16]}, "batch_size": ...},
        "in processes": {"n_jobs": 1},
        "seeds of another type": {"seeds": np.array([5, 6])},
    }

    @pytest.mark.parametrize("change", SAME.values(), ids=SAME)
    def test_what_changes_nothing_changes_nothing(self, trained, tmp_path, change):
        base = {"build_model": _rewritten(CODE), "param_grid": {"a": [1]}, "results_dir": tmp_path, "batch_size": 16}
        quick(**base)
        assert quick(**{k: v for k, v in {**base, **change}.items() if v is not ...}).n_reused == 1

    @pytest.mark.parametrize("content", [b"", b"half a file", None], ids=["empty", "no npz", "another trial"])
    def test_a_damaged_file_is_told_and_trained_anew(self, trained, tmp_path, content):
        quick(dependent, {"a": [1, 2]}, results_dir=tmp_path)
        first, second = sorted(tmp_path.glob("*.npz"))
        first.write_bytes(second.read_bytes() if content is None else content)
        with pytest.warns(UserWarning, match=f"{first} is damaged .*: its trial runs again") as caught:
            assert quick(dependent, {"a": [1, 2]}, results_dir=tmp_path).n_reused == 1
        assert caught[0].filename == __file__
        assert quick(dependent, {"a": [1, 2]}, results_dir=tmp_path).n_reused == 2

    def test_leftovers_of_a_kill_go_after_an_hour(self, trained, tmp_path):
        old, new = (tmp_path / f"{name}{_files.UNFINISHED}" for name in ("old", "new"))
        for path in (old, new):
            path.touch()
        os.utime(old, (time.time() - 2 * _files.STALE_SECONDS,) * 2)
        quick(dependent, {"a": [1]}, results_dir=tmp_path)
        assert not old.exists()
        assert new.exists()  # perhaps of a sweep that is writing now

    def test_what_cannot_be_known_again_is_told(self, trained, tmp_path):
        lock = threading.Lock()
        with pytest.raises(TypeError, match="`results_dir` needs code .* Received: a _thread.lock among them"):
            quick(lambda a: lock, {"a": [1]}, results_dir=tmp_path)
        assert trained == []
        quick(lambda a: lock, {"a": [1]})


# Runs the same sweep over and over in forked children, which are cheap, and kills each of them.
KILLING = """
import os, random, signal, sys, time, traceback
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
from sweep_cases import real_sweep
from aecourse import _files
from aecourse.sweeps import store

folder, frames = Path(sys.argv[2]), Path(sys.argv[3])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)

def half(file, **arrays):
    file.write(b"PK half of a file")
    file.flush()
    die()

def moved(source, target, replace=os.replace):
    replace(source, target)
    die()

MOMENTS = {
    "before the file": lambda: setattr(_files, "open", lambda *_: die()),
    "empty file": lambda: setattr(store.np, "savez_compressed", lambda *_, **__: die()),
    "half a file": lambda: setattr(store.np, "savez_compressed", half),
    "before the move": lambda: setattr(os, "replace", lambda *_: die()),
    "after the move": lambda: setattr(os, "replace", moved),
}

def fork(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return pid

def finished():
    return sorted(path.name for path in folder.glob("*.npz"))

def finish():
    result = real_sweep(folder)
    result.history.to_pickle(frames / "history")
    result.results.to_pickle(frames / "results")
    (frames / "n_reused").write_text(str(result.n_reused))

for name, install in MOMENTS.items():
    before = finished()
    _, status = os.waitpid(fork(lambda: (install(), real_sweep(folder))), 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, name
    assert len(finished()) - len(before) == (name == "after the move"), name
    assert set(before) <= set(finished()), name

rng = random.Random(int(sys.argv[4]))
kills = 0
while kills < 4 and len(finished()) < 3:
    pid = fork(lambda: real_sweep(folder))
    time.sleep(rng.uniform(0.3, 2.5))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    kills += 1
n_finished = len(finished())
_, status = os.waitpid(fork(finish), 0)
assert status == 0
print(kills, n_finished)
"""


class TestKills:
    def test_kill_9_at_any_moment_loses_only_trials_in_flight(self, undisturbed, tmp_path):
        """At each step of writing a trial, and at random moments; then it goes on, to the same bits."""
        folder, frames = tmp_path / "runs", tmp_path / "frames"
        frames.mkdir()
        seed = time.time_ns() % 2**32  # another one each time; said if it fails
        command = [
            sys.executable,
            "-W",
            "error:.*damaged",
            "-c",
            KILLING,
            str(TESTS),
            str(folder),
            str(frames),
            str(seed),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
        kills, n_finished = map(int, done.stdout.split())
        assert kills > 0
        assert (frames / "n_reused").read_text() == str(n_finished)
        assert 0 < n_finished <= 4
        final = SimpleNamespace(
            **{name: pd.read_pickle(frames / name) for name in ("history", "results")}, axes=undisturbed.axes
        )
        assert_same(final, undisturbed)


class TestManyProcesses:
    def test_joblib_and_a_trial_that_kills_its_process(self, undisturbed, tmp_path):
        grid = [GRID, {"latent_dim": [9]}]
        with pytest.warns(UserWarning, match="1 of 5 trials failed; .*TerminatedWorkerError"):
            result = real_sweep(tmp_path, build_model=build_or_die, param_grid=grid, n_jobs=2)
        died = result.results["latent_dim"] == 9
        for name in ("history", "results"):
            frame = getattr(result, name)
            rest = frame[frame["latent_dim"] != 9].reset_index(drop=True)
            pd.testing.assert_frame_equal(rest, getattr(undisturbed, name), check_exact=True)
        assert result.results.loc[died, "error"].ne("").all()
        assert len(list(tmp_path.glob("*.npz"))) == 4

    def test_dask_with_a_worker_killed_half_way(self, undisturbed, tmp_path):
        """The other worker and its successor finish; a trial that kills every worker is a row with its error."""
        from dask.distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
            Client(cluster) as client,
            joblib.parallel_config(backend="dask"),
        ):
            victims = []

            def kill_half_way():
                while len(list(tmp_path.glob("*.npz"))) < 2:
                    time.sleep(0.01)
                victims.append(sorted(client.run(os.getpid).values())[0])
                os.kill(victims[0], signal.SIGKILL)

            killer = threading.Thread(target=kill_half_way)
            killer.start()
            result = real_sweep(tmp_path)
            killer.join()
            assert victims[0] != os.getpid()
            assert_same(result, undisturbed)
            assert result.results["error"].eq("").all()

            def recovered():
                pids = client.run(os.getpid, on_error="ignore").values()
                return len(pids) == 2 and victims[0] not in pids

            # With one worker for both trials its death would count against both.
            while not recovered():
                time.sleep(0.1)
            cluster.scheduler.allowed_failures = 0  # else it tries the deadly trial on four workers
            with pytest.warns(UserWarning, match="1 of 2 trials failed; .*KilledWorker"):
                result = real_sweep(build_model=build_or_die, param_grid={"latent_dim": [9, 1]})
            assert result.results.query("latent_dim == 1")["error"].eq("").all()
