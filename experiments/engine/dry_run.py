"""One step of training by its shapes alone: what the chosen functions refuse of each other is said before anything trains."""

import jax
import jax.numpy as jnp

from experiments.engine.checks import ConfigurationError
from jaxae.objective import objective
from jaxae.schedules import at
from jaxae.sweeps import take
from jaxae.training import evaluation_error

_passed = set()


def check(model, recipes, x, batch_size):
    """Trace a step and a test error of a grid's first run; raises ConfigurationError in the words of what was refused.

    recipes: with every number [runs]; x: [n, features]. Equal structures and sizes are traced once in a process.
    """
    key = (model, jax.tree.structure(recipes), x.shape[1:], batch_size)
    if key in _passed:
        return
    shapes = jax.eval_shape(lambda: (take(recipes, 0), jax.random.key(0), jnp.zeros((batch_size, *x.shape[1:]))))
    try:
        jax.eval_shape(lambda recipe, key, batch: _step(model, at(recipe, 0.5), key, batch), *shapes)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(" ".join(str(error).split("\n\n")[0].split())) from error
    _passed.add(key)


def _step(model, recipe, key, batch):
    params = model.init(key)

    def loss(params):
        return objective(recipe, model.encoder(params), model.decoder(params), key, batch)[0]

    recipe.optimizer().init(params)
    return jax.grad(loss)(params), evaluation_error(model, recipe, params, batch)
