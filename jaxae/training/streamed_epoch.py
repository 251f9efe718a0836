"""One epoch of a grid whose examples lie in files: the steps of an epoch in memory, chunk after chunk."""

import functools
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax.stages import Compiled
from jaxtyping import Num

from jaxae.arrays import Array
from jaxae.training.divergence import skipped_where_over, undone_where_divergent
from jaxae.training.epoch import end_epoch, train_steps
from jaxae.training.over_runs import over_runs
from jaxae.training.state import State

if TYPE_CHECKING:
    from jaxae.training.grid import Grid

__all__ = ["compiled_chunk", "train_streamed_epoch"]


def train_streamed_epoch(
    grid: "Grid", states: State, index: int, parallel_runs: int
) -> tuple[State, dict[str, Num[Array, " runs"]]]:
    """One epoch of all runs of a grid with Chunks, the same numbers as that of a grid whose examples are in memory."""
    begun, states = states, jax.tree.map(jnp.copy, states)  # the first chunk takes the buffers
    columns, last = [], None
    for first, examples in grid.chunks.of_epoch(index):
        arrays, sizes = _inputs(grid, states, examples, first, index, parallel_runs)
        states, values = _train_chunk(*arrays, **sizes)
        if last is not None:  # waits for the chunk before, so that no more than two of them are the device's
            columns.append(jax.device_get(last))
        last = values
    columns.append(jax.device_get(last))
    values = {name: np.concatenate([column[name] for column in columns], axis=1) for name in last}
    numbers = jnp.uint32(index), jnp.float32(grid.epochs)
    sizes = {"parallel_runs": parallel_runs, "precision": grid.precision, "mesh": grid.mesh}
    patience = None if grid.x_validation is None else jnp.int32(grid.patience)
    sets = grid.x_test, grid.x_validation
    return _end_epoch(grid.model, grid.recipes, begun, states, values, sets, *numbers, patience, **sizes)


def compiled_chunk(grid: "Grid", states: State, index: int, parallel_runs: int) -> Compiled:
    """The program of a chunk, compiled and not run."""
    chunk = jax.ShapeDtypeStruct(grid.chunks.shape, jnp.float32, sharding=grid.chunks.sharding)
    arrays, sizes = _inputs(grid, states, chunk, 0, index, parallel_runs)
    return _train_chunk.lower(*arrays, **sizes).compile()


def _inputs(grid, states, examples, first, index, parallel_runs):
    numbers = jnp.int32(first), jnp.uint32(index), jnp.float32(grid.epochs)
    sizes = {"steps": grid.chunks.steps, "precision": grid.precision, "mesh": grid.mesh}
    arrays = grid.model, grid.recipes, states, examples, grid.seeds, *numbers
    return arrays, sizes | {"parallel_runs": parallel_runs}


@functools.partial(
    jax.jit, static_argnames=("model", "steps", "parallel_runs", "precision", "mesh"), donate_argnames="states"
)
def _train_chunk(model, recipes, states, examples, seeds, first, index, epochs, *, steps, parallel_runs, **sizes):
    def train_run(run, examples, first, index, epochs):
        recipe, state, seed = run
        numbers, place = first + jnp.arange(len(examples)), {"index": index, "epochs": epochs, "steps": steps}

        def train(state):
            return train_steps(model, recipe, state, _as_they_are, numbers, examples, seed=seed, **place)

        return train(state) if parallel_runs > 1 else skipped_where_over(train, state)

    shared = examples, first, index, epochs
    return over_runs(train_run, (recipes, states, seeds), shared, parallel_runs=parallel_runs, **sizes)


@functools.partial(jax.jit, static_argnames=("model", "parallel_runs", "precision", "mesh"), donate_argnames="states")
def _end_epoch(model, recipes, begun, states, values, sets, index, epochs, patience, *, parallel_runs, **sizes):
    def end_run(run, sets, index, epochs, patience):
        recipe, begun, state, values = run

        def trained(begun):
            x_test, x_validation = sets
            numbers = {"index": index, "epochs": epochs, "patience": patience}
            return end_epoch(model, recipe, state, values, x_test=x_test, x_validation=x_validation, **numbers)

        guarded = functools.partial(undone_where_divergent, trained, index=index)
        return guarded(begun) if parallel_runs > 1 else skipped_where_over(guarded, begun)

    shared = sets, index, epochs, patience
    return over_runs(end_run, (recipes, begun, states, values), shared, parallel_runs=parallel_runs, **sizes)


def _as_they_are(batch):
    return batch
