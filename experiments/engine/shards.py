"""Shards of a grid, so that each job carries as many runs as its device holds."""

import re
from typing import NamedTuple

import jax
import jax.numpy as jnp

from experiments.engine.checks import ConfigurationError
from jaxae.integers import ceiling_division
from jaxae.rows import Rows
from jaxae.schedules import at
from jaxae.sweeps import take
from jaxae.training.devices import free_bytes

COPIES = 2  # of a run's parameters and opt_state: an epoch of a compiled grid reads the one and writes the other


class Memory(NamedTuple):
    """Bytes that a grid takes of one device: those of every run, and those that all of them share."""

    run: int
    shared: int


def shard_of(shard, recipes, seeds, table):
    """The rows of a grid that a shard keeps: of 8 runs "2/4" keeps the third and fourth, and None keeps all.

    shard: "i/n", the i-th of n contiguous shards, whose sizes differ by one run at most; recipes: with every number [runs];
    seeds: [runs]; table: {axis: [runs]} -> (recipes, seeds, table). Raises ConfigurationError for another shard and for more
    shards than runs.
    """
    if shard is None:
        return recipes, seeds, table
    numbers = re.fullmatch(r"(\d+)/(\d+)", shard) if isinstance(shard, str) else None
    index, count = map(int, numbers.groups()) if numbers else (0, 0)
    if not 1 <= index <= count:
        raise ConfigurationError(
            f"shard is {shard!r}: it must be i/n with i from 1 to n, as 2/4 for the second of four shards of a grid's runs"
        )
    runs = len(seeds)
    if count > runs:
        raise ConfigurationError(
            f"shard is {shard!r}: the grid has {runs} run{'s' * (runs > 1)}, and a shard has at least one"
        )
    rows = slice(runs * (index - 1) // count, runs * index // count)
    recipes = jax.tree.map(lambda numbers: numbers[rows], recipes)
    return recipes, seeds[rows], {axis: column[rows] for axis, column in table.items()}


def memory(setup):
    """The Memory that training a setup takes, from the shapes of its parameters and optimizer state.

    A run's bytes are COPIES times its parameters, twice where its best epoch is kept, and its opt_state; shared are the data in
    memory and one run's gradient and update. The activations of a batch and of the test examples are not counted, nor are
    chunks of streamed data.
    """
    params = jax.eval_shape(setup.model.init, jax.random.key(0))
    opt_state = jax.eval_shape(at(take(setup.recipes, 0), 0.0).optimizer().init, params)
    best = params if setup.sizes.get("patience") else ()
    data = sum(split.x.nbytes for split in (setup.train, setup.test) if not isinstance(split.x, Rows))
    return Memory(COPIES * _bytes((params, best, opt_state)), data + 2 * _bytes(params))


def fits(setup, free=None):
    """How many runs of a setup fit a device with so many free bytes, by `memory`; None asks the first device."""
    need = memory(setup)
    return max(0, (free_bytes() if free is None else free) - need.shared) // need.run


def advice(setup, free=None):
    """The sentence for a grid that does not fit its devices, with the shards that would, or None for one that fits.

    free: bytes of one device, None asks the first one.
    """
    runs, need = len(setup.seeds), memory(setup)
    free = free_bytes() if free is None else free
    share = ceiling_division(runs, len(jax.local_devices()))
    most = fits(setup, free)
    if share <= most:
        return None
    words = f"{share} runs take about {_size(need.shared + share * need.run)} and the device has {_size(free)} left"
    if not most:
        return f"{words}: not even one run fits"
    shards = ceiling_division(runs, most * len(jax.local_devices()))
    listed = [f"{i}/{shards}" for i in range(1, shards + 1)]
    shown = listed if shards <= 4 else [*listed[:2], "...", listed[-1]]
    return f"{words}: {most} would fit, as with -m shard={','.join(shown)}"


def _bytes(tree):
    return sum(leaf.size * jnp.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(tree))


def _size(count):
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
