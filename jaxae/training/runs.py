"""Many runs of one structure trained in one compiled program."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Num

from jaxae.arrays import Array, Params
from jaxae.models import check_model
from jaxae.objective import Recipe
from jaxae.rows import Rows
from jaxae.sweeps import check_seed
from jaxae.training.arguments import check_examples, check_recipe, check_sizes
from jaxae.training.best import check_patience, with_kept_values
from jaxae.training.checkpoint_writer import CheckpointWriter
from jaxae.training.checkpoints import Checkpoint, Checkpoints
from jaxae.training.curves import Curves
from jaxae.training.devices import mesh_for, split
from jaxae.training.grid import identity_of, initial_states, on_devices, whole_grid
from jaxae.training.parallel_runs import ParallelRuns, check_parallel_runs
from jaxae.training.precision import check_precision
from jaxae.training.run import Fit

__all__ = ["fit_grid"]


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
    check_recipe(recipes, len(seeds))
    check_examples(model, x, x_test, x_validation)
    check_precision(precision)
    check_seed(seeds)
    check_parallel_runs(parallel_runs)
    check_patience(patience, x_validation)
    runs = len(seeds)
    whole = whole_grid(model, recipes, seeds, x, x_test, epochs, batch_size, precision)
    if x_validation is not None:
        whole = whole._replace(x_validation=jnp.asarray(x_validation), patience=patience or epochs)
    training = None if checkpoints is None else identity_of(whole)
    grid = on_devices(whole, mesh_for(runs, batch_size))
    states = initial_states(grid, params, runs)
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


def _report_divergence(on_divergence, diverged):
    """Tell of the runs that have diverged, if any -> how many."""
    diverged = np.asarray(diverged)
    if on_divergence is not None and np.any(diverged >= 0):
        on_divergence(diverged)
    return np.sum(diverged >= 0)


def _without_padding(runs, tree):
    """The first runs, those that repeat the last one to fill the devices left out."""
    return jax.tree.map(lambda leaf: leaf if len(leaf) == runs else leaf[:runs], tree)
