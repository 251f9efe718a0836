"""Many runs of one structure: what their epochs read, and the compiled program of one."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled
from jaxtyping import Num

from jaxae.arrays import Array
from jaxae.integers import ceiling_division
from jaxae.rows import Rows
from jaxae.training.checkpoints import identity
from jaxae.training.chunks import Chunks
from jaxae.training.devices import place, split
from jaxae.training.divergence import skipped_where_over, undone_where_divergent
from jaxae.training.epoch import train_epoch
from jaxae.training.over_runs import over_runs
from jaxae.training.state import State, initial_state
from jaxae.training.streamed_epoch import compiled_chunk, train_streamed_epoch

__all__ = ["Grid", "identity_of", "initial_states", "on_devices", "whole_grid"]


class Grid(NamedTuple):
    """What every epoch of a grid reads: recipes and seeds with a leading axis of runs, data, and sizes.

    x is Rows, and chunks has their batches, where the examples lie in files.
    """

    model: Any
    recipes: Any
    seeds: jax.Array
    x: jax.Array | Rows
    x_test: jax.Array | None
    epochs: int
    batch_size: int
    precision: str
    mesh: Mesh | None = None
    x_validation: jax.Array | None = None
    patience: int | None = None
    chunks: Chunks | None = None

    def train_epoch(
        self, states: State, index: int, parallel_runs: int
    ) -> tuple[State, dict[str, Num[Array, " runs"]]]:
        """One epoch of all runs, which takes the buffers of their states."""
        if self.chunks is not None:
            return train_streamed_epoch(self, states, index, parallel_runs)
        arrays, sizes = self._inputs(states, index, parallel_runs)
        return _train_epoch(*arrays, **sizes)

    def compiled_epoch(self, states: State, index: int, parallel_runs: int) -> Compiled:
        """The program of `train_epoch`, or of one chunk of it, compiled and not run."""
        if self.chunks is not None:
            return compiled_chunk(self, states, index, parallel_runs)
        arrays, sizes = self._inputs(states, index, parallel_runs)
        return _train_epoch.lower(*arrays, **sizes).compile()

    def _inputs(self, states, index, parallel_runs):
        numbers = jnp.uint32(index), jnp.float32(self.epochs)
        sizes = {"batch_size": self.batch_size, "precision": self.precision, "mesh": self.mesh}
        patience = None if self.x_validation is None else jnp.int32(self.patience)
        sets = self.x, self.x_test, self.x_validation
        arrays = self.model, self.recipes, states, sets, self.seeds, *numbers, patience
        return arrays, sizes | {"parallel_runs": parallel_runs}

    @property
    def runs_per_device(self) -> int:
        """The runs of one device, those that only fill it up included."""
        return len(self.seeds) if self.mesh is None else ceiling_division(len(self.seeds), self.mesh.size)


def whole_grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision):
    """The grid on the default device, its numbers of the types that the program takes."""
    recipes = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), recipes)
    x_test = None if x_test is None else jnp.asarray(x_test)
    seeds = jnp.asarray(seeds, jnp.uint32)
    x = x if isinstance(x, Rows) else jnp.asarray(x)
    return Grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision)


def identity_of(grid):
    """What a checkpoint must agree with, a digest for each part."""
    sizes = grid.epochs, grid.batch_size, grid.precision
    data = grid.x.identity if isinstance(grid.x, Rows) else grid.x, grid.x_test
    if grid.x_validation is not None:
        data = *data, grid.x_validation, grid.patience
    return identity(model=grid.model, recipes=grid.recipes, seeds=grid.seeds, sizes=sizes, data=data)


def on_devices(grid, mesh):
    """The grid on a mesh: its runs divided among the devices, or its batches."""
    recipes, seeds = split((grid.recipes, grid.seeds), mesh, len(grid.seeds))
    x, chunks = grid.x, None
    if isinstance(x, Rows):
        chunks = Chunks(x, grid.seeds[0], epochs=grid.epochs, batch_size=grid.batch_size, mesh=mesh)
    else:
        x = place(x, mesh)
    x_test, x_validation = place((grid.x_test, grid.x_validation), mesh)
    placed = {"x": x, "x_test": x_test, "x_validation": x_validation, "mesh": mesh, "chunks": chunks}
    return grid._replace(recipes=recipes, seeds=seeds, **placed)


def initial_states(grid, params, runs):
    """The states of all runs before the first epoch, on the grid's devices; params: where to start, or None."""
    validated = grid.x_validation is not None
    sizes = {"shape": tuple(np.shape(grid.x)[1:]), "validated": validated}
    states = _start(grid.model, grid.recipes, grid.seeds, split(params, grid.mesh, runs), **sizes)
    return place(states, grid.mesh, "runs" if grid.mesh is not None and "runs" in grid.mesh.shape else None)


@functools.partial(jax.jit, static_argnames=("model", "shape", "validated"))
def _start(model, recipes, seeds, params, *, shape, validated):
    # Compiled, it copies the given parameters, whose buffers the donation of the states would take.
    start = functools.partial(initial_state, model, shape=shape, validated=validated)
    return jax.vmap(start)(recipes, seeds, params)


@functools.partial(
    jax.jit, static_argnames=("model", "batch_size", "precision", "parallel_runs", "mesh"), donate_argnames="states"
)
def _train_epoch(
    model, recipes, states, sets, seeds, index, epochs, patience, *, batch_size, precision, parallel_runs, mesh
):
    batches = NamedSharding(mesh, PartitionSpec("batch")) if mesh is not None and "batch" in mesh.shape else None
    sizes = {"batch_size": batch_size, "batches": batches}

    def train_run(run, sets, index, epochs, patience):
        recipe, state, seed = run
        numbers = {"seed": seed, "index": index, "epochs": epochs, "patience": patience}
        data = dict(zip(("x", "x_test", "x_validation"), sets, strict=True))
        train = functools.partial(train_epoch, model, recipe, **data, **numbers, **sizes)
        guarded = functools.partial(undone_where_divergent, train, index=index)
        return guarded(state) if parallel_runs > 1 else skipped_where_over(guarded, state)

    shared = sets, index, epochs, patience
    how = {"parallel_runs": parallel_runs, "precision": precision, "mesh": mesh}
    return over_runs(train_run, (recipes, states, seeds), shared, **how)
