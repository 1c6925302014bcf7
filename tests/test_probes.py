"""Laws of the probes: chance, perfection, what must not matter, and bad input told by its name."""

import random
import re

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_info

from aecourse import models, probes
from aecourse.probes import arrays, structure, supervised

CLASSIFIERS = [probes.linear_probe, probes.knn_probe]
N_CLASSES = 4


def blobs(rng, n_samples, *, spread=1.0, width=3):
    """Classes around centres that overlap, so that no probe is perfect: codes and labels."""
    centres = np.random.default_rng(7).standard_normal((N_CLASSES, width)) * 2
    y = rng.integers(0, N_CLASSES, n_samples)
    return (centres[y] + spread * rng.standard_normal((n_samples, width))).astype("float32"), y


@pytest.fixture
def parts(rng):
    """z_train, y_train, z_test, y_test."""
    return *blobs(rng, 400), *blobs(rng, 300)


def clusters(z_train, y_train, z_test, y_test):
    """`cluster_agreement`, called like a classifier; its ARI."""
    return probes.cluster_agreement(z_train, z_test, y_test).ari


ALL = [*CLASSIFIERS, clusters]


def one_hot(n_samples):
    y = np.arange(n_samples) % N_CLASSES
    return np.eye(N_CLASSES, dtype="float32")[y], y


def chance_interval(y_test, n_sigma=4):
    """Where the accuracy of guesses that know the shares of the classes falls."""
    shares = np.bincount(y_test) / len(y_test)
    n = len(y_test)
    return shares.min() - n_sigma * np.sqrt(0.25 / n), shares.max() + n_sigma * np.sqrt(0.25 / n)


