"""How many runs of a grid train side by side: the fastest width, found by timing a few steps of each."""

from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

from jaxae.devices import free_bytes

__all__ = ["WORTH", "check_fits", "fastest", "key", "measure", "widths", "worth"]

# Seconds of training below which width 1 stays: two candidates cost 2 to 6, nearly all compilation, much beside less than this.
WORTH = 60.0
WORTH_ON_ACCELERATOR = 5.0  # where runs side by side fill a device that one alone leaves idle
SHARE = 0.05  # of what is left of training, the time for candidates as long as none has gained
MARGIN = 0.1  # of the time of single runs, the least gain that is a gain: timings scatter by a few percent
ROUNDS = 3
# Seconds that a timed pass of one run takes at least, where an epoch has the steps for it: dispatching it takes 0.0001.
PASS = 0.02


def worth():
    """Seconds of training from which widths are measured, on this machine's device."""
    return WORTH if jax.local_devices()[0].platform == "cpu" else WORTH_ON_ACCELERATOR


def widths(runs):
    """The candidates: 1, 2, 4, 8, ... and the number of runs, each as small as its groups allow, as 5 for 8 of 10."""
    doubled = [2**power for power in range((runs - 1).bit_length() + 1)]
    return sorted({-(-runs // -(-runs // width)) for width in doubled})


def measure(epoch_grid, inputs, seconds, runs, *, batch_size, precision, mesh):
    """The width with which a grid goes on that has begun at width 1: the fastest that fits in memory.

    epoch_grid, inputs: the jitted epoch of jaxae.training and its arguments; seconds: what is left of training at width 1;
    runs: those of one device -> a whole number.
    """
    model, recipes, states, x, _, seeds, index, epochs = inputs
    steps = len(x) // batch_size
    total = float(epochs - 1) * steps * runs
    few = min(steps, max(4, round(PASS * total / seconds)))
    sizes = {"batch_size": batch_size, "precision": precision}
    few_x = jnp.asarray(np.asarray(x[: few * batch_size]))  # by the host, from all devices to one

    def program(width):
        recipe, start, seed = jax.tree.map(lambda leaf: np.asarray(leaf)[:width], (recipes, states, seeds))
        rest = (few_x, None, seed, index, epochs)
        check_fits(epoch_grid.lower(model, recipe, start, *rest, **sizes, width=width, mesh=None).compile())
        state = jax.tree.map(jnp.array, start)

        def train():
            nonlocal state
            state, row = epoch_grid(model, recipe, state, *rest, **sizes, width=width, mesh=None)
            jax.block_until_ready((state, row))

        return train

    width = fastest(runs, seconds, program)
    while width > 1:
        try:
            check_fits(epoch_grid.lower(*inputs, **sizes, width=width, mesh=mesh).compile())
            break
        except MemoryError:
            width //= 2
    return width


def fastest(runs, seconds, program):
    """The width with the least time per run, 1 unless another is faster by a margin.

    seconds: what is left of training at width 1; program: gives, for a width, a function that trains so many runs for a few
    steps and waits for them, or raises MemoryError. A candidate and width 1 are timed in turn, and the least times compared;
    the search ends at two candidates in a row that do not lead, and where it has taken its share of the time or half of what
    the best one saves.
    """
    started = perf_counter()
    alone = program(1)
    relative, behind = {1: 1.0}, 0
    for width in widths(runs)[1:]:
        allowed = seconds * max(SHARE, (1 - min(relative.values())) / 2)
        if behind == 2 or perf_counter() - started > allowed:
            break
        try:
            together = program(width)
        except MemoryError:
            break
        ratio = _seconds(together, alone) / width
        behind = 0 if ratio < min(relative.values()) else behind + 1
        relative[width] = ratio
    best = min(relative, key=relative.get)
    return best if relative[best] <= 1 - MARGIN else 1


def check_fits(program):
    """Raise MemoryError where a compiled program needs more memory than the first device has left."""
    needs = program.memory_analysis()
    if needs is None:  # not every backend tells
        return
    total = needs.temp_size_in_bytes + needs.argument_size_in_bytes + needs.output_size_in_bytes
    free = free_bytes()
    if total > free:
        raise MemoryError(f"the program needs {total:,} bytes and the device has {free:,} left")


def key(*arguments):
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
