"""One step of training by its shapes alone: what the chosen functions refuse of each other is said before anything trains."""

import functools

import jax
import jax.numpy as jnp

from experiments.engine.checks import ConfigurationError
from jaxae.sweeps import take
from jaxae.training.epoch import train_epoch
from jaxae.training.state import initial_state

_passed = set()


def check(model, recipes, x, batch_size):
    """Trace a step and a test error of a grid's first run; raises ConfigurationError in the words of what was refused.

    recipes: with every number [runs]; x: [n, features]. Equal structures and sizes are traced once in a process.
    """
    key = (model, jax.tree.structure(recipes), x.shape[1:], batch_size)
    if key in _passed:
        return
    recipe = jax.eval_shape(lambda: take(recipes, 0))
    batch = jax.ShapeDtypeStruct((batch_size, *x.shape[1:]), jnp.float32)
    try:
        jax.eval_shape(functools.partial(_step, model), recipe, batch)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(" ".join(str(error).split("\n\n")[0].split())) from error
    _passed.add(key)


def _step(model, recipe, batch):
    state = initial_state(model, recipe, 0, None, shape=batch.shape[1:])
    sizes = {"seed": 0, "index": 0, "epochs": 1, "batch_size": len(batch)}
    return train_epoch(model, recipe, state, x=batch, x_test=batch, **sizes)
