"""Matryoshka errors over prefixes that are drawn, against loops over the prefixes in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxae.models import Sparse
from jaxae.models.layers import ACTIVATIONS, Layer, Layers
from jaxae.sparse.penalties import _pareto, matryoshka_drawn

UNITS, SIZE, BATCH = 6, 4, 5


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    code = np.maximum(rng.normal(size=(BATCH, UNITS)), 0) * [0.1, 3, 1, 0.3, 5, 2]
    return {
        "x": jnp.float32(rng.normal(size=(BATCH, SIZE))),
        "code": jnp.float32(code),
        "weight": jnp.float32(rng.normal(size=(UNITS, SIZE))),
        "bias": jnp.float32(rng.normal(size=SIZE)),
    }


def decoder(given):
    return Layers((Layer(given["weight"], given["bias"], ACTIVATIONS["linear"]),))


def by_loop(given, order, sizes, sparsity):
    """[batch], unit by unit in this order."""
    x, code, weight, bias = (np.asarray(given[name], np.float64) for name in ("x", "code", "weight", "bias"))
    found = np.zeros(BATCH)
    for row in range(BATCH):
        for size in [*sizes, UNITS]:
            reconstruction, norm = bias.copy(), 0.0
            for unit in order[:size]:
                reconstruction += code[row, unit] * weight[unit]
                norm += code[row, unit] * np.sqrt(np.sum(weight[unit] ** 2))
            found[row] += sparsity * norm / len(sizes)
            if len(order[:size]) < UNITS:
                found[row] += np.sum((x[row] - reconstruction) ** 2) / len(sizes)
    return found


@pytest.mark.parametrize("sparsity", [0.0, 0.7])
@pytest.mark.parametrize("by_energy", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_mean_over_prefixes_of_the_units_in_their_order(given, seed, by_energy, sparsity):
    key = jax.random.key(seed)
    energies = np.sum((np.asarray(given["code"]) * np.linalg.norm(given["weight"], axis=1)) ** 2, axis=0)
    order = np.argsort(-energies) if by_energy else np.arange(UNITS)
    expected = by_loop(given, order, np.asarray(_pareto(key, 4, UNITS, 0.5)), sparsity)
    numbers = {"sparsity": sparsity, "prefixes": 4, "by_energy": by_energy}
    found = matryoshka_drawn(jnp.tanh, given["x"], key=key, decoder=decoder(given), code=given["code"], **numbers)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_order_of_the_units_does_not_matter_where_it_is_that_of_their_energies(given):
    turned = given | {name: given[name][..., ::-1] for name in ("code",)} | {"weight": given["weight"][::-1]}
    key = jax.random.key(3)
    one, other = (
        matryoshka_drawn(jnp.tanh, g["x"], key=key, decoder=decoder(g), code=g["code"], sparsity=0.2, by_energy=True)
        for g in (given, turned)
    )
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("by_energy", [False, True])
def test_its_gradient_is_that_of_its_value(given, by_energy):
    with jax.enable_x64(True):
        given = {name: jnp.asarray(np.asarray(value), jnp.float64) for name, value in given.items()}

        def value(weight, shift):
            layer = Layers((Layer(weight, given["bias"], ACTIVATIONS["linear"]),))
            code = jnp.where(given["code"] > 0, given["code"] + shift, 0)
            numbers = {"sparsity": 0.3, "prefixes": 3, "by_energy": by_energy}
            return jnp.sum(
                matryoshka_drawn(jnp.tanh, given["x"], key=jax.random.key(0), decoder=layer, code=code, **numbers)
            )

        check_grads(value, (given["weight"], jnp.zeros(UNITS)), order=1, modes=["rev"])


@pytest.mark.parametrize("alpha", [0.5, -0.5])
def test_sizes_are_drawn_by_their_powers(alpha):
    sizes = np.asarray(_pareto(jax.random.key(0), 200_000, 20, alpha))
    edges = np.arange(1, 21.0) ** -alpha
    expected = np.diff(edges) / (edges[-1] - edges[0])
    np.testing.assert_allclose(np.bincount(sizes, minlength=20)[1:] / len(sizes), expected, atol=0.004)


def test_a_decoder_of_two_layers_is_refused(given):
    two = Layers(decoder(given).layers * 2)
    with pytest.raises(TypeError, match="matryoshka_drawn needs a decoder of one linear layer"):
        matryoshka_drawn(jnp.tanh, given["x"], key=jax.random.key(0), decoder=two, code=given["code"])


def test_it_takes_a_sparse_model(given):
    model = Sparse(SIZE, UNITS)
    params = model.init(jax.random.key(0))
    encoder, x = model.encoder(params), given["x"]
    code = jax.nn.relu(encoder(x))
    assert matryoshka_drawn(encoder, x, key=jax.random.key(1), decoder=model.decoder(params), code=code).shape == (
        BATCH,
    )
