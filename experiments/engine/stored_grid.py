"""Grids that an earlier command has trained, read again where they are those of the configuration."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common.console import console
from experiments.common.trained_grid import TrainedGrid
from experiments.engine.checks import ConfigurationError
from experiments.engine.numbers import decides_numbers
from experiments.engine.training import data_facts, trained_grid
from jaxae import storage
from jaxae.files import npz
from jaxae.files.schema import describe


def is_trained(directory: Path) -> bool:
    """Whether a grid has been trained to its end in a directory; a file that cannot be read is told."""
    path = directory / "run.npz"
    if not path.exists() or (directory / "checkpoints").exists():
        return False
    try:
        storage.load(path)
    except (OSError, ValueError) as error:
        console.print(f"{error}: trained again", highlight=False, soft_wrap=True, markup=False)
        return False
    return True


def load(setup, directory: Path) -> TrainedGrid:
    """The grid of a setup as it was trained in a directory; raises ConfigurationError where another grid lies there."""
    path = directory / "run.npz"
    try:
        stored = storage.load(path, models=[type(setup.model)])
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    if difference := _difference(setup, stored):
        raise ConfigurationError(f"{path} holds another grid than this configuration's: {difference}")
    params = jax.tree.map(jnp.asarray, stored.params)
    return trained_grid(setup, params, stored.curve, stored.more["diverged"], 0.0)


def _difference(setup, stored):
    """What is not of this setup in stored runs, in a few words, or "" where all is."""
    shapes = jax.eval_shape(jax.vmap(setup.model.init), jax.random.split(jax.random.key(0), len(setup.seeds)))
    sizes = stored.metadata.get("sizes", {})
    wanted, found = (npz.named_leaves((tree.recipes, tree.seeds)) for tree in (setup, stored))
    differences = {
        "model": stored.model != setup.model,
        "functions": stored.metadata["recipe"] != describe(setup.recipes),
        "numbers or seeds": wanted.keys() != found.keys()
        or not all(np.array_equal(wanted[name], found[name]) for name in wanted),
        "data": stored.metadata.get("data") != data_facts(setup),
        "parameters": jax.tree.map(np.shape, stored.params) != jax.tree.map(np.shape, shapes),
    } | {
        f"train.{name}": (sizes.get(name) or 0) != (setup.sizes[name] or 0)  # later sizes are absent from older files
        for name in setup.sizes
        if decides_numbers(f"train.{name}")
    }
    return ", ".join(name for name, differs in differences.items() if differs)