class TestLaws:
    @pytest.mark.parametrize("probe", ALL)
    def test_perfect_on_one_hot_codes(self, probe):
        assert probe(*one_hot(40), *one_hot(28)) == 1.0

    @pytest.mark.parametrize("probe", ALL)
    def test_better_than_chance_on_classes_that_overlap_and_not_perfect(self, probe, parts):
        assert 0.4 < probe(*parts) < 0.99

    @pytest.mark.parametrize("probe", CLASSIFIERS)
    def test_at_chance_on_shuffled_labels(self, probe, parts, rng):
        """Those of the test rows, too: else all rows of one class, which lie together, are right or wrong together."""
        z_train, y_train, z_test, y_test = parts
        low, high = chance_interval(y_test)
        assert low < probe(z_train, rng.permutation(y_train), z_test, rng.permutation(y_test)) < high

    def test_clusters_at_chance_on_shuffled_labels(self, parts, rng):
        z_train, _, z_test, y_test = parts
        agreement = probes.cluster_agreement(z_train, z_test, rng.permutation(y_test))
        assert abs(agreement.ari) < 0.04
        assert 0 <= agreement.nmi < 0.06

    @pytest.mark.parametrize("probe", CLASSIFIERS)
    def test_scored_on_rows_that_were_not_trained_on(self, probe, rng):
        """A code that knows each training row by heart, and of the test rows nothing."""
        z_train, z_test = rng.standard_normal((2, 60, 80))
        y_train, y_test = rng.integers(0, 2, (2, 60))
        assert probe(z_train, y_train, z_test, y_test) < 0.8

    @pytest.mark.parametrize("probe", ALL)
    @pytest.mark.parametrize("factor", [1e-6, 1e6])
    def test_scale_of_the_code_does_not_matter(self, probe, parts, factor):
        z_train, y_train, z_test, y_test = parts
        scaled = probe(factor * z_train, y_train, factor * z_test, y_test)
        assert scaled == pytest.approx(probe(*parts), abs=0.01)

    @pytest.mark.parametrize("probe", [probes.knn_probe, clusters])
    def test_rotation_of_the_code_does_not_matter_to_distances(self, probe, parts):
        z_train, y_train, z_test, y_test = parts
        turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
        assert probe(z_train @ turn, y_train, z_test @ turn, y_test) == pytest.approx(probe(*parts), abs=0.01)

    def test_scale_and_origin_of_a_unit_do_not_matter_to_the_linear_probe(self, parts):
        z_train, y_train, z_test, y_test = parts
        factors = np.array([1e-4, 1, 1e5])
        found = probes.linear_probe(factors * z_train + 5, y_train, factors * z_test + 5, y_test)
        assert found == pytest.approx(probes.linear_probe(*parts), abs=0.005)

    @pytest.mark.parametrize("probe", CLASSIFIERS)
    def test_order_of_rows_does_not_matter(self, probe, parts, rng):
        z_train, y_train, z_test, y_test = parts
        first, second = rng.permutation(len(y_train)), rng.permutation(len(y_test))
        reordered = probe(z_train[first], y_train[first], z_test[second], y_test[second])
        assert reordered == pytest.approx(probe(*parts), abs=0.005)

    @pytest.mark.parametrize("probe", ALL)
    def test_one_code_is_a_slice_of_many(self, probe, parts):
        z_train, y_train, z_test, y_test = parts
        masks = 1 - np.eye(3, dtype="float32")[:, None]  # each replicate has lost another unit
        many = probe(z_train * masks, y_train, z_test * masks, y_test)
        assert many.shape == (3,)
        assert len(set(many)) == 3
        for mask, value in zip(masks, many, strict=True):
            one = probe(z_train * mask, y_train, z_test * mask, y_test)
            assert isinstance(one, float)
            assert one == value

    @pytest.mark.parametrize("probe", ALL)
    def test_names_of_classes_do_not_matter(self, probe, parts):
        z_train, y_train, z_test, y_test = parts
        names = np.array(["d", "c", "b", "a"])
        for as_names in (names, names.astype(object), np.array([7.0, -1.0, 30.0, 2.0])):
            found = probe(z_train, as_names[y_train], z_test, pd.Series(as_names[y_test]))
            # Among neighbours whose votes are even, the first class in order wins.
            assert found == pytest.approx(probe(*parts), abs=0.03)

    @pytest.mark.parametrize("probe", ALL)
    def test_dead_and_duplicate_units_do_no_harm(self, probe, parts):
        """Silently, too, as warnings are errors here."""
        z_train, y_train, z_test, y_test = parts
        noise = np.random.default_rng(3).standard_normal((2, 400)) * 1e-6

        def widened(z, i):
            return np.column_stack([z, np.zeros(len(z)), np.full(len(z), 3), z[:, 0] + noise[i, : len(z)]])

        found = probe(widened(z_train, 0), y_train, widened(z_test, 1), y_test)
        assert found == pytest.approx(probe(*parts), abs=0.12 if probe is clusters else 0.03)

    @pytest.mark.parametrize("probe", ALL)
    def test_equal_calls_have_equal_results(self, probe, parts):
        assert probe(*parts) == probe(*parts)

    @pytest.mark.parametrize("probe", ALL)
    def test_threads_are_given_back(self, probe, parts):
        before = [library["num_threads"] for library in threadpool_info()]
        probe(*parts)
        assert [library["num_threads"] for library in threadpool_info()] == before

    @pytest.mark.parametrize("probe", ALL)
    def test_arrays_are_left_as_they_were(self, probe, parts):
        copies = [part.copy() for part in parts]
        probe(*parts)
        assert all(map(np.array_equal, parts, copies))


class TestClassifiers:
    def test_the_linear_probe_reads_lines_only(self, rng):
        """A ring around a blob: neighbours tell them apart, a line can't."""
        angle, y = rng.uniform(0, 2 * np.pi, 600), np.arange(600) % 2
        z = np.column_stack([np.cos(angle), np.sin(angle)]) * (0.2 + 2 * y)[:, None] + 0.1 * rng.standard_normal(
            (600, 2)
        )
        split = z[:400], y[:400], z[400:], y[400:]
        assert probes.knn_probe(*split) == 1.0
        assert probes.linear_probe(*split) < 0.75

    def test_neighbours_vote(self):
        """One stray row beside the test row, and the class of the test row a little farther off."""
        z_train, y_train = np.array([[0.0], [0.5], [0.6], [9.0]]), [1, 0, 0, 1]
        assert probes.knn_probe(z_train, y_train, [[0.1]], [1], n_neighbors=1) == 1.0
        assert probes.knn_probe(z_train, y_train, [[0.1]], [0], n_neighbors=3) == 1.0

    def test_many_test_rows_are_sampled_once_and_for_all(self, parts, monkeypatch):
        z_train, y_train, z_test, y_test = parts
        monkeypatch.setattr(supervised, "KNN_TEST_ROWS", 50)
        rows = arrays.some_rows(len(y_test), 50)
        assert len(set(rows)) == 50
        assert rows[-1] > 60  # not the first fifty
        monkeypatch.setattr(supervised, "KNN_TEST_ROWS", 300)
        on_these = probes.knn_probe(z_train, y_train, z_test[rows], y_test[rows])
        monkeypatch.setattr(supervised, "KNN_TEST_ROWS", 50)
        assert probes.knn_probe(*parts) == on_these

    def test_the_linear_probe_converges(self, rng):
        """Units on very different scales, many of them alike: where a solver that meets them as they are gives up."""
        y = rng.integers(0, 10, 3000)
        hidden = rng.standard_normal((10, 40))[y] + 3 * rng.standard_normal((3000, 40))
        z = (hidden @ rng.standard_normal((40, 60)) * 10.0 ** rng.uniform(-4, 4, 60)).astype("float32")
        assert probes.linear_probe(z[:2000], y[:2000], z[2000:], y[2000:]) > 0.2


