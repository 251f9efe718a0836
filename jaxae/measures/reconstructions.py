"""How much of the data a reconstruction keeps."""

import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array

__all__ = ["explained_variance", "shrinkage", "unexplained_variance"]


def unexplained_variance(
    x: Num[Array, "examples features"], reconstruction: Num[Array, "examples features"]
) -> Float[Array, ""]:
    """The squared error as a share of the variance, sum |x - x^|^2 / sum |x - mean|^2; NaN or inf where all x are equal."""
    x = jnp.asarray(x)
    return jnp.sum(jnp.square(x - reconstruction)) / jnp.sum(jnp.square(x - x.mean(axis=0)))


def explained_variance(
    x: Num[Array, "examples features"], reconstruction: Num[Array, "examples features"]
) -> Float[Array, ""]:
    """1 - `unexplained_variance`: 1 for the identity, 0 for the mean of x, and below 0 for what is worse."""
    return 1 - unexplained_variance(x, reconstruction)


def shrinkage(x: Num[Array, "examples features"], reconstruction: Num[Array, "examples features"]) -> Float[Array, ""]:
    """The mean of |x^| / |x| over the examples other than 0, below 1 where codes are too small; NaN without any (SAELens)."""
    before, after = (jnp.linalg.norm(images, axis=1) for images in (x, reconstruction))
    some = before > 0
    return jnp.sum(jnp.where(some, after / jnp.where(some, before, 1), 0)) / jnp.sum(some)
