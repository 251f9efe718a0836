"""How far apart an encoder brings two points, as a multiple of their distance (Rifai et al. 2011, figure 1)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array, Encoder, Key, Number
from jaxae.maps import compiled

__all__ = ["contraction_at_zero", "contraction_ratio", "sphere"]


def sphere(key: Key, shape: Sequence[int]) -> Float[Array, "..."]:
    """Points uniform on the unit sphere of the last axis of a shape: normal draws divided by their length."""
    points = jax.random.normal(key, shape)
    return points / jnp.linalg.norm(points, axis=-1, keepdims=True)


@compiled(static_argnames=("directions",))
def contraction_ratio(
    encoder: Encoder,
    x: Float[Array, "batch features"],
    radii: Num[Array, " n"] | Sequence[Number],
    key: Key,
    *,
    directions: int = 1,
) -> Float[Array, "n batch directions"]:
    """The contraction ratio ||f(x + r u) - f(x)|| / r with u uniform on the unit sphere (Rifai et al. 2011, figures 1 and 3).

    radii: in units of the data; the same `directions` directions per example serve every radius, so that a curve over r is
    as smooth as f. The ratios are in units of code per unit of data; their mean is the published curve. At r = 0 it is the
    limit ||J u||, whose root mean square over u is exactly `contraction_at_zero`; the mean of the norms is smaller, by about
    1 / (4 n) of itself where n directions share J's energy.
    """
    x = jnp.asarray(x)
    u = sphere(key, (directions, *x.shape)).astype(x.dtype)
    code = encoder(x)
    limit = jax.vmap(lambda v: jnp.linalg.norm(jax.jvp(encoder, (x,), (v,))[1], axis=-1))(u)

    def at_radius(r):
        moved = jax.lax.map(lambda v: jnp.linalg.norm(encoder(x + r * v) - code, axis=-1), u)
        return jnp.where(r == 0, limit, moved / jnp.where(r == 0, 1, r)).T

    return jax.lax.map(at_radius, jnp.asarray(radii, x.dtype))


def contraction_at_zero(squared_norms: Number, features: Number) -> Float[Array, "..."]:
    """The root mean square of the contraction ratio at radius 0 over all directions, sqrt(||J||_F^2 / d_x).

    Follows from E[u u^T] = I / d_x on the unit sphere. squared_norms: ||J||_F^2, as `jaxae.penalties.contractive` gives it,
    or an array of any shape; features: d_x -> same shape, units of code per unit of data.
    """
    return jnp.sqrt(jnp.asarray(squared_norms) / features)
