import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jaxae.jacobian import jacobian
from jaxae.measures.sensitivity import across, noise_excess, noise_terms, relative, sensitivity


def curved(weight, bend, x):
    """A map with known derivatives: row j is w_j . x + x B_j x."""
    return x @ weight.T + jnp.einsum("bi,jik,bk->bj", x, bend, x)


def parts(features=5):
    keys = jax.random.split(jax.random.key(0), 4)
    weight = jax.random.normal(keys[0], (features, features))
    bend = 0.3 * jax.random.normal(keys[1], (features,) * 3)
    return weight, bend, jax.random.normal(keys[2], (3, features)), keys[3]


@pytest.mark.slow
def test_sensitivity_is_the_length_of_the_jacobian_times_the_direction():
    weight, bend, x, key = parts()
    function = Partial(curved, weight, bend)
    v = jax.random.normal(key, (3, 4, 5))
    expected = np.linalg.norm(np.einsum("boi,bni->bno", jacobian(function, x), v), axis=-1)
    np.testing.assert_allclose(sensitivity(function, x, v), expected, rtol=1e-5)


def test_directions_across_are_unit_and_at_right_angles_to_the_basis():
    basis = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (4, 9, 3)))[0].transpose(0, 2, 1)
    v = across(jax.random.key(1), basis, 6)
    np.testing.assert_allclose(np.linalg.norm(v, axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.einsum("bnf,bmf->bnm", v, basis), 0, atol=1e-6)


def test_relative_sensitivity_does_not_see_the_scale_of_the_code():
    weight, bend, x, key = parts()
    v = jax.random.normal(key, (3, 1, 5))
    found = []
    for scale in (1.0, 0.01):
        function = Partial(curved, scale * weight, scale * bend)
        found.append(relative(sensitivity(function, x, v), x, function(x)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


def test_an_isometry_has_relative_sensitivity_one():
    x = jax.random.normal(jax.random.key(0), (50, 5))
    q = jnp.linalg.qr(jax.random.normal(jax.random.key(1), (5, 5)))[0]
    values = sensitivity(Partial(curved, 3 * q, jnp.zeros((5, 5, 5))), x, jnp.tile(jnp.eye(5), (50, 1, 1)))
    np.testing.assert_allclose(relative(values, x, x @ (3 * q)), 1, rtol=1e-4)


def test_noise_terms_are_those_of_a_quadratic_map():
    weight, bend, x, _ = parts()
    function = Partial(curved, weight, bend)
    penalty, curvature = noise_terms(function, x)
    np.testing.assert_allclose(penalty, np.sum(np.square(jacobian(function, x)), axis=(1, 2)), rtol=1e-5)
    laplacian = 2 * np.einsum("jii->j", bend)
    np.testing.assert_allclose(curvature, (function(x) - x) @ laplacian, rtol=1e-4)


def test_noise_excess_is_its_terms_for_small_noise_and_a_loop_for_any():
    weight, bend, x, key = parts()
    function = Partial(curved, weight, bend)
    noise = jax.random.normal(key, (20000, 3, 5))
    np.testing.assert_allclose(noise_excess(function, x, noise, 0.01), sum(noise_terms(function, x)), rtol=0.05)
    std, noise = 0.5, np.asarray(noise[:3], np.float64)
    with jax.enable_x64(True):
        expected = [
            np.sum(np.square(function(x + sign * std * e) - x) - np.square(function(x) - x), axis=-1) / std**2
            for e in noise
            for sign in (1, -1)
        ]
    np.testing.assert_allclose(
        noise_excess(function, x, jnp.asarray(noise, jnp.float32), std), np.mean(expected, 0), rtol=1e-4
    )
