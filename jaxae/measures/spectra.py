"""Measures of singular values."""

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array

__all__ = ["effective_rank"]


@jax.jit
def effective_rank(singular_values: Num[Array, "*batch n"]) -> Float[Array, "*batch"]:
    """The number of singular values that count, exp(-sum_i p_i log p_i) with p = s / sum_i s_i (Roy & Vetterli 2007).

    singular_values: none negative. From 1 for one value that is not 0 to n for n equal ones; 0 where all are 0.
    """
    s = jnp.asarray(singular_values, jnp.float32)
    total = jnp.sum(s, axis=-1, keepdims=True)
    p = s / jnp.where(total == 0, 1, total)
    return jnp.where(total[..., 0] == 0, 0, jnp.exp(jnp.sum(jax.scipy.special.entr(p), axis=-1)))
