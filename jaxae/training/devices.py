"""What runs where: processes, meshes over the local devices, and placement."""

import os
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxae.integers import ceiling_division

__all__ = ["free_bytes", "gather", "join", "mesh_for", "place", "split"]


def join() -> int:
    """Make this process one of several where JAX_COORDINATOR_ADDRESS is set, before any other use of JAX -> its number, or 0.

    JAX_NUM_PROCESSES and JAX_PROCESS_ID say how many there are and which this is; raises ValueError where one is missing.
    """
    address = os.environ.get("JAX_COORDINATOR_ADDRESS")
    if not address:
        return 0
    numbers = {key: os.environ.get(key, "") for key in ("JAX_NUM_PROCESSES", "JAX_PROCESS_ID")}
    for key, value in numbers.items():
        if not value.isdigit():
            raise ValueError(f"{key} is {value!r}: with JAX_COORDINATOR_ADDRESS it must be a whole number from 0 on")
    count, index = map(int, numbers.values())
    jax.distributed.initialize(address, count, index, cluster_detection_method="deactivate")
    return index


def mesh_for(runs: int, batch_size: int) -> Mesh | None:
    """The mesh that a grid trains on: its axis "runs", or "batch" for one run whose batch divides; None for one device.

    Runs lie on as few devices as keep the largest share small; where they do not divide, `split` fills them up.
    """
    local = jax.local_devices()
    if runs > 1:
        share = ceiling_division(runs, len(local))
        name, count = "runs", ceiling_division(runs, share)
    else:
        name, count = "batch", len(local) if batch_size % len(local) == 0 else 1
    return Mesh(np.array(local[:count]), (name,)) if count > 1 else None


def place(tree: Any, mesh: Mesh | None, axis: str | None = None) -> Any:
    """The tree on the mesh, whole on every device or, with an axis, divided along each array's first one."""
    return tree if mesh is None else jax.device_put(tree, NamedSharding(mesh, PartitionSpec(axis)))


def split(tree: Any, mesh: Mesh | None, runs: int) -> Any:
    """A tree of [runs, ...] divided among the devices of a mesh of runs, its last run repeated until they divide.

    For another mesh, whole on every device.
    """
    if mesh is None or "runs" not in mesh.shape:
        return place(tree, mesh)
    index = np.minimum(np.arange(ceiling_division(runs, mesh.size) * mesh.size), runs - 1)
    return place(tree if len(index) == runs else jax.tree.map(lambda leaf: leaf[index], tree), mesh, "runs")


def gather(tree: Any) -> Any:
    """The tree on the default device: as it is where there is one."""
    return (
        tree if len(jax.local_devices()) == 1 else jax.tree.map(lambda leaf: jax.numpy.asarray(np.asarray(leaf)), tree)
    )


def free_bytes() -> int:
    """Memory that the first device has left, in bytes."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
