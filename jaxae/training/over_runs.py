"""A function of one run over all runs of a grid: one after the other or side by side, each device its share."""

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import Mesh, PartitionSpec

from jaxae.training.precision import with_precision

__all__ = ["over_runs"]


def over_runs(
    function: Callable, runs: Any, shared: tuple, *, parallel_runs: int, precision: str, mesh: Mesh | None
) -> Any:
    """function(run, *shared) of every run, stacked; to be jitted.

    runs: a tree with a leading axis of runs, divided among the devices of a mesh of runs; shared: what every run reads;
    parallel_runs: how many are mapped side by side on a device.
    """

    def on_device(runs, *shared):
        def of_run(run):
            return function(run, *shared)

        side_by_side = parallel_runs if parallel_runs > 1 else None
        return jax.lax.map(with_precision(precision, of_run), runs, batch_size=side_by_side)

    if mesh is not None and "runs" in mesh.shape:
        specs = PartitionSpec("runs"), *[PartitionSpec()] * len(shared)
        on_device = jax.shard_map(
            on_device, mesh=mesh, in_specs=specs, out_specs=PartitionSpec("runs"), check_vma=False
        )
    return on_device(runs, *shared)
