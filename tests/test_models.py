"""Laws of the builder, of the parts taken out of a model, and of the floor under a bounded output."""

import keras
import numpy as np
import pytest
from keras import layers

from aecourse import models
from aecourse.models import build_autoencoder, decoder, encoder, reconstruction_floor

# One other value of every argument, on a base that has hidden layers so that each of them can show.
BASE = {"n_features": 6, "latent_dim": 2, "hidden_units": (5, 4)}
CHANGES = {
    "n_features": 7,
    "latent_dim": 3,
    "hidden_units": (5,),
    "activation": "tanh",
    "code_activation": "linear",
    "output_activation": "sigmoid",
    "activity_l1": 0.1,
    "weight_l2": 0.1,
    "dropout": 0.5,
    "input_noise": 0.5,
}


def names(model):
    return [layer.name for layer in model.layers]


def dense_layers(model):
    return [layer for layer in model.layers if isinstance(layer, layers.Dense)]


def signature(model):
    """All that an argument can change: layers, widths, activations, penalties, rates."""
    return [
        {key: value for key, value in layer.get_config().items() if not key.endswith("initializer")}
        for layer in model.layers
    ]


def parts_agree(model, *inputs):
    whole = model(list(inputs) if len(inputs) > 1 else inputs[0])
    z = encoder(model)(inputs[0])
    return np.array_equal(whole, decoder(model)(z))


def randomise(model, rng):
    """Fresh moving statistics too: those of a new BatchNormalization are the identity and would hide a mistake."""
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(rng.uniform(0.1, 1.0, variable.shape))
    return model


def train(model, x, *, steps, learning_rate):
    """Every step sees all rows: one epoch over `steps` copies, as Keras spends far more on an epoch than on a step."""
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    copies = np.tile(x, (steps, 1))
    model.fit(copies, copies, batch_size=len(x), shuffle=False, verbose=0)


def with_batch_norm_and_dropout():
    x = keras.Input((6,))
    h = layers.BatchNormalization()(layers.Dense(5, activation="relu")(layers.GaussianNoise(0.5)(x)))
    z = layers.LayerNormalization(name="code")(layers.Dense(2)(h))
    h = layers.BatchNormalization()(layers.Dense(5, activation="relu")(layers.Dropout(0.5)(z)))
    return keras.Model(x, layers.Dense(6)(layers.Dropout(0.5)(h)))


def sequential():
    return keras.Sequential([keras.Input((6,)), layers.Dense(2, name="code"), layers.Dropout(0.5), layers.Dense(6)])


def sequential_built_by_call():
    model = keras.Sequential([layers.Dense(2, name="code"), layers.Dense(6)])
    model(np.zeros((1, 6), "float32"))
    return model


def separate_activation():
    x = keras.Input((6,))
    z = layers.Activation("relu", name="code")(layers.Dense(2)(x))
    return keras.Model(x, layers.Dense(6)(z))


def nested_submodel():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(2)], name="code")
    x = keras.Input((6,))
    return keras.Model(x, layers.Dense(6)(inner(x)))


def skip_inside_decoder():
    x = keras.Input((6,))
    z = layers.Dense(2, name="code")(x)
    h = layers.Dense(2)(z)
    return keras.Model(x, layers.Dense(6)(layers.Add()([h, z])))


def layers_of_another_model():
    """T1's second model: built from the layers of a first, so `code` has two outputs, one in each graph."""
    first = sequential()
    x = keras.Input((6,))
    y = keras.ops.multiply(x, 2.0)
    for layer in first.layers:
        y = layer(y)
    return keras.Model(x, y)


def without_hidden_layers():
    return build_autoencoder(6, 2, input_noise=0.5)


def with_everything():
    return build_autoencoder(6, 2, hidden_units=(5, 4), activity_l1=0.1, weight_l2=0.1, dropout=0.5, input_noise=0.5)


ARCHITECTURES = [
    without_hidden_layers,
    with_everything,
    with_batch_norm_and_dropout,
    sequential,
    sequential_built_by_call,
    separate_activation,
    nested_submodel,
    skip_inside_decoder,
    layers_of_another_model,
]


