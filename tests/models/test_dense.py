import jax
import jax.numpy as jnp
import numpy as np
import pytest
from encoders import NUMPY

from jaxae.models import ACTIVATIONS, INITIALIZERS, Dense, centred, untie


def random_params(model, seed=0):
    """Parameters of the model with biases that are not 0, so that a bias in the wrong place is seen."""
    leaves, structure = jax.tree.flatten(jax.eval_shape(model.init, jax.random.key(seed)))
    rng = np.random.default_rng(seed)
    return jax.tree.unflatten(structure, [jnp.asarray(rng.normal(size=leaf.shape), jnp.float32) for leaf in leaves])


def examples(features, n=5, seed=1):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(n, features)), jnp.float32)


def reconstruct(model, params, x):
    return model.decoder(params)(model.encoder(params)(x))


def shapes(params):
    return jax.tree.map(lambda leaf: leaf.shape, params)


DEPTHS = [(3,), (6, 2), (5, 9, 3)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_what_its_name_says(name):
    a = np.linspace(-6, 6, 101)
    np.testing.assert_allclose(ACTIVATIONS[name](a.astype(np.float32)), NUMPY[name](a), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_the_shapes_of_the_parameters(tied):
    encoder = [{"weight": (7, 5), "bias": (5,)}, {"weight": (5, 3), "bias": (3,)}]
    decoder = [{"bias": (5,)}, {"bias": (7,)}] if tied else [
        {"weight": (3, 5), "bias": (5,)},
        {"weight": (5, 7), "bias": (7,)},
    ]  # fmt: skip
    params = Dense(7, (5, 3), tied=tied).init(jax.random.key(0))
    assert shapes(params) == {"encoder": encoder, "decoder": decoder}
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("hidden", DEPTHS)
@pytest.mark.parametrize("tied", [True, False])
def test_code_and_reconstruction_are_the_formula_layer_by_layer(hidden, tied):
    names = ("tanh", "softplus", "sigmoid")[: len(hidden)]
    model = Dense(7, hidden, activation=names, output="elu", tied=tied)
    params, x = random_params(model), examples(7)
    code = np.asarray(x, np.float64)
    for layer, name in zip(params["encoder"], names, strict=True):
        code = NUMPY[name](code @ np.asarray(layer["weight"], np.float64) + layer["bias"])
    got_code, got = jax.jit(lambda params, x: (model.encoder(params)(x), reconstruct(model, params, x)))(params, x)
    np.testing.assert_allclose(got_code, code, rtol=1e-5, atol=1e-5)
    # The decoder undoes the last layer first: its activations are those of the layers below, then the output's.
    back = code
    depth = len(hidden)
    for i, layer in enumerate(params["decoder"]):
        name = "elu" if i == depth - 1 else names[depth - 2 - i]
        W = params["encoder"][depth - 1 - i]["weight"].T if tied else layer["weight"]
        back = NUMPY[name](back @ np.asarray(W, np.float64) + layer["bias"])
    np.testing.assert_allclose(got, back, rtol=1e-4, atol=1e-4)
    assert [layer.activation for layer in model.encoder(params).layers] == [ACTIVATIONS[name] for name in names]


@pytest.mark.parametrize("hidden", DEPTHS)
def test_a_tied_model_has_one_weight_per_layer(hidden):
    def weights(tied):
        paths = jax.tree_util.tree_flatten_with_path(random_params(Dense(7, hidden, tied=tied)))[0]
        return [path for path, _ in paths if "weight" in jax.tree_util.keystr(path)]

    assert len(weights(tied=True)) == len(hidden)
    assert all(path[0].key == "encoder" for path in weights(tied=True))
    assert len(weights(tied=False)) == 2 * len(hidden)


@pytest.mark.parametrize("hidden", DEPTHS)
def test_the_gradient_of_a_tied_weight_is_that_of_the_encoder_and_of_the_decoder(hidden):
    # Chain rule at W_d = W_e^T. In old Keras the "tied" decoder was a copy, and its half of the gradient was lost.
    model = Dense(7, hidden, activation="tanh")
    params, x = random_params(model), examples(7)
    untied, apart = untie(model, params)

    def loss(model):
        return lambda params: jnp.sum((reconstruct(model, params, x) - x) ** 2)

    together, halves = jax.jit(jax.grad(loss(model)))(params), jax.jit(jax.grad(loss(untied)))(apart)
    for whole, encoder, decoder in zip(
        together["encoder"], halves["encoder"], reversed(halves["decoder"]), strict=True
    ):
        size = np.max(np.abs(whole["weight"]))
        np.testing.assert_allclose(whole["weight"], encoder["weight"] + decoder["weight"].T, atol=1e-5 * size)
        assert np.max(np.abs(decoder["weight"])) > 1e-3 * size
    for part in ("encoder", "decoder"):
        for whole, half in zip(together[part], halves[part], strict=True):
            np.testing.assert_allclose(whole["bias"], half["bias"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("hidden", DEPTHS)
def test_untying_leaves_reconstructions_bit_identical(hidden):
    # pylearn2 copied the visible bias into the hidden one, which only a layer as wide as its input hides.
    model = Dense(7, hidden, activation="sigmoid")
    params, x = random_params(model), examples(7)
    untied, apart = untie(model, params)
    assert not untied.tied
    assert shapes(apart) == shapes(random_params(untied))
    np.testing.assert_array_equal(untied.encoder(apart)(x), model.encoder(params)(x))
    np.testing.assert_array_equal(reconstruct(untied, apart, x), reconstruct(model, params, x))
    compiled = jax.jit(reconstruct, static_argnums=0)  # there the order of a sum may depend on who transposes
    np.testing.assert_allclose(compiled(untied, apart, x), compiled(model, params, x), rtol=1e-5, atol=1e-5)


def test_an_untied_model_cannot_be_untied():
    model = Dense(4, 2, tied=False)
    with pytest.raises(ValueError, match="untied already"):
        untie(model, model.init(jax.random.key(0)))


def test_an_encoder_is_a_pytree_of_its_weights_that_takes_any_leading_dimensions():
    model = Dense(7, (5, 3), activation="tanh")
    params = random_params(model)
    encoder = model.encoder(params)
    assert len(jax.tree.leaves(encoder)) == 4
    for layer, expected in zip(encoder.layers, params["encoder"], strict=True):
        np.testing.assert_array_equal(layer.weight, expected["weight"])
        np.testing.assert_array_equal(layer.bias, expected["bias"])
    x = examples(7, 6)
    code = jax.jit(lambda encoder, x: encoder(x))(encoder, x)
    np.testing.assert_allclose(encoder(x.reshape(2, 3, 7)), code.reshape(2, 3, 3), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(encoder(x[0]), code[0], rtol=1e-5, atol=1e-6)


# Standard deviation of a weight from 300 to 200 units, and its bound where the distribution is uniform.
# Glorot & Bengio 2010, eq. 16: U(+-sqrt(6 / (in + out))); LeCun: variance 1 / in; He et al. 2015: variance 2 / in.
SPREAD = {
    "glorot_uniform": (np.sqrt(2 / 500), np.sqrt(6 / 500)),
    "sigmoid_uniform": (4 * np.sqrt(2 / 500), 4 * np.sqrt(6 / 500)),
    "lecun_normal": (np.sqrt(1 / 300), None),
    "he_normal": (np.sqrt(2 / 300), None),
    "normal_0.01": (0.01, None),
    "normal_0.1": (0.1, None),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_the_spread_of_their_name_and_biases_are_0(name):
    params = Dense(300, 200, init_weights=name).init(jax.random.key(0))
    W = np.asarray(params["encoder"][0]["weight"], np.float64)
    std, bound = SPREAD[name]
    assert abs(W.mean()) < 4 * std / np.sqrt(W.size)
    assert abs(W.std() / std - 1) < 4 * np.sqrt(0.5 / W.size)  # the kurtosis of all of these is at most 3
    if bound is not None:
        assert 0.999 * bound < np.abs(W).max() <= bound * (1 + 1e-6)
    assert not np.any(params["encoder"][0]["bias"]) and not np.any(params["decoder"][0]["bias"])


def test_every_weight_and_every_key_is_a_draw_of_its_own():
    model = Dense(5, (5, 5), tied=False)
    first, again, other = (model.init(jax.random.key(seed)) for seed in (0, 0, 1))
    weights = [layer["weight"] for params in (first, other) for part in params.values() for layer in part]
    for i, a in enumerate(weights):
        for b in weights[:i]:
            assert np.all(a != b) and np.all(a != b.T)
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_width_stands_for_a_list_of_one_and_a_name_for_one_per_layer():
    assert Dense(4, 3) == Dense(4, (3,)) == Dense(4, [3])
    assert Dense(4, (3, 2), activation="relu") == Dense(4, [3, 2], activation=["relu", "relu"])


def test_equal_models_hash_equal_and_compile_once():
    traces = 0

    @jax.jit
    def double(x):
        return 2 * x

    def code(model, params, x):
        nonlocal traces
        traces += 1
        return double(model.encoder(params)(x))

    compiled = jax.jit(code, static_argnums=0)
    models = [Dense(4, 3, activation="relu"), Dense(4, [3], activation=["relu"]), Dense(4, (3,), activation=("relu",))]
    assert len({hash(model) for model in models}) == 1
    params = random_params(models[0])
    for model in models:
        compiled(model, params, examples(4))
    assert traces == 1
    different = [Dense(4, 3), Dense(4, 2), Dense(5, 3), Dense(4, 3, tied=False), Dense(4, 3, output="sigmoid")]
    assert len({*different, models[0]}) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"activation": "swish"}, ["model.activation", "'swish'", *ACTIVATIONS]),
        ({"activation": ("relu", "swish")}, ["model.activation", "'swish'", *ACTIVATIONS]),
        ({"output": "logits"}, ["model.output", "'logits'", *ACTIVATIONS]),
        ({"init_weights": "xavier"}, ["model.init_weights", "'xavier'", *INITIALIZERS]),
        ({"activation": ("relu",)}, ["model.activation", "1 names", "2 layers"]),
        ({"hidden": ()}, ["model.hidden"]),
        ({"hidden": (3, 0)}, ["model.hidden", "0"]),
        ({"hidden": (3, -2)}, ["model.hidden", "-2"]),
        ({"hidden": (3, 2.0)}, ["model.hidden", "2.0", "whole"]),
        ({"hidden": True}, ["model.hidden", "True"]),
    ],
)
def test_what_is_not_allowed_is_refused_by_name_with_what_is(arguments, words):
    with pytest.raises(ValueError, match=r"model\.") as error:
        Dense(**{"features": 4, "hidden": (3, 2), **arguments})
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("key", "values", "allowed"),
    [
        ("features", [0, -1, 2.0, "8", None, True, (4,)], "a whole number from 1 on"),
        ("hidden", [1.5, "8", (4, 2.0), (4, "2"), (4, True), ((4, 2),), None, [], 0], "a width or a list of widths"),
        ("activation", [None, 3, ("relu", 3), [["relu", "relu"]] * 2, True], "one of linear, "),
        ("output", [None, 0, ("relu",), ["relu"]], "one of linear, "),
        ("tied", ["no", 1, 0, None, [True]], "true or false"),
        ("init_weights", [None, 0.1, ["he_normal"]], "one of glorot_uniform, "),
        ("code_at", [None, True, "first", ["last"]], "one of last, every"),
    ],
)
def test_a_field_of_another_kind_is_refused_in_one_sentence(key, values, allowed):
    for value in values:
        with pytest.raises(ValueError, match=rf"^model.{key} is .*: it must be {allowed}") as error:
            Dense(**{"features": 10, "hidden": (4, 3), key: value})
        assert "\n" not in str(error.value)


def test_sizes_of_numpy_are_plain_numbers():
    model = Dense(np.int64(7), (np.int32(3), np.uint8(2)))
    assert model == Dense(7, (3, 2))
    assert [type(size) for size in (model.features, *model.hidden)] == [int] * 3


def test_centred_biases_take_the_mean_out_and_give_it_back():
    model = Dense(5, (4, 3), "tanh")
    params = model.init(jax.random.key(0))
    x = jax.random.uniform(jax.random.key(1), (7, 5))
    mean = x.mean(axis=0)
    found = centred(params, mean)
    np.testing.assert_allclose(
        model.encoder(found).preactivations(x)[0], (x - mean) @ params["encoder"][0]["weight"], atol=1e-6
    )
    np.testing.assert_allclose(model.decoder(found)(jnp.zeros(3)), mean, atol=1e-6)
    logits = model.decoder(centred(params, mean, logits=True))(jnp.zeros(3))
    np.testing.assert_allclose(jax.nn.sigmoid(logits), mean, atol=1e-6)
    assert jax.tree.structure(found) == jax.tree.structure(params)
    np.testing.assert_array_equal(found["encoder"][1]["bias"], params["encoder"][1]["bias"])
