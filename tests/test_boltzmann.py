"""Restricted Boltzmann machines: energies by enumeration, contrastive divergence by its definition in NumPy."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import losses
from jaxae.boltzmann import contrastive_divergence, free_energy, gibbs_step
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe, objective
from jaxae.pretraining import pretrain
from jaxae.training import fit

FEATURES, HIDDEN = 6, 3
MODEL = Dense(FEATURES, HIDDEN, init_weights="normal_0.1")
STATES = np.array(list(product((0.0, 1.0), repeat=FEATURES)))


def machine(seed=0):
    """Random parameters, all of them away from 0."""
    params = MODEL.init(jax.random.key(seed))
    keys = iter(jax.random.split(jax.random.key(seed + 1), 9))
    return jax.tree.map(lambda value: value + 0.5 * jax.random.normal(next(keys), value.shape), params)


def arrays(params):
    """W, b and c in float64."""
    encoder, decoder = params["encoder"][0], params["decoder"][0]
    return [np.asarray(value, np.float64) for value in (encoder["weight"], encoder["bias"], decoder["bias"])]


def parts(params):
    return MODEL.encoder(params), MODEL.decoder(params)


def log_likelihood(params, x):
    """The mean of log p(x), with Z from every state of the visible units."""
    encoder, decoder = parts(params)
    normaliser = jax.scipy.special.logsumexp(-free_energy(encoder, jnp.asarray(STATES), decoder=decoder))
    return float(jnp.mean(-free_energy(encoder, x, decoder=decoder) - normaliser))


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def test_the_free_energy_sums_over_all_hidden_states():
    params = machine()
    weight, hidden_bias, visible_bias = arrays(params)
    encoder, decoder = parts(params)
    expected = [
        -np.log(
            sum(
                np.exp(x @ weight @ h + h @ hidden_bias + x @ visible_bias)
                for h in map(np.array, product((0.0, 1.0), repeat=HIDDEN))
            )
        )
        for x in STATES
    ]
    np.testing.assert_allclose(free_energy(encoder, jnp.asarray(STATES), decoder=decoder), expected, rtol=1e-5)


def test_the_gradient_is_the_difference_of_products_and_the_error_counts_for_nothing():
    params, x = machine(), jax.random.uniform(jax.random.key(5), (20, FEATURES))
    recipe = Recipe(losses.binary_cross_entropy, configure(optax.adam), penalty=contrastive_divergence, weight=1.0)
    key = jax.random.key(7)
    found = jax.grad(lambda p: objective(recipe, *parts(p), key, x)[0])(params)

    weight, hidden_bias, _ = arrays(params)
    _, penalty_key = jax.random.split(key)
    fantasy = np.asarray(gibbs_step(parts(params)[0], x, decoder=parts(params)[1], key=penalty_key), np.float64)
    x = np.asarray(x, np.float64)
    on, dreamt = (sigmoid(v @ weight + hidden_bias) for v in (x, fantasy))
    np.testing.assert_allclose(found["encoder"][0]["weight"], -(x.T @ on - fantasy.T @ dreamt) / len(x), atol=1e-5)
    np.testing.assert_allclose(found["encoder"][0]["bias"], -(on - dreamt).mean(0), atol=1e-5)
    np.testing.assert_allclose(found["decoder"][0]["bias"], -(x - fantasy).mean(0), atol=1e-5)


def test_a_gibbs_step_has_the_mean_of_every_hidden_state_by_its_probability():
    params = machine()
    weight, hidden_bias, visible_bias = arrays(params)
    encoder, decoder = parts(params)
    x = np.array([1.0, 0, 1, 0, 0, 1])
    on = sigmoid(x @ weight + hidden_bias)
    states = np.array(list(product((0.0, 1.0), repeat=HIDDEN)))
    shares = np.prod(np.where(states == 1, on, 1 - on), axis=1)
    expected = shares @ sigmoid(states @ weight.T + visible_bias)
    many = gibbs_step(
        encoder, jnp.tile(jnp.asarray(x, jnp.float32), (20000, 1)), decoder=decoder, key=jax.random.key(2)
    )
    np.testing.assert_allclose(many.mean(0), expected, atol=0.01)


def test_training_raises_the_likelihood_of_the_data():
    patterns = np.repeat(np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], np.float32), 50, axis=0)
    recipe = Recipe(
        losses.binary_cross_entropy,
        configure(optax.adam, learning_rate=0.02),
        penalty=contrastive_divergence,
        weight=1.0,
    )
    start, fitted = (
        log_likelihood(MODEL.init(jax.random.key(0)), patterns),
        fit(MODEL, recipe, patterns, epochs=200, batch_size=20),
    )
    assert start == pytest.approx(-FEATURES * np.log(2), abs=0.1)
    assert log_likelihood(fitted.params, patterns) > -1.5  # the entropy of the two patterns is log 2


def test_layers_are_pretrained_as_machines_of_the_codes_below():
    x = jax.random.bernoulli(jax.random.key(3), 0.5, (60, FEATURES)).astype(jnp.float32)
    recipe = Recipe(
        losses.binary_cross_entropy, configure(optax.sgd, learning_rate=0.1), penalty=contrastive_divergence, weight=1.0
    )
    found = pretrain(Dense(FEATURES, (4, HIDDEN)), recipe, x, epochs=3, batch_size=20).params
    first = fit(Dense(FEATURES, 4), recipe, x, epochs=3, batch_size=20).params
    second = fit(Dense(4, HIDDEN), recipe, Dense(FEATURES, 4).encoder(first)(x), epochs=3, batch_size=20).params
    np.testing.assert_allclose(found["encoder"][0]["weight"], first["encoder"][0]["weight"], rtol=1e-6)
    np.testing.assert_allclose(found["encoder"][1]["weight"], second["encoder"][0]["weight"], rtol=1e-6)


@pytest.mark.parametrize(
    "model",
    [Dense(FEATURES, (4, HIDDEN)), Dense(FEATURES, HIDDEN, "relu"), Dense(FEATURES, HIDDEN, tied=False)],
    ids=["deep", "relu", "untied"],
)
def test_other_autoencoders_are_no_boltzmann_machines(model):
    params = model.init(jax.random.key(0))
    with pytest.raises(TypeError, match="one dense sigmoid layer and a decoder tied to it"):
        free_energy(model.encoder(params), jnp.ones((2, FEATURES)), decoder=model.decoder(params))