class TestStructure:
    def test_clusters_are_found_in_training_rows_and_judged_on_held_out_ones(self, parts):
        z_train, _, z_test, y_test = parts
        found = probes.cluster_agreement(z_train, z_test, y_test, seed=3)
        by_hand = KMeans(N_CLASSES, n_init=10, random_state=3).fit(z_train).predict(z_test)
        assert found.ari == pytest.approx(adjusted_rand_score(y_test, by_hand))
        assert found.nmi == pytest.approx(normalized_mutual_info_score(y_test, by_hand))

    def test_number_of_clusters(self, parts):
        z_train, _, z_test, y_test = parts
        assert probes.cluster_agreement(z_train, z_test, y_test, n_clusters=9).ari < clusters(
            z_train, None, z_test, y_test
        )

    def test_many_training_rows_are_sampled(self, parts, monkeypatch):
        z_train, _, z_test, y_test = parts
        rows = arrays.some_rows(len(z_train), 60)
        expected = probes.cluster_agreement(z_train[rows], z_test, y_test)
        monkeypatch.setattr(structure, "CLUSTER_TRAIN_ROWS", 60)
        assert probes.cluster_agreement(z_train, z_test, y_test) == expected

    def test_agreements_of_many_codes_are_arrays(self, parts):
        z_train, _, z_test, y_test = parts
        many = probes.cluster_agreement(np.stack([z_train] * 2), np.stack([z_test] * 2), y_test)
        assert many.ari.shape == many.nmi.shape == (2,)

    def test_a_code_that_keeps_all_distances_is_trustworthy(self, rng):
        x = rng.standard_normal((100, 5))
        turned = 3 * x @ np.linalg.qr(rng.standard_normal((5, 5)))[0] + 1
        assert probes.trustworthiness(x, turned) == 1.0

    def test_a_code_that_has_lost_everything_has_about_a_half(self, rng):
        x, z = rng.standard_normal((2, 400, 5))
        assert probes.trustworthiness(x, z) == pytest.approx(0.5, abs=0.05)

    def test_trustworthiness_of_images_and_of_many_codes(self, rng):
        x = rng.random((60, 4, 4, 1))
        flat = x.reshape(60, -1)
        z = np.stack([flat * (np.arange(16) < 3), flat])
        found = probes.trustworthiness(x, z)
        assert found[0] == probes.trustworthiness(flat, flat[:, :3]) < found[1] == 1.0

    def test_many_rows_are_sampled(self, rng, monkeypatch):
        x = rng.standard_normal((200, 5))
        rows = arrays.some_rows(200, 50)
        expected = probes.trustworthiness(x[rows], x[rows, :2])
        monkeypatch.setattr(structure, "TRUST_ROWS", 50)
        assert probes.trustworthiness(x, x[:, :2]) == expected


NAN = np.array([[np.nan, 1], [2, 3], [4, 5]])
GOOD, LABELS = np.array([[0.0, 1], [2, 3], [4, 6]]), np.array([0, 1, 0])

