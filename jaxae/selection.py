"""Which values of a row are its k largest, for a k that may be traced."""

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Num

from jaxae.arrays import Array, Number

__all__ = ["kept", "largest"]

PASSES = 20  # of the search for a threshold
INTERPOLATED = 7  # of them before it halves what is left
FEW = 4  # once no more than one row of these many is undecided, passes go over the undecided alone


def kept(mask: Bool[Array, "..."], values: Num[Array, "*shape"]) -> Num[Array, "*shape"]:
    """The values where the mask, which may be broadcast, holds, 0 elsewhere."""
    return jnp.where(mask, values, jnp.zeros_like(values))


def largest(values: Num[Array, "*batch hidden"], k: Number) -> Bool[Array, "*batch hidden"]:
    """Mask of the k largest values of the last axis, among equal ones those of lower index.

    k is rounded to a whole number, may be traced, and is clipped to [0, hidden]. Without sorting: a threshold between the k-th
    value and the next is searched for in a few passes over all rows, and where equal or infinite values leave a row without
    one, by bisection over the ordered bits of a float32. No gradient.
    """
    hidden = values.shape[-1]
    k = jnp.clip(jnp.round(k), 0, hidden).astype(jnp.int32)
    values = jax.lax.stop_gradient(values).astype(jnp.float32)
    threshold, found = _searched(values, k)
    # Of a vmapped call both are computed, the second without a pass of its loops where every row has its threshold.
    return jax.lax.cond(jnp.all(found == k), _above, _exactly, values, k, threshold, found)


def _above(values, k, threshold, found):
    return values > threshold


def _exactly(values, k, threshold, found):
    """The mask where equal or infinite values left some rows without a threshold of k values."""
    ordered = _ordered(values)
    start = jnp.where(found == k, _ordered(threshold) + 1, jnp.int32(-(2**31)))
    kth = _bisect(lambda t: ordered >= t, k, start, found, bits=32)
    above = ordered > kth
    equal = ordered == kth
    # Of the units equal to the k-th, the first ones fill what is left: bisect over their index.
    left = k - jnp.sum(above, axis=-1, keepdims=True, dtype=jnp.int32)
    hidden = values.shape[-1]
    index = hidden - 1 - jax.lax.broadcasted_iota(jnp.int32, values.shape, values.ndim - 1)
    every = jnp.sum(equal, axis=-1, keepdims=True, dtype=jnp.int32)
    cut = _bisect(lambda t: equal & (index >= t), left, jnp.zeros_like(left), every, bits=hidden.bit_length())
    return (above | (equal & (index >= cut))) & (k > 0)


def _searched(values, k):
    """For each row a threshold, and how many values are above it: k wherever 20 passes find a threshold of k values.

    The first is that of a Gaussian of the row's mean and deviation, the next ones interpolate the logarithm of the number
    above, which is nearly straight in the tails that codes are made of, and then halve what is left.
    """
    finite = jnp.isfinite(values)
    low = jnp.min(values, axis=-1, keepdims=True, where=finite, initial=jnp.finfo(values.dtype).max)
    high = jnp.max(values, axis=-1, keepdims=True, where=finite, initial=jnp.finfo(values.dtype).min)
    mean, deviation = jnp.mean(values, axis=-1, keepdims=True), jnp.std(values, axis=-1, keepdims=True)
    number = values.shape[-1]
    share = (k.astype(values.dtype) + 0.5) / (number + 1)
    first = mean - deviation * jax.scipy.special.ndtri(share)
    first = jnp.where((first > low) & (first < high), first, low + (high - low) / 2)

    all_, none_ = jnp.full_like(low, number, dtype=jnp.int32), jnp.zeros_like(low, dtype=jnp.int32)
    rows = (values, first, all_ + 1, (low, all_), (high, none_))
    rows = jax.tree.map(lambda leaf: leaf.reshape(-1, leaf.shape[-1]), rows)
    few = len(rows[0]) // FEW
    passes, searched = _narrowed(jnp.int32(0), rows, k, until=few)
    threshold, found, *_ = searched
    if few:
        left = jnp.nonzero(found[:, 0] != k, size=few, fill_value=0)[0]
        undecided = jax.tree.map(lambda leaf: leaf[left], (rows[0], *searched))
        _, (last, number_above, *_) = _narrowed(passes, undecided, k, until=0)
        threshold, found = threshold.at[left].set(last), found.at[left].set(number_above)
    return threshold.reshape(low.shape), found.reshape(low.shape)


def _narrowed(passes, rows, k, *, until):
    """Passes so far, and thresholds, numbers above and bounds of rows, once `until` or fewer lack a threshold of k values.

    rows: values [rows, hidden], and of each a threshold, how many values are above it, and two thresholds with their numbers
    above between which that of k is, [rows, 1]. No more than PASSES in all.
    """
    values, *start = rows

    def undecided(state):
        passes, (_, found, *_) = state
        return (passes < PASSES) & (jnp.sum(found != k) > until)

    def narrow(state):
        passes, (threshold, _, (low, most), (high, fewest)) = state
        found = jnp.sum(values > threshold, axis=-1, keepdims=True, dtype=jnp.int32)
        low, most = jnp.where(found > k, threshold, low), jnp.where(found > k, found, most)
        high, fewest = jnp.where(found < k, threshold, high), jnp.where(found < k, found, fewest)
        upper, wanted, lower = (jnp.log(count.astype(values.dtype) + 0.5) for count in (most, k, fewest))
        part = jnp.clip((upper - wanted) / (upper - lower), 0.1, 0.9)
        between = low + (high - low) * jnp.where(passes < INTERPOLATED, part, 0.5)
        return passes + 1, (jnp.where(found == k, threshold, between), found, (low, most), (high, fewest))

    return jax.lax.while_loop(undecided, narrow, (passes, tuple(start)))


def _ordered(values):
    """Whole numbers in the order of float32 values."""
    bits = jax.lax.bitcast_convert_type(jnp.where(values == 0, 0.0, values), jnp.int32)  # -0.0 equals 0.0
    # Two's complement order of these integers is the order of the floats.
    return jnp.where(bits < 0, bits ^ jnp.int32(0x7FFFFFFF), bits)


def _bisect(at_least, count, lowest, found, *, bits):
    """The largest integer t in [lowest, lowest + 2^bits) with `count` or more elements in at_least(t), per row.

    found: the elements in at_least(lowest). A row stays at a t with exactly `count` elements, and where every row has one it
    stops: the order of the bits beyond decides nothing.
    """

    def undecided(state):
        bit, _, found = state
        return (bit >= 0) & jnp.any(found != count)

    def step(state):
        bit, t, found = state
        candidate = t + jnp.left_shift(jnp.int32(1), bit)  # the first of 32 steps wraps from -2^31 to 0, as it should
        now = jnp.sum(at_least(candidate), axis=-1, keepdims=True, dtype=jnp.int32)
        enough = (now >= count) & (found != count)
        return bit - 1, jnp.where(enough, candidate, t), jnp.where(enough, now, found)

    return jax.lax.while_loop(undecided, step, (jnp.int32(bits - 1), lowest, found))[1]
