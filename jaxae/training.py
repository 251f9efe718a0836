"""Training as a function of its numbers: `fit` for one run, `fit_grid` for many in one compiled program."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxae.objective import encode, objective
from jaxae.schedules import at

__all__ = ["Fit", "fit", "fit_grid", "test_error"]


class Fit(NamedTuple):
    """What training gives: the parameters and a curve with one value per epoch.

    "loss", "error" and "penalty" are means over the epoch's steps, "test_error" is that at the epoch's end; where the optimizer
    searches along a line, "evaluations" is the number of values with gradient that the epoch's steps computed.
    """

    params: Any
    curve: dict[str, jax.Array]


class _State(NamedTuple):
    params: Any
    moments: Any


def fit(model, recipe, x, *, seed=0, epochs, batch_size=100, x_test=None, params=None):
    """Train one run by mini-batches without replacement; a pure function, to be jitted or vmapped.

    model: as in jaxae.models; recipe: a Recipe; x: [n, ...features], of which n mod batch_size examples, chosen anew in every
    epoch, are left out; x_test: adds the loss on clean test examples to the curve; params: where to start, random weights if
    None -> Fit with curves [epochs]. The keys are folded by epoch and step: the same seed draws the same batches and noise
    whatever the other numbers are. An optimizer with a line search, as optax.lbfgs, is given the step's objective with its
    noise held fixed; batch_size=len(x) makes it deterministic where the recipe is.
    """
    _check_sizes(x, epochs, batch_size)
    x = jnp.asarray(x)
    x_test = None if x_test is None else jnp.asarray(x_test)

    def epoch(state, index):
        return _epoch(model, recipe, state, x, x_test, seed, index, epochs, batch_size)

    state, curve = jax.lax.scan(epoch, _start(model, recipe, seed, params), jnp.arange(epochs))
    return Fit(state.params, curve)


def fit_grid(model, recipes, x, *, seeds, epochs, batch_size=100, x_test=None, width=1, on_epoch=None, params=None):
    """Train many runs of one structure in one compiled program: `fit` over the leading axis of the recipes' numbers.

    recipes: a Recipe whose every number is [runs]; seeds: [runs] whole numbers; width: runs trained side by side; on_epoch:
    called after every epoch with its index and the epoch's curve values, each [runs]; params: where to start, with a leading
    axis of runs; other arguments as in `fit` -> Fit with a leading axis of runs and curves [runs, epochs]. A second call with
    the same structure and sizes compiles nothing.
    """
    _check_sizes(x, epochs, batch_size)
    if width < 1:
        raise ValueError(f"width is {width}: it must be a whole number from 1 on")
    x = jnp.asarray(x)
    x_test = None if x_test is None else jnp.asarray(x_test)
    recipes = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), recipes)
    seeds = jnp.asarray(seeds, jnp.uint32)
    width = min(width, len(seeds))
    states = _start_grid(model, recipes, seeds, params)
    rows = []
    for index in range(epochs):
        states, row = _epoch_grid(
            model,
            recipes,
            states,
            x,
            x_test,
            seeds,
            jnp.uint32(index),
            jnp.float32(epochs),
            batch_size=batch_size,
            width=width,
        )
        rows.append(row)
        if on_epoch is not None:
            on_epoch(index, row)
    return Fit(states.params, jax.tree.map(lambda *values: jnp.stack(values, axis=1), *rows))


def test_error(model, recipe, params, x):
    """The mean over x of the loss of the clean input's reconstruction, in units of the loss per example."""
    return jnp.mean(recipe.loss(model.decoder(params)(encode(recipe, model.encoder(params), x)), x))


test_error.__test__ = False  # the name of a quantity, not of a test


@functools.partial(jax.jit, static_argnames="model")
def _start_grid(model, recipes, seeds, params):
    # Compiled, it copies the given parameters, whose buffers the donation of the states would take.
    return jax.vmap(lambda recipe, seed, params: _start(model, recipe, seed, params))(recipes, seeds, params)


@functools.partial(jax.jit, static_argnames=("model", "batch_size", "width"), donate_argnames="states")
def _epoch_grid(model, recipes, states, x, x_test, seeds, index, epochs, *, batch_size, width):
    def run(inputs):
        recipe, state, seed = inputs
        return _epoch(model, recipe, state, x, x_test, seed, index, epochs, batch_size)

    return jax.lax.map(run, (recipes, states, seeds), batch_size=width if width > 1 else None)


def _start(model, recipe, seed, params):
    params = model.init(_key(seed, 0)) if params is None else params
    return _State(params, at(recipe, 0.0).optimizer().init(params))


def _epoch(model, recipe, state, x, x_test, seed, index, epochs, batch_size):
    steps = len(x) // batch_size
    batches = jax.random.permutation(_key(seed, 1, index), len(x))[: steps * batch_size].reshape(steps, batch_size)

    def step(state, inputs):
        number, batch = inputs
        time = (index * steps + number) / (epochs * steps)
        now = at(recipe, time)

        def mean_loss(params):
            key = _key(seed, 2, index * steps + number)
            return objective(now, model.encoder(params), model.decoder(params), key, x[batch])

        (loss, terms), gradient = jax.value_and_grad(mean_loss, has_aux=True)(state.params)
        optimizer = optax.with_extra_args_support(now.optimizer())
        update, moments = optimizer.update(
            gradient, state.moments, state.params, value=loss, grad=gradient, value_fn=lambda p: mean_loss(p)[0]
        )
        values = {"loss": loss, **terms}
        searched = optax.tree_utils.tree_get(moments, "num_linesearch_steps")
        if searched is not None:
            values["evaluations"] = 1 + searched
        return _State(optax.apply_updates(state.params, update), moments), values

    state, values = jax.lax.scan(step, state, (jnp.arange(steps), batches))
    row = {name: (jnp.sum if name == "evaluations" else jnp.mean)(column) for name, column in values.items()}
    if x_test is not None:
        row["test_error"] = test_error(model, at(recipe, (index + 1) / epochs), state.params, x_test)
    return state, row


def _key(seed, *numbers):
    return functools.reduce(jax.random.fold_in, numbers, jax.random.key(seed))


def _check_sizes(x, epochs, batch_size):
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}: it must be a whole number from 1 on")
    if not 1 <= batch_size <= len(x):
        raise ValueError(f"batch_size is {batch_size}: it must be between 1 and the number of examples, {len(x)}")
