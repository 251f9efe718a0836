import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import losses, storage
from jaxae.functions import configure
from jaxae.models import Sparse
from jaxae.objective import Recipe, encode
from jaxae.penalties import contractive, contractive_exact
from jaxae.sparse import codes, optimizers

KEY = jax.random.key(0)
X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def moved(model):
    """Parameters away from the start, rows of norms other than 1."""
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda p: jnp.asarray(p + 0.3 * rng.normal(size=p.shape), jnp.float32), model.init(KEY))


def test_it_starts_as_unit_vectors_with_the_encoder_as_the_decoder_transposed_or_not():
    tied, untied = Sparse(5, 8).init(KEY), Sparse(5, 8, tied_start=False).init(KEY)
    np.testing.assert_allclose(np.linalg.norm(tied["decoder"]["weight"], axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(tied["encoder"]["weight"], tied["decoder"]["weight"].T)
    np.testing.assert_allclose(np.linalg.norm(untied["encoder"]["weight"], axis=0), 1, rtol=1e-6)
    assert np.abs(untied["encoder"]["weight"] - untied["decoder"]["weight"].T).max() > 0.1


@pytest.mark.parametrize("pre_bias", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_pre_activations_and_reconstructions_are_the_formulas(pre_bias, scaled):
    model = Sparse(5, 8, pre_bias=pre_bias, scaled_by_norms=scaled)
    params = moved(model)
    W, b, D, c = (np.asarray(params[r][n]) for r in ("encoder", "decoder") for n in ("weight", "bias"))
    norms = np.linalg.norm(D, axis=1) if scaled else np.ones(8)
    z = ((X - c * pre_bias) @ W + b) * norms
    encoder = model.encoder(params)
    np.testing.assert_allclose(encoder(X), z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoder.at(X)(X), z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(encoder.layers[0](X), z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.decoder(params)(z), z / norms @ D + c, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scaled", [True, False])
def test_magnitudes_of_a_gated_code_are_in_the_units_of_its_pre_activations(scaled):
    model = Sparse(5, 8, scaled_by_norms=scaled, code_parameters=("log_scale", "magnitude_bias"))
    params = moved(model)
    W, b, D, c = (np.asarray(params[r][n]) for r in ("encoder", "decoder") for n in ("weight", "bias"))
    r, magnitude = (np.asarray(params["code"][name]) for name in model.code_parameters)
    norms = np.linalg.norm(D, axis=1) if scaled else np.ones(8)
    expected = np.zeros((6, 8))
    for i, x in enumerate(X):
        for j in range(8):
            drive = norms[j] * ((x - c) @ W[:, j])
            if drive + norms[j] * b[j] > 0:
                expected[i, j] = max(np.exp(r[j]) * drive + magnitude[j], 0)
    recipe = Recipe(losses.squared_error, configure(optax.sgd, learning_rate=0.1), code=codes.gated)
    np.testing.assert_allclose(encode(recipe, model.encoder(params), X), expected, rtol=1e-4, atol=1e-5)


def test_the_exact_contractive_penalty_reads_it_as_a_layer():
    model = Sparse(5, 8, scaled_by_norms=True)
    encoder = model.encoder(moved(model))
    np.testing.assert_allclose(contractive_exact(encoder, X), contractive(encoder, X), rtol=1e-4)


def test_its_decoder_starts_at_the_centre_of_the_data_and_keeps_the_threshold_of_training():
    model = Sparse(5, 8, code_parameters=("running_threshold",))
    params = model.with_running_threshold(model.centred(model.init(KEY), X.mean(0)), 0.4)
    np.testing.assert_array_equal(model.decoder(params)(np.zeros(8, np.float32)), X.mean(0))
    assert params["code"]["running_threshold"] == 0.4
    plain = Sparse(5, 8)
    assert "code" not in plain.with_running_threshold(plain.init(KEY), 0.4)


def test_it_is_stored_and_found_again(tmp_path):
    model = Sparse(5, 8, code_parameters=("threshold",), initial_threshold=0.2)
    params = jax.tree.map(lambda leaf: leaf[None], moved(model))
    recipe = Recipe(
        configure(losses.squared_error),
        configure(optimizers.adam_unit_norm, learning_rate=0.1),
        code=configure(codes.jump_relu, bandwidth=0.01),
    )
    recipes = jax.tree.map(lambda n: np.asarray(n, np.float32)[None], recipe)
    storage.save(tmp_path / "run.npz", model=model, recipes=recipes, seeds=[0], params=params, curve={})
    stored = storage.load(tmp_path / "run.npz")
    assert stored.model == model
    assert stored.recipes.code.func.__name__ == "jump_relu"
    jax.tree.map(np.testing.assert_array_equal, stored.params, params)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hidden": 0}, "model.hidden is 0: it must be a whole number from 1 on"),
        ({"tied_start": 1}, "model.tied_start is 1: it must be true or false"),
        (
            {"code_parameters": ("theta",)},
            "it must be a list of threshold, running_threshold, log_scale, magnitude_bias",
        ),
        ({"initial_threshold": 0}, "model.initial_threshold is 0: it must be a number above 0"),
    ],
)
def test_wrong_fields_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Sparse(**{"features": 5, "hidden": 8, **fields})
