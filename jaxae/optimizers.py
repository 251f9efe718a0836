"""Optimizers that optax does not have as such, as optax transformations; L-BFGS is optax.lbfgs."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxae.arrays import Number

__all__ = ["adadelta_of_mean", "conjugate_gradient"]


class _Direction(NamedTuple):
    gradient: Any
    direction: Any


def conjugate_gradient(*, max_linesearch_steps: int = 20) -> optax.GradientTransformationExtraArgs:
    """Nonlinear conjugate gradient with a strong Wolfe line search, d_t = -g_t + beta_t d_(t-1) for the gradient g_t.

    beta_t = max(0, <g_t, g_t - g_(t-1)> / <g_(t-1), g_(t-1)>) (Polak & Ribiere); a direction that does not descend is
    replaced by -g_t. max_linesearch_steps: evaluations per step at most. The update takes value, grad and value_fn. The
    objective must not change between evaluations of one step.
    """
    # Conjugacy needs a sharper line search than a quasi-Newton step: 0.1 instead of 0.9 of the first slope.
    search = optax.scale_by_zoom_linesearch(max_linesearch_steps, curv_rtol=0.1, initial_guess_strategy="keep")
    return optax.chain(optax.GradientTransformation(_start, _turn), search)


def adadelta_of_mean(*, learning_rate: Number, features: Number = 784.0) -> optax.GradientTransformation:
    """Adadelta with rho = 0.95 and epsilon = 1e-8 on the gradient of the loss averaged over the features, as in Keras 1.0.

    Its epsilon makes it depend on the scale of the gradient, and our losses are sums over the features.
    """
    return optax.chain(optax.scale(1 / features), optax.adadelta(learning_rate, rho=0.95, eps=1e-8))


def _start(params):
    zeros = optax.tree_utils.tree_zeros_like(params)
    return _Direction(zeros, zeros)


def _turn(gradient, state, params=None):
    del params
    dot = optax.tree_utils.tree_vdot
    change = jax.tree.map(jnp.subtract, gradient, state.gradient)
    before = dot(state.gradient, state.gradient)
    beta = jnp.where(before > 0, jnp.maximum(0, dot(gradient, change)) / jnp.where(before > 0, before, 1), 0)
    direction = jax.tree.map(lambda g, d: -g + beta * d, gradient, state.direction)
    descends = dot(gradient, direction) < 0
    direction = jax.tree.map(lambda g, d: jnp.where(descends, d, -g), gradient, direction)
    return direction, _Direction(gradient, direction)
