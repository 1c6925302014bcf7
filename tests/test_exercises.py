"""Checks of exercises: right answers pass, usual mistakes get their own hints, and nothing breaks them."""

import random
import re

import keras
import nbformat
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from aecourse import exercises, models
from aecourse.exercises import attached, checkup, latent_dim, probes, reading, validation, wine
from aecourse.exercises.bug import FAULTS, N_CELLS, PLANTED
from aecourse.exercises.checking import CHAPTERS
from rules import ROOT

PAGES = {
    "wine": "wine_autoencoder",
    "validation": "validation_curves",
    "regularization": "regularization",
    "learning_rate": "learning_rate",
    "capacity": "capacity",
    "latent_dim": "latent_dim_mnist",
    "probes": "embedding_probes",
    "attached": "attached_autoencoder",
    "checkup": "checkup",
}
CHECKED = {name: e for chapter in CHAPTERS for name, e in exercises.exercises_of(chapter).items() if e is not None}
OPEN = [name for chapter in CHAPTERS for name, e in exercises.exercises_of(chapter).items() if e is None]
MISTAKES = [(name, mistake) for name, e in CHECKED.items() for mistake in e.mistakes]
EXERCISE = re.compile(r"```\{exercise\}\n:label: (?P<label>\S+)\n(?P<text>.*?)\n```", re.DOTALL)
SOLUTION = re.compile(r"````\{solution\} (?P<label>\S+)\n(?P<text>.*?)\n````", re.DOTALL)


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    """The 5,000 digits, whatever the shell says: these tests are to be quick."""
    monkeypatch.setenv("AECOURSE_MNIST", "sample")


def page(chapter):
    """Exercises and solutions of a chapter's page, by label, in order."""
    notebook = nbformat.read(ROOT / "book" / f"{PAGES[chapter]}.ipynb", as_version=4)
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    asked = {m["label"]: m["text"] for m in EXERCISE.finditer(text)}
    solved = {m["label"]: m["text"] for m in SOLUTION.finditer(text)}
    return asked, solved


def on_page(name):
    """Text and solution of an exercise."""
    chapter, _, place = name.partition(".")
    asked, solved = page(chapter)
    label = list(asked)[int(place) - 1]
    return asked[label], solved[label]


# Right answers, and the mistakes that are known


@pytest.mark.parametrize("name", CHECKED)
def test_the_solution_is_right(name):
    result = exercises.check(name, CHECKED[name].solve())
    assert result.right, result
    assert repr(result) == f"{name}: right."


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=[f"{name}-{m.name}" for name, m in MISTAKES])
def test_a_mistake_gets_its_own_hint(name, mistake, planted):
    result = exercises.check(name, mistake.make())
    told = (result.state, result.mistake, result.text) == ("mistake", mistake.name, mistake.hint)
    planted("exercises", name, mistake.name, told)
    assert told, f"{result.state}: {result.mistake or result.text}"


@pytest.mark.parametrize("name", CHECKED)
def test_hints_differ(name):
    exercise = CHECKED[name]
    hints = [mistake.hint for mistake in exercise.mistakes] + [exercise.otherwise]
    assert len(hints) >= 3
    assert len(set(hints)) == len(hints)


def test_every_chapter_has_checks():
    for chapter in CHAPTERS:
        assert sum(e is not None for e in exercises.exercises_of(chapter).values()) >= 3, chapter


# Hints keep the solution to themselves


def spellings(value):
    """A number as a text may have it, rounded in any usual way, as itself or in per cent."""
    found = {round(times * value, digits) for digits in range(5) for times in (1, 100)}
    found |= {float(f"{times * value:.{digits}g}") for digits in (1, 2, 3, 4) for times in (1, 100)}
    return found - {0.0, round(value, 0), 100.0} | ({value} if value == int(value) else set())


