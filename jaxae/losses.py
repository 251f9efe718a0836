"""Reconstruction errors per example, summed over features: (prediction, target) -> [batch]."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array, Number

__all__ = ["binary_cross_entropy", "gaussian_nll", "mean_prediction", "squared_error"]


def squared_error(prediction: Num[Array, "batch ..."], target: Num[Array, "..."]) -> Num[Array, " batch"]:
    """Squared error summed over features, sum_i (p_i - t_i)^2 (Goodfellow et al. 2016, section 14.1).

    In squared units of the data. Raises ValueError where the two shapes differ.
    """
    _same_shape(prediction, target)
    return _sum_features(jnp.square(prediction - target))


def binary_cross_entropy(logits: Num[Array, "batch ..."], target: Num[Array, "..."]) -> Float[Array, " batch"]:
    """Cross-entropy of a Bernoulli decoder in nats, -sum_i [t_i log s(l_i) + (1 - t_i) log(1 - s(l_i))], s = sigmoid.

    Computed as softplus(l) - t l, which is finite at any logit and exact at pixels 0 and 1; for a grey target the minimum
    is the entropy of the pixel, not 0 (Vincent et al. 2010). Raises ValueError where the two shapes differ.
    """
    _same_shape(logits, target)
    return _sum_features(jax.nn.softplus(logits) - target * logits)


def gaussian_nll(
    prediction: Num[Array, "batch ..."], target: Num[Array, "..."], *, std: Number
) -> Float[Array, " batch"]:
    """Negative log-likelihood in nats of N(target; prediction, std^2 I) (Goodfellow et al. 2016, section 14.4).

    sum_i [(p_i - t_i)^2 / (2 std^2) + log std + log(2 pi) / 2]. std: one positive number in units of the data. Raises
    ValueError where the two shapes differ.
    """
    features = math.prod(target.shape[1:])
    constant = features * (jnp.log(std) + 0.5 * math.log(2 * math.pi))
    return squared_error(prediction, target) / (2 * jnp.square(std)) + constant


def mean_prediction(loss: Callable, output: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The reconstruction that a decoder's output stands for: s(output) where `loss` reads logits, else output itself.

    loss: a function of this module or a Partial of one. The result is in units of the data.
    """
    return jax.nn.sigmoid(output) if getattr(loss, "func", loss) is binary_cross_entropy else output


def _sum_features(values):
    return jnp.sum(values.reshape(values.shape[0], -1), axis=-1)


def _same_shape(prediction, target):
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction has shape {prediction.shape}, target has shape {target.shape}: they must be equal"
        )
