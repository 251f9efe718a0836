"""Codes of modern sparse autoencoders: (z, *, numbers) -> code, of pre-activations z of linear units.

A code's parameters that are trained or follow training, `threshold`, `running_threshold`, `log_scale` and `magnitude_bias`, are
the model's (jaxae.models.Sparse), unless the recipe gives numbers.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from jaxae.arrays import Array, Key, Number
from jaxae.selection import kept, largest

__all__ = ["batch_top_k", "gated", "jump_relu", "relu", "step", "top_k_relu"]


def relu(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The positive part, max(z, 0), the code of an autoencoder whose sparsity is the penalty's alone."""
    return jax.nn.relu(z)


def top_k_relu(z: Float[Array, "*batch hidden"], *, k: Number) -> Float[Array, "*batch hidden"]:
    """The positive ones of the k largest pre-activations, max(z, 0) 1[i in supp_k(z)] (Gao et al. 2024, "TopK").

    k is rounded to a whole number, may be traced, and is clipped to [0, hidden].
    """
    return kept(largest(z, k), jax.nn.relu(z))


def batch_top_k(
    z: Float[Array, "*batch hidden"], *, k: Number, running_threshold: Number, key: Key | None = None
) -> Float[Array, "*batch hidden"]:
    """The k B largest of max(z, 0) in a batch of B examples, so that an example may have more or fewer than k.

    Bussmann et al. 2024, "BatchTopK". k: the mean number of units, real, may be traced. Without a key, as once training is
    over, an example's code does not depend on others: it is max(z, 0) 1[z > running_threshold], of the model
    (jaxae.training.activity).
    """
    positive = jax.nn.relu(z)
    if key is None:
        return kept(z > running_threshold, positive)
    rows = z.size // z.shape[-1]
    return kept(largest(z.ravel(), k * rows).reshape(z.shape), positive)


def step(z: Float[Array, "*shape"], threshold: Number, *, bandwidth: Number) -> Float[Array, "*shape"]:
    """The step 1[z > threshold], with the pseudo-derivative -1[|z - threshold| < bandwidth / 2] / bandwidth of the threshold.

    z has none (Rajamanoharan et al. 2024b, eq. 11, with a rectangle as kernel). bandwidth > 0, in units of z.
    """
    slope = -_within(z, threshold, bandwidth) / bandwidth
    active = jax.lax.stop_gradient(z > threshold).astype(z.dtype)
    return active + _gradient_alone(threshold, slope)


def jump_relu(
    z: Float[Array, "*batch hidden"], *, threshold: Number, bandwidth: Number
) -> Float[Array, "*batch hidden"]:
    """The pre-activations above a threshold of each unit, max(z, 0) 1[z > threshold] (Rajamanoharan et al. 2024b).

    The threshold has the pseudo-derivative -threshold / bandwidth 1[|z - threshold| < bandwidth / 2]. bandwidth > 0, in units
    of z.
    """
    slope = -threshold / bandwidth * _within(z, threshold, bandwidth)
    return kept(z > threshold, jax.nn.relu(z)) + _gradient_alone(threshold, slope)


def gated(
    z: Float[Array, "*batch hidden"], *, gate_bias: Number, log_scale: Number, magnitude_bias: Number
) -> Float[Array, "*batch hidden"]:
    """A gate says which units are on, a magnitude how strongly, 1[z > 0] max(exp(r) (z - gate_bias) + magnitude_bias, 0).

    Rajamanoharan et al. 2024a. z: the gate's pre-activations, W_enc (x - b_dec) + gate_bias; log_scale: r of each unit. The
    gate has no gradient from here: it learns by `jaxae.sparse.penalties.gated_auxiliary`.
    """
    return kept(z > 0, jax.nn.relu(jnp.exp(log_scale) * (z - gate_bias) + magnitude_bias))


def _within(z, threshold, bandwidth):
    """The rectangle kernel, 1 where z is within half a bandwidth of the threshold; without a gradient."""
    return jax.lax.stop_gradient(jnp.abs(z - threshold) < bandwidth / 2).astype(z.dtype)


def _gradient_alone(value, slope):
    """0, with the derivative `slope` by the value."""
    return (value - jax.lax.stop_gradient(value)) * jax.lax.stop_gradient(slope)
