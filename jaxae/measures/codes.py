"""Measures of codes: how many units saturate, and how many never fire."""

import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array, Number

__all__ = ["dead_units", "saturation"]


def saturation(codes: Num[Array, "examples hidden"], *, low: Number = 0.05, high: Number = 0.95) -> Float[Array, ""]:
    """Fraction of the activations below `low` or above `high` (SAT of Rifai et al. 2011, footnote 6).

    codes: of sigmoid units.
    """
    codes = jnp.asarray(codes)
    return jnp.mean((codes < low) | (codes > high), dtype=jnp.float32)


def dead_units(codes: Num[Array, "examples hidden"]) -> Float[Array, ""]:
    """Fraction of the units that are exactly 0 for every example."""
    return jnp.mean(jnp.all(jnp.asarray(codes) == 0, axis=0), dtype=jnp.float32)
