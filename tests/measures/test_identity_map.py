"""The response of a reconstruction against matrices and finite differences; the linear optima against the objectives."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial
from scipy.optimize import minimize

from jaxae import losses, penalties
from jaxae.measures.identity_map import decayed_gain, denoising_gain, response
from jaxae.models import Dense
from jaxae.objective import Recipe, objective

RNG = np.random.default_rng(0)


def test_a_linear_reconstruction_responds_by_its_matrix():
    A, bias = RNG.standard_normal((5, 5)), RNG.standard_normal(5)
    U = np.linalg.qr(RNG.standard_normal((5, 5)))[0]
    gain, gap = response(Partial(lambda x: x @ A.T + bias), np.ones((1, 5), np.float32), U.astype(np.float32))
    np.testing.assert_allclose(gain, [u @ A @ u for u in U], rtol=1e-4)
    np.testing.assert_allclose(gap, [sum((A @ u - u) ** 2) for u in U], rtol=1e-4)
    np.testing.assert_allclose(gap.sum(), np.linalg.norm(A - np.eye(5)) ** 2, rtol=1e-4)


def test_the_identity_and_a_constant():
    x, basis = np.ones((3, 4), np.float32), np.eye(4, dtype=np.float32)
    for reconstruct, gain, gap in ((lambda v: v, 1, 0), (jnp.zeros_like, 0, 1)):
        np.testing.assert_array_equal(response(Partial(reconstruct), x, basis), [[gain] * 4, [gap] * 4])


def test_a_curved_reconstruction_responds_by_the_mean_of_its_differences(x64):
    W = RNG.standard_normal((4, 6))
    x = RNG.standard_normal((3, 4))
    u = np.array([0.6, 0, -0.8, 0])

    def reconstruct(v):
        return jnp.tanh(v @ W) @ W.T

    moved = (np.asarray(reconstruct(x + 1e-5 * u)) - np.asarray(reconstruct(x - 1e-5 * u))) / 2e-5
    gain, gap = response(Partial(reconstruct), x, u[None])
    np.testing.assert_allclose(gain, np.mean(moved @ u), rtol=1e-6)
    np.testing.assert_allclose(gap, np.mean(np.sum((moved - u) ** 2, axis=1)), rtol=1e-6)


def test_the_denoising_gain_solves_the_normal_equations():
    U = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    variances = np.array([2.0, 0.3, 0.0])
    C = U @ np.diag(variances) @ U.T
    A = np.linalg.solve(C + 0.25 * np.eye(3), C)  # symmetric, since both factors are functions of C
    np.testing.assert_allclose(denoising_gain(variances, std=0.5), np.diag(U.T @ A @ U), atol=1e-6)


def test_the_decayed_gain_minimises_the_objective_over_all_tied_weights():
    U = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    variances, weight = np.array([2.0, 0.5, 0.1]), 0.4
    C = U @ np.diag(variances) @ U.T

    def objective(flat):
        W = flat.reshape(3, 4)
        R = np.eye(3) - W @ W.T
        return np.trace(R @ C @ R) + weight * np.sum(W**2)

    W = minimize(objective, RNG.standard_normal(12), tol=1e-12).x.reshape(3, 4)
    np.testing.assert_allclose(decayed_gain(variances, weight=weight), np.diag(U.T @ W @ W.T @ U), atol=1e-3)
    np.testing.assert_array_equal(decayed_gain(np.zeros(2), weight=0.0), 1)


def test_the_decayed_gain_minimises_the_objective_of_an_untied_autoencoder(x64):
    rng = np.random.default_rng(1)
    variances, weight = np.array([2.0, 0.5, 0.1]), 0.2
    U = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    # Points whose second moments about 0 are these variances along U.
    x = np.concatenate([points := np.sqrt(3 * variances)[:, None] * U.T, -points])
    model = Dense(3, 4, activation="linear", tied=False)
    recipe = Recipe(loss=losses.squared_error, optimizer=optax.sgd(0.1), penalty=penalties.weight_decay, weight=weight)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), model.init(jax.random.key(0)))

    @jax.jit
    @jax.value_and_grad
    def value(flat):
        encoder, decoder = zeros["encoder"][0], zeros["decoder"][0]
        W, V = flat[:12].reshape(3, 4), flat[12:].reshape(4, 3)
        params = {"encoder": [encoder | {"weight": W}], "decoder": [decoder | {"weight": V}]}
        return objective(recipe, model.encoder(params), model.decoder(params), jax.random.key(0), jnp.asarray(x))[0]

    flat = minimize(value, rng.standard_normal(24), jac=True, tol=1e-12).x
    gain = np.diag(U.T @ flat[:12].reshape(3, 4) @ flat[12:].reshape(4, 3) @ U)
    np.testing.assert_allclose(decayed_gain(variances, weight=weight, tied=False), gain, atol=1e-3)
