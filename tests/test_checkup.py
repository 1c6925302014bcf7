"""Every finding of the checkup: told of a model built to have it, and of no healthy one."""

import re

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from sklearn.decomposition import PCA

from aecourse import models, plots
from aecourse.checkup import Report, checkup
from aecourse.checkup.code_checks import effective_rank
from aecourse.checkup.findings import interval_of_mean

N_FEATURES = 8


def sheet(rng, n_samples, *, rank=3, n_features=N_FEATURES, noise=0.3):
    """Rows near a linear sheet, each column about as spread out as the others; float32."""
    basis = np.random.default_rng(99).standard_normal((rank, n_features)) / np.sqrt(rank)
    x = rng.standard_normal((n_samples, rank)) @ basis + noise * rng.standard_normal((n_samples, n_features))
    return x.astype("float32")


def split(rng, n_train=400, n_val=200, **settings):
    x = sheet(rng, n_train + n_val, **settings)
    return x[:n_train], x[n_train:]


def linear_model(encode, decode, mean, *, output="linear", **settings):
    """Autoencoder of two dense layers with weights set by hand: x_hat = output((x - mean) encode decode + mean)."""
    encode, decode = np.asarray(encode, "float32"), np.asarray(decode, "float32")
    model = models.build_autoencoder(
        len(encode), encode.shape[1], code_activation="linear", output_activation=output, **settings
    )
    model.set_weights([encode, -mean @ encode, decode, np.asarray(mean, "float32")])
    return model


def pca_model(x, latent_dim=3, *, mix=None, **settings):
    """The best linear autoencoder; `mix` (latent_dim, n_units) makes other units of the components."""
    pca = PCA(latent_dim).fit(x)
    encode, decode = pca.components_.T, pca.components_
    if mix is not None:
        encode, decode = encode @ mix, np.linalg.pinv(mix) @ decode
    return linear_model(encode, decode, x.mean(axis=0), **settings)


def bumps(rng, n_samples, size=8):
    """Images of one soft spot somewhere: two numbers say all, and PCA needs many. (n_samples, size, size, 1)"""
    place = rng.uniform(1.5, size - 2.5, (n_samples, 2, 1, 1))
    rows, columns = np.mgrid[:size, :size]
    squared = (rows - place[:, 0]) ** 2 + (columns - place[:, 1]) ** 2
    return np.exp(-squared / 3)[..., None].astype("float32")


def fit(model, x, *, epochs=40, learning_rate=5e-3):
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    model.fit(x, x, epochs=epochs, batch_size=64, verbose=0)
    return model


def convolutional():
    x = inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(4)(layers.Flatten()(layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)))
    x = layers.Reshape((4, 4, 8))(layers.Dense(128, activation="relu")(x))
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


def told(report):
    return dict(zip(report.problems["check"], report.problems["severity"], strict=True))


def row(report, check):
    return report.findings.set_index("check").loc[check]


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """As in the tutorial of TensorFlow: two attributes and a `call`."""

    def __init__(self, whole, sign=1.0):
        super().__init__()
        self.encoder, self.decoder, self.sign = models.encoder(whole), models.decoder(whole), sign

    def call(self, x):
        return self.sign * self.decoder(self.encoder(x))