@pytest.mark.parametrize("name", CHECKED)
def test_no_hint_has_the_number(name):
    exercise = CHECKED[name]
    value = exercise.read(exercise.solve())
    if not isinstance(value, float | np.ndarray) or np.size(value) > 20:
        pytest.skip("its solution is no number")  # a function, say, tried on numbers that the learner never sees
    secret = {spelling for each in np.ravel(value) for spelling in spellings(float(each))}
    for hint in [mistake.hint for mistake in exercise.mistakes] + [exercise.otherwise]:
        told = {float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", hint)}
        assert not told & secret, hint


def test_a_number_in_a_hint_would_be_seen():
    assert {0.34, 34.0, 0.3, 34.2, 0.3417} <= spellings(0.34171)
    assert 2000.0 in spellings(2000.0)


@pytest.mark.parametrize("name", CHECKED)
def test_no_hint_has_the_code(name):
    asked, solved = on_page(name)
    code = "\n".join(re.findall(r"```python\n(.*?)```", solved, re.DOTALL))
    exercise = CHECKED[name]
    for hint in [mistake.hint for mistake in exercise.mistakes] + [exercise.otherwise]:
        shown = [part for part in re.findall(r"`([^`]+)`", hint) if part in code and part not in asked]
        # The name of a thing that is at hand in the chapter is no solution; a call or an expression is.
        assert not [part for part in shown if not re.fullmatch(r"\w+", part)], hint


# Answers that can't be compared


class Hostile:
    """Raises, whatever is done with it, and is equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __float__(self):
        raise RuntimeError("no number")


def stops(*args, **kwargs):
    raise ZeroDivisionError("float division by zero")


GARBAGE = {
    "None": None,
    "text": "0.3",
    "NaN": float("nan"),
    "infinite": np.array([np.inf, 1.0]),
    "truth": True,
    "empty": [],
    "ragged": [[1, 2], [3]],
    "four axes": np.zeros((2, 2, 2, 2)),
    "texts": np.array(["a", "b"]),
    "dict": {"a": 1},
    "class": dict,
    "hostile": Hostile(),
    "complex": 1j,
    "frame of text": pd.DataFrame({"a": ["b"]}),
    "empty frame": pd.DataFrame(),
    "function that stops": stops,
    "function of nothing": lambda: 1,
    "function that gives None": lambda *args, **kwargs: None,
    "function that gives text": lambda *args, **kwargs: "text",
    "unbuilt model": keras.Sequential([keras.layers.Dense(2)]),
    "generator": (i for i in range(3)),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("name", CHECKED)
def test_garbage_gets_a_sentence(name, garbage):
    result = exercises.check(name, garbage)
    if name == "wine.3" and garbage is GARBAGE["function that gives None"]:
        assert result.mistake == "nothing changed"  # it may change the model and return nothing
        return
    assert result.state == "unreadable", result
    assert re.fullmatch(r"Your .{20,}\.", result.text, re.DOTALL), result.text


def test_sentences_say_what_came_and_what_was_expected():
    said = {
        ("wine.1", None): "Your answer is None, which is what a function without `return` gives. Expected: 2 numbers",
        ("wine.1", 0.3): "Your answer is the number 0.3. Expected: 2 numbers in this order: share",
        ("wine.1", (np.nan, 1)): "Your answer is NaN, or has NaN in it. Look where",
        ("wine.4", (1, 2, 3)): "Your answer is a tuple of length 3. Expected: a gain for each of the splits",
        ("wine.3", stops): "Your code stopped with ZeroDivisionError: float division by zero. It was called with a F",
        ("regularization.1", stops): "It was called with an array of shape (7, 4), the number 0.01.",
        ("regularization.3", lambda *given: 4): "Your function returned the number 4. Expected: a list of",
    }
    for (name, answer), text in said.items():
        assert text in exercises.check(name, answer).text, name


def test_models_of_another_shape_get_a_sentence():
    result = exercises.check("wine.2", models.build_autoencoder(12, 3))
    assert "Your model maps (None, 12) to (None, 12)." in result.text
    no_code = keras.Sequential([keras.Input((13,)), keras.layers.Dense(3), keras.layers.Dense(13)])
    assert "Your model has no layer called `code`." in exercises.check("wine.2", no_code).text
    diverged = models.build_autoencoder(13, 3)
    diverged.set_weights([np.full(w.shape, np.nan) for w in diverged.get_weights()])
    assert "its training has diverged" in exercises.check("wine.2", diverged).text


def test_frames_without_a_column_get_a_sentence():
    table = checkup._mend().drop(columns="mean area")
    assert "Your frame has no column 'mean area'." in exercises.check("checkup.1", table).text


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("wine.1", (0.9, 0.9)),
        ("wine.3", lambda model, unit: models.build_autoencoder(13, 3)),
        ("wine.4", np.ones(20)),
        ("validation.1", -1),
        ("validation.2", lambda after: 2 * after),
        ("validation.4", np.full(4, 7.0)),
        ("regularization.1", lambda z, strength: -1.0),
        ("regularization.2", {"linear": False, "leaky_relu": False, "tanh": True, "sigmoid": True}),
        ("regularization.3", lambda weights, threshold: [0 * w for w in weights]),
        ("learning_rate.1", 5),
        ("learning_rate.2", (3, 3)),
        ("learning_rate.3", (9, 9, 9)),
        ("learning_rate.4", lambda step: 0.5),
        ("capacity.1", 5000),
        ("capacity.2", lambda z, w2: 0 * z),
        ("capacity.3", -1.0),
        ("latent_dim.1", lambda z: 0 * z + np.linspace(0, 100, len(z))[:, None] // 10 * 1000),
        ("latent_dim.2", (0.1, 0.1)),
        ("latent_dim.3", lambda z_few, z_test: z_test**2),
        ("probes.1", probes._frame().assign(value=0.99)),
        ("probes.3", lambda y, seed: np.where(np.arange(len(y)) % 2, y, np.roll(y, 2))),
        ("probes.6", lambda z_train, y_train, z_test: np.full(len(z_test), 7)),
        ("attached.1", np.full(7, 10)),
        ("attached.2", 500_000),
        ("attached.4", lambda t, p: ((t - p) ** 2).numpy().sum(axis=1)),
        ("checkup.1", checkup._mend().iloc[:100]),
        ("checkup.2", 1000),
        ("checkup.5", lambda x_train, x_val: (np.zeros(len(x_val)) + 5, np.zeros(len(x_train)) + 5)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_other_wrong_answer_gets_the_general_hint(name, answer):
    result = exercises.check(name, answer)
    assert (result.state, result.text) == ("wrong", CHECKED[name].otherwise), result


# Other ways to be right


def _new_model(model, unit):
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    wine._flip(clone, unit)
    return clone


def _by_centres(z):
    low, high = z.min(axis=0), z.max(axis=0)
    bins = np.minimum(np.floor((z - low) / (high - low) * 256), 255)
    return low + (bins + 0.5) / 256 * (high - low)


class TwoModels(validation.Autoencoder):
    """Draws its weights anew at each fit, without a seed."""

    def fit(self, x, y=None):
        self.scaler_ = validation.StandardScaler().fit(x)
        self.model_ = models.build_autoencoder(13, self.latent_dim)
        self.model_.compile(keras.optimizers.Adam(1e-2), "mse")
        x = self.scaler_.transform(x)
        self.model_.fit(x, x, epochs=self.epochs, batch_size=36, verbose=0)
        return self

    def score(self, x, y=None):
        x = self._scaled(x)
        return -((self.model_.predict(x, verbose=0) - x) ** 2).mean()


ALSO_RIGHT = {
    "a list": ("wine.1", lambda: list(wine.FLOOR.solve())),
    "a tensor": ("wine.1", lambda: keras.ops.convert_to_tensor(wine.FLOOR.solve())),
    "a column": ("wine.4", lambda: pd.Series(wine.LEAK.solve())),
    "a new model": ("wine.3", lambda: _new_model),
    "a rolling mean": ("validation.2", lambda: lambda after: after.rolling(2).mean()),
    "plain Keras": ("validation.5", TwoModels),
    "arrays": ("regularization.3", lambda: lambda weights, t: np.array(_object(weights, t), dtype=object).tolist()),
    "reconstructions": ("capacity.2", lambda: lambda z, w2: z @ w2),
    "centres of bins": ("latent_dim.1", lambda: _by_centres),
    "whitened by hand": ("latent_dim.3", lambda: _whiten_by_hand),
    "a ready-made loss, masked": ("attached.4", lambda: _ready_made_but_masked),
    "with TensorFlow": ("attached.4", lambda: _with_tensorflow),
    "reset index": ("checkup.1", lambda: checkup._mend().sample(frac=1, random_state=1).reset_index(drop=True)),
    "two lists": ("checkup.5", lambda: lambda a, b: tuple(map(list, checkup._nearest(a, b)))),
}


def _object(weights, threshold):
    return [np.where((np.abs(w) < threshold) & (w.ndim == 2), 0, w) for w in weights]


def _ready_made_but_masked(t, p):
    return keras.ops.sum(t, axis=-1) * keras.losses.categorical_crossentropy(t, p)


def _with_tensorflow(t, p):
    return -tf.reduce_sum(t * tf.math.log(tf.clip_by_value(p, 1e-7, 1.0)), axis=-1)


def _whiten_by_hand(z_few, z_test):
    mean, covariance = z_few.mean(axis=0), np.cov(z_few.T)
    variances, axes = np.linalg.eigh(covariance)
    return (z_test - mean) @ axes / np.sqrt(variances)


@pytest.mark.parametrize(("name", "make"), ALSO_RIGHT.values(), ids=ALSO_RIGHT)
def test_other_ways_are_right_too(name, make):
    result = exercises.check(name, make())
    assert result.right, result


def test_being_equal_to_everything_is_not_right():
    assert not exercises.check("wine.1", Hostile()).right


def test_a_schedule_of_keras_is_read():
    class Triangle(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            position = keras.ops.cast(step, "float32") / 70 % 2
            return 0.01 + 0.09 * (1 - abs(position - 1))

    assert exercises.check("learning_rate.4", Triangle()).right


@pytest.mark.parametrize("rest", [(8, 0, 0, 0), (8, 8, 8, 8)])
def test_lists_that_lose_a_row_at_the_odd_side_are_told(rest):
    result = exercises.check("attached.1", [6272, 784, 144, *rest])
    assert result.mistake == "rounded down", result


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.CategoricalCrossentropy(reduction=None),
        lambda t, p: keras.losses.categorical_crossentropy(t, p, label_smoothing=0.0),
        lambda t, p: tf.nn.softmax_cross_entropy_with_logits(t, p._keras_logits),
    ],
    ids=["class", "function", "from logits"],
)
def test_a_loss_without_a_mask_is_told_in_any_spelling(loss):
    assert exercises.check("attached.4", loss).mistake == "ready-made"


def test_the_gradient_of_a_loss_is_part_of_its_check():
    def half(t, p):
        """The right losses, and half of their gradient."""
        losses = attached._masked(t, p)
        return losses / 2 + keras.ops.stop_gradient(losses) / 2

    result = exercises.check("attached.4", half)
    assert (result.state, result.text) == ("wrong", attached.MASKED.otherwise)


# What a check leaves behind


def test_random_numbers_stay_as_they_were():
    model = wine._pca_model()
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    exercises.check("wine.2", model)
    exercises.check("wine.3", wine._flip)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_answers_stay_as_they_were():
    model, table = checkup._break(bias=False), checkup._table()
    before = model.get_weights(), table.copy()
    exercises.check("checkup.3", model)
    exercises.check("checkup.1", table)
    assert all(map(np.array_equal, before[0], model.get_weights()))
    pd.testing.assert_frame_equal(before[1], table)


def test_functions_get_copies():
    def clumsy(z):
        z[:] = 0
        return z

    first = exercises.check("latent_dim.1", clumsy)
    assert exercises.check("latent_dim.1", latent_dim._round).right
    assert first.state in {"wrong", "mistake"}


# Names


@pytest.mark.parametrize(
    ("name", "near"),
    [("wine.9", "'wine.1'"), ("wines.1", "'wine.1'"), ("learningrate.1", "'learning_rate.1'"), ("", "'wine.1'")],
)
def test_unknown_names_are_told_with_those_near(name, near):
    with pytest.raises(ValueError, match=f"`exercise` must be .* Near it: .*{near}"):
        exercises.check(name, 1)


def test_names_are_text():
    with pytest.raises(TypeError, match=r"`exercise` must be a name .* Received: exercise=3\."):
        exercises.check(3, 1)
    with pytest.raises(ValueError, match="`chapter` must be one of 'wine'"):
        exercises.exercises_of("beer")


@pytest.mark.parametrize("name", OPEN)
def test_open_studies_say_so(name):
    result = exercises.check(name, None)
    assert result.state == "open"
    assert not result.right
    assert repr(result) == f"{name}: no check. It is an open study: compare with the solution on the page."


def test_results_show_themselves():
    result = exercises.Result("wine.1", "mistake", "Look at `a < b`.", "name")
    assert repr(result) == "wine.1: not yet. Look at `a < b`."
    assert result._repr_html_() == "<p><strong>wine.1: not yet.</strong> Look at <code>a &lt; b</code>.</p>"


def test_readers_name_what_came():
    with pytest.raises(reading.Unreadable, match=r"^Your answer is a dict\. Expected: one number, a loss\.$"):
        reading.number("a loss")({})


# The pages


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_page_and_checks_agree(chapter):
    asked, solved = page(chapter)
    assert list(asked) == list(solved)
    names = exercises.exercises_of(chapter)
    assert len(asked) == len(names)
    for (name, exercise), text in zip(names.items(), asked.values(), strict=True):
        if exercise is None:
            assert "No check: compare with the solution." in text, name
            assert "exercises.check" not in text, name
        else:
            assert f'`exercises.check("{name}", ' in text, name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_page_tells_how_to_check(chapter):
    notebook = nbformat.read(ROOT / "book" / f"{PAGES[chapter]}.ipynb", as_version=4)
    assert f'from aecourse import exercises\n\nexercises.check("{chapter}.1", ' in notebook.cells[-1].source


def test_the_attached_model_is_that_of_its_page():
    notebook = nbformat.read(ROOT / "book" / "attached_autoencoder.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    shown = "".join(output["text"] for cell in notebook.cells for output in cell.get("outputs", []))
    assert f"\nLAYERS = {attached.LAYERS}\n".replace("'", '"') in code
    assert re.search(rf"^CNN and autoencoder +{attached._sizes().total:,}$", shown, re.MULTILINE)
    # Its decoder is what the arm without one lacks; the second path by itself is an arm, too.
    without = int(re.search(r"^pixel branch alone +([\d,]+) parameters$", shown, re.MULTILINE)[1].replace(",", ""))
    sizes = attached._sizes()
    assert sizes.total - sizes.unreached - sizes.cnn == without


# The lab


def lab():
    """The numbered cells of the lab: their source by number."""
    notebook = nbformat.read(ROOT / "book" / "find_the_bug.ipynb", as_version=4)
    found = {}
    for cell in notebook.cells:
        match = re.match(r"# cell (\d+)\n", cell.source)
        if cell.cell_type == "code" and match:
            found[int(match[1])] = cell.source
    return found, "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


# What stands in the cell because of the fault; a lab that was mended by mistake lacks it.
MARKS = {
    "scaler before the split": r"fit_transform\(wine\.x_raw\)(.|\n)*train_test_split",
    "layers used again": r"keras\.Model\(features, reconstruction\(code\(features\)\)\)",
    "positive class turned round": r"precision_score\(y_test != ODD, ~is_flagged\)",
    "argument never used": r"latent_dim=32, units(.|\n)*Dense\(32, name=\"code\"\)",
    "stopped by the test rows": r"validation_data=\(noisy_test, digits\.x_test\)",
    "seed after building": r"build_denoiser\(\)\n    keras\.utils\.set_random_seed\(seed\)",
    "clean for noisy": r"model\.predict\(digits\.x_test",
    "own grey scale": r"imshow\((?!.*vmin)",
}


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found(fault, planted):
    cell, why = PLANTED[fault]
    cells, prose = lab()
    result = exercises.find(cell=cell, fault=fault)
    others = [exercises.find(cell=other, fault=fault) for other in range(1, N_CELLS + 1) if other != cell]
    others += [exercises.find(cell=cell, fault=other) for other in FAULTS if other != fault]
    told = result.right and not any(other.right for other in others)
    planted("find the bug", f"cell {cell}", fault, told)
    assert told
    assert why in result.text
    assert re.search(MARKS[fault], cells[cell]), "the fault is not in its cell"
    assert f"| {cell} | {fault} |" in prose


def test_the_lab_has_eight_faults_and_as_many_that_it_has_not():
    cells, _ = lab()
    assert sorted(cells) == list(range(1, N_CELLS + 1))
    assert len(PLANTED) == 8 == len(FAULTS) - len(PLANTED)
    assert set(PLANTED) == set(MARKS) <= set(FAULTS)
    assert len({cell for cell, _ in PLANTED.values()}) == 8


def test_wrong_guesses_say_what_is_known():
    said = {
        (2, "clean for noisy"): "Something is wrong in cell 2, but not this. It is in the lab, in another cell.",
        (2, "sum for mean"): "Something is wrong in cell 2, but not this. It is nowhere in the lab.",
        (3, "clean for noisy"): "Cell 3 is sound. This fault is in another one.",
        (3, "sum for mean"): "This fault is nowhere in the lab, and cell 3 is sound.",
    }
    for (cell, fault), text in said.items():
        result = exercises.find(cell=cell, fault=fault)
        assert (result.right, result.text) == (False, text)


def test_no_such_cell_or_fault():
    with pytest.raises(ValueError, match="`cell` must be an integer at least 1 and at most 16"):
        exercises.find(cell=17, fault="sum for mean")
    with pytest.raises(ValueError, match="`fault` must be one of 'argument never used'"):
        exercises.find(cell=2, fault="leak")
