"""How many runs of a grid train side by side on a device: as asked for, or the fastest number, measured."""

from collections.abc import Callable
from numbers import Integral
from time import perf_counter
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.stages import Compiled
from jaxtyping import Num

from jaxae.arrays import Array
from jaxae.integers import ceiling_division, is_count
from jaxae.training.devices import free_bytes
from jaxae.training.state import State

if TYPE_CHECKING:
    from jaxae.training.grid import Grid

__all__ = ["ParallelRuns", "candidates", "check_fits", "check_parallel_runs", "fastest", "measure", "worth"]

# Seconds of training below which runs stay one after the other: two candidates cost 2 to 6, nearly all compilation.
WORTH = 60.0
WORTH_ON_ACCELERATOR = 5.0  # where runs side by side fill a device that one alone leaves idle
SHARE = 0.05  # of what is left of training, the time for candidates as long as none has gained
MARGIN = 0.1  # of the time of single runs, the least gain that is a gain: timings scatter by a few percent
ROUNDS = 3
# Seconds that a timed pass of one run takes at least, where an epoch has the steps for it: dispatching it takes 0.0001.
PASS = 0.02

_MEASURED = {}  # structure of a grid: the number measured for it


def check_parallel_runs(number: Any) -> None:
    """Refuse, by ValueError, what is neither a whole number from 1 on nor "auto"."""
    if number != "auto" and not is_count(number):
        raise ValueError(f"parallel_runs is {number!r}: it must be a whole number from 1 on, or 'auto'")


class ParallelRuns:
    """The number of runs that a grid trains side by side on a device, and its epochs trained so.

    wanted: the number, or "auto", which begins with 1 and measures after the first epoch where the training that is left is
    worth it; grid: a jaxae.training.grid.Grid; states: of its runs.
    """

    def __init__(self, wanted: Integral | str, grid: "Grid", states: State):
        """The number asked for, or measured before for a grid of this structure."""
        self._auto, self._grid, self._most = wanted == "auto", grid, grid.runs_per_device
        self._key = _structure(grid._replace(epochs=None, chunks=None), states)
        self.number = _MEASURED.get(self._key, 1) if self._auto else min(wanted, self._most)
        self._open = self._auto and self._most > 1 and self._key not in _MEASURED

    def resume(self, number: int) -> None:
        """Go on with the number that a checkpoint was trained with, unless another is asked for."""
        self._open = False
        if self._auto:
            self.number = min(number, self._most)

    def train_epoch(self, states: State, index: int) -> tuple[State, dict[str, Num[Array, " runs"]]]:
        """One epoch of the grid; the first is timed where the number is to be measured."""
        if not self._open or index > 0:
            return self._grid.train_epoch(states, index, self.number)
        self._grid.compiled_epoch(states, index, self.number)  # timed without its compilation
        jax.block_until_ready(states)
        started = perf_counter()
        states, row = jax.block_until_ready(self._grid.train_epoch(states, index, self.number))
        left = (perf_counter() - started) * (self._grid.epochs - 1)
        if left > worth():
            self.number = _MEASURED[self._key] = measure(self._grid, states, left)
        self._open = False
        return states, row


def worth() -> float:
    """Seconds of training from which the number is measured, on this machine's device."""
    return WORTH if jax.local_devices()[0].platform == "cpu" else WORTH_ON_ACCELERATOR


def candidates(runs: int) -> list[int]:
    """1, 2, 4, 8, ... and the number of runs, each as small as its groups allow, as 5 for 8 of 10."""
    doubled = [2**power for power in range((runs - 1).bit_length() + 1)]
    return sorted({ceiling_division(runs, ceiling_division(runs, number)) for number in doubled})


def measure(grid: "Grid", states: State, seconds: float) -> int:
    """The number with which a grid goes on that has begun with one run after the other: the fastest that fits in memory.

    seconds: what is left of training so.
    """
    runs = grid.runs_per_device
    steps = len(grid.x) // grid.batch_size
    total = float(grid.epochs - 1) * steps * runs
    few = min(steps, max(4, round(PASS * total / seconds)))
    few_x = jnp.asarray(np.asarray(grid.x[: few * grid.batch_size]))  # by the host, from all devices to one

    def program(number):
        recipes, start, seeds = jax.tree.map(lambda leaf: np.asarray(leaf)[:number], (grid.recipes, states, grid.seeds))
        alone = {"x": few_x, "x_test": None, "x_validation": None, "mesh": None, "chunks": None}
        sample = grid._replace(recipes=recipes, seeds=seeds, **alone)
        check_fits(sample.compiled_epoch(start, 1, number))
        state = jax.tree.map(jnp.array, start)

        def train():
            nonlocal state
            state, row = sample.train_epoch(state, 1, number)
            jax.block_until_ready((state, row))

        return train

    number = fastest(runs, seconds, program)
    while number > 1:
        try:
            check_fits(grid.compiled_epoch(states, 1, number))
            break
        except MemoryError:
            number //= 2
    return number


def fastest(runs: int, seconds: float, program: Callable) -> int:
    """The number with the least time per run, 1 unless another is faster by a margin.

    seconds: what is left of training so; program: gives, for a number, a function that trains so many runs for a few steps
    and waits for them, or raises MemoryError. A candidate and 1 are timed in turn, and the least times compared;
    the search ends at two candidates in a row that do not lead, and where it has taken its share of the time or half of what
    the best one saves.
    """
    started = perf_counter()
    alone = program(1)
    relative, behind = {1: 1.0}, 0
    for number in candidates(runs)[1:]:
        allowed = seconds * max(SHARE, (1 - min(relative.values())) / 2)
        if behind == 2 or perf_counter() - started > allowed:
            break
        try:
            together = program(number)
        except MemoryError:
            break
        ratio = _seconds(together, alone) / number
        behind = 0 if ratio < min(relative.values()) else behind + 1
        relative[number] = ratio
    best = min(relative, key=relative.get)
    return best if relative[best] <= 1 - MARGIN else 1


def check_fits(program: Compiled) -> None:
    """Raise MemoryError where a compiled program needs more memory than the first device has left."""
    needs = program.memory_analysis()
    if needs is None:  # not every backend tells
        return
    total = needs.temp_size_in_bytes + needs.argument_size_in_bytes + needs.output_size_in_bytes
    free = free_bytes()
    if total > free:
        raise MemoryError(f"the program needs {total:,} bytes and the device has {free:,} left")


def _structure(*arguments):
    """What `jit` keys on: the structure, shapes and dtypes of arguments, other leaves by value, and the kind of device."""
    leaves, structure = jax.tree.flatten(arguments)
    kinds = tuple((leaf.shape, str(leaf.dtype)) if hasattr(leaf, "dtype") else leaf for leaf in leaves)
    return structure, kinds, jax.local_devices()[0].device_kind


def _seconds(program, unit):
    """The least time of a program in units of another's, the two run in turn."""
    program(), unit()
    times = []
    for _ in range(ROUNDS):
        for each in (program, unit):
            started = perf_counter()
            each()
            times.append(perf_counter() - started)
    return min(times[::2]) / min(times[1::2])
