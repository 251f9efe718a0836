import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense, Sparse
from jaxae.objective import Recipe, encode
from jaxae.sparse import codes

KEY = jax.random.key(0)
Z = np.random.default_rng(0).normal(size=(6, 9)).astype(np.float32)
THRESHOLD = np.linspace(0.1, 0.9, 9).astype(np.float32)


@pytest.mark.parametrize("k", [0.5, 1, 2.34, 4, 9])
def test_batch_top_k_keeps_the_largest_positive_activations_of_the_whole_batch(k):
    expected, positive = np.zeros_like(Z), np.maximum(Z, 0)
    for place in np.argsort(-positive.ravel(), kind="stable")[: round(k * len(Z))]:
        expected.ravel()[place] = positive.ravel()[place]
    np.testing.assert_array_equal(codes.batch_top_k(Z, k=k, running_threshold=0.0, key=KEY), expected)


def test_without_a_key_batch_top_k_is_a_threshold_and_an_example_does_not_depend_on_the_others():
    whole = codes.batch_top_k(Z, k=2, running_threshold=0.4)
    np.testing.assert_array_equal(whole, np.where(Z > 0.4, Z, 0))
    np.testing.assert_array_equal(whole[2], codes.batch_top_k(Z[2], k=2, running_threshold=0.4))


def test_top_k_relu_keeps_the_positive_ones_of_the_k_largest_of_each_example():
    expected = np.zeros_like(Z)
    for row, target in zip(Z, expected, strict=True):
        for place in np.argsort(-row)[:7]:
            target[place] = max(row[place], 0)
    np.testing.assert_array_equal(codes.top_k_relu(Z, k=7), expected)
    np.testing.assert_array_equal(codes.relu(Z), np.maximum(Z, 0))


def test_jump_relu_is_what_lies_above_the_thresholds():
    expected = np.array([[z if z > t else 0 for z, t in zip(row, THRESHOLD, strict=True)] for row in Z], np.float32)
    np.testing.assert_array_equal(codes.jump_relu(Z, threshold=THRESHOLD, bandwidth=0.1), expected)


@pytest.mark.parametrize("function", [codes.jump_relu, codes.step])
def test_pseudo_derivatives_of_jump_relu_and_its_step_are_those_of_the_paper(function):
    """Rajamanoharan et al. 2024b, eqs. 11 and 12, summed over a loop of examples and units."""
    bandwidth, upstream = 0.6, np.random.default_rng(1).normal(size=Z.shape).astype(np.float32)

    def weighted(z, threshold):
        return jnp.sum(upstream * function(z, threshold=threshold, bandwidth=bandwidth))

    by_z, by_threshold = jax.grad(weighted, argnums=(0, 1))(Z, THRESHOLD)
    expected_z, expected = np.zeros_like(Z), np.zeros_like(THRESHOLD)
    jumps = function is codes.jump_relu
    for i, row in enumerate(Z):
        for j, z in enumerate(row):
            kernel = float(abs(z - THRESHOLD[j]) < bandwidth / 2)
            expected[j] += upstream[i, j] * (-(THRESHOLD[j] if jumps else 1) / bandwidth * kernel)
            expected_z[i, j] = upstream[i, j] * (jumps and z > THRESHOLD[j])
    np.testing.assert_allclose(by_z, expected_z, rtol=1e-6)
    np.testing.assert_allclose(by_threshold, expected, rtol=1e-5)
    assert np.any(expected != 0)


def test_gated_is_a_gate_times_a_magnitude():
    rng = np.random.default_rng(2)
    bias, scale, magnitude = rng.normal(size=(3, 9)).astype(np.float32)
    expected = np.zeros_like(Z)
    for i, row in enumerate(Z):
        for j, z in enumerate(row):
            if z > 0:
                expected[i, j] = max(np.exp(scale[j]) * (z - bias[j]) + magnitude[j], 0)
    got = codes.gated(Z, gate_bias=bias, log_scale=scale, magnitude_bias=magnitude)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def recipe(code):
    return Recipe(configure(losses.squared_error), configure(jnp.add), code=code)


def test_a_code_is_given_the_parameters_that_the_model_has_unless_the_recipe_gives_numbers():
    model = Sparse(4, 9, code_parameters=("threshold",), initial_threshold=0.7)
    encoder = model.encoder(model.init(KEY))
    x = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)
    z = encoder(x)
    learned = encode(recipe(configure(codes.jump_relu, bandwidth=0.1)), encoder, x)
    np.testing.assert_array_equal(learned, np.where(z > 0.7, z, 0))
    given = encode(recipe(configure(codes.jump_relu, bandwidth=0.1, threshold=0.2)), encoder, x)
    np.testing.assert_array_equal(given, np.where(z > 0.2, z, 0))


@pytest.mark.parametrize("model", [Dense(4, 9), Sparse(4, 9)])
def test_a_code_without_the_parameters_it_needs_is_refused_in_one_sentence(model):
    with pytest.raises(TypeError, match="the code jump_relu needs threshold: give numbers, or a model that has them"):
        encode(recipe(configure(codes.jump_relu, bandwidth=0.1)), model.encoder(model.init(KEY)), jnp.zeros((2, 4)))
