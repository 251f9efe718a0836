"""What a run carries from step to step, and what it begins with."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Bool

from jaxae.arrays import Array, Number, Params
from jaxae.models import Autoencoder, code_size
from jaxae.objective import Recipe
from jaxae.schedules import at
from jaxae.training.activity import first_activity, reads_activity
from jaxae.training.best import first_best

__all__ = ["State", "initial_params", "initial_state", "key_of"]


class State(NamedTuple):
    """Parameters, the optimizer's state, the epoch in which the run diverged, or -1, and what is kept where it is asked for.

    best: the best epoch on validation examples; activity: of the units, a jaxae.training.activity.Activity.
    """

    params: Any
    opt_state: Any
    diverged: jax.Array
    best: Any = None
    activity: Any = None

    @property
    def kept(self) -> Params:
        """The parameters that training gives."""
        return self.params if self.best is None else self.best.params

    @property
    def goes_on(self) -> Bool[Array, "*runs"]:
        """Whether the run has neither diverged nor stopped."""
        return (self.diverged < 0) if self.best is None else (self.diverged < 0) & ~self.best.stopped


def initial_params(model: Autoencoder, seed: Number) -> Params:
    """The random parameters that a run of this seed begins with."""
    return model.init(key_of(seed, 0))


def initial_state(
    model: Autoencoder,
    recipe: Recipe,
    seed: Number,
    params: Params | None,
    *,
    shape: tuple[int, ...],
    validated: bool = False,
) -> State:
    """The State that a run begins with: random weights where params is None.

    shape: of an example; validated: it keeps its best epoch.
    """
    params = initial_params(model, seed) if params is None else params
    opt_state = at(recipe, 0.0).optimizer().init(params)
    activity = first_activity(code_size(model, *shape)) if reads_activity(recipe) else None
    return State(params, opt_state, jnp.int32(-1), first_best(params) if validated else None, activity)


def key_of(seed: Number, *numbers: Number) -> Array:
    """The key of random numbers that a run of this seed draws for a purpose, which the numbers name."""
    return functools.reduce(jax.random.fold_in, numbers, jax.random.key(jnp.asarray(seed, jnp.uint32)))