class TestBuildAutoencoder:
    def test_shapes_through_the_model(self, rng):
        model = build_autoencoder(6, 2, hidden_units=(5, 4))
        x = rng.normal(size=(8, 6)).astype("float32")
        assert model(x).shape == (8, 6)
        assert encoder(model)(x).shape == (8, 2)
        assert [layer.units for layer in dense_layers(model)] == [5, 4, 2, 4, 5, 6]

    def test_layers_have_the_names_that_the_course_uses(self):
        assert names(build_autoencoder(6, 2)) == ["features", "code", "reconstruction"]
        expected = ["features", "encoder_1", "encoder_2", "code", "decoder_1", "decoder_2", "reconstruction"]
        assert names(build_autoencoder(**BASE)) == expected

    @pytest.mark.parametrize("argument", CHANGES)
    def test_every_argument_changes_the_model(self, argument):
        assert signature(build_autoencoder(**BASE)) != signature(
            build_autoencoder(**{**BASE, argument: CHANGES[argument]})
        )

    def test_the_table_of_changes_names_every_argument(self):
        arguments = build_autoencoder.__code__.co_varnames[: build_autoencoder.__code__.co_argcount]
        keyword_only = build_autoencoder.__kwdefaults__
        assert set(CHANGES) == {*arguments, *keyword_only}

    def test_each_activation_lands_where_it_belongs(self):
        model = build_autoencoder(
            6, 2, hidden_units=(5,), activation="tanh", code_activation="linear", output_activation="sigmoid"
        )
        found = [layer.activation.__name__ for layer in dense_layers(model)]
        assert found == ["tanh", "linear", "tanh", "sigmoid"]

    def test_what_is_zero_adds_nothing(self):
        model = build_autoencoder(**BASE)
        assert {type(layer) for layer in model.layers} == {layers.InputLayer, layers.Dense}
        model(np.ones((4, 6), "float32"))
        assert model.losses == []
        assert all(layer.kernel_regularizer is None for layer in dense_layers(model))

    @pytest.mark.parametrize(
        ("hidden_units", "penalised"), [((), ["code"]), ((5, 4), ["encoder_1", "encoder_2", "code"])]
    )
    def test_activity_l1_sums_absolute_activations_of_the_encoder(self, hidden_units, penalised, rng):
        model = build_autoencoder(6, 2, hidden_units=hidden_units, code_activation="tanh", activity_l1=0.25)
        x = rng.normal(size=(8, 6)).astype("float32")
        model(x)
        outputs = keras.Model(model.inputs[0], [model.get_layer(name).output for name in penalised])(x)
        expected = sum(0.25 * np.abs(output).sum() / len(x) for output in outputs)
        assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)

    def test_weight_l2_sums_squares_of_all_kernels_and_of_no_bias(self, rng):
        model = randomise(build_autoencoder(**BASE, weight_l2=0.25), rng)
        expected = sum(0.25 * (layer.kernel.numpy() ** 2).sum() for layer in dense_layers(model))
        assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)

    def test_dropout_follows_every_hidden_layer_and_spares_the_code(self):
        model = build_autoencoder(6, 2, hidden_units=(5,), dropout=0.5)
        assert names(model)[1:] == [
            "encoder_1", "encoder_1_dropout", "code", "decoder_1", "decoder_1_dropout", "reconstruction"
        ]  # fmt: skip
        assert {layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)} == {0.5}

    @pytest.mark.parametrize("disturbed", [{"dropout": 0.5}, {"input_noise": 1.0}])
    def test_noise_acts_while_training_and_only_then(self, disturbed, rng):
        keras.utils.set_random_seed(0)
        model = build_autoencoder(6, 2, hidden_units=(5,), code_activation="linear", **disturbed)
        x = rng.normal(size=(8, 6)).astype("float32")
        assert np.array_equal(model(x), model(x))
        assert not np.array_equal(model(x, training=True), model(x, training=True))

    def test_input_noise_has_the_standard_deviation_asked_for(self):
        model = build_autoencoder(400, 2, input_noise=0.5)
        noise = np.asarray(model.get_layer("input_noise")(np.zeros((200, 400), "float32"), training=True))
        assert noise.std() == pytest.approx(0.5, rel=0.02)  # 80,000 draws: the deviation is within 0.3 %

    def test_the_model_is_not_compiled(self):
        assert not build_autoencoder(6, 2).compiled

    def test_same_seed_same_weights(self):
        def weights(seed):
            keras.utils.set_random_seed(seed)
            return np.concatenate([w.ravel() for w in build_autoencoder(6, 2).get_weights()])

        assert np.array_equal(weights(3), weights(3))
        assert not np.array_equal(weights(3), weights(4))

    def test_loss_falls_on_a_set_small_enough_to_memorise(self, rng):
        keras.utils.set_random_seed(0)
        x = rng.normal(size=(4, 6)).astype("float32")
        model = build_autoencoder(6, 4, hidden_units=(32,), activation="tanh", code_activation="linear")
        before = np.mean((x - model(x)) ** 2)
        train(model, x, steps=200, learning_rate=0.01)
        assert np.mean((x - model(x)) ** 2) < before / 100

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"n_features": 0}, ValueError, "`n_features` must be an integer at least 1. Received: n_features=0."),
            ({"latent_dim": 2.0}, TypeError, "`latent_dim` must be an integer at least 1. Received: latent_dim=2.0."),
            ({"hidden_units": 5}, TypeError, "`hidden_units` must be a tuple of integers"),
            ({"hidden_units": "5"}, TypeError, "`hidden_units` must be a tuple of integers"),
            (
                {"hidden_units": (5, 0)},
                ValueError,
                "`hidden_units` must be an integer at least 1. Received: hidden_units=0.",
            ),
            (
                {"activation": "rellu"},
                ValueError,
                "`activation` must be one of .*'relu'.* Received: activation='rellu'.",
            ),
            ({"code_activation": None}, TypeError, "`code_activation` must be one of"),
            ({"output_activation": "glu"}, ValueError, "`output_activation` must be one of"),
            ({"activity_l1": -1e-4}, ValueError, "`activity_l1` must be a finite number at least 0."),
            ({"weight_l2": float("nan")}, ValueError, "`weight_l2` must be a finite number at least 0."),
            ({"dropout": 1.0}, ValueError, "`dropout` must be a finite number at least 0 and below 1."),
            ({"dropout": 0.1, "hidden_units": ()}, ValueError, "`dropout` must be 0 in a model without hidden layers."),
            ({"input_noise": "a bit"}, TypeError, "`input_noise` must be a finite number at least 0."),
        ],
    )
    def test_bad_arguments_are_told(self, arguments, error, message):
        with pytest.raises(error, match=message):
            build_autoencoder(**{**BASE, **arguments})

    @pytest.mark.parametrize("name", models.ACTIVATIONS)
    def test_every_activation_offered_keeps_the_shape(self, name):
        assert build_autoencoder(6, 2, code_activation=name).get_layer("code").output.shape == (None, 2)