class TestHealthyModels:
    """False accusations count as much as misses."""

    @pytest.mark.parametrize("seed", range(10))
    def test_the_best_linear_model_is_accused_of_nothing(self, seed):
        x_train, x_val = split(np.random.default_rng(seed), 1000, 500)
        report = checkup(pca_model(x_train), x_train, x_val)
        assert report.problems.empty, report
        assert set(report.findings["severity"]) == {"fine", "not checked"}  # no classes given

    def test_few_rows_lead_to_accusations_as_rarely_as_the_intervals_say(self):
        """At 99 %, of 40 draws of 130 rows three or more are accused by chance in one case of fifty."""
        accused = []
        for seed in range(40):
            x_train, x_val = split(np.random.default_rng(seed), 100, 30)
            accused += told(checkup(pca_model(x_train), x_train, x_val)).items()
        assert len(accused) <= 2
        assert set(accused) <= {("gap", "worth a look")}

    def test_a_deep_model_is_accused_of_nothing(self, rng):
        keras.utils.set_random_seed(1)
        x = bumps(rng, 1200).reshape(1200, 64)
        model = models.build_autoencoder(
            64, 4, hidden_units=(48,), code_activation="linear", output_activation="sigmoid"
        )
        place = x.reshape(-1, 8, 8).sum(axis=2).argmax(axis=1) // 4
        report = checkup(fit(model, x[:1000], epochs=60), x[:1000], x[1000:], y=(place[:1000], place[1000:]))
        assert report.problems.empty, report
        assert (report.findings["severity"] == "fine").all()

    def test_a_convolutional_model_is_accused_of_nothing(self, rng):
        keras.utils.set_random_seed(1)
        x = bumps(rng, 1200)
        report = checkup(fit(convolutional(), x[:1000], epochs=40), x[:1000], x[1000:])
        assert report.problems.empty, report
        assert row(report, "units")["numbers"]["n_units"] == 4
        assert not report.by_name

    def test_a_code_as_good_as_the_input_is_not_accused(self, rng):
        x_train, x_val = split(rng, 600, 300)
        pca = PCA(3).fit(x_train)
        y = tuple((pca.transform(part)[:, 0] > 0).astype(int) for part in (x_train, x_val))
        report = checkup(pca_model(x_train), x_train, x_val, y=y)
        assert report.problems.empty, report
        assert row(report, "probe")["severity"] == "fine"

    def test_constant_pixels_of_images_are_not_accused(self, rng):
        x_train, x_val = split(rng, n_features=60)
        x_train[:, :10] = x_val[:, :10] = 0
        report = checkup(pca_model(x_train), x_train, x_val)
        assert report.problems.empty, report
        assert row(report, "constant columns")["numbers"]["n_constant"] == 10

    def test_one_equal_row_is_not_accused(self, rng):
        x_train, x_val = split(rng, 100, 50)
        x_val[7] = x_train[3]
        report = checkup(pca_model(x_train), x_train, x_val)
        assert report.problems.empty, report
        assert report.numbers("overlap")["n_both"] == 1

    def test_rounded_data_that_repeat_themselves_are_not_accused_of_leaking(self, rng):
        x_train, x_val = (np.sign(part) for part in split(rng, 2000, 400, n_features=6))
        report = checkup(pca_model(x_train), x_train, x_val)
        assert row(report, "overlap")["severity"] == "worth a look"  # true, and explained
        assert "as rows of few values repeat" in row(report, "overlap")["finding"]


def sheet_with(change=None, **settings):
    """A case whose model is the best linear one, on rows that `change` has altered before it was made."""

    def case(rng):
        x_train, x_val = split(rng)
        if change is not None:
            x_train, x_val = change(x_train.copy(), x_val.copy())
        return pca_model(x_train, **settings), x_train, x_val

    return case


def no_better_than_the_mean(rng):
    x_train, x_val = split(rng)
    return linear_model(np.eye(8)[:, :3] * 1e-3, np.eye(8)[:3], x_train.mean(axis=0)), x_train, x_val


def worse_than_pca(rng):
    """It keeps the first three columns and drops the others."""
    x_train, x_val = split(rng)
    return linear_model(np.eye(8)[:, :3], np.eye(8)[:3], x_train.mean(axis=0)), x_train, x_val


def of_two_directions(mix, n_features=N_FEATURES):
    def case(rng):
        x_train, x_val = split(rng, rank=2, noise=0.02, n_features=n_features)
        return pca_model(x_train, 2, mix=np.asarray(mix, "float32")), x_train, x_val

    return case


def collapsed(rng):
    x_train, x_val = split(rng)
    return linear_model(np.zeros((8, 3)), np.eye(8)[:3], x_train.mean(axis=0)), x_train, x_val


def deaf(rng):
    """A decoder with weights of zero, behind a good encoder."""
    x_train, x_val = split(rng)
    return linear_model(PCA(3).fit(x_train).components_.T, np.zeros((3, 8)), x_train.mean(axis=0)), x_train, x_val


def hardly_listening(rng):
    x_train, x_val = split(rng)
    components = PCA(3).fit(x_train).components_
    return linear_model(components.T, 0.01 * components, x_train.mean(axis=0)), x_train, x_val


