"""Many runs of one structure trained in one compiled program."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled
from jaxtyping import Num

from jaxae.arrays import Array, Params
from jaxae.integers import ceiling_division
from jaxae.models import check_model
from jaxae.objective import Recipe
from jaxae.rows import Rows
from jaxae.sweeps import check_seed
from jaxae.training.best import check_patience, with_kept_values
from jaxae.training.checkpoint_writer import CheckpointWriter
from jaxae.training.checkpoints import Checkpoint, Checkpoints, identity
from jaxae.training.chunks import Chunks
from jaxae.training.curves import Curves
from jaxae.training.devices import mesh_for, place, split
from jaxae.training.divergence import skipped_where_over, undone_where_divergent
from jaxae.training.epoch import check_sizes, train_epoch
from jaxae.training.over_runs import over_runs
from jaxae.training.parallel_runs import ParallelRuns, check_parallel_runs
from jaxae.training.precision import check_precision
from jaxae.training.run import Fit
from jaxae.training.state import State, initial_state
from jaxae.training.streamed_epoch import compiled_chunk, train_streamed_epoch

__all__ = ["Grid", "fit_grid"]


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


def fit_grid(
    model: Any,
    recipes: Recipe,
    x: Num[Array | Rows, "n ..."],
    *,
    seeds: Sequence[Any] | Num[Array, " runs"],
    epochs: int,
    batch_size: int = 100,
    x_test: Any = None,
    parallel_runs: Any = 1,
    precision: Any = "float32",
    params: Params | None = None,
    checkpoints: Checkpoints | None = None,
    on_epoch: Callable | None = None,
    on_parallel_runs: Callable | None = None,
    on_divergence: Callable | None = None,
    x_validation: Any = None,
    patience: int | None = None,
) -> Fit:
    """Train many runs of one structure in one compiled program: `fit` over the leading axis of the recipes' numbers.

    recipes: a Recipe whose every number is [runs]; x: an array, or jaxae.rows.Rows, which are streamed: read from their files
    chunk by chunk, in the order that the same examples have in memory; seeds: [runs] whole numbers; where x is streamed the
    first gives the order of all runs, the others weights and noise; parallel_runs: how many train side by side on a device,
    or "auto" for the fastest number, measured once per
    structure after the first epoch where that can pay; params: where to start, with a leading axis of runs; checkpoints: a
    jaxae.training.checkpoints.Checkpoints, from whose newest whole one the grid goes on, bit by bit as if it had never
    stopped, and which are written while it trains; on_epoch: called after every epoch with its index and the epoch's curve
    values, each [runs]; on_parallel_runs: called with the number that "auto" comes to; on_divergence: called with the epoch
    in which each run diverged, or -1, [runs], after every epoch that adds one, its checkpoint written, and at the start
    where the checkpoint has any; other arguments as in `fit` -> Fit with a leading axis of runs and curves [runs, epochs].
    Raises ValueError where the checkpoint is of another model, recipes, seeds, sizes or data. With a patience the grid ends
    once every run has stopped or diverged. Where there are several local
    devices, the runs are divided among them, or the batches of a single run. A second call with the same structure and sizes
    compiles nothing.
    """
    check_model(model)
    check_sizes(x, x_test, epochs, batch_size, x_validation)
    check_precision(precision)
    check_seed(seeds)
    check_parallel_runs(parallel_runs)
    check_patience(patience, x_validation)
    runs = len(seeds)
    whole = _whole_grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision)
    if x_validation is not None:
        whole = whole._replace(x_validation=jnp.asarray(x_validation), patience=patience or epochs)
    training = None if checkpoints is None else _identity(whole)
    grid = _on_devices(whole, mesh_for(runs, batch_size))
    states = _initial_states(grid, params, runs)
    choice = ParallelRuns(parallel_runs, grid, states)
    first, curves, divergent = 0, Curves(runs, epochs), 0
    kept = None if checkpoints is None else checkpoints.newest(training, _without_padding(runs, states))
    if kept is not None:
        first, curves = kept.epoch, Curves(runs, epochs, kept.curve)
        states = split(jax.tree.map(jnp.array, kept.states), grid.mesh, runs)
        choice.resume(kept.parallel_runs)
        divergent = _report_divergence(on_divergence, kept.states.diverged)
    with CheckpointWriter(checkpoints, training) as writer, grid.chunks or contextlib.nullcontext():
        for index in range(first, epochs):
            states, row = choice.train_epoch(states, index)
            if index == first and parallel_runs == "auto" and on_parallel_runs is not None:
                on_parallel_runs(choice.number)
            curves.add(index, row)
            news = on_divergence is not None and np.sum(np.asarray(states.diverged)[:runs] >= 0) > divergent
            if news or writer.due(index + 1, states):
                done = _without_padding(runs, states), curves.until(index + 1)
                writer.write(Checkpoint(index + 1, choice.number, *done))
            if on_epoch is not None:
                on_epoch(index, _without_padding(runs, row))
            if news:
                writer.wait()
                divergent = _report_divergence(on_divergence, _without_padding(runs, states.diverged))
            if patience is not None and not np.any(states.goes_on):
                break
    states = _without_padding(runs, states)
    curve = jax.device_put(curves.until(epochs))
    curve = curve if whole.x_validation is None else with_kept_values(curve, whole.patience)
    return Fit(states.kept, curve, states.diverged)


def _whole_grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision):
    """The grid on the default device, its numbers of the types that the program takes."""
    recipes = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32), recipes)
    x_test = None if x_test is None else jnp.asarray(x_test)
    seeds = jnp.asarray(seeds, jnp.uint32)
    x = x if isinstance(x, Rows) else jnp.asarray(x)
    return Grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision)


def _identity(grid):
    """What a checkpoint must agree with, a digest for each part."""
    sizes = grid.epochs, grid.batch_size, grid.precision
    data = grid.x.identity if isinstance(grid.x, Rows) else grid.x, grid.x_test
    if grid.x_validation is not None:
        data = *data, grid.x_validation, grid.patience
    return identity(model=grid.model, recipes=grid.recipes, seeds=grid.seeds, sizes=sizes, data=data)


def _on_devices(grid, mesh):
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


def _initial_states(grid, params, runs):
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


def _report_divergence(on_divergence, diverged):
    """Tell of the runs that have diverged, if any -> how many."""
    diverged = np.asarray(diverged)
    if on_divergence is not None and np.any(diverged >= 0):
        on_divergence(diverged)
    return np.sum(diverged >= 0)


def _without_padding(runs, tree):
    """The first runs, those that repeat the last one to fill the devices left out."""
    return jax.tree.map(lambda leaf: leaf if len(leaf) == runs else leaf[:runs], tree)
