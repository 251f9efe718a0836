"""How close a reconstruction is to the identity, along given directions, and what a linear one's optimum is there."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Number
from jaxae.maps import compiled

__all__ = ["decayed_gain", "denoising_gain", "response"]


@compiled
def response(
    reconstruct: Callable, x: Float[Array, "batch features"], directions: Float[Array, "m features"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """What the Jacobian J of a reconstruction makes of unit vectors u: (gain u^T J u, squared gap ||J u - u||^2), means over x.

    reconstruct: [batch, features] -> same shape, example by example; directions: of unit length. 1 and 0 for the identity, 0
    and 1 for a constant. Over an orthonormal basis the gaps sum to
    the mean of ||J - I||_F^2. A linear reconstruction, x W W', has one J, so that one example is enough.
    """
    directions = jnp.asarray(directions)

    def one(example):
        def along(u):
            moved = jax.jvp(lambda v: reconstruct(v[None])[0], (example,), (u,))[1]
            return u @ moved, jnp.sum(jnp.square(moved - u))

        return jax.vmap(along)(directions)

    gain, gap = jax.lax.map(one, jnp.asarray(x))
    return jnp.mean(gain, axis=0), jnp.mean(gap, axis=0)


def denoising_gain(variances: Float[Array, " m"], *, std: Number) -> Float[Array, " m"]:
    """Gain of the best linear denoiser along principal directions, v / (v + std^2).

    A = C (C + std^2 I)^-1 minimises E ||x - A (x + n)||^2 for x of covariance C, n ~ N(0, std^2 I); std > 0.
    variances: the eigenvalues of C.
    """
    return variances / (variances + jnp.square(std))


def decayed_gain(variances: Float[Array, " m"], *, weight: Number, tied: bool = True) -> Float[Array, " m"]:
    """Gain of the best linear autoencoder under weight decay along principal directions, max(0, 1 - c weight / v).

    c = 1/2 for tied weights: with W W^T = sum_i g_i u_i u_i^T the objective E ||x - W W^T x||^2 + weight ||W||_F^2 is
    sum_i v_i (1 - g_i)^2 + weight g_i, and g_i >= 0. c = 1 for untied ones, both decayed: the gain g of a direction costs
    at least weight (a^2 + b^2) = 2 weight g, where encoder and decoder have a = b = sqrt(g) of it. variances: eigenvalues
    of the covariance.
    """
    cost = weight if tied else 2 * weight
    return jnp.maximum(0, 1 - cost / (2 * jnp.maximum(variances, jnp.finfo(jnp.float32).tiny)))
