"""The change of the Jacobian under noise, against loops, quadrature and the Hessian itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from jax.tree_util import Partial

from jaxae import penalties
from jaxae.contractive import hessian
from jaxae.models import Convolutional, Dense, Layer, Layers

X = np.random.default_rng(1).normal(size=(3, 5))


def encoder_of(hidden, names, features=5, kind=jnp.float64):
    model = Dense(features, hidden, names)
    params = model.init(jax.random.key(0))
    return model.encoder(jax.tree.map(lambda p: (2 * p + 0.1).astype(kind), params))


def plain(encoder):
    """The same function without layers, so that nothing but jax.jacfwd is left."""
    return Partial(lambda encoder, x: encoder(x), encoder)


def hessian_norms(encoder, x):
    """||H||_F^2 per example, with H [code, features, features] by jax.hessian."""
    H = jax.vmap(jax.hessian(lambda v: encoder(v[None])[0]))(x)
    return np.sum(np.square(np.asarray(H)), axis=(1, 2, 3))


def quadrature(encoder, x, std):
    """Mean and variance of one draw of `change_of_layer`, sigmoid units one by one, by Gauss-Hermite quadrature in NumPy."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    (layer,) = encoder.layers
    W, b = np.asarray(layer.weight), np.asarray(layer.bias)
    mean, variance = np.zeros(len(x)), np.zeros(len(x))
    for row, example in enumerate(np.asarray(x)):
        for j in range(W.shape[1]):
            square = np.sum(W[:, j] ** 2)
            a = example @ W[:, j] + b[j]
            h, moved = (1 / (1 + np.exp(-v)) for v in (a, a + std * np.sqrt(square) * nodes))
            terms = square * (h * (1 - h) - moved * (1 - moved)) ** 2
            mean[row] += weights @ terms
            variance[row] += weights @ terms**2 - (weights @ terms) ** 2
    return mean, variance


@pytest.mark.parametrize("names", [("sigmoid",), ("tanh", "softplus")])
def test_the_definition_is_the_mean_over_draws_of_jacfwd(names, x64):
    encoder, x, key, std = encoder_of((4, 3)[: len(names)], names), jnp.asarray(X), jax.random.key(3), 0.4
    noise = std * jax.random.normal(key, (3, *x.shape), x.dtype)
    expected = np.zeros(3)
    for eps in noise:
        for row in range(3):
            J, moved = (np.asarray(jax.jacfwd(lambda v: encoder(v[None])[0])(v)) for v in (x[row], x[row] + eps[row]))
            expected[row] += np.sum((J - moved) ** 2) / 3
    for form in (encoder, plain(encoder)):
        got = hessian.change_by_definition(form, x, key, std=std, samples=3)
        np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize("std", [0.1, 0.5, 2.0])
def test_one_layer_has_the_mean_of_quadrature_and_of_the_definition(std, x64):
    encoder, x, n = encoder_of(4, "sigmoid"), jnp.asarray(X), 20_000
    mean, variance = quadrature(encoder, x, std)
    assert np.all(mean > 0)
    layer = hessian.change_of_layer(encoder, x, jax.random.key(0), std=std, samples=n)
    assert np.all(np.abs(layer - mean) < 4 * np.sqrt(variance / n))
    # One eps for all units has the same mean and another variance, which is estimated.
    keys = jax.random.split(jax.random.key(1), n)
    draw = jax.vmap(lambda key: hessian.change_by_definition(plain(encoder), x, key, std=std, samples=1))
    draws = np.asarray(jax.jit(draw)(keys))
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 4 * draws.std(axis=0) / np.sqrt(n))


