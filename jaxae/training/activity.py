"""What a sparse code's training keeps from step to step: since when each unit is off, and the least activation that is kept."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Num

from jaxae.arrays import Array
from jaxae.functions import takes
from jaxae.objective import Recipe

__all__ = ["Activity", "first_activity", "next_activity", "reads_activity"]

RATE = 0.01  # of the running mean: about the last hundred steps


class Activity(NamedTuple):
    """idle: steps since each unit was on, int32 [hidden]; threshold: running mean of a batch's least positive activation."""

    idle: Any
    threshold: Any


def reads_activity(recipe: Recipe) -> bool:
    """Whether a function of the recipe asks for it.

    A penalty has the keyword `state`, a code `running_threshold`, an optimizer that revives units `dead_after`.
    """
    asked = ((recipe.penalty, "state"), (recipe.code, "running_threshold"), (recipe.optimizer, "dead_after"))
    return any(takes(function, keyword) for function, keyword in asked)


def first_activity(hidden: int) -> Activity:
    """Before the first step: no unit has been off, no activation been kept."""
    return Activity(jnp.zeros(hidden, jnp.int32), jnp.float32(0))


def next_activity(activity: Activity, code: Num[Array, "batch hidden"]) -> Activity:
    """After a step with this code.

    The first threshold is that of the first batch; a batch without an activation changes none.
    """
    code = jax.lax.stop_gradient(code)
    idle = jnp.where(jnp.any(code != 0, axis=0), 0, activity.idle + 1)
    least = jnp.min(jnp.where(code > 0, code, jnp.inf))
    before = jnp.where(activity.threshold > 0, activity.threshold, least)
    mean = before + RATE * (least - before)
    return Activity(idle, jnp.where(jnp.isfinite(least), mean, activity.threshold).astype(jnp.float32))
