"""Penalties of modern sparse autoencoders, one number per example: (encoder, x, *, numbers).

`encoder` gives pre-activations, `code` is what the code function makes of them. The objective gives by keyword what a
penalty has a parameter for: `key`, `decoder`, `code`, `error` and `state`.
"""

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from jaxae.arrays import Array, Decoder, Encoder, Key, Number
from jaxae.selection import kept, largest
from jaxae.sparse.codes import step

__all__ = [
    "auxk",
    "gated_auxiliary",
    "l0_jump",
    "matryoshka",
    "matryoshka_auxk",
    "matryoshka_drawn",
    "p_anneal",
    "prefix_sizes",
    "weighted_l1",
]


def weighted_l1(
    encoder: Encoder, x: Float[Array, "batch features"], *, decoder: Decoder, code: Float[Array, "batch hidden"]
) -> Float[Array, " batch"]:
    """L1 norm of the code in units of the reconstruction, sum_j |h_j| ||d_j||, d_j the decoder's row of unit j.

    Conerly et al. 2024: a decoder that grows cannot make it small. Raises TypeError for a decoder that is not one linear
    layer.
    """
    del encoder, x
    weight = _dictionary(decoder, "weighted_l1").weight
    return jnp.sum(jnp.abs(code) * jnp.linalg.norm(weight, axis=1), axis=-1)


def p_anneal(
    encoder: Encoder, x: Float[Array, "batch features"], *, code: Float[Array, "batch hidden"], p: Number
) -> Float[Array, " batch"]:
    """The L_p penalty sum_j |h_j|^p of a p that falls from 1, times a constant that keeps its mean at that of sum_j |h_j|.

    Karvonen et al. 2024: the smaller p, the less a large activation is shrunk. The constant is the batch's ratio of the two
    means, without a gradient, so that the weight lambda need not follow p. 0 < p <= 1, mostly a schedule.
    """
    del encoder, x
    absolute = jnp.abs(code)
    on = absolute > 0
    powers = jnp.sum(kept(on, jnp.where(on, absolute, 1.0) ** p), axis=-1)
    plain, mean = jnp.mean(jnp.sum(absolute, axis=-1)), jnp.mean(powers)
    return powers * jax.lax.stop_gradient(jnp.where(mean > 0, plain / jnp.where(mean > 0, mean, 1), 1.0))


def l0_jump(
    encoder: Encoder, x: Float[Array, "batch features"], *, bandwidth: Number, target_l0: Number | None = None
) -> Float[Array, " batch"]:
    """The number of units on, L0 = sum_j 1[z_j > threshold_j], or (mean L0 / target_l0 - 1)^2 where there is one.

    Rajamanoharan et al. 2024b. The thresholds are those of `jaxae.sparse.codes.jump_relu` in the model and have the
    pseudo-derivative of `jaxae.sparse.codes.step`; z has none. bandwidth > 0 in units of z; target_l0 > 0, the mean over the
    batch that is wanted. Raises TypeError for an encoder without thresholds.
    """
    thresholds = getattr(encoder, "parameters", {}).get("threshold")
    if thresholds is None:
        raise TypeError(
            'l0_jump needs an encoder with thresholds, as of jaxae.models.Sparse(code_parameters=("threshold",))'
        )
    number = jnp.sum(step(encoder(x), thresholds, bandwidth=bandwidth), axis=-1)
    if target_l0 is None:
        return number
    return jnp.broadcast_to(jnp.square(jnp.mean(number) / target_l0 - 1), number.shape)


def auxk(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    *,
    decoder: Decoder,
    code: Float[Array, "batch hidden"],
    state: Any,
    k: Number,
    dead_after: Number,
) -> Float[Array, " batch"]:
    """Squared error of what dead units make of the error, s ||e - (g(z_dead) - g(0))||^2 with e = x - g(h) held fixed.

    Gao et al. 2024, "AuxK". z_dead: the k largest pre-activations of units that have not been on for more than `dead_after`
    steps; s = min(dead / k, 1), 0 where none is. In units of a squared error; a weight of 1/32 leaves training to the
    living. state: jaxae.training.activity.Activity.
    """
    dead = state.idle > dead_after
    number = jnp.sum(dead)

    def of_the_dead():
        z = encoder(x)
        chosen = dead & largest(jnp.where(dead, z, -jnp.inf), jnp.minimum(k, number))
        error = jax.lax.stop_gradient(x - decoder(code))
        explained = decoder(kept(chosen, z)) - decoder(jnp.zeros_like(z[:1]))
        return jnp.minimum(number / k, 1) * jnp.sum(jnp.square(error - explained), axis=-1)

    def nothing():
        return jnp.zeros(x.shape[:-1], code.dtype)

    # Where runs are mapped side by side both are computed and one is taken.
    return jax.lax.cond(number > 0, of_the_dead, nothing)


