"""Numbers that change during training: a Schedule in the place of a number in a recipe."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jax.tree_util import Partial

from jaxae.arrays import Number

__all__ = ["Schedule", "at", "warmup_cosine", "warmup_stable_decay"]


@struct.dataclass
class Schedule:
    """A number that follows an optax schedule whose time runs from 0 at the first step to 1 after the last.

    schedule: a Partial of an optax schedule constructor; its numbers are leaves, so they can be swept. The k of Makhzani &
    Frey (2014), from 100 down to 25 over the first half of training, is
    Schedule(configure(optax.linear_schedule, init_value=100.0, end_value=25.0, transition_steps=0.5)).
    """

    schedule: Partial

    def __call__(self, time: Number) -> Number:
        """The number at `time` in [0, 1]."""
        return self.schedule()(time)


def at(recipe: Any, time: Number) -> Any:
    """The recipe with every Schedule replaced by its number at `time` in [0, 1], a scalar, traced or not."""

    def number(leaf):
        return leaf(time) if isinstance(leaf, Schedule) else leaf

    return jax.tree.map(number, recipe, is_leaf=lambda leaf: isinstance(leaf, Schedule))


def warmup_cosine(peak_value: Number, warmup: Number, end_value: Number = 0.0) -> Callable[[Number], Number]:
    """Linear from 0 to the peak over the first `warmup` of training, then half a cosine to the end value.

    peak t / warmup for t < warmup, else end + (peak - end) (1 + cos(pi (t - warmup) / (1 - warmup))) / 2: the schedule
    optax.warmup_cosine_decay_schedule, which cannot be traced over its peak. warmup in (0, 1); t in [0, 1].
    """

    def schedule(time):
        fall = 0.5 * (1 + jnp.cos(jnp.pi * (time - warmup) / (1 - warmup)))
        return jnp.where(time < warmup, peak_value * time / warmup, end_value + (peak_value - end_value) * fall)

    return schedule


def warmup_stable_decay(
    peak_value: Number, warmup: Number, decay: Number, end_value: Number = 0.0
) -> Callable[[Number], Number]:
    """Linear from 0 to the peak over the first `warmup` of training, then the peak, over the last `decay` linear to the end.

    peak t / warmup for t < warmup, end + (peak - end) (1 - t) / decay for t > 1 - decay, else the peak. warmup and decay in
    (0, 1), together at most 1; t in [0, 1].
    """

    def schedule(time):
        left = jnp.minimum((1 - time) / decay, 1)
        return jnp.where(time < warmup, peak_value * time / warmup, end_value + (peak_value - end_value) * left)

    return schedule