def knows_rows_by_heart(rng):
    x_train, x_val = split(rng, 12, 100, n_features=30, noise=1.0)
    return pca_model(x_train, 10), x_train, x_val


def leaking(rng):
    x_train, x_val = split(rng)
    x_val[:40] = x_train[100:140]
    return pca_model(x_train), x_train, x_val


def entered_twice(rng):
    """A fifth of the rows, before a random split."""
    x = sheet(rng, 500)
    x = rng.permutation(np.concatenate([x, x[:100]]))
    return pca_model(x[:400]), x[:400], x[400:]


def leaking_a_little(rng):
    x_train, x_val = split(rng)
    x_val[:6] = x_train[100:106]
    return pca_model(x_train), x_train, x_val


def with_outliers(rng):
    x_train, x_val = split(rng)
    model = pca_model(x_train)
    x_train[:3] = 60 * rng.standard_normal((3, 8))
    return model, x_train, x_val


def with_penalty(rng):
    x_train, x_val = split(rng)
    return pca_model(x_train, activity_l1=0.1), x_train, x_val


def with_skip(rng):
    x_train, x_val = split(rng)
    x = keras.Input((8,))
    z = layers.Dense(2, name="code")(x)
    return keras.Model(x, layers.Add()([layers.Dense(8)(z), x])), x_train, x_val


def with_dead_channel(rng):
    x = bumps(rng, 500)
    inputs = keras.Input((8, 8, 1))
    z = layers.Conv2D(3, 2, strides=2, name="code")(inputs)
    model = keras.Model(inputs, layers.Conv2DTranspose(1, 2, strides=2)(z))
    kernel = np.zeros((2, 2, 1, 3), "float32")
    patches = x.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)
    kernel[:, :, 0, :2] = PCA(2).fit(patches).components_.T.reshape(2, 2, 2)
    model.set_weights([kernel, np.zeros(3), kernel, np.zeros(1)])
    return model, x[:400], x[400:]


def scaled(column, factor):
    def change(x_train, x_val):
        x_train[:, column] *= factor
        x_val[:, column] *= factor
        return x_train, x_val

    return change


def constant_column(x_train, x_val):
    x_train[:, 4] = x_val[:, 4] = 1.5
    return x_train, x_val


ANGLES = np.linspace(0, np.pi, 12, endpoint=False)
# Each case with what must be told of it, and nothing else may be.
DEFECTS = {
    "output out of reach": (
        sheet_with(lambda a, b: (a + 2.5, b + 2.5), output="relu"), {"output range": "worth a look"},
    ),
    "output far out of reach": (
        sheet_with(lambda a, b: (a, b), output="relu"), {"output range": "serious", "baselines": "serious"},
    ),
    "no better than the mean": (no_better_than_the_mean, {"baselines": "serious", "decoder": "serious"}),
    "worse than PCA": (worse_than_pca, {"baselines": "serious"}),
    "a dead unit": (of_two_directions([[1, 0, 0], [0, 1, 0]]), {"units": "serious", "baselines": "serious"}),
    "a dead unit of five": (
        of_two_directions([[1, 0, 1, 1, 0], [0, 1, 1, -1, 0]]), {"units": "worth a look", "baselines": "serious"},
    ),
    "a unit twice": (of_two_directions([[1, 0, 0], [0, 1, -2]]), {"units": "serious", "baselines": "serious"}),
    "units that say the same": (
        of_two_directions([np.cos(ANGLES), np.sin(ANGLES)], n_features=20),
        {"units": "worth a look", "baselines": "serious"},
    ),
    "a constant code": (collapsed, {"units": "serious", "baselines": "serious", "decoder": "serious"}),
    "a deaf decoder": (deaf, {"baselines": "serious", "decoder": "serious"}),
    "a decoder hard of hearing": (hardly_listening, {"baselines": "serious", "decoder": "serious"}),
    "rows known by heart": (knows_rows_by_heart, {"gap": "serious"}),
    "parts that differ": (sheet_with(lambda a, b: (a, 0.2 * b)), {"gap": "worth a look"}),
    "leaking rows": (leaking, {"overlap": "serious"}),
    "rows entered twice": (entered_twice, {"overlap": "serious"}),
    "a few leaking rows": (leaking_a_little, {"overlap": "worth a look"}),
    "the training rows again": (sheet_with(lambda a, b: (a, a)), {"overlap": "serious"}),
    "a column in another unit": (sheet_with(scaled(2, 100)), {"scale": "serious"}),
    "all columns large": (sheet_with(lambda a, b: (100 * a, 100 * b)), {"scale": "worth a look"}),
    "all columns small": (sheet_with(lambda a, b: (a / 1e4, b / 1e4)), {"scale": "worth a look"}),
    "a constant column": (sheet_with(constant_column), {"constant columns": "worth a look"}),
    "outliers": (with_outliers, {"outliers": "serious"}),
    "a penalty": (with_penalty, {"penalties": "serious"}),
    "a way around the code": (with_skip, {"decoder": "serious", "baselines": "serious"}),
    "a dead channel": (with_dead_channel, {"units": "serious", "baselines": "serious"}),
}  # fmt: skip


