"""Training as a function of its numbers: `fit` for one run, `fit_grid` for many in one compiled program."""

import functools
from time import perf_counter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from jaxae import width as widths
from jaxae.checkpoints import Checkpoint, identity
from jaxae.curves import Curves
from jaxae.devices import mesh_for, place, split
from jaxae.epochs import begin, check_sizes, epoch, guarded, resting, test_error
from jaxae.precision import check_precision, products_in
from jaxae.sweeps import check_seed
from jaxae.writer import Writer

__all__ = ["Fit", "fit", "fit_grid", "test_error"]

_WIDTHS = {}  # structure: the width measured for it


class Fit(NamedTuple):
    """What training gives: the parameters, a curve with one value per epoch, and the epoch in which the run diverged, or -1.

    "loss", "error" and "penalty" are means over the epoch's steps, "test_error" is that at the epoch's end; where the optimizer
    searches along a line, "evaluations" is the number of values with gradient that the epoch's steps computed. An epoch that
    makes a run's loss, parameters or optimizer state non-finite is undone and ends the run: the parameters stay those of the
    epoch before, the curve is NaN, with 0 evaluations, from there on.
    """

    params: Any
    curve: dict[str, jax.Array]
    diverged: jax.Array


def fit(model, recipe, x, *, seed=0, epochs, batch_size=100, x_test=None, params=None, precision="float32"):
    """Train one run by mini-batches without replacement; a pure function, to be jitted or vmapped.

    model: as in jaxae.models; recipe: a Recipe; x: [n, ...features], of which n mod batch_size examples, chosen anew in every
    epoch, are left out; x_test: adds the loss on clean test examples to the curve; params: where to start, random weights if
    None; precision: of the factors of matrix products, "float32", "tf32" or "bfloat16", all else being float32 -> Fit with
    curves [epochs]. The keys are folded by epoch and step: the same seed draws the same batches and noise whatever the other
    numbers are. An optimizer with a line search, as optax.lbfgs, is given the step's objective with its noise held fixed;
    batch_size=len(x) makes it deterministic where the recipe is.
    """
    check_sizes(x, x_test, epochs, batch_size)
    check_precision(precision)
    check_seed(seed)
    x = jnp.asarray(x)
    x_test = None if x_test is None else jnp.asarray(x_test)

    def one(state, index):
        return guarded(
            lambda state: epoch(model, recipe, state, x, x_test, seed, index, epochs, batch_size), state, index
        )

    state = begin(model, recipe, seed, params)
    state, curve = jax.lax.scan(products_in(precision, one), state, jnp.arange(epochs))
    return Fit(state.params, curve, state.diverged)


