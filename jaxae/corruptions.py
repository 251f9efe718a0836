"""Corruptions of the input of a denoising autoencoder: (key, x, *, number) -> x of the same shape, never clipped."""

import jax
import jax.numpy as jnp

__all__ = ["clean", "gaussian", "masking", "salt_and_pepper"]


def clean(key, x):
    """No corruption: x~ = x. key: unused, x: [batch, ...features] -> same shape."""
    del key
    return x


def gaussian(key, x, *, std):
    """Additive isotropic Gaussian noise, x~ = x + std * n, n ~ N(0, I) (Vincent et al. 2010, "GS").

    x: [batch, ...features] -> same shape; std >= 0 in units of the data. Values may leave the range of the data.
    """
    return x + std * jax.random.normal(key, x.shape, x.dtype)


def masking(key, x, *, rate):
    """Masking noise: each feature is set to 0 with probability `rate` (Vincent et al. 2010, "MN").

    x: [batch, ...features] -> same shape; rate in [0, 1]. Kept features are not rescaled. The number of masked features is
    binomial with mean rate * features, where the paper fixes it.
    """
    return jnp.where(jax.random.uniform(key, x.shape) < rate, jnp.zeros_like(x), x)


def salt_and_pepper(key, x, *, rate):
    """Salt-and-pepper noise: each feature becomes 0 or 1, by a fair coin, with probability `rate`.

    x: [batch, ...features] in [0, 1] -> same shape; rate in [0, 1] (Vincent et al. 2010, "SP").
    """
    draw = jax.random.uniform(key, x.shape)
    # One uniform number decides both: below rate / 2 pepper, below rate salt.
    return jnp.where(draw < rate / 2, jnp.zeros_like(x), jnp.where(draw < rate, jnp.ones_like(x), x))
