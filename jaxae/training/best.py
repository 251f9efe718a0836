"""The best epoch of a run by its error on validation examples, and the stop where none better follows."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Num

from jaxae.arrays import Array, Number, Params
from jaxae.integers import is_count

__all__ = ["Best", "check_patience", "first_best", "updated", "with_kept_values"]


class Best(NamedTuple):
    """The parameters with the least error so far, that error, their epoch from 0 on or -1, and whether the run has stopped."""

    params: Any
    error: Any
    epoch: Any
    stopped: Any


def check_patience(patience: Any, x_validation: Any) -> None:
    """Refuse, by ValueError, a patience that is none or has no validation examples."""
    if patience is not None:
        if not is_count(patience):
            raise ValueError(f"patience is {patience!r}: it must be a whole number of epochs from 1 on, or None")
        if x_validation is None:
            raise ValueError(
                f"patience is {patience} and x_validation None: runs stop by their error on examples held out"
            )


def first_best(params: Params) -> Best:
    """Before the first epoch: the parameters that the run begins with, and no error."""
    return Best(params, jnp.float32(jnp.inf), jnp.int32(-1), jnp.bool_(False))


def updated(best: Best, params: Params, error: Number, index: Number, patience: Number) -> Best:
    """After an epoch: its parameters where their error is the least so far; stopped `patience` epochs after the best one."""
    better = error < best.error
    params, error = jax.tree.map(
        lambda new, old: jnp.where(better, new, old), (params, error), (best.params, best.error)
    )
    epoch = jnp.where(better, jnp.asarray(index, jnp.int32), best.epoch)
    return Best(params, error, epoch, jnp.asarray(index, jnp.int32) - epoch >= patience)


def with_kept_values(
    curve: dict[str, Num[Array, "*runs epochs"]], patience: Number
) -> dict[str, Num[Array, "*runs epochs"]]:
    """Curves whose values from the stop on, and in the last epoch, are those of the best epoch, whose parameters are kept.

    curve: with "best_epoch", epochs counted from 1, or 0 where there is none; such a run's curves stay.
    """
    best = jnp.max(curve["best_epoch"], axis=-1, keepdims=True)
    columns = jnp.arange(curve["best_epoch"].shape[-1])
    over = (best > 0) & ((columns >= best + patience) | (columns == columns[-1]))
    place = jnp.maximum(best - 1, 0)
    return {
        name: jnp.where(over, jnp.take_along_axis(values, place, axis=-1), values) for name, values in curve.items()
    }
