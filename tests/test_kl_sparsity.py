"""The divergence of mean activations from a wanted one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from encoders import FEATURES, batch, numpy_code, stack, with_weights
from jax.test_util import check_grads

from jaxae import penalties
from jaxae.models import Layer, Layers


def sigmoid_units(activity):
    """An encoder whose units have the given mean activation whatever x is: no weights, biases logit(activity)."""
    activity = np.asarray(activity, np.float64)
    bias = jnp.asarray(np.log(activity / (1 - activity)), np.float32)
    return Layers((Layer(jnp.zeros((FEATURES, len(activity))), bias, jax.nn.sigmoid),))


def bernoulli_divergence(rho, active):
    active = np.asarray(active, np.float64)
    return np.sum(rho * np.log(rho / active) + (1 - rho) * np.log((1 - rho) / (1 - active)))


@pytest.mark.parametrize("rho", [0.05, 0.5, 0.9])
def test_kl_sparsity_is_0_where_every_mean_activation_is_rho(rho):
    values = penalties.kl_sparsity(sigmoid_units([rho] * 4), batch(dtype=np.float32), rho=rho)
    np.testing.assert_allclose(values, 0, atol=1e-6)  # 4 units, each a difference of numbers of order 1 in float32


@pytest.mark.parametrize("activity", [[0.05, 0.05, 0.06], [0.2, 0.5, 0.9], [0.01, 0.05, 0.05]])
def test_kl_sparsity_is_positive_where_one_unit_differs(activity):
    got = penalties.kl_sparsity(sigmoid_units(activity), batch(dtype=np.float32), rho=0.05)
    expected = bernoulli_divergence(0.05, activity)
    assert expected > 5e-4
    np.testing.assert_allclose(got, np.full(3, expected), rtol=1e-5, atol=1e-6)


def test_kl_sparsity_is_of_the_mean_over_the_batch():
    encoder, x = stack(("tanh", "sigmoid"), dtype=np.float32), batch(10, dtype=np.float32)
    h = numpy_code(encoder, ("tanh", "sigmoid"), np.asarray(x, np.float64))
    expected = bernoulli_divergence(0.2, h.mean(axis=0))
    np.testing.assert_allclose(penalties.kl_sparsity(encoder, x, rho=0.2), np.full(10, expected), rtol=1e-5)
    # Units that are on for x and off for -x are half active on average: no penalty for rho = 1/2.
    odd = with_weights(
        sigmoid_units([0.5] * 4), [jnp.asarray(np.random.default_rng(3).normal(size=(6, 4)), jnp.float32)]
    )
    np.testing.assert_allclose(penalties.kl_sparsity(odd, jnp.concatenate([x, -x]), rho=0.5), 0, atol=1e-6)


def test_kl_sparsity_is_finite_with_finite_gradients_at_saturated_units():
    encoder = Layers((Layer(jnp.ones((FEATURES, 4)), jnp.array([-1e4, 1e4, -80.0, 0.0]), jax.nn.sigmoid),))
    x = 0.1 * batch(dtype=np.float32)
    value, gradient = jax.value_and_grad(lambda e: jnp.mean(penalties.kl_sparsity(e, x, rho=0.05)))(encoder)
    assert np.isfinite(value) and value > bernoulli_divergence(0.05, [0.5])
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_the_gradient_of_kl_sparsity_is_that_of_finite_differences(x64):
    encoder, x = stack(("tanh", "sigmoid")), batch(4)
    penalty = jax.jit(lambda e: jnp.mean(penalties.kl_sparsity(e, x, rho=0.1)))
    check_grads(penalty, (encoder,), order=1, modes=["rev"], atol=1e-6, rtol=1e-6)
    assert np.all(np.abs(jax.grad(penalty)(encoder).layers[0].weight) > 1e-6)


@pytest.mark.parametrize("last", ["relu", "linear", "tanh", "softplus"])
def test_kl_sparsity_refuses_codes_that_are_no_probabilities(last):
    with pytest.raises(TypeError, match=r"kl_sparsity.*sigmoid"):
        penalties.kl_sparsity(stack(("sigmoid", last), dtype=np.float32), batch(dtype=np.float32), rho=0.1)
