"""Penalties on the encoder, one number per example: (encoder, x, *, numbers).

An encoder is any function x -> code that maps a batch example by example; a penalty that needs its layers says so in a
TypeError. The objective gives a penalty what it has a keyword for: `key`, a fresh one at every step, which makes it
random; the `decoder`; and `code`, what the code function keeps of f(x).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Decoder, Encoder, Key, Number
from jaxae.contractive import exact, hessian, layer_products
from jaxae.jacobian import jacobian

__all__ = [
    "contractive",
    "contractive_closed_form",
    "contractive_exact",
    "contractive_finite_difference",
    "contractive_hessian",
    "contractive_hutchinson",
    "contractive_reconstruction",
    "kl_sparsity",
    "l1",
    "none",
    "weight_decay",
]


def none(encoder: Encoder, x: Float[Array, "batch ..."]) -> Float[Array, " batch"]:
    """No penalty: 0 for every example."""
    del encoder
    return jnp.zeros(x.shape[0], x.dtype)


def l1(
    encoder: Encoder, x: Float[Array, "batch ..."], *, code: Float[Array, "batch ..."] | None = None
) -> Float[Array, " batch"]:
    """L1 norm of the code, sum_j |h_j|: a Laplace prior's negative logarithm up to a constant (Goodfellow et al. 14.2.1).

    In units of the code. code: h, what the code function keeps, encoder(x) if None. A soft threshold is the proximal step of
    this norm: what it has made 0 is not to be penalised once more.
    """
    return jnp.sum(jnp.abs(_flat(encoder(x) if code is None else code)), axis=-1)


def kl_sparsity(encoder: Encoder, x: Float[Array, "batch ..."], *, rho: Number) -> Float[Array, " batch"]:
    """Divergence of the units' mean activations from rho, sum_j KL(B(rho) || B(mean over the batch of h_j)), in nats.

    encoder: any callable with codes in (0, 1), as sigmoid units have; rho in (0, 1). The value is the same for every example
    since the mean is over the batch. Means nearer to 0 or 1 than float32 tells apart count as that near, without a gradient.
    Raises TypeError for an encoder whose layers say that the last one is not a sigmoid.
    """
    layers = getattr(encoder, "layers", None) or getattr(encoder, "convolutions", None)
    if layers and getattr(layers[-1], "activation", jax.nn.sigmoid) is not jax.nn.sigmoid:
        raise TypeError(
            "kl_sparsity takes an encoder whose last activation is jax.nn.sigmoid, so that its code is in (0, 1)"
        )
    tiny = jnp.finfo(jnp.float32).eps  # a float32 sigmoid rounds to 0 and 1, where the divergence is infinite
    active = jnp.clip(jnp.mean(_flat(encoder(x)), axis=0), tiny, 1 - tiny)
    divergence = rho * jnp.log(rho / active) + (1 - rho) * jnp.log((1 - rho) / (1 - active))
    return jnp.broadcast_to(jnp.sum(divergence), x.shape[:1])


def weight_decay(
    encoder: Encoder, x: Float[Array, "batch ..."], *, decoder: Decoder | None = None
) -> Float[Array, " batch"]:
    """Sum of the squared weights, sum_l ||W_l||_F^2, biases left out (Rifai et al. 2011, "AE+wd").

    decoder: its weights count too, unless they are the encoder's: an untied one would grow without bound as a decayed
    encoder shrinks, and no weights would be the best. The value is the same for every example. Raises TypeError for an
    encoder or decoder without layers.
    """
    layers = _layers(encoder, "weight_decay")
    if decoder is not None and not getattr(decoder, "tied", False):
        layers = (*layers, *_layers(decoder, "weight_decay", "a decoder"))
    return jnp.broadcast_to(sum(jnp.sum(jnp.square(layer.weight)) for layer in layers), x.shape[:1])


def contractive(encoder: Encoder, x: Float[Array, "batch ..."]) -> Float[Array, " batch"]:
    """Squared Frobenius norm of the encoder's Jacobian by jax.jacfwd, sum_ij (dh_j / dx_i)^2 (Rifai et al. 2011).

    The definition, right for every differentiable encoder at any depth. Holds a batch of Jacobians, batch * code * features
    floats, in memory.
    """
    return jnp.sum(jnp.square(_flat(jacobian(encoder, x))), axis=-1)


def contractive_closed_form(encoder: Encoder, x: Float[Array, "batch features"]) -> Float[Array, " batch"]:
    """The contractive penalty of one elementwise layer, sum_j s'(a_j)^2 sum_i W_ij^2 with a = x W + b.

    Equal to `contractive` for any elementwise activation s (Rifai et al. 2011 have it for the sigmoid), at the
    cost of O(features * code) more than the forward pass. Raises TypeError for an encoder that is not one dense layer with an
    elementwise activation.
    """
    layers = _layers(encoder, "contractive_closed_form")
    if len(layers) != 1:
        raise TypeError(
            f"contractive_closed_form takes an encoder of one layer, not {len(layers)}: use contractive_exact"
        )
    if not layer_products.is_elementwise(layers[0].activation):
        raise TypeError(
            "contractive_closed_form takes an elementwise activation, one unit from one input: use contractive_exact"
        )
    return layer_products.closed_form(layers, layer_products.slopes(layers, encoder.preactivations(x)))


def contractive_exact(encoder: Encoder, x: Float[Array, "batch ..."], *, memory: int = 256) -> Float[Array, " batch"]:
    """The contractive penalty, equal to `contractive`, by the exact way with the fewest counted operations.

    The closed form for one elementwise layer; for more, the product of the layers' Jacobians from the code's or the data's
    end, with the Gram matrix of the first layer where that saves work; jax.jacrev or jax.jacfwd for any other encoder. The
    batch is cut so that about `memory` MiB (a whole number, part of the structure) are held at once. What was chosen, and the
    operations counted, are `jaxae.contractive.exact.plan(encoder, x)`.
    """
    return exact.penalty(encoder, x, memory=memory)


def contractive_finite_difference(
    encoder: Encoder, x: Float[Array, "batch ..."], *, epsilon: Number
) -> Float[Array, " batch"]:
    """The contractive penalty by central differences, sum_i ||f(x + epsilon e_i) - f(x - epsilon e_i)||^2 / (2 epsilon)^2.

    Its error is O(epsilon^2) plus rounding of O(1e-7 / epsilon); it takes 2 * features passes through the encoder. epsilon > 0
    in units of the data.
    """
    flat = _flat(x)

    def difference(total, i):
        shift = epsilon * jax.nn.one_hot(i, flat.shape[1], dtype=x.dtype)
        up, down = (encoder((flat + s).reshape(x.shape)) for s in (shift, -shift))
        return total + jnp.sum(jnp.square(_flat(up - down) / (2 * epsilon)), axis=-1), None

    # Recomputing in the backward pass keeps one pair of codes in memory instead of one per feature.
    start = jnp.zeros(len(x), jax.eval_shape(encoder, x).dtype)
    return jax.lax.scan(jax.checkpoint(difference), start, jnp.arange(flat.shape[1]))[0]


def contractive_hutchinson(
    encoder: Encoder, x: Float[Array, "batch ..."], *, key: Key, samples: int = 1
) -> Float[Array, " batch"]:
    """An unbiased random estimate of the contractive penalty, mean over v of ||v^T J||^2, v_j = +-1 (Hutchinson 1990).

    Each of `samples` (a whole number, part of the structure) costs one backward pass.
    """
    code, pull = jax.vjp(encoder, x)
    signs = jax.random.rademacher(key, (samples, *code.shape), code.dtype)
    (projected,) = jax.vmap(pull)(signs)
    return jnp.mean(jnp.sum(jnp.square(projected.reshape(samples, len(x), -1)), axis=-1), axis=0)


def contractive_hessian(
    encoder: Encoder, x: Float[Array, "batch ..."], *, key: Key, gamma: Number, std: Number, samples: int = 4
) -> Float[Array, " batch"]:
    """The contractive penalty of higher order, ||J(x)||_F^2 + gamma E_eps ||J(x) - J(x + eps)||_F^2.

    "CAE+H" of Rifai et al. 2011. eps ~ N(0, std^2 I), std >= 0 in units of the encoder's input; gamma >= 0 is relative to the
    weight lambda, the paper's is lambda * gamma. The first term is exact, as `contractive_exact`; the second is an unbiased
    random estimate from `samples` (a whole number, part of the structure) draws, and tends to gamma std^2 times the squared
    Hessian, sum_kij (d^2 h_k / dx_i dx_j)^2, as std falls to 0. One elementwise layer costs little more than its closed form,
    any other encoder a Jacobian by jax.jacfwd for each draw.
    """
    change = hessian.change(encoder, x, key, std=std, samples=samples)
    return contractive_exact(encoder, x) + gamma * change


def contractive_reconstruction(
    encoder: Encoder, x: Float[Array, "batch ..."], *, decoder: Decoder, key: Key, samples: int = 1
) -> Float[Array, " batch"]:
    """An unbiased random estimate of the reconstruction's squared Jacobian, ||dr/dx||_F^2 with r(x) = g(f(x)).

    With squared error and the weight s^2 it is what small denoising noise of standard deviation s amounts to (Alain &
    Bengio 2014). An untied decoder cannot undo it, as it undoes a penalty on the encoder alone. It is on the decoder's
    output, without the code function; samples: as in `contractive_hutchinson`.
    """
    return contractive_hutchinson(lambda v: decoder(encoder(v)), x, key=key, samples=samples)


def _flat(values):
    return values.reshape(values.shape[0], -1)


def _layers(function, name, role="an encoder"):
    layers = getattr(function, "layers", None)
    if not layers:
        raise TypeError(f"{name} needs {role} with .layers, as jaxae.models makes it, not {type(function).__name__}")
    return layers