BAD = {
    "NaN": (NAN, LABELS, GOOD, LABELS, ValueError, "`z_train` must hold finite numbers"),
    "NaN in the test part": (GOOD, LABELS, NAN, LABELS, ValueError, "`z_test` must hold finite numbers"),
    "one axis": (GOOD[0], LABELS, GOOD, LABELS, ValueError, "`z_train` must have shape (n_samples, latent_dim) or"),
    "four axes": (GOOD[None, None], LABELS, GOOD, LABELS, ValueError, "`z_train` must have shape"),
    "text": ([["a", "b"]], LABELS, GOOD, LABELS, TypeError, "`z_train` must hold numbers alone"),
    "other width": (GOOD, LABELS, GOOD[:, :1], LABELS, ValueError, "as many replicates and units as each other"),
    "other replicates": (GOOD[None], LABELS, GOOD, LABELS, ValueError, "`z_test` must have as many replicates"),
    "collapsed": (GOOD * 0 + 3, LABELS, GOOD, LABELS, ValueError, "with every unit constant. Such a code"),
    "one replicate collapsed": (
        np.stack([GOOD, GOOD * 0]), LABELS, np.stack([GOOD, GOOD]), LABELS,
        ValueError, "in 1 of 2 replicates, at 1. Such",
    ),
    "one class": (GOOD, [1, 1, 1], GOOD, [1, 1, 1], ValueError, "must hold two classes or more. Received: y_train"),
    "labels in two columns": (GOOD, GOOD, GOOD, LABELS, ValueError, "`y_train` must be labels of classes"),
    "labels with fractions": (GOOD, [0.5, 1, 2], GOOD, LABELS, ValueError, "y_train with fractions"),
    "a label is missing": (GOOD, ["a", None, "b"], GOOD, LABELS, ValueError, "y_train with 1 missing"),
    "labels of several kinds": (GOOD, np.array(["a", 1, 2], object), GOOD, LABELS, TypeError, "other things than text"),
    "labels are dates": (GOOD, np.zeros(3, "M8[D]"), GOOD, LABELS, TypeError, "of dtype datetime64"),
    "unknown class": (GOOD, [0, 1, 0], GOOD, [0, 1, 5], ValueError, "Received: y_test with 5, which y_train has not"),
    "too few labels": (GOOD, [0, 1], GOOD, LABELS, ValueError, "len(z_train)=3, len(y_train)=2"),
    "too few test labels": (GOOD, LABELS, GOOD, [0, 1], ValueError, "len(z_test)=3, len(y_test)=2"),
}  # fmt: skip


