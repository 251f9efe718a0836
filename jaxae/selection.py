"""Which values of a row are its k largest, for a k that may be traced."""

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Num

from jaxae.arrays import Array, Number

__all__ = ["kept", "largest"]


def kept(mask: Bool[Array, "..."], values: Num[Array, "*shape"]) -> Num[Array, "*shape"]:
    """The values where the mask, which may be broadcast, holds, 0 elsewhere."""
    return jnp.where(mask, values, jnp.zeros_like(values))


def largest(values: Num[Array, "*batch hidden"], k: Number) -> Bool[Array, "*batch hidden"]:
    """Mask of the k largest values of the last axis, among equal ones those of lower index.

    k is rounded to a whole number, may be traced, and is clipped to [0, hidden]. Without sorting: bisection over the ordered
    bits of a float32. No gradient.
    """
    hidden = values.shape[-1]
    k = jnp.clip(jnp.round(k), 0, hidden).astype(jnp.int32)
    values = jax.lax.stop_gradient(values).astype(jnp.float32)
    bits = jax.lax.bitcast_convert_type(jnp.where(values == 0, 0.0, values), jnp.int32)  # -0.0 equals 0.0
    # Two's complement order of these integers is the order of the floats.
    ordered = jnp.where(bits < 0, bits ^ jnp.int32(0x7FFFFFFF), bits)
    kth = _bisect(lambda t: ordered >= t, k, jnp.int32(-(2**31)), bits=32, shape=(*values.shape[:-1], 1))
    above = ordered > kth
    equal = ordered == kth
    # Of the units equal to the k-th, the first ones fill what is left: bisect over their index.
    left = k - jnp.sum(above, axis=-1, keepdims=True, dtype=jnp.int32)
    index = hidden - 1 - jax.lax.broadcasted_iota(jnp.int32, values.shape, values.ndim - 1)
    cut = _bisect(lambda t: equal & (index >= t), left, jnp.int32(0), bits=hidden.bit_length(), shape=left.shape)
    return (above | (equal & (index >= cut))) & (k > 0)


def _bisect(at_least, count, lowest, *, bits, shape):
    """The largest integer t in [lowest, lowest + 2^bits) with `count` or more elements in at_least(t), per row.

    Stops as soon as every row has a t with exactly `count` elements: the order of the bits beyond decides nothing.
    """

    def elements(t):
        return jnp.sum(at_least(t), axis=-1, keepdims=True, dtype=jnp.int32)

    def undecided(state):
        bit, _, found = state
        return (bit >= 0) & jnp.any(found != count)

    def step(state):
        bit, t, found = state
        candidate = t + jnp.left_shift(jnp.int32(1), bit)  # the first of 32 steps wraps from -2^31 to 0, as it should
        now = elements(candidate)
        enough = now >= count
        return bit - 1, jnp.where(enough, candidate, t), jnp.where(enough, now, found)

    lowest = jnp.full(shape, lowest)
    return jax.lax.while_loop(undecided, step, (jnp.int32(bits - 1), lowest, elements(lowest)))[1]
