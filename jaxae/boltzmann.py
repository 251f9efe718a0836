"""The restricted Boltzmann machine that a tied sigmoid autoencoder is: p(x, h) = exp(-E(x, h)) / Z of binary x and h.

E(x, h) = -x W h - h b - x c with the encoder's weight W and bias b and the decoder's bias c, so that p(h_j = 1 | x) is the
encoder's code and p(x_i = 1 | h) the decoder's reconstruction (Hinton & Salakhutdinov 2006).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Decoder, Encoder, Key
from jaxae.models import Layer

__all__ = ["contrastive_divergence", "free_energy", "gibbs_step"]


def free_energy(encoder: Encoder, x: Float[Array, "*batch features"], *, decoder: Decoder) -> Float[Array, "*batch"]:
    """The free energy of visible x in nats, F(x) = -x c - sum_j log(1 + exp((x W + b)_j)), so that p(x) = exp(-F(x)) / Z.

    Raises TypeError for an encoder that is not one dense sigmoid layer, or a decoder that is not tied to it.
    """
    _, visible_bias = _units(encoder, decoder)
    return -(x @ visible_bias) - jnp.sum(jax.nn.softplus(encoder.preactivations(x)[0]), axis=-1)


def gibbs_step(
    encoder: Encoder, x: Float[Array, "*batch features"], *, decoder: Decoder, key: Key
) -> Float[Array, "*batch features"]:
    """The means of visible units given hidden ones that are drawn given x, sigmoid(W h + c) with h ~ p(h | x).

    As in Hinton & Salakhutdinov 2006 the hidden units are drawn and the visible ones are probabilities. Raises TypeError as
    `free_energy`.
    """
    layer, visible_bias = _units(encoder, decoder)
    hidden = jax.random.bernoulli(key, encoder(x)).astype(x.dtype)
    return jax.nn.sigmoid(hidden @ layer.weight.T + visible_bias)


def contrastive_divergence(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    *,
    decoder: Decoder,
    error: Float[Array, " batch"],
    key: Key,
) -> Float[Array, " batch"]:
    """Contrastive divergence by one step of Gibbs sampling (CD-1) in place of the error, F(x) - F(x~) - error, in nats.

    A penalty whose weight is 1: the objective, error + weight * penalty, is then F(x) - F(x~), whose gradient is CD-1's
    difference of products, -(x p(h | x) - x~ p(h | x~)), since x~ = `gibbs_step`(x) is held fixed. The error is still
    reported. A weight below 1 mixes both objectives. Data in [0, 1] are probabilities of binary units. Raises TypeError as
    `free_energy`.
    """
    fantasy = jax.lax.stop_gradient(gibbs_step(encoder, x, decoder=decoder, key=key))
    return free_energy(encoder, x, decoder=decoder) - free_energy(encoder, fantasy, decoder=decoder) - error


def _units(encoder, decoder) -> tuple[Layer, Array]:
    """The one layer of an encoder and the bias of the decoder that is tied to it."""
    layers = getattr(encoder, "layers", ())
    if len(layers) != 1 or layers[0].activation is not jax.nn.sigmoid or not getattr(decoder, "tied", False):
        raise TypeError(
            "a restricted Boltzmann machine needs an encoder of one dense sigmoid layer and a decoder tied to it, as "
            "jaxae.models.Dense makes them with one width, activation sigmoid and tied=True"
        )
    return layers[0], decoder.layers[0].bias
