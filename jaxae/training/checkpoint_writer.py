"""The writer of a training's checkpoints: beside the training, within a share of its time."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import jax
import numpy as np

from jaxae.training.checkpoints import Checkpoint, Checkpoints

__all__ = ["CheckpointWriter"]

# Seconds that a first write is taken to need: Orbax's import where that is to come, its files, and bytes a second.
IMPORT, FILES, PACE = 0.3, 0.03, 1e8


class CheckpointWriter:
    """Writes the checkpoints of one training, one at a time, in a thread beside it; as a context, it ends with the last one.

    checkpoints: a jaxae.training.checkpoints.Checkpoints, or None to write none; identity: of the training, as there. The
    training's time is counted from when the writer is made.
    """

    def __init__(self, checkpoints: Checkpoints | None, identity: dict[str, np.ndarray] | None):
        """A writer that has written nothing."""
        self._checkpoints, self._identity = checkpoints, identity
        self._began = perf_counter()
        self._spent, self._last = 0.0, None  # seconds of all writes, and of the last one
        self._pool, self._writing = ThreadPoolExecutor(1), None

    def __enter__(self) -> "CheckpointWriter":
        """The writer itself."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Wait for the last write."""
        self.wait()
        self._pool.shutdown()

    def due(self, epoch: int, states: Any) -> bool:
        """Whether to write after so many epochs: it is asked for, and all writes stay within their share of the time.

        A write is taken to need what the last one did, the first what the bytes of the states let expect. All of it counts,
        in the thread too, as on a machine whose cores are all at work.
        """
        if self._checkpoints is None or not self._checkpoints.due(epoch):
            return False
        if self._checkpoints.share == 1:
            return True
        if self._writing is not None and not self._writing.done():
            return False
        self.wait()
        needs = _expected(states) if self._last is None else self._last
        return self._spent + needs <= self._checkpoints.share * (perf_counter() - self._began)

    def write(self, checkpoint: Checkpoint) -> None:
        """Begin to write a copy of a Checkpoint, whose states may then be donated; waits for the write before."""
        if self._checkpoints is None:
            return
        self.wait()
        jax.block_until_ready(checkpoint.states)
        began = perf_counter()
        copied = jax.tree.map(np.array, jax.device_get(checkpoint))  # on a CPU device_get gives a view
        self._writing = self._pool.submit(self._write, copied, perf_counter() - began)

    def wait(self) -> None:
        """Wait for the write in progress, if any, and warn where it has failed."""
        writing, self._writing = self._writing, None
        try:
            if writing is not None:
                writing.result()
        except Exception as error:
            warnings.warn(f"{error}.", stacklevel=2)

    def _write(self, checkpoint, seconds):
        began = ready = perf_counter()
        try:
            import orbax.checkpoint  # noqa: F401 - apart, because only the first write of a process needs this time

            ready = perf_counter()
            self._checkpoints.save(checkpoint, self._identity)
        finally:
            ended = perf_counter()
            self._spent += ended - began + seconds
            self._last = ended - ready + seconds


def _expected(states):
    """Seconds of a first write."""
    imports = 0.0 if "orbax.checkpoint" in sys.modules else IMPORT
    return imports + FILES + sum(leaf.nbytes for leaf in jax.tree.leaves(states)) / PACE
