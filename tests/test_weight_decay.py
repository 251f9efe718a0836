"""Weight decay as a penalty."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from encoders import FEATURES, batch, stack

from jaxae import penalties
from jaxae.models import Dense


def test_weight_decay_refuses_a_plain_function():
    with pytest.raises(TypeError, match=r"weight_decay needs an encoder with \.layers.*function"):
        penalties.weight_decay(lambda x: x, batch(dtype=np.float32))


def test_weight_decay_is_the_sum_of_all_squared_weights_without_biases():
    encoder, x = stack(("tanh", "relu", "sigmoid"), dtype=np.float32), batch(dtype=np.float32)
    expected = 0.0
    for layer in encoder.layers:
        for entry in np.asarray(layer.weight, np.float64).ravel():
            expected += entry**2
    np.testing.assert_allclose(penalties.weight_decay(encoder, x), np.full(3, expected), rtol=1e-6)
    gradient = jax.grad(lambda e: jnp.mean(penalties.weight_decay(e, x)))(encoder)
    for layer, slope in zip(encoder.layers, gradient.layers, strict=True):
        np.testing.assert_allclose(slope.weight, 2 * layer.weight, rtol=1e-6)
        assert not np.any(slope.bias)


@pytest.mark.parametrize("tied", [True, False])
def test_weight_decay_counts_tied_weights_once_and_untied_ones_of_both(tied):
    model = Dense(FEATURES, (5, 3), tied=tied)
    params = model.init(jax.random.key(0))
    weights = [layer["weight"] for part in params.values() for layer in part if "weight" in layer]
    assert len(weights) == (2 if tied else 4)
    decoder = model.decoder(params)
    values = penalties.weight_decay(model.encoder(params), batch(dtype=np.float32), decoder=decoder)
    np.testing.assert_allclose(values, [sum(np.sum(np.square(W)) for W in weights)] * 3, rtol=1e-6)


def test_weight_decay_takes_no_decoder_that_hides_its_weights():
    encoder = stack(("sigmoid",), dtype=np.float32)
    with pytest.raises(TypeError, match=r"^weight_decay needs a decoder with \.layers"):
        penalties.weight_decay(encoder, batch(dtype=np.float32), decoder=lambda h: h)


def test_contractive_of_a_linear_layer_is_weight_decay():
    # Rifai et al. 2011: for a linear encoder the two penalties coincide.
    encoder, x = stack(("linear",), dtype=np.float32), batch(dtype=np.float32)
    np.testing.assert_allclose(penalties.contractive(encoder, x), penalties.weight_decay(encoder, x), rtol=1e-6)
