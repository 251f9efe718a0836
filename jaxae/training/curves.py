"""The curves of a grid in training, on the host."""

from collections.abc import Mapping

import jax
import numpy as np
from jaxtyping import Num

from jaxae.arrays import Array

__all__ = ["Curves"]


class Curves:
    """Curves that grow by a column an epoch in arrays of their full length, so that no epoch costs more than the first.

    runs, epochs: of the training; begun: by name the curves of the epochs that lie behind.
    """

    def __init__(self, runs: int, epochs: int, begun: Mapping[str, Num[Array, "runs epoch"]] | None = None):
        """Curves without a row, but for those that are begun."""
        self._shape, self._arrays, self._last = (runs, epochs), {}, None
        for name, values in (begun or {}).items():
            self._array(name, values.dtype)[:, : values.shape[1]] = values

    def add(self, index: int, row: Mapping[str, Num[Array, " runs_or_more"]]) -> None:
        """The row of epoch `index` is fetched with the next one: by then it is there."""
        before, self._last = self._last, (index, row)
        self._fetch(before)

    def until(self, epoch: int) -> dict[str, Num[np.ndarray, "runs epoch"]]:
        """The curves of so many epochs, all rows fetched."""
        self._fetch(self._last)
        self._last = None
        return {name: values[:, :epoch] for name, values in self._arrays.items()}

    def _fetch(self, last):
        if last is not None:
            index, row = last
            for name, values in jax.device_get(row).items():
                self._array(name, values.dtype)[:, index] = values[: self._shape[0]]

    def _array(self, name, dtype):
        if name not in self._arrays:
            blank = np.nan if np.issubdtype(dtype, np.floating) else 0  # of epochs that a grid no longer needs
            self._arrays[name] = np.full(self._shape, blank, dtype)
        return self._arrays[name]