@pytest.mark.parametrize(("hidden", "names"), [(4, "sigmoid"), (4, "softplus"), ((4, 3), ("sigmoid", "tanh"))])
def test_as_std_falls_to_0_it_is_std_squared_times_the_squared_hessian(hidden, names, x64):
    encoder, x, n, std = encoder_of(hidden, names), jnp.asarray(X), 4000, 1e-4
    expected = hessian_norms(encoder, x)
    keys = jax.random.split(jax.random.key(2), n)
    draw = jax.vmap(lambda key: hessian.change(encoder, x, key, std=std, samples=1))
    draws = np.asarray(jax.jit(draw)(keys)) / std**2
    assert np.all(expected > 1e-3)
    error = draws.std(axis=0) / np.sqrt(n)
    assert np.all(error < 0.05 * expected)
    assert np.all(np.abs(draws.mean(axis=0) - expected) < 4 * error)


def test_the_penalty_is_the_contractive_one_and_gamma_times_the_change(x64):
    encoder, x, key = encoder_of((4, 3), ("sigmoid", "sigmoid")), jnp.asarray(X), jax.random.key(0)
    jacobian = penalties.contractive(encoder, x)
    change = hessian.change(encoder, x, key, std=0.3, samples=2)
    for gamma in (0.0, 0.5, 3.0):
        got = penalties.contractive_hessian(encoder, x, key=key, gamma=gamma, std=0.3, samples=2)
        np.testing.assert_allclose(got, jacobian + gamma * change, rtol=1e-10)
    still = penalties.contractive_hessian(encoder, x, key=key, gamma=3.0, std=0.0, samples=2)
    np.testing.assert_allclose(still, jacobian, rtol=1e-12)


@pytest.mark.parametrize(("hidden", "names"), [(4, "linear"), ((4, 3), ("linear", "linear"))])
def test_a_linear_encoder_has_no_second_term(hidden, names, x64):
    encoder, x = encoder_of(hidden, names), jnp.asarray(X)
    for form in (encoder, plain(encoder)):
        got = hessian.change(form, x, jax.random.key(0), std=2.0, samples=2)
        np.testing.assert_allclose(got, 0, atol=1e-24)


@pytest.mark.slow
@pytest.mark.parametrize(("hidden", "names"), [(4, "sigmoid"), ((4, 3), ("tanh", "softplus"))])
def test_the_gradient_of_the_change_is_that_of_finite_differences(hidden, names, x64):
    encoder, x = encoder_of(hidden, names), jnp.asarray(X)
    total = jax.jit(lambda e, std: jnp.sum(hessian.change(e, x, jax.random.key(0), std=std, samples=2)))
    check_grads(total, (encoder, 0.4), order=1, modes=["rev"], atol=1e-6, rtol=1e-6)
    for layer in jax.grad(total)(encoder, 0.4).layers:
        assert np.all(np.abs(layer.weight) > 1e-9)


def test_a_unit_without_weights_has_no_change_and_a_finite_gradient():
    def total(W):
        encoder = Layers((Layer(W, jnp.full(4, 0.3), jax.nn.sigmoid),))
        return jnp.sum(hessian.change(encoder, jnp.asarray(X, jnp.float32), jax.random.key(0), std=0.3, samples=2))

    value, gradient = jax.value_and_grad(total)(jnp.zeros((5, 4)))
    assert value == 0 and np.all(gradient == 0)


@pytest.mark.slow
def test_softmax_units_and_convolutions_go_by_the_definition():
    x, key = jnp.asarray(X, jnp.float32), jax.random.key(0)
    softmax = Layers((Layer(jnp.asarray(X.T[:, :3], jnp.float32), jnp.zeros(3), jax.nn.softmax),))
    pictures = jnp.asarray(np.random.default_rng(0).uniform(size=(2, 64)), jnp.float32)
    model = Convolutional((8, 8), (2,), "same", activation="sigmoid")
    for encoder, batch in ((softmax, x), (model.encoder(model.init(key)), pictures)):
        got = hessian.change(encoder, batch, key, std=0.3, samples=2)
        expected = hessian.change_by_definition(plain(encoder), batch, key, std=0.3, samples=2)
        np.testing.assert_allclose(got, expected, rtol=1e-4)
        assert np.all(got > 0)
