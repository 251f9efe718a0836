"""Measures of codes: how many units saturate, and how many never fire."""

import jax.numpy as jnp

__all__ = ["dead_units", "saturation"]


def saturation(codes, *, low=0.05, high=0.95):
    """Fraction of the activations below `low` or above `high` (SAT of Rifai et al. 2011, footnote 6).

    codes: [examples, hidden] of sigmoid units -> a scalar in [0, 1].
    """
    codes = jnp.asarray(codes)
    return jnp.mean((codes < low) | (codes > high), dtype=jnp.float32)


def dead_units(codes):
    """Fraction of the units that are exactly 0 for every example. codes: [examples, hidden] -> a scalar in [0, 1]."""
    return jnp.mean(jnp.all(jnp.asarray(codes) == 0, axis=0), dtype=jnp.float32)