@pytest.mark.parametrize("probe", CLASSIFIERS)
@pytest.mark.parametrize(("z_train", "y_train", "z_test", "y_test", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_told(probe, z_train, y_train, z_test, y_test, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        probe(z_train, y_train, z_test, y_test)


BAD_CALLS = {
    "no neighbours": (lambda: probes.knn_probe(GOOD, LABELS, GOOD, LABELS, n_neighbors=0), "`n_neighbors` must be"),
    "more neighbours than rows": (lambda: probes.knn_probe(GOOD, LABELS, GOOD, LABELS), "at least 1 and at most 3"),
    "one cluster": (lambda: probes.cluster_agreement(GOOD, GOOD, LABELS, n_clusters=1), "`n_clusters` must be"),
    "more clusters than rows": (lambda: probes.cluster_agreement(GOOD, GOOD, LABELS, n_clusters=4), "at most 3"),
    "more clusters than distinct rows": (
        lambda: probes.cluster_agreement(GOOD[[0, 1, 1]], GOOD, LABELS, n_clusters=3), "must have 3 distinct rows",
    ),
    "clusters of a collapsed code": (lambda: probes.cluster_agreement(GOOD * 0, GOOD, LABELS), "every unit constant"),
    "clusters of a single class": (lambda: probes.cluster_agreement(GOOD, GOOD, [0, 0, 0]), "two classes or more"),
    "too many labels for the clusters": (lambda: probes.cluster_agreement(GOOD, GOOD, [0, 1]), "len(y_test)=2"),
    "a seed below zero": (lambda: probes.cluster_agreement(GOOD, GOOD, LABELS, seed=-1), "`seed` must be"),
    "a wide neighbourhood": (lambda: probes.trustworthiness(GOOD, GOOD), "`n_neighbors` must be an integer at least 1"),
    "trust in a collapsed code": (lambda: probes.trustworthiness(GOOD, GOOD * 0, n_neighbors=1), "`z` must vary"),
    "trust in other rows": (lambda: probes.trustworthiness(GOOD, GOOD[:2], n_neighbors=1), "len(x)=3, len(z)=2"),
    "trust in NaN": (lambda: probes.trustworthiness(NAN, GOOD, n_neighbors=1), "`x` must hold finite numbers"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_call_is_told(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def build():
    return models.build_autoencoder(6, 2, hidden_units=(4,), code_activation="linear")


@pytest.fixture
def case(rng):
    """Inputs of 6 columns with their classes in the last three, and two codes in two replicates."""
    (a, y_train), (b, y_test) = blobs(rng, 120), blobs(rng, 80)
    x = tuple(np.column_stack([10 * rng.standard_normal((len(z), 3)), z]).astype("float32") for z in (a, b))
    good = tuple(np.stack([z, z[:, ::-1]]) for z in (a, b))
    poor = tuple(np.stack([part[:, :2], part[:, 1:3]]) for part in x)
    return {"codes": {"good": good, "poor": poor}, "x": x, "y": (y_train, y_test)}


class TestCompareCodes:
    def test_a_row_for_each_method_replicate_and_measure(self, case):
        frame = probes.compare_codes(**case, build_model=build)
        assert frame.columns.tolist() == ["method", "latent_dim", "seed", "measure", "value"]
        assert not frame.duplicated(["method", "seed", "measure"]).any()
        sizes = frame.groupby("method", sort=False).size().to_dict()
        assert sizes == {
            "good": 10, "poor": 10, "raw input": 5, "PCA, 2": 5, "PCA, 3": 5, "untrained encoder": 10,
            "good, shuffled labels": 8, "poor, shuffled labels": 8,
        }  # fmt: skip
        widths = frame.drop_duplicates("method").set_index("method")["latent_dim"]
        assert widths[["good", "poor", "raw input", "PCA, 3", "untrained encoder"]].tolist() == [3, 2, 6, 3, 2]
        assert np.isfinite(frame["value"]).all()

    def test_values_are_those_of_the_probes(self, case):
        frame = probes.compare_codes(**case, build_model=build, seeds=(4, 9)).set_index(["method", "seed", "measure"])[
            "value"
        ]
        (z_train, z_test), (x_train, x_test), (y_train, y_test) = case["codes"]["good"], case["x"], case["y"]
        assert frame["good", 9, "linear"] == probes.linear_probe(z_train[1], y_train, z_test[1], y_test)
        assert frame["good", 4, "knn"] == probes.knn_probe(z_train[0], y_train, z_test[0], y_test)
        assert frame["good", 9, "nmi"] == probes.cluster_agreement(z_train[1], z_test[1], y_test).nmi
        assert frame["good", 9, "trustworthiness"] == probes.trustworthiness(x_test, z_test[1])
        assert frame["raw input", 4, "linear"] == probes.linear_probe(x_train, y_train, x_test, y_test)
        pca = PCA(3).fit(x_train)
        expected = probes.knn_probe(pca.transform(x_train), y_train, pca.transform(x_test), y_test)
        assert frame["PCA, 3", 4, "knn"] == pytest.approx(expected)

    def test_the_untrained_encoder_is_the_one_that_training_begins_with(self, case):
        frame = probes.compare_codes(**case, build_model=build, seeds=(4, 9), measures=["linear"])
        keras.utils.set_random_seed(9)
        encode = models.encoder(build())
        (x_train, x_test), (y_train, y_test) = case["x"], case["y"]
        expected = probes.linear_probe(encode(x_train), y_train, encode(x_test), y_test)
        found = frame[(frame["method"] == "untrained encoder") & (frame["seed"] == 9)]["value"]
        assert found.item() == pytest.approx(expected)

    def test_the_baselines_tell_a_good_code_from_a_poor_one(self, case):
        scores = probes.compare_codes(**case, build_model=build, measures=["linear"]).groupby("method")["value"].mean()
        assert scores["good"] > 0.6 > 0.45 > scores["poor"]
        assert scores["raw input"] == pytest.approx(scores["good"], abs=0.05)  # the classes stand in it
        low, high = chance_interval(case["y"][1])
        assert low < scores["good, shuffled labels"] < high

    def test_one_code_without_a_first_axis_is_one_replicate(self, case):
        code = tuple(z[0] for z in case["codes"]["good"])
        one = probes.compare_codes({"good": code}, case["x"], case["y"], baselines=["PCA"])
        many = probes.compare_codes({"good": case["codes"]["good"]}, case["x"], case["y"], baselines=["PCA"])
        pd.testing.assert_frame_equal(one, many[many["seed"] == 0].reset_index(drop=True))

    def test_images_are_encoded_as_they_are_and_probed_flat(self, rng):
        x = tuple(rng.random((n, 4, 4, 1)).astype("float32") for n in (40, 30))
        y = tuple((part[:, 0, 0, 0] > 0.5).astype(int) for part in x)

        def build_model():
            inputs = keras.Input((4, 4, 1))
            z = keras.layers.Conv2D(2, 2, strides=2, name="code")(inputs)
            return keras.Model(inputs, keras.layers.Conv2DTranspose(1, 2, strides=2)(z))

        code = tuple(part.reshape(len(part), -1)[:, :8] for part in x)
        frame = probes.compare_codes({"top half": code}, x, y, build_model=build_model, measures=["linear"])
        assert frame.set_index("method")["latent_dim"]["untrained encoder"] == 8
        assert frame.set_index("method")["latent_dim"]["raw input"] == 16

    def test_pca_is_no_wider_than_the_data(self, case):
        wide = tuple(np.column_stack([part, part**2]) for part in case["x"])
        frame = probes.compare_codes({"wide": wide}, case["x"], case["y"], baselines=["PCA"], measures=["linear"])
        assert frame.set_index("method")["latent_dim"].to_dict() == {"wide": 12, "PCA, 12": 6}

    def test_what_is_left_out_is_left_out(self, case):
        frame = probes.compare_codes(**case, baselines=[], measures=["ari", "trustworthiness"])
        assert set(frame["method"]) == {"good", "poor"}
        assert set(frame["measure"]) == {"ari", "trustworthiness"}

    def test_random_numbers_of_the_caller_stay(self, case):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - the generator that Keras seeds
        expected = random.random(), np.random.random()  # noqa: NPY002
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        probes.compare_codes(**case, build_model=build, measures=["linear"])
        assert (random.random(), np.random.random()) == expected  # noqa: NPY002

    BAD = {
        "codes without names": ({"codes": [GOOD]}, TypeError, "`codes` must map names to pairs"),
        "no codes": ({"codes": {}}, TypeError, "`codes` must map names to pairs"),
        "a code without test rows": ({"codes": {"a": GOOD}}, TypeError, "`codes['a']` must be a pair"),
        "a collapsed code": ({"codes": {"a": (GOOD * 0, GOOD)}}, ValueError, "`codes['a'][0]` must vary between rows"),
        "other rows": ({"codes": {"a": (GOOD, GOOD)}}, ValueError, "len(codes['a'][0])=3"),
        "x alone": ({"x": GOOD}, TypeError, "`x` must be a pair"),
        "NaN": ({"x": (NAN, NAN)}, ValueError, "`x[0]` must hold finite numbers"),
        "one class": ({"y": (np.zeros(120, int), np.zeros(80, int))}, ValueError, "`y[0]` must hold two classes"),
        "a measure that is not": ({"measures": ["svm"]}, ValueError, "`measures` must be one of 'linear', 'knn'"),
        "a measure as text": ({"measures": "linear"}, TypeError, "`measures` must be a sequence"),
        "a baseline that is not": ({"baselines": ["LDA"]}, ValueError, "`baselines` must be one of 'raw input'"),
        "no builder": ({"build_model": None}, TypeError, "`build_model` must be a function"),
        "too few seeds": ({"seeds": [1]}, ValueError, "`seeds` must be 2 distinct integers"),
        "a seed twice": ({"seeds": [1, 1]}, ValueError, "`seeds` must be 2 distinct integers"),
    }  # fmt: skip

    @pytest.mark.parametrize(("change", "kind", "message"), BAD.values(), ids=BAD)
    def test_bad_input_is_told(self, case, change, kind, message):
        with pytest.raises(kind, match=re.escape(message)):
            probes.compare_codes(**{**case, "build_model": build, **change})

    def test_other_numbers_of_replicates_are_told(self, case):
        case["codes"]["third"] = tuple(np.stack([z[0]] * 3) for z in case["codes"]["good"])
        with pytest.raises(ValueError, match="`codes` must have equal numbers of replicates"):
            probes.compare_codes(**case, baselines=[])