def fit_grid(
    model,
    recipes,
    x,
    *,
    seeds,
    epochs,
    batch_size=100,
    x_test=None,
    width=1,
    precision="float32",
    on_epoch=None,
    on_width=None,
    params=None,
    checkpoints=None,
    on_divergence=None,
):
    """Train many runs of one structure in one compiled program: `fit` over the leading axis of the recipes' numbers.

    recipes: a Recipe whose every number is [runs]; seeds: [runs] whole numbers; width: runs trained side by side on a device,
    or "auto" for the fastest, measured once per structure after the first epoch where that can pay; on_epoch: called after
    every epoch with its index and the epoch's curve values, each [runs]; on_width: called with the width that "auto" comes
    to; params: where to start, with a leading axis of runs; checkpoints: a jaxae.checkpoints.Checkpoints, from whose newest
    whole one the grid goes on, bit by bit as if it had never stopped, and which are written while it trains; on_divergence:
    called with the epoch in which each run diverged, or -1, [runs], after every epoch that adds one, its checkpoint written,
    and at the start where the checkpoint has any; other arguments as in `fit` -> Fit with a leading axis of runs and curves
    [runs, epochs]. Raises ValueError where the checkpoint is of another model, recipes, seeds, sizes or data. Where there are
    several local devices, the runs are divided among them, or the batches of a single run. A second call with the same
    structure and sizes compiles nothing.
    """
    check_sizes(x, x_test, epochs, batch_size)
    check_precision(precision)
    check_seed(seeds)
    if width != "auto" and (isinstance(width, str) or width < 1):
        raise ValueError(f"width is {width!r}: it must be a whole number from 1 on, or 'auto'")
    runs = len(seeds)
    mesh = mesh_for(runs, batch_size)
    data = jnp.asarray(x), None if x_test is None else jnp.asarray(x_test)
    recipes = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), recipes)
    seeds = jnp.asarray(seeds, jnp.uint32)
    parts = {"model": model, "recipes": recipes, "seeds": seeds, "sizes": (epochs, batch_size, precision), "data": data}
    grid = None if checkpoints is None else identity(**parts)
    x, x_test = place(data, mesh)
    recipes, seeds, params = split((recipes, seeds, params), mesh, runs)
    states = _start_grid(model, recipes, seeds, params)
    states = place(states, mesh, "runs" if mesh is not None and "runs" in mesh.shape else None)
    sizes = {"batch_size": batch_size, "precision": precision}
    share = len(seeds) if mesh is None else -(-len(seeds) // mesh.size)  # runs of a device

    def inputs(index):
        return model, recipes, states, x, x_test, seeds, jnp.uint32(index), jnp.float32(epochs)

    key = widths.key(model, recipes, states, x, x_test, sizes, mesh)
    side = _WIDTHS.get(key, 1) if width == "auto" else min(width, share)
    open_choice = width == "auto" and share > 1 and key not in _WIDTHS
    first, curves, stopped = 0, Curves(runs, epochs), 0
    kept = None if checkpoints is None else checkpoints.newest(grid, _first(runs, states))
    if kept is not None:
        first, open_choice = kept.epoch, False
        side = min(kept.width, share) if width == "auto" else side
        states = split(jax.tree.map(jnp.array, kept.states), mesh, runs)
        curves = Curves(runs, epochs, kept.curve)
        stopped = _tell(on_divergence, kept.states.diverged)
    with Writer(checkpoints, grid) as writer:
        for index in range(first, epochs):
            if open_choice and index == 0:  # the first epoch is timed, without its compilation
                _epoch_grid.lower(*inputs(0), **sizes, width=side, mesh=mesh).compile()
                jax.block_until_ready(states)
            started = perf_counter()
            states, row = _epoch_grid(*inputs(index), **sizes, width=side, mesh=mesh)
            if open_choice and index == 0:
                jax.block_until_ready(row)
                left = (perf_counter() - started) * (epochs - 1)
                if left > widths.worth():
                    side = _WIDTHS[key] = widths.measure(_epoch_grid, inputs(1), left, share, mesh=mesh, **sizes)
            if width == "auto" and index == first and on_width is not None:
                on_width(side)
            curves.add(index, row)
            news = on_divergence is not None and np.sum(np.asarray(states.diverged)[:runs] >= 0) > stopped
            if news or writer.due(index + 1, states):
                writer.write(Checkpoint(index + 1, side, _first(runs, states), curves.until(index + 1)))
            if on_epoch is not None:
                on_epoch(index, _first(runs, row))
            if news:
                writer.wait()
                stopped = _tell(on_divergence, _first(runs, states.diverged))
    states = _first(runs, states)
    return Fit(states.params, jax.device_put(curves.until(epochs)), states.diverged)


@functools.partial(jax.jit, static_argnames="model")
def _start_grid(model, recipes, seeds, params):
    # Compiled, it copies the given parameters, whose buffers the donation of the states would take.
    return jax.vmap(lambda recipe, seed, params: begin(model, recipe, seed, params))(recipes, seeds, params)


@functools.partial(
    jax.jit, static_argnames=("model", "batch_size", "precision", "width", "mesh"), donate_argnames="states"
)
def _epoch_grid(model, recipes, states, x, x_test, seeds, index, epochs, *, batch_size, precision, width, mesh):
    batches = NamedSharding(mesh, PartitionSpec("batch")) if mesh is not None and "batch" in mesh.shape else None

    def device(recipes, states, seeds, x, x_test, index, epochs):
        def run(inputs):
            recipe, state, seed = inputs

            def one(state):
                new = lambda state: epoch(model, recipe, state, x, x_test, seed, index, epochs, batch_size, batches)  # noqa: E731
                return guarded(new, state, index)

            return one(state) if width > 1 else resting(one, state)

        return jax.lax.map(
            products_in(precision, run), (recipes, states, seeds), batch_size=width if width > 1 else None
        )

    if mesh is not None and "runs" in mesh.shape:
        runs, whole = PartitionSpec("runs"), PartitionSpec()
        specs = (runs, runs, runs, whole, whole, whole, whole)
        device = jax.shard_map(device, mesh=mesh, in_specs=specs, out_specs=runs, check_vma=False)
    return device(recipes, states, seeds, x, x_test, index, epochs)


def _tell(on_divergence, diverged):
    """Tell of the runs that have diverged, if any -> how many."""
    diverged = np.asarray(diverged)
    if on_divergence is not None and np.any(diverged >= 0):
        on_divergence(diverged)
    return np.sum(diverged >= 0)


def _first(runs, tree):
    """The first runs, those that repeat the last one left out."""
    return jax.tree.map(lambda leaf: leaf if len(leaf) == runs else leaf[:runs], tree)