@pytest.mark.parametrize(("case", "expected"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_told_and_nothing_else(case, expected, rng):
    report = checkup(*case(rng))
    assert told(report) == expected, report
    for finding in report.problems.itertuples():
        assert finding.advice
        assert finding.numbers or finding.evidence == ""


class TestNumbers:
    """The evidence is what it says."""

    def test_of_the_floor(self, rng):
        x_train, x_val = split(rng)
        report = checkup(pca_model(x_train, output="relu"), x_train, x_val)
        floor = np.mean(np.minimum(x_val, 0) ** 2)
        assert report.numbers("output range")["floor"] == pytest.approx(floor, rel=1e-4)
        assert report.losses.set_index("method")["mse"]["floor of the output"] == pytest.approx(floor, rel=1e-4)

    def test_of_the_losses(self, rng):
        model, x_train, x_val = worse_than_pca(rng)
        losses = checkup(model, x_train, x_val).losses.set_index(["method", "part"])
        model.compile(loss="mse")
        assert losses["mse"]["this model", "training"] == pytest.approx(
            model.evaluate(x_train, x_train, verbose=0), rel=1e-4
        )
        assert losses["mse"]["this model", "validation"] == pytest.approx(
            model.evaluate(x_val, x_val, verbose=0), rel=1e-4
        )
        pca = PCA(3).fit(x_train)
        expected = np.mean((x_val - pca.inverse_transform(pca.transform(x_val))) ** 2)
        assert losses["mse"]["PCA, 3", "validation"] == pytest.approx(expected, rel=1e-4)
        expected = np.mean((x_val - x_train.mean(axis=0)) ** 2)
        assert losses["mse"]["the mean", "validation"] == pytest.approx(expected, rel=1e-4)
        assert (losses["low"] <= losses["mse"]).all()
        assert (losses["mse"] <= losses["high"]).all()

    def test_of_the_penalty(self, rng):
        model, x_train, x_val = with_penalty(rng)
        found = checkup(model, x_train, x_val).numbers("penalties")
        z = models.encoder(model).predict(x_val, verbose=0)
        assert found["penalty"] == pytest.approx(0.1 * np.abs(z).sum(axis=1).mean(), rel=1e-4)
        model.compile(loss="mse")
        loss = np.mean((x_val - model.predict(x_val, verbose=0)) ** 2)
        # what Keras reports: in one batch, as it weighs batches of unequal size by their rows
        assert model.evaluate(x_val, x_val, batch_size=200, verbose=0) == pytest.approx(
            loss + found["penalty"], rel=1e-3
        )

    def test_of_the_overlap(self, rng):
        model, x_train, x_val = leaking(rng)
        assert checkup(model, x_train, x_val).numbers("overlap")["n_both"] == 40

    def test_of_the_probe(self, rng):
        """Classes that stand in a direction of little variance, which the code leaves out."""
        x_train, x_val = split(rng, 1500, 600)
        last = PCA().fit(x_train).components_[-1]
        y = tuple((part @ last > 0).astype(int) for part in (x_train, x_val))
        report = checkup(pca_model(x_train), x_train, x_val, y=y)
        assert told(report) == {"probe": "serious"}
        found = report.numbers("probe")
        assert found["input"] > 0.97
        assert found["code"] == pytest.approx(0.5, abs=0.1)

    def test_of_the_effective_rank(self, rng):
        assert effective_rank(np.array([0.25] * 4)) == pytest.approx(4)
        assert effective_rank(np.array([1.0, 0, 0])) == 1
        x_train, x_val = split(rng, rank=3, noise=0.01)
        report = checkup(pca_model(x_train), x_train, x_val)
        assert report.numbers("units")["effective_rank"] == pytest.approx(3, abs=0.01)  # components are uncorrelated
        assert len(report.spectrum) == 3

    def test_interval_covers_the_mean_as_often_as_it_says(self):
        rng = np.random.default_rng(0)
        hits = sum(low < 1 < high for low, high in (interval_of_mean(rng.exponential(size=200)) for _ in range(200)))
        assert 0.955 <= hits / 200 < 1

    def test_interval_of_constant_rows_is_a_point(self):
        assert interval_of_mean(np.full(9, 2.0)) == (2, 2)
        assert interval_of_mean(np.full(9, 2.0), np.full(5, 0.5)) == (1.5, 1.5)


class TestWhatIsTaken:
    def test_the_layer_called_code(self, rng):
        x_train, x_val = split(rng)
        x = keras.Input((8,))
        z = layers.Dense(4, name="code")(x)
        report = checkup(keras.Model(x, layers.Dense(8)(layers.Dense(2)(z))), x_train, x_val)
        assert (report.code_layer, report.by_name) == ("code", True)
        assert report.numbers("units")["n_units"] == 4

    def test_else_the_narrowest_behind_its_activation(self, rng):
        x_train, x_val = split(rng)
        model = keras.Sequential(
            [
                keras.Input((8,)),
                layers.Dense(5),
                layers.Dense(2),
                layers.ReLU(name="here"),
                layers.Dense(5),
                layers.Dense(8),
            ]
        )
        report = checkup(model, x_train, x_val)
        assert (report.code_layer, report.by_name) == ("here", False)
        assert "'here', the narrowest" in repr(report)

    def test_models_within_a_model(self, rng):
        x_train, x_val = split(rng)
        whole = pca_model(x_train)
        outer = keras.Sequential([keras.Input((8,)), models.encoder(whole), models.decoder(whole)])
        report = checkup(outer, x_train, x_val)
        assert report.code_layer == "encoder"
        pd.testing.assert_frame_equal(report.losses, checkup(whole, x_train, x_val).losses)

    def test_a_subclass_with_encoder_and_decoder(self, rng):
        x_train, x_val = split(rng)
        whole = pca_model(x_train)
        report = checkup(Subclassed(whole), x_train, x_val)
        assert report.problems.empty
        pd.testing.assert_frame_equal(report.losses, checkup(whole, x_train, x_val).losses)

    @pytest.mark.parametrize(
        ("last", "expected"),
        [
            ([layers.Dense(8, activation="sigmoid")], "fine"),
            ([layers.Dense(8), layers.Activation("sigmoid")], "fine"),
            ([layers.Dense(8), layers.ReLU()], "fine"),
            ([layers.Dense(8, activation="tanh"), layers.Reshape((4, 2)), layers.Flatten()], "fine"),
            ([layers.Dense(8), layers.BatchNormalization()], "fine"),
            ([layers.Dense(8, activation="sigmoid"), layers.Rescaling(255.0)], "not checked"),
            ([layers.Dense(8, activation="softmax")], "not checked"),
            ([layers.Dense(8), layers.ReLU(max_value=2.0)], "not checked"),
            ([layers.Dense(8), layers.LeakyReLU()], "not checked"),
        ],
        ids=lambda value: value if isinstance(value, str) else "-".join(type(layer).__name__ for layer in value),
    )
    def test_the_output_activation(self, rng, last, expected):
        x_train, x_val = (rng.random((n, 8)).astype("float32") for n in (60, 30))
        model = keras.Sequential([keras.Input((8,)), layers.Dense(2, name="code"), *last])
        report = checkup(model, x_train, x_val)
        assert row(report, "output range")["severity"] == expected
        if expected == "fine" and isinstance(last[-1], layers.Flatten):
            assert "(tanh)" in row(report, "output range")["finding"]

    def test_a_frame_and_its_columns(self, rng):
        x_train, x_val = (pd.DataFrame(part).add_prefix("column ") for part in split(rng))
        x_train["column 4"] = x_val["column 4"] = 3.0
        model = pca_model(x_train.to_numpy("float32"))
        report = checkup(model, x_train, x_val)
        assert "'column 4'" in row(report, "constant columns")["evidence"]
        plain = checkup(model, x_train.to_numpy(), x_val.to_numpy())
        pd.testing.assert_frame_equal(report.losses, plain.losses)

    def test_a_csv_file(self, rng, tmp_path):
        x_train, x_val = split(rng)
        model = pca_model(x_train)
        pd.DataFrame(np.concatenate([x_train, x_val])).to_csv(tmp_path / "own.csv", index=False)
        frame = pd.read_csv(tmp_path / "own.csv")
        assert told(checkup(model, frame[:400], frame[400:])) == {}

    def test_of_many_rows_some(self, rng, monkeypatch):
        monkeypatch.setattr("aecourse.checkup.examination.MAX_ROWS", 100)
        x_train, x_val = split(rng)
        x_val[150:] = x_train[:50]
        y = tuple(rng.integers(0, 2, len(part)) for part in (x_train, x_val))
        report = checkup(pca_model(x_train), x_train, x_val, y=y)
        assert report.numbers("overlap")["n_both"] == 50  # all rows are compared
        assert "100 validation rows" in row(report, "probe")["evidence"]

    def test_model_and_data_are_left_as_they_were(self, rng):
        model, x_train, x_val = with_penalty(rng)
        before = [x_train.copy(), x_val.copy(), *model.get_weights()]
        checkup(model, x_train, x_val)
        assert all(map(np.array_equal, before, [x_train, x_val, *model.get_weights()]))
        assert [layer.name for layer in model.layers] == ["features", "code", "reconstruction"]

    def test_equal_calls_have_equal_reports(self, rng):
        case = knows_rows_by_heart(rng)
        assert repr(checkup(*case)) == repr(checkup(*case))


class TestReport:
    @pytest.fixture
    def report(self, rng) -> Report:
        return checkup(*with_penalty(rng))

    def test_the_worst_comes_first(self, rng):
        severities = checkup(*with_outliers(rng)).findings["severity"].tolist()
        assert severities[0] == "serious"
        assert severities == sorted(severities, key=["serious", "worth a look", "fine", "not checked"].index)

    def test_text_has_evidence_and_advice_of_problems(self, report):
        text = repr(report)
        assert text.startswith("11 checks: 1 serious, 9 fine, 1 not checked. Code: layer 'code', by its name.")
        assert "SERIOUS | penalties:" in text
        assert "reconstruction MSE" in text

    def test_table_has_every_check_and_escapes_names(self, rng):
        x_train, x_val = (pd.DataFrame(part).rename(columns={4: "<b>"}) for part in split(rng))
        x_train["<b>"] = x_val["<b>"] = 0.0
        html = checkup(pca_model(x_train.to_numpy("float32")), x_train, x_val)._repr_html_()
        assert html.count("<tr") == 13  # and two headings
        assert html.count("<details>") == 1  # what is well folds away
        assert "constant columns" in html.split("<details>")[0]
        assert "<b>" not in html
        assert "&lt;b&gt;" in html

    def test_is_frozen(self, report):
        with pytest.raises(AttributeError):
            report.code_layer = "other"

    def test_figure_shows_the_numbers_of_the_report(self, report):
        left, right = plots.plot_checkup(**report.picture)
        drawn = {line.get_label(): line for line in left.get_lines()}
        losses = report.losses
        for part in ("training", "validation"):
            assert drawn[part].get_xdata().tolist() == losses.loc[losses["part"] == part, "mse"].tolist()
        assert [text.get_text() for text in left.get_yticklabels()] == losses["method"].tolist()
        ends = [path.vertices[:, 0].tolist() for bars in left.collections for path in bars.get_paths()]
        assert ends == losses[["low", "high"]].to_numpy().tolist()
        assert [bar.get_height() for bar in right.patches] == pytest.approx((100 * report.spectrum).tolist())
        assert right.get_title(loc="left") or right.get_title()

    def test_figure_of_a_constant_code(self, rng):
        right = plots.plot_checkup(**checkup(*collapsed(rng)).picture)[1]
        assert "The code is constant" in right.get_title(loc="left") + right.get_title()

    BAD_FIGURES = {
        "no frame": (([1], [1.0]), TypeError, "`losses` must be a DataFrame"),
        "no columns": ((pd.DataFrame({"mse": [1.0]}), [1.0]), ValueError, "without 'method', 'part', 'low', 'high'"),
        "another part": (
            (pd.DataFrame({"method": ["a"], "part": ["test"], "mse": [1.0], "low": [1.0], "high": [1.0]}), [1.0]),
            ValueError, "must have parts training and validation",
        ),
    }  # fmt: skip

    @pytest.mark.parametrize(("arguments", "kind", "message"), BAD_FIGURES.values(), ids=BAD_FIGURES)
    def test_bad_figure_is_told(self, arguments, kind, message):
        with pytest.raises(kind, match=re.escape(message)):
            plots.plot_checkup(*arguments)


X = np.random.default_rng(0).random((20, 8)).astype("float32")


def plain():
    return models.build_autoencoder(8, 2, code_activation="linear")  # with a ReLU, it could be zero for all rows


def diverged():
    model = plain()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    return model


def two_inputs():
    a, b = keras.Input((8,)), keras.Input((8,))
    return keras.Model([a, b], layers.Dense(8)(layers.Add()([a, b])))


def two_outputs():
    x = keras.Input((8,))
    z = layers.Dense(2, name="code")(x)
    return keras.Model(x, [layers.Dense(8)(z), layers.Dense(3)(z)])


def classifier():
    return keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dense(3)])