class TestParts:
    @pytest.mark.parametrize("build", ARCHITECTURES)
    def test_decoder_of_encoder_is_the_model(self, build, rng):
        model = randomise(build(), rng)
        assert parts_agree(model, rng.normal(size=(8, 6)).astype("float32"))

    @pytest.mark.parametrize("build", ARCHITECTURES)
    def test_the_parts_meet_at_the_code(self, build):
        model = build()
        assert encoder(model).output_shape[1:] == decoder(model).input_shape[1:] == (2,)

    def test_weights_are_shared_not_copied(self, rng):
        model = build_autoencoder(6, 2)
        parts = encoder(model), decoder(model)
        x = rng.normal(size=(8, 6)).astype("float32")
        randomise(model, rng)
        assert np.array_equal(model(x), parts[1](parts[0](x)))

    def test_taking_parts_out_leaves_the_model_as_it_was(self, rng):
        model = with_everything()
        x = rng.normal(size=(8, 6)).astype("float32")
        before, config = np.asarray(model(x)), model.get_config()
        for _ in range(3):
            encoder(model), decoder(model)
        assert np.array_equal(before, model(x))
        assert model.get_config() == config

    def test_parts_of_a_model_that_was_saved_and_loaded(self, tmp_path, rng):
        model = with_everything()
        decoder(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        x = rng.normal(size=(8, 6)).astype("float32")
        assert np.array_equal(encoder(loaded)(x), encoder(model)(x))
        assert parts_agree(loaded, x)

    def test_of_several_outputs_the_reconstruction_is_decoded(self, rng):
        x, other = keras.Input((6,)), keras.Input((4,), name="image")
        z = layers.Dense(2, name="code")(x)
        x_hat = layers.Dense(6, name="reconstruction")(z)
        label = layers.Dense(3, name="label")(layers.Concatenate()([z, other]))
        model = keras.Model([x, other], [label, x_hat])
        batch = rng.normal(size=(8, 6)).astype("float32")
        _, expected = model([batch, np.zeros((8, 4), "float32")])
        assert encoder(model).input_shape == (None, 6)  # the image does not lead to the code
        assert np.array_equal(decoder(model)(encoder(model)(batch)), expected)

    def test_several_outputs_without_a_reconstruction(self):
        z = layers.Dense(2, name="code")(x := keras.Input((6,)))
        model = keras.Model(x, [layers.Dense(6, name="a")(z), layers.Dense(6, name="b")(z)])
        with pytest.raises(ValueError, match="or name the layer of one of them `reconstruction`.*'a', 'b'"):
            decoder(model)

    def test_a_way_around_the_code(self):
        x = keras.Input((6,), name="features")
        z = layers.Dense(2, name="code")(x)
        model = keras.Model(x, layers.Dense(6)(layers.Concatenate()([x, z])))
        assert encoder(model).output_shape == (None, 2)
        with pytest.raises(ValueError, match="must reach its output through the layer `code` alone.*'features'"):
            decoder(model)

    @pytest.mark.parametrize("take_out", [encoder, decoder])
    def test_no_layer_called_code(self, take_out):
        model = keras.Sequential([keras.Input((6,)), layers.Dense(2, name="bottleneck"), layers.Dense(6, name="out")])
        with pytest.raises(ValueError, match="called `code`.*'bottleneck', 'out'.*Dense\\(3, name='code'\\)"):
            take_out(model)

    @pytest.mark.parametrize("take_out", [encoder, decoder])
    def test_code_used_twice(self, take_out):
        x = keras.Input((2,))
        code = layers.Dense(2, name="code")
        with pytest.raises(ValueError, match="used once. Received: 2 outputs of it"):
            take_out(keras.Model(x, code(code(x))))

    @pytest.mark.parametrize("take_out", [encoder, decoder])
    @pytest.mark.parametrize("model", [None, keras.Sequential([layers.Dense(2, name="code")]), layers.Dense(2)])
    def test_no_graph_of_layers(self, take_out, model):
        with pytest.raises(TypeError, match="`model` must be a functional Keras model or a built Sequential"):
            take_out(model)


class TestReconstructionFloor:
    @pytest.mark.parametrize(
        ("activation", "share", "mse"),
        [
            ("linear", 0.0, 0.0),
            ("sigmoid", 3 / 5, (9 + 0.25 + 4) / 5),  # -3, -0.5 and 3 lie 3, 0.5 and 2 outside [0, 1]
            ("tanh", 2 / 5, (4 + 4) / 5),
            ("relu", 2 / 5, (9 + 0.25) / 5),
            ("elu", 1 / 5, 4 / 5),
        ],
    )
    def test_by_hand(self, activation, share, mse):
        floor = reconstruction_floor([-3.0, -0.5, 0.0, 1.0, 3.0], activation)
        assert (floor.share_out_of_reach, floor.mse) == pytest.approx((share, mse))

    @pytest.mark.parametrize("activation", models.OUTPUT_RANGES)
    def test_the_range_is_the_one_of_keras(self, activation):
        low, high = models.OUTPUT_RANGES[activation]
        y = np.asarray(getattr(keras.activations, activation)(np.linspace(-60, 60, 4001, dtype="float32")))
        assert low <= y.min()
        assert y.max() <= high
        # and it is no wider than need be
        assert y.min() == pytest.approx(low, abs=0.02) if np.isfinite(low) else y.min() < -50
        assert y.max() == pytest.approx(high, abs=0.02) if np.isfinite(high) else y.max() > 50

    def test_no_model_beats_the_floor(self, rng):
        keras.utils.set_random_seed(0)
        x = 2 * rng.normal(size=(16, 6)).astype("float32")
        model = build_autoencoder(6, 6, hidden_units=(64,), code_activation="linear", output_activation="sigmoid")
        train(model, x, steps=400, learning_rate=0.02)
        mse = float(np.mean((x - model(x)) ** 2))
        floor = reconstruction_floor(x, "sigmoid").mse
        assert floor <= mse < 1.2 * floor  # a floor that a long run comes close to

    def test_unknown_activation(self):
        with pytest.raises(ValueError, match="`output_activation` must be one of 'linear', .* Received: .*'softmax'"):
            reconstruction_floor([0.0], "softmax")

    def test_targets_must_be_finite(self):
        with pytest.raises(ValueError, match="`x` must hold finite numbers. Received: 1 NaN"):
            reconstruction_floor([0.0, np.nan], "sigmoid")