def matryoshka(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    *,
    decoder: Decoder,
    code: Float[Array, "batch hidden"],
    prefixes: str,
) -> Float[Array, " batch"]:
    """Squared errors of the first units alone, sum_m ||x - g(h_1 ... h_m)||^2 over nested prefixes m (Bussmann et al. 2025).

    prefixes: shares of the units, rising and below 1, as "1/32 1/8 1/2"; the whole code's error is the loss, and the weight 1
    makes all count alike. One product with the decoder in all. Raises ValueError for prefixes that are none, TypeError for a
    decoder that is not one linear layer.
    """
    del encoder
    layer = _dictionary(decoder, "matryoshka")
    reconstruction, first, total = layer.bias, 0, 0.0
    for size in prefix_sizes(prefixes, code.shape[-1]):
        reconstruction = reconstruction + code[:, first:size] @ layer.weight[first:size]
        first = size
        total = total + jnp.sum(jnp.square(x - reconstruction), axis=-1)
    return total


def matryoshka_auxk(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    *,
    decoder: Decoder,
    code: Float[Array, "batch hidden"],
    state: Any,
    prefixes: str,
    k: Number,
    dead_after: Number,
    share: Number = 1 / 32,
) -> Float[Array, " batch"]:
    """The sum of `matryoshka` and share times `auxk`, for a weight of 1 (Bussmann et al. 2025)."""
    nested = matryoshka(encoder, x, decoder=decoder, code=code, prefixes=prefixes)
    return nested + share * auxk(encoder, x, decoder=decoder, code=code, state=state, k=k, dead_after=dead_after)


def matryoshka_drawn(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    *,
    key: Key,
    decoder: Decoder,
    code: Float[Array, "batch hidden"],
    alpha: Number = 0.5,
    sparsity: Number = 0.0,
    prefixes: int = 10,
    by_energy: bool = False,
) -> Float[Array, " batch"]:
    """The mean of ||x - g(h_1 ... h_m)||^2 over prefixes m that are drawn anew at every step, P(m) ~ m^-(1 + alpha).

    After Nabeshima 2024: with as many prefixes as there are steps, every unit comes first once in a while. sparsity: lambda,
    which adds lambda / prefixes times the norms of `weighted_l1` of the drawn prefixes and of the whole code, so that with the
    weight `prefixes` of the recipe the objective is the sum of error + lambda L1 over them all. by_energy: the first units are
    those of the largest sum of (h_j ||d_j||)^2 over the batch, else those of the lowest index. prefixes: a whole number, part
    of the structure, each a product with the decoder; alpha is not 0, the larger the shorter they are. Raises TypeError for a
    decoder that is not one linear layer.
    """
    del encoder
    sizes = _pareto(key, prefixes, code.shape[-1], alpha)
    scaled = jnp.abs(code) * jnp.linalg.norm(_dictionary(decoder, "matryoshka_drawn").weight, axis=1)
    rank = jnp.arange(code.shape[-1])
    if by_energy:
        energies = jax.lax.stop_gradient(jnp.sum(jnp.square(scaled), axis=0))
        rank = jnp.argsort(jnp.argsort(-energies))

    def terms(size):
        first = rank < size
        error = jnp.sum(jnp.square(x - decoder(kept(first, code))), axis=-1)
        return error, jnp.sum(kept(first, scaled), axis=-1)

    errors, norms = jax.vmap(terms)(sizes)
    return jnp.mean(errors, axis=0) + sparsity / prefixes * (jnp.sum(norms, axis=0) + jnp.sum(scaled, axis=-1))


def gated_auxiliary(
    encoder: Encoder, x: Float[Array, "batch features"], *, decoder: Decoder, sparsity: Number
) -> Float[Array, " batch"]:
    """What the gate of `jaxae.sparse.codes.gated` learns by, sparsity sum_j g_j + ||x - g(gate)||^2 with gate = max(z, 0).

    Rajamanoharan et al. 2024a. The decoder is held fixed. sparsity: lambda, from 0 on; the weight of the recipe is 1.
    """
    gate = jax.nn.relu(encoder(x))
    frozen = jax.tree.map(jax.lax.stop_gradient, decoder)
    return sparsity * jnp.sum(gate, axis=-1) + jnp.sum(jnp.square(x - frozen(gate)), axis=-1)


def prefix_sizes(prefixes: str, hidden: int) -> list[int]:
    """The numbers of units that shares as "1/32 1/8 1/2" of `hidden` are; raises ValueError for shares that are none."""
    try:
        sizes = [round(Fraction(share) * hidden) for share in prefixes.split()]
    except (ValueError, ZeroDivisionError, AttributeError):
        sizes = []
    if not sizes or sizes[0] < 1 or sizes[-1] >= hidden or sizes != sorted(set(sizes)):
        raise ValueError(
            f"prefixes is {prefixes!r}: it must be rising shares of the {hidden} units below 1, as '1/32 1/8 1/2', each of a "
            "unit or more"
        )
    return sizes


def _pareto(key, number, hidden, alpha) -> Int[Array, " number"]:
    """Sizes from 1 to hidden - 1 with probabilities that fall as size^-(1 + alpha), by the inverse of the distribution."""
    u = jax.random.uniform(key, (number,))
    return jnp.minimum((1 - u * (1 - hidden**-alpha)) ** (-1 / alpha), hidden - 1).astype(jnp.int32)


def _dictionary(decoder, name):
    """The decoder's one layer; raises TypeError where it has none or more."""
    layers = getattr(decoder, "layers", ())
    if len(layers) != 1:
        raise TypeError(f"{name} needs a decoder of one linear layer, as of jaxae.models.Sparse, not {len(layers)}")
    return layers[0]