class Hidden(keras.Model):
    def call(self, x):
        return x


BAD = {
    "no model": (lambda: "model", X, X, None, TypeError, "`model` must be a Keras model"),
    "a subclass": (Hidden, X, X, None, TypeError, "a subclass without them"),
    "a subclass that does more": (
        lambda: Subclassed(plain(), -1.0), X, X, None, TypeError, "which gives other than decoder(encoder(x))",
    ),
    "a classifier": (classifier, X, X, None, ValueError, "`model` must rebuild its input"),
    "two inputs": (two_inputs, X, X, None, ValueError, "`model` must have one input"),
    "two outputs": (two_outputs, X, X, None, ValueError, "`model` must have one output"),
    "one layer": (
        lambda: keras.Sequential([keras.Input((8,)), layers.Dense(8)]), X, X, None, ValueError, "taken for the code",
    ),
    "a model that diverged": (diverged, X, X, None, ValueError, "NaN or infinite values for 40 of 40 rows"),
    "other columns than the model's": (plain, X[:, :7], X[:, :7], None, ValueError, "must have rows of the shape"),
    "other axes than the model's": (plain, X.reshape(20, 4, 2), X.reshape(20, 4, 2), None, ValueError, "Reshape them"),
    "other columns to validate": (plain, X, X[:, :7], None, ValueError, "must have rows of one shape"),
    "columns in another order": (
        plain, pd.DataFrame(X), pd.DataFrame(X)[[*range(7, -1, -1)]], None, ValueError, "the same columns in the same",
    ),
    "one row": (plain, X, X[:1], None, ValueError, "`x_val` must have at least 2 rows"),
    "one axis": (plain, X[0], X[0], None, ValueError, "`x_train` must have 2 axes or more"),
    "NaN": (plain, np.where(X > 0.9, np.nan, X), X, None, ValueError, "`x_train` must hold finite numbers"),
    "text": (plain, pd.DataFrame(X).assign(kind="a"), X, None, TypeError, "text or other objects in column 'kind'"),
    "labels of one part": (plain, X, X, np.zeros(20), TypeError, "`y` must be a pair"),
    "too few labels": (plain, X, X, ([0, 1], [0, 1]), ValueError, "len(x_train)=20"),
    "one class": (plain, X, X, ([1] * 20, [1] * 20), ValueError, "`y[0]` must hold two classes"),
}  # fmt: skip


@pytest.mark.parametrize(("build", "x_train", "x_val", "y", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_told(build, x_train, x_val, y, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        checkup(build(), x_train, x_val, y=y)
