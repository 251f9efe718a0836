"""How strongly a map answers to a small change of its input, along given directions and under small noise."""

import jax
import jax.numpy as jnp

from jaxae.maps import compiled

__all__ = ["across", "noise_excess", "noise_terms", "relative", "sensitivity"]


@compiled
def sensitivity(function, x, directions):
    """The length of the map's change per unit of change along each direction, ||J v||.

    function: any callable, [batch, features] -> [batch, ...]; x: [batch, features]; directions: [batch, n, features]
    of length 1 -> [batch, n], units of the output per unit of the data.
    """

    def one(v):
        change = jax.jvp(function, (x,), (v.astype(x.dtype),))[1]
        return jnp.sqrt(jnp.sum(jnp.square(change.reshape(len(x), -1)), axis=-1))

    return jax.lax.map(one, jnp.swapaxes(directions, 0, 1)).T


def across(key, basis, count):
    """Random directions of length 1 at right angles to the basis, uniform in its orthogonal complement.

    basis: [batch, m, features], orthonormal; count: how many -> [batch, count, features].
    """
    batch, _, features = basis.shape
    v = jax.random.normal(key, (batch, count, features))
    v = v - jnp.einsum("bnf,bmf,bmg->bng", v, basis, basis, optimize="optimal")
    return v / jnp.linalg.norm(v, axis=-1, keepdims=True)


def relative(values, x, output):
    """Sensitivities in units of the standard deviations of output and input over the data, v * std(x) / std(output).

    values: any shape, units of the output per unit of the data; x: [n, features] and output: [n, ...] on the same data ->
    same shape without units: unlike the values it does not fall where a code is only shrunk. std: root of the summed variances.
    """
    spread = lambda a: jnp.sqrt(jnp.sum(jnp.var(jnp.asarray(a).reshape(len(a), -1), axis=0)))  # noqa: E731
    return values * spread(x) / spread(output)


@compiled
def noise_terms(function, x):
    """What small noise adds to a reconstruction's squared error, E||r(x + s e) - x||^2 - ||r(x) - x||^2 = s^2 (A + B) + O(s^4).

    A = ||J||_F^2 and B = (r(x) - x) . sum_i d^2 r / dx_i^2 with e normal of unit variance: a Taylor expansion to second
    order. Alain & Bengio 2014 keep A alone, since r(x) - x vanishes with s at the optimum. function: r, any callable;
    x: [batch, features] -> (A [batch], B [batch]), exact, by forward over forward mode.
    """
    residual = function(x) - x

    def along(totals, i):
        v = jnp.broadcast_to(jax.nn.one_hot(i, x.shape[1], dtype=x.dtype), x.shape)
        slope, bend = jax.jvp(lambda y: jax.jvp(function, (y,), (v,))[1], (x,), (v,))
        terms = jnp.sum(jnp.square(slope), axis=-1), jnp.sum(residual * bend, axis=-1)
        return jax.tree.map(jnp.add, totals, terms), None

    return jax.lax.scan(along, (jnp.zeros(len(x), residual.dtype),) * 2, jnp.arange(x.shape[1]))[0]


@compiled
def noise_excess(function, x, noise, std):
    """What noise adds to a reconstruction's squared error by its variance, (E||r(x + s e) - x||^2 - ||r(x) - x||^2) / s^2.

    function: r, any callable; x: [batch, features]; noise: [samples, batch, features] draws e of unit variance, used
    with both signs, so that odd orders of s cancel; std: s > 0 -> [batch], which tends to A + B of `noise_terms`. The
    difference is taken before squares are summed, ||a||^2 - ||b||^2 = (a - b) . (a + b), for rounding's sake.
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
