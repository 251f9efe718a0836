"""Numbers that change during training: a Schedule in the place of a number in a recipe."""

from typing import Any

import jax
from flax import struct
from jax.tree_util import Partial

__all__ = ["Schedule", "at"]


@struct.dataclass
class Schedule:
    """A number that follows an optax schedule whose time runs from 0 at the first step to 1 after the last.

    schedule: a Partial of an optax schedule constructor; its numbers are leaves, so they can be swept. The k of Makhzani &
    Frey (2014), from 100 down to 25 over the first half of training, is
    Schedule(configure(optax.linear_schedule, init_value=100.0, end_value=25.0, transition_steps=0.5)).
    """

    schedule: Partial

    def __call__(self, time):
        """The number at `time` in [0, 1]."""
        return self.schedule()(time)


def at(recipe: Any, time):
    """The recipe with every Schedule replaced by its number at `time` in [0, 1], a scalar, traced or not."""

    def number(leaf):
        return leaf(time) if isinstance(leaf, Schedule) else leaf

    return jax.tree.map(number, recipe, is_leaf=lambda leaf: isinstance(leaf, Schedule))
