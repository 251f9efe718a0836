"""How strongly a map answers to a small change of its input, along given directions and under small noise."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Key, Number
from jaxae.maps import compiled

__all__ = ["across", "noise_excess", "noise_terms", "relative", "sensitivity"]


@compiled
def sensitivity(
    function: Callable, x: Float[Array, "batch features"], directions: Float[Array, "batch n features"]
) -> Float[Array, "batch n"]:
    """The length of the map's change per unit of change along each direction, ||J v||.

    function: of a batch, example by example; directions: of length 1. In units of the output per unit of the data.
    """

    def one(v):
        change = jax.jvp(function, (x,), (v.astype(x.dtype),))[1]
        return jnp.sqrt(jnp.sum(jnp.square(change.reshape(len(x), -1)), axis=-1))

    return jax.lax.map(one, jnp.swapaxes(directions, 0, 1)).T


def across(key: Key, basis: Float[Array, "batch m features"], count: int) -> Float[Array, "batch count features"]:
    """Random directions of length 1 at right angles to the basis, uniform in its orthogonal complement.

    basis: orthonormal; count: how many.
    """
    batch, _, features = basis.shape
    v = jax.random.normal(key, (batch, count, features))
    v = v - jnp.einsum("bnf,bmf,bmg->bng", v, basis, basis, optimize="optimal")
    return v / jnp.linalg.norm(v, axis=-1, keepdims=True)


def relative(
    values: Float[Array, "*shape"], x: Float[Array, "n features"], output: Float[Array, "n ..."]
) -> Float[Array, "*shape"]:
    """Sensitivities in units of the standard deviations of output and input over the data, v * std(x) / std(output).

    values: in units of the output per unit of the data; x and output: on the same data. The result has no units: unlike the
    values it does not fall where a code is only shrunk. std: root of the summed variances.
    """
    return values * _spread(x) / _spread(output)


def _spread(values):
    return jnp.sqrt(jnp.sum(jnp.var(jnp.asarray(values).reshape(len(values), -1), axis=0)))


@compiled
def noise_terms(
    function: Callable, x: Float[Array, "batch features"]
) -> tuple[Float[Array, " batch"], Float[Array, " batch"]]:
    """What small noise adds to a reconstruction's squared error, E||r(x + s e) - x||^2 - ||r(x) - x||^2 = s^2 (A + B) + O(s^4).

    A = ||J||_F^2 and B = (r(x) - x) . sum_i d^2 r / dx_i^2 with e normal of unit variance: a Taylor expansion to second
    order. Alain & Bengio 2014 keep A alone, since r(x) - x vanishes with s at the optimum. function: r, any callable -> (A, B),
    exact, by forward over forward mode.
    """
    residual = function(x) - x

    def along(totals, i):
        v = jnp.broadcast_to(jax.nn.one_hot(i, x.shape[1], dtype=x.dtype), x.shape)
        slope, bend = jax.jvp(lambda y: jax.jvp(function, (y,), (v,))[1], (x,), (v,))
        terms = jnp.sum(jnp.square(slope), axis=-1), jnp.sum(residual * bend, axis=-1)
        return jax.tree.map(jnp.add, totals, terms), None

    return jax.lax.scan(along, (jnp.zeros(len(x), residual.dtype),) * 2, jnp.arange(x.shape[1]))[0]


@compiled
def noise_excess(
    function: Callable, x: Float[Array, "batch features"], noise: Float[Array, "samples batch features"], std: Number
) -> Float[Array, " batch"]:
    """What noise adds to a reconstruction's squared error by its variance, (E||r(x + s e) - x||^2 - ||r(x) - x||^2) / s^2.

    function: r, any callable; noise: draws e of unit variance, used with both signs, so that odd orders of s cancel; std: s,
    above 0. It tends to A + B of `noise_terms`. The difference is taken before squares are summed,
    ||a||^2 - ||b||^2 = (a - b) . (a + b), for rounding's sake.
    """
    still = function(x) - x

    def one(e):
        pair = [function(x + sign * std * e) - x for sign in (1, -1)]
        change = sum(pair) - 2 * still
        # Second order first: the mean of the pair moves by half of `change`, the pair's half difference adds its square.
        return (
            jnp.sum(still * change, axis=-1)
            + jnp.sum(jnp.square(pair[0] - still) + jnp.square(pair[1] - still), -1) / 2
        )

    return jnp.mean(jax.lax.map(one, noise), axis=0) / std**2
