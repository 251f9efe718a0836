"""Any callable is an encoder, and data of another precision than the parameters are taken as they are."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxae import jacobian, penalties
from jaxae.maps import as_pytree
from jaxae.measures import contraction_ratio, identity_map, sensitivity
from jaxae.models import Convolutional, Dense

X = jax.random.uniform(jax.random.key(0), (4, 12))
WEIGHT = jax.random.normal(jax.random.key(1), (12, 5))
SQUARE = jax.random.normal(jax.random.key(2), (12, 12)) / 4
ALONG = jnp.broadcast_to(jnp.eye(12)[:3], (4, 3, 12))
MEASURES = {
    "singular values": (WEIGHT, jacobian.singular_values),
    "tangents": (WEIGHT, lambda f, x: jnp.abs(jacobian.tangents(f, x, 2))),
    "contraction ratio": (
        WEIGHT,
        lambda f, x: contraction_ratio.contraction_ratio(f, x, jnp.array([0.0, 1.0]), jax.random.key(3)),
    ),
    "sensitivity": (WEIGHT, lambda f, x: sensitivity.sensitivity(f, x, ALONG)),
    "noise terms": (SQUARE, sensitivity.noise_terms),
    "noise excess": (SQUARE, lambda f, x: sensitivity.noise_excess(f, x, jnp.ones((1, *x.shape), x.dtype), 0.1)),
    "response": (SQUARE, lambda f, x: identity_map.response(f, x, jnp.eye(12, dtype=x.dtype)[:2])),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURES)
def test_a_lambda_and_a_flax_module_are_encoders(name):
    weight, measure = MEASURES[name]
    module = nn.Dense(weight.shape[1])
    params = {"params": {"kernel": weight, "bias": jnp.zeros(weight.shape[1])}}
    results = [
        jax.tree.leaves(measure(encoder, X))
        for encoder in (lambda x: jnp.tanh(x @ weight), lambda x: jnp.tanh(module.apply(params, x)))
    ]
    for plain, flax in zip(*results, strict=True):
        assert np.all(np.isfinite(plain))
        np.testing.assert_allclose(plain, flax, rtol=1e-4, atol=1e-5)


def test_kl_sparsity_takes_any_code_and_refuses_layers_that_say_otherwise():
    module = nn.Dense(5)
    params = module.init(jax.random.key(0), X)
    values = penalties.kl_sparsity(lambda x: jax.nn.sigmoid(module.apply(params, x)), X, rho=0.1)
    mean = np.asarray(jax.nn.sigmoid(module.apply(params, X)), np.float64).mean(axis=0)
    wanted = np.sum(0.1 * np.log(0.1 / mean) + 0.9 * np.log(0.9 / (1 - mean)))
    np.testing.assert_allclose(values, np.full(4, wanted), rtol=1e-5)
    model = Dense(12, 5, "relu")
    with pytest.raises(TypeError, match=r"last activation is jax\.nn\.sigmoid"):
        penalties.kl_sparsity(model.encoder(model.init(jax.random.key(0))), X, rho=0.1)


PENALTIES = {
    "l1": penalties.l1,
    "kl_sparsity": functools.partial(penalties.kl_sparsity, rho=0.1),
    "weight_decay": penalties.weight_decay,
    "contractive": penalties.contractive,
    "contractive_exact": penalties.contractive_exact,
    "contractive_closed_form": penalties.contractive_closed_form,
    "contractive_finite_difference": functools.partial(penalties.contractive_finite_difference, epsilon=1e-3),
    "contractive_hutchinson": functools.partial(penalties.contractive_hutchinson, key=jax.random.key(0)),
    "contractive_hessian": functools.partial(penalties.contractive_hessian, key=jax.random.key(0), gamma=0.5, std=0.3),
}


@pytest.mark.slow
@pytest.mark.parametrize("of_x", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("hidden", [(5,), (6, 5)])
@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_take_data_of_another_precision_than_the_parameters(name, hidden, of_x, x64):
    if len(hidden) > 1 and name == "contractive_closed_form":
        pytest.skip("one layer only")
    other = jnp.float64 if of_x == jnp.float32 else jnp.float32
    model = Dense(12, hidden)
    params = jax.tree.map(lambda p: p.astype(other), model.init(jax.random.key(0)))
    mixed = PENALTIES[name](model.encoder(params), X.astype(of_x))
    double = PENALTIES[name](model.encoder(jax.tree.map(jnp.float64, params)), X.astype(jnp.float64))
    np.testing.assert_allclose(mixed, double, rtol=1e-4)
    gradient = jax.grad(lambda p: PENALTIES[name](model.encoder(p), X.astype(of_x)).sum())(params)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURES)
def test_measures_take_data_of_another_precision_than_the_map(name, x64):
    weight, measure = MEASURES[name]

    def encoder(x):
        return jnp.tanh(x @ weight.astype(jnp.float32))

    results = [jax.tree.leaves(measure(encoder, X.astype(kind))) for kind in (jnp.float32, jnp.float64)]
    for single, double in zip(*results, strict=True):
        np.testing.assert_allclose(single, double, rtol=2e-3, atol=2e-4)


def test_a_pytree_stays_itself():
    encoder = Dense(12, 5).encoder(Dense(12, 5).init(jax.random.key(0)))
    assert as_pytree(encoder) is encoder and as_pytree(jnp.tanh)(X).shape == X.shape


def test_a_map_may_be_given_by_name():
    radii = jnp.array([0.0, 1.0])
    named = contraction_ratio.contraction_ratio(encoder=lambda x: x @ WEIGHT, x=X, radii=radii, key=jax.random.key(3))
    placed = contraction_ratio.contraction_ratio(lambda x: x @ WEIGHT, X, radii, jax.random.key(3))
    np.testing.assert_array_equal(named, placed)


def test_the_exact_penalty_takes_modules_of_flax():
    module = nn.Dense(5)
    bound = module.bind({"params": {"kernel": WEIGHT, "bias": jnp.zeros(5)}})
    np.testing.assert_allclose(penalties.contractive_exact(bound, X), np.full(4, np.sum(np.square(WEIGHT))), rtol=1e-5)


def test_kl_sparsity_refuses_convolutions_that_end_in_another_activation():
    model = Convolutional((8, 8), (2,), "same")
    with pytest.raises(TypeError, match="sigmoid"):
        penalties.kl_sparsity(model.encoder(model.init(jax.random.key(0))), jnp.ones((2, 64)), rho=0.1)


def test_sensitivities_beyond_the_rank_are_zero_at_full_size():
    rng = np.random.default_rng(0)
    weight = jnp.asarray(rng.normal(size=(1024, 3)) @ rng.normal(size=(3, 1000)) / 100, jnp.float32)
    values = jacobian.sensitive_directions(lambda x: x @ weight, jnp.ones((1, 1024)), 500)[1]
    assert np.count_nonzero(values) == 3
