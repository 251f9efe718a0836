"""Optimizers of dictionaries: decoder rows of norm 1, and units that are dead begin anew."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float

from jaxae.arrays import Array, Key, Number

__all__ = ["adam_frozen_decoder", "adam_resampled", "adam_unit_norm", "unit_norm_decoder"]

TREE = optax.tree_utils


class _Resampling(NamedTuple):
    inner: Any
    steps: Any


def unit_norm_decoder(inner: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """The inner transformation on a decoder whose rows stay of norm 1.

    The gradient of params["decoder"]["weight"] loses its part along each row, g - (g . d) d, and a row that has moved is
    divided by its norm (Bricken et al. 2023). The rows are taken to have norm 1. Raises TypeError for parameters without that
    weight.
    """
    inner = optax.with_extra_args_support(inner)

    def init(params):
        _check_rows(params, "of norm 1")
        return inner.init(params)

    def update(gradient, state, params, **more):
        rows, slope = params["decoder"]["weight"], gradient["decoder"]["weight"]
        along = jnp.sum(slope * rows, axis=1, keepdims=True) * rows
        change, state = inner.update(_with_rows(gradient, slope - along), state, params, **more)
        moved = rows + change["decoder"]["weight"]
        norms = jnp.linalg.norm(moved, axis=1, keepdims=True)
        return _with_rows(change, moved / jnp.where(norms > 0, norms, 1) - rows), state

    return optax.GradientTransformationExtraArgs(init, update)


def adam_unit_norm(
    *, learning_rate: Number, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8
) -> optax.GradientTransformationExtraArgs:
    """Adam on a model as jaxae.models.Sparse, with decoder rows of norm 1; numbers as of optax.adam."""
    return unit_norm_decoder(optax.adam(learning_rate, b1, b2, eps))


def adam_frozen_decoder(
    *, learning_rate: Number, b1: Number = 0.9, b2: Number = 0.999, eps: Number = 1e-8
) -> optax.GradientTransformationExtraArgs:
    """Adam on all parameters of a model as jaxae.models.Sparse but the decoder's rows, which stay as they began.

    The baseline of random directions of arXiv 2602.14111. The decoder's bias is trained. Numbers as of optax.adam. Raises
    TypeError for parameters without a decoder of rows.
    """

    def rows_alone(tree):
        _check_rows(tree, "that stay")
        return _with_rows(jax.tree.map(_no, tree), True)

    return optax.chain(optax.adam(learning_rate, b1, b2, eps), optax.masked(optax.set_to_zero(), rows_alone))


def adam_resampled(
    *,
    learning_rate: Number,
    every: Number,
    dead_after: Number,
    b1: Number = 0.9,
    b2: Number = 0.999,
    eps: Number = 1e-8,
) -> optax.GradientTransformationExtraArgs:
    """`adam_unit_norm` that gives units that are dead a new start at what is reconstructed worst (Bricken et al. 2023).

    After every `every` steps a unit that has not been on for `dead_after` steps is given an example of the batch, drawn in
    proportion to its squared loss: the direction of x - b_dec as its decoder row, 0.2 times the mean norm of the living units'
    encoder weights along it as its encoder weight, a bias of 0, and no moments.
    """
    inner = adam_unit_norm(learning_rate=learning_rate, b1=b1, b2=b2, eps=eps)

    def init(params):
        return _Resampling(inner.init(params), jnp.int32(0))

    def update(gradient, state, params, *, activity, examples, errors, key, **more):
        change, adam = inner.update(gradient, state.inner, params, **more)
        steps = state.steps + 1
        dead = (activity.idle >= dead_after) & (steps % jnp.asarray(every).astype(jnp.int32) == 0)
        fresh = jax.tree.map(jnp.subtract, _fresh(params, dead, examples, errors, key), params)
        change = _where_dead(dead, fresh, change)
        for name in ("mu", "nu"):
            moments = TREE.tree_get(adam, name)
            still = _where_dead(dead, jax.tree.map(jnp.zeros_like, moments), moments)
            adam = TREE.tree_set(adam, **{name: still})
        return change, _Resampling(adam, steps)

    return optax.GradientTransformationExtraArgs(init, update)


def _check_rows(params, kind):
    """Refuse parameters without the decoder of a dictionary; kind: what is done to its rows."""
    decoder = params.get("decoder") if isinstance(params, dict) else None
    if not hasattr(decoder, "keys") or "weight" not in decoder:
        raise TypeError(f"a decoder of rows {kind} is that of jaxae.models.Sparse: choose it, or another optimizer")


def _no(_):
    return False


def _fresh(params, dead, examples, errors, key: Key) -> Any:
    """Parameters whose every unit begins anew at an example."""
    encoder, decoder = params["encoder"], params["decoder"]
    chosen = jax.random.categorical(key, 2 * jnp.log(errors), shape=dead.shape)
    directions: Float[Array, "hidden features"] = examples[chosen] - decoder["bias"]
    norms = jnp.linalg.norm(directions, axis=1, keepdims=True)
    directions = directions / jnp.where(norms > 0, norms, 1)
    living = jnp.where(dead, 0.0, jnp.linalg.norm(encoder["weight"], axis=0))
    length = 0.2 * jnp.sum(living) / jnp.maximum(jnp.sum(~dead), 1)
    encoder = {"weight": length * directions.T, "bias": jnp.zeros_like(encoder["bias"])}
    return {**params, "encoder": encoder, "decoder": {**decoder, "weight": directions}}


def _where_dead(dead, anew, other):
    """A tree of parameters with the dead units' columns, biases and rows from another; the rest is as it was."""
    encoder = {
        "weight": jnp.where(dead, anew["encoder"]["weight"], other["encoder"]["weight"]),
        "bias": jnp.where(dead, anew["encoder"]["bias"], other["encoder"]["bias"]),
    }
    rows = jnp.where(dead[:, None], anew["decoder"]["weight"], other["decoder"]["weight"])
    return _with_rows({**other, "encoder": encoder}, rows)


def _with_rows(tree, rows):
    return {**tree, "decoder": {**tree["decoder"], "weight": rows}}
