"""The batches of a training whose examples lie in files, read in chunks of steps while those before them train."""

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float32

from jaxae.integers import ceiling_division
from jaxae.rows import Rows
from jaxae.training.epoch import epoch_order

__all__ = ["Chunks"]

AHEAD = 2  # chunks on the device, or on their way to it, before the one that trains
CHUNK = 2**26  # bytes of a chunk at the most, one step at the least


class Chunks:
    """The batches of every epoch in the order that they have in memory; as a context, it ends with its threads.

    rows: the examples; seed: of the order; mesh: on whose devices each chunk lies whole, or its batches divided.
    """

    def __init__(self, rows: Rows, seed: Any, *, epochs: int, batch_size: int, mesh: Mesh | None = None):
        """Chunks of which none is read yet."""
        self._rows, self._seed, self._epochs, self._batch_size = rows, seed, epochs, batch_size
        self.steps = len(rows) // batch_size
        most = max(1, min(self.steps, CHUNK // (batch_size * rows.shape[1] * rows.dtype.itemsize)))
        # A length that divides the steps spares the program of a shorter last chunk.
        even = (length for length in range(most, most // 2, -1) if self.steps % length == 0)
        self.length = next(even, most)
        axes = () if mesh is None or "batch" not in mesh.shape else (None, "batch")
        self.sharding = None if mesh is None else NamedSharding(mesh, PartitionSpec(*axes))
        self._pool, self._reading, self._orders = ThreadPoolExecutor(AHEAD), {}, {}

    def __enter__(self) -> "Chunks":
        """The chunks themselves."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Read no more."""
        self._pool.shutdown(cancel_futures=True)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a chunk that is not the last: steps, batch, features."""
        return self.length, self._batch_size, self._rows.shape[1]

    def of_epoch(self, index: int) -> Iterator[tuple[int, Float32[jax.Array, "steps batch features"]]]:
        """The chunks of an epoch, each with the number of its first step; those ahead are being read, the next epoch's too."""
        count = ceiling_division(self.steps, self.length)
        self._order(min(index + 1, self._epochs - 1))  # drawn before the device has chunks to train on
        for position in range(index * count, (index + 1) * count):
            for ahead in range(position, min(position + AHEAD + 1, self._epochs * count)):
                if ahead not in self._reading:
                    epoch, number = divmod(ahead, count)
                    self._reading[ahead] = self._pool.submit(self._read, self._order(epoch), number * self.length)
            yield position % count * self.length, self._reading.pop(position).result()

    def _read(self, order, first):
        batches = np.asarray(order)[first : first + self.length]
        examples = self._rows[batches.reshape(-1)].reshape(*batches.shape, -1)
        return jax.device_put(examples, self.sharding)

    def _order(self, epoch):
        if epoch not in self._orders:
            self._orders = {other: order for other, order in self._orders.items() if other == epoch - 1}
            self._orders[epoch] = _drawn(self._seed, epoch, examples=len(self._rows), batch_size=self._batch_size)
        return self._orders[epoch]


_drawn = functools.partial(jax.jit, static_argnames=("examples", "batch_size"))(epoch_order)
