"""What is kept of a code: (z, *, number) -> z. The numbers may be traced, so that k can be swept and scheduled."""

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Float, Num

from jaxae.arrays import Array, Key, Number
from jaxae.selection import kept, largest

__all__ = [
    "dense",
    "dropout",
    "first",
    "identity",
    "noisy_sigmoid",
    "scaled",
    "soft_threshold",
    "top_k",
    "top_k_absolute",
]


def identity(z: Num[Array, "*shape"]) -> Num[Array, "*shape"]:
    """The whole code: z."""
    return z


dense = identity  # its former name


def first(z: Num[Array, "*batch hidden"], *, count: Number) -> Num[Array, "*batch hidden"]:
    """The first `count` units, the others 0: autoencoders with codes of several sizes are runs of one program.

    count is a whole number and may be traced. Units that are not kept take no part in training.
    """
    return kept(jnp.arange(z.shape[-1]) < count, z)


def soft_threshold(z: Num[Array, "*shape"], *, threshold: Number) -> Num[Array, "*shape"]:
    """The proximal step of threshold * |z|, sign(z) max(|z| - threshold, 0): exactly 0 where |z| <= threshold.

    It is argmin_h (h - z)^2 / 2 + threshold |h|, for every unit. threshold >= 0, in units of the code. The gradient flows
    through the units that are not 0 only.
    """
    return z - jnp.clip(z, -threshold, threshold)


def top_k(z: Num[Array, "*batch hidden"], *, k: Number) -> Num[Array, "*batch hidden"]:
    """The k largest activations by signed value, the others 0: z * 1[i in supp_k(z)] (Makhzani & Frey 2014).

    k is rounded to a whole number, may be traced, and is clipped to [0, hidden]. Exactly k units are kept: among equal ones
    those of lower index. The gradient flows through the kept units only.
    """
    return kept(largest(z, k), z)


def top_k_absolute(z: Num[Array, "*batch hidden"], *, k: Number) -> Num[Array, "*batch hidden"]:
    """The k activations of largest magnitude, the others 0: z * 1[i in supp_k(|z|)]. As `top_k` otherwise."""
    return kept(largest(jnp.abs(z), k), z)


def noisy_sigmoid(z: Float[Array, "*shape"], *, std: Number, key: Key | None = None) -> Float[Array, "*shape"]:
    """Sigmoid units with Gaussian noise on their inputs, sigmoid(z + std * N(0, 1)), or sigmoid(z) without a key.

    What noise cannot flip survives it, so training drives the inputs away from 0 and the units towards 0 and 1
    (Salakhutdinov & Hinton 2009). z: from linear units; std: in units of z.
    """
    return jax.nn.sigmoid(z if key is None else z + std * jax.random.normal(key, z.shape, z.dtype))


def dropout(z: Float[Array, "*shape"], *, rate: Number, key: Key | None = None) -> Float[Array, "*shape"]:
    """Units that are 0 with probability `rate` in training and z / (1 - rate) otherwise, or z without a key.

    The mean over the masks is z, so that all units serve once training is over (Srivastava et al. 2014). 0 <= rate < 1.
    """
    return z if key is None else kept(jax.random.uniform(key, z.shape) >= rate, z / (1 - rate))


def scaled(code: Partial, alpha: Number) -> Partial:
    """The same k-sparse code with alpha * k units, which Makhzani & Frey (2014) keep for classification.

    code: of `top_k` or `top_k_absolute`, with a number k; alpha: positive. Raises ValueError for a code without k.
    """
    if "k" not in code.keywords:
        raise ValueError("scaled: the code has no k; it takes a configured top_k or top_k_absolute")
    return Partial(code.func, **{**code.keywords, "k": alpha * code.keywords["k"]})
