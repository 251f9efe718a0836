"""Corruptions of the input of a denoising autoencoder: (key, x, *, number) -> x of the same shape, never clipped."""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Key, Number

__all__ = ["clean", "gaussian", "masking", "salt_and_pepper"]


def clean(key: Key, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """No corruption: x~ = x; the key is unused."""
    del key
    return x


def gaussian(key: Key, x: Float[Array, "*shape"], *, std: Number) -> Float[Array, "*shape"]:
    """Additive isotropic Gaussian noise, x~ = x + std * n, n ~ N(0, I) (Vincent et al. 2010, "GS").

    std >= 0 in units of the data. Values may leave the range of the data.
    """
    return x + std * jax.random.normal(key, x.shape, x.dtype)


def masking(key: Key, x: Float[Array, "*shape"], *, rate: Number) -> Float[Array, "*shape"]:
    """Masking noise: each feature is set to 0 with probability `rate` (Vincent et al. 2010, "MN").

    rate in [0, 1]. Kept features are not rescaled. The number of masked features is binomial with mean rate * features, where
    the paper fixes it.
    """
    return jnp.where(jax.random.uniform(key, x.shape) < rate, jnp.zeros_like(x), x)


def salt_and_pepper(
    key: Key, x: Float[Array, "*shape"], *, rate: Number, low: Number = 0.0, high: Number = 1.0
) -> Float[Array, "*shape"]:
    """Salt-and-pepper noise: each feature becomes `low` or `high`, by a fair coin, with probability `rate`.

    rate in [0, 1]; low and high: the extremes of the data, in its units (Vincent et al. 2010, "SP").
    """
    draw = jax.random.uniform(key, x.shape)
    # One uniform number decides both: below rate / 2 pepper, below rate salt.
    low, high = jnp.asarray(low, x.dtype), jnp.asarray(high, x.dtype)
    return jnp.where(draw < rate / 2, low, jnp.where(draw < rate, high, x))
