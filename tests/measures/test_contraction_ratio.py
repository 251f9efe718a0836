import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jaxae.measures.contraction_ratio import contraction_at_zero, contraction_ratio, sphere
from jaxae.models import Dense
from jaxae.penalties import contractive


def linear(weight, x):
    return x @ weight


def trained_like(features=12, hidden=(9,)):
    model = Dense(features, hidden, init_weights="sigmoid_uniform")
    return model.encoder(model.init(jax.random.key(0)))


def test_points_on_the_sphere_have_length_one_and_no_preferred_direction():
    u = np.asarray(sphere(jax.random.key(0), (40000, 3)))
    np.testing.assert_allclose(np.linalg.norm(u, axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(u.T @ u / len(u), np.eye(3) / 3, atol=0.01)


def test_a_linear_map_has_the_same_ratio_at_every_radius_and_its_analytic_mean():
    # On the circle with W = diag(a, b) the mean of ||W u|| is the ellipse's perimeter / (2 pi) = 2 a E(1 - b^2 / a^2) / pi.
    from scipy.special import ellipe

    a, b = 3.0, 0.5
    encoder = Partial(linear, jnp.diag(jnp.array([a, b])))
    ratio = contraction_ratio(encoder, jnp.ones((4, 2)), jnp.array([0.0, 0.5, 7.0]), jax.random.key(1), directions=5000)
    assert ratio.shape == (3, 4, 5000)
    np.testing.assert_allclose(ratio[1], ratio[0], rtol=2e-5)
    np.testing.assert_allclose(ratio[2], ratio[0], rtol=2e-5)
    np.testing.assert_allclose(ratio.mean(), 2 * a * ellipe(1 - b**2 / a**2) / np.pi, rtol=0.01)


def test_an_isometry_has_ratio_one():
    q = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (5, 5)))[0]
    ratio = contraction_ratio(Partial(linear, q), jnp.zeros((3, 5)), jnp.array([0.0, 2.0]), jax.random.key(1))
    np.testing.assert_allclose(ratio, 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [(9,), (9, 7)])
def test_the_root_mean_square_at_radius_zero_is_the_jacobians_norm(hidden):
    encoder, x = trained_like(hidden=hidden), jax.random.uniform(jax.random.key(1), (3, 12))
    ratio = contraction_ratio(encoder, x, jnp.zeros(1), jax.random.key(2), directions=20000)[0]
    expected = contraction_at_zero(contractive(encoder, x), 12)
    np.testing.assert_allclose(jnp.sqrt(jnp.mean(ratio**2, axis=-1)), expected, rtol=0.01)
    assert np.all(ratio.mean(axis=-1) < expected)  # Jensen's inequality


def test_a_small_radius_approaches_the_limit():
    encoder, x = trained_like(), jax.random.uniform(jax.random.key(1), (3, 12))
    ratio = contraction_ratio(encoder, x, jnp.array([0.0, 1e-2]), jax.random.key(2), directions=4)
    np.testing.assert_allclose(ratio[1], ratio[0], rtol=0.01)


def test_far_away_bounded_units_contract_everything():
    encoder, x = trained_like(), jax.random.uniform(jax.random.key(1), (3, 12))
    ratio = contraction_ratio(encoder, x, jnp.array([0.0, 1000.0]), jax.random.key(2), directions=4)
    assert np.all(ratio[1] <= np.sqrt(9) / 1000)  # sigmoid codes of 9 units differ by at most sqrt(9)
