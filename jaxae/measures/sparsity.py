"""How sparse a code is, and which prior its units look drawn from."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num

from jaxae.arrays import Array

__all__ = ["active_units", "exact_zeros", "laplace_gain", "laplace_gain_per_unit", "laplace_scale"]


def exact_zeros(codes: Num[Array, "examples units"]) -> Float[Array, ""]:
    """Fraction of the activations that are exactly 0."""
    return jnp.mean(jnp.asarray(codes) == 0, dtype=jnp.float32)


def active_units(codes: Num[Array, "examples units"]) -> Float[Array, ""]:
    """Mean number of units per example that are not 0, the L0 norm."""
    return jnp.mean(jnp.sum(jnp.asarray(codes) != 0, axis=1), dtype=jnp.float32)


def laplace_scale(codes: Num[Array, "examples units"]) -> Float[Array, ""]:
    """The most likely scale b of the non-zero activations under Laplace(0, b): their mean |h|; NaN where there is none.

    In units of the code. Of one-sided activations it is the exponential density's mean.
    """
    return _mean_power(codes, 1, None)


def laplace_gain(codes: Num[Array, "examples units"], held_out: Num[Array, "others units"]) -> Float[Array, ""]:
    """Mean log-likelihood of the held-out non-zero activations under a Laplace less that under a Gaussian density, in nats.

    Both are centred at 0, as the prior that sum_j |h_j| stands for (Goodfellow et al. 2016, section 14.2.1), with one scale for
    all units, the most likely for the non-zero activations of `codes`: b = mean |h| and s^2 = mean h^2. The gain is
    mean(h^2 / (2 s^2) - |h| / b) + log(s sqrt(pi / 2) / b): above 0 the Laplace density fits better. One-sided activations
    give the gain of an exponential over a half-normal density. NaN where one has no non-zero activation.
    """
    return _gain(codes, held_out, None)


def laplace_gain_per_unit(
    codes: Num[Array, "examples units"], held_out: Num[Array, "others units"]
) -> Float[Array, " units"]:
    """As `laplace_gain` with scales of each unit's own. Units of unequal scale look heavy-tailed only together."""
    return _gain(codes, held_out, 0)


@functools.partial(jax.jit, static_argnums=2)
def _gain(codes, held_out, axis):
    b, square = _mean_power(codes, 1, axis), _mean_power(codes, 2, axis)
    absolute, squared = _mean_power(held_out, 1, axis), _mean_power(held_out, 2, axis)
    return squared / (2 * square) - absolute / b + 0.5 * jnp.log(square * jnp.pi / 2) - jnp.log(b)


def _mean_power(codes, power, axis):
    """Mean of |h|^power over the non-zero activations."""
    codes = jnp.asarray(codes, jnp.float32)
    return jnp.sum(jnp.abs(codes) ** power, axis=axis) / jnp.sum(codes != 0, axis=axis)
