"""What becomes of a run whose numbers an epoch makes non-finite, and of one that is over."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Num

from jaxae.arrays import Array, Number
from jaxae.training.state import State

__all__ = ["skipped_where_over", "undone_where_divergent"]


def undone_where_divergent(train: Callable, state: State, index: Number) -> tuple[State, dict[str, Num[Array, ""]]]:
    """An epoch of one run, undone where it ends non-finite or the run has diverged or stopped before.

    train: state -> (state, {curve value: scalar}).
    """
    new, row = train(state)
    finite = state.goes_on & _is_finite(new, row["loss"])
    ended = state._replace(diverged=jnp.where(state.goes_on, jnp.asarray(index, jnp.int32), state.diverged))
    return jax.tree.map(functools.partial(jnp.where, finite), (new, row), (ended, _blank_row(row)))


def skipped_where_over(train: Callable, state: State) -> tuple[State, dict[str, Num[Array, "*steps"]]]:
    """Training of one run, without work where it is over; not to be vmapped, which would copy the data for every run."""

    def skip(state):
        return state, _blank_row(jax.eval_shape(train, state)[1])

    return jax.lax.cond(state.goes_on, train, skip, state)


def _is_finite(state, loss):
    """Whether a run goes on: a line search leaves infinities in its scalars where it fails, and they are no divergence."""
    numbers = [leaf for leaf in jax.tree.leaves((state, loss)) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    sound = [jnp.all(jnp.isfinite(leaf)) if leaf.ndim else ~jnp.isnan(leaf) for leaf in numbers]
    return functools.reduce(jnp.logical_and, sound, jnp.isfinite(loss))


def _blank_row(row):
    """The curve values of an epoch without training: NaN, or 0 where they count."""
    blanks = {name: jnp.nan if jnp.issubdtype(value.dtype, jnp.floating) else 0 for name, value in row.items()}
    return {name: jnp.full(value.shape, blanks[name], value.dtype) for name, value in row.items()}
