"""Examples from worlds of known features, by whose directions and coefficients a sparse autoencoder is judged."""

import os
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxae.data import feature_worlds
from jaxae.data.dataset import Data
from jaxae.data.feature_draws import World, blocks, draw, examples
from jaxae.data.feature_worlds import WORLDS, world
from jaxae.data.options import leading, whole_number

__all__ = ["WORLDS", "World", "coefficients", "draw", "examples", "features", "world"]

COUNTS = {"train": 200_000, "test": 10_000}


def features(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    world: Any = "tree",
    count: Any = None,
    seed: Any = 0,
    features: Any = None,
    size: Any = None,
    limit: Any = None,
) -> Data:
    """Sums of features that are on, x = sum_i c_i norm_i direction_i + bias, of a `feature_worlds.world`; shape (size,).

    count: 200,000 for train and 10,000 for test by default; features and size: of the world, null for those of its protocol.
    Both splits have one world, and the first n examples are the same for every count. No labels: `coefficients` has what is on.
    """
    made, kept, stream = _drawing(split, world, count, seed, features, size, limit)
    x = np.empty((kept, len(made.bias)), np.float32)
    for rows, block in blocks(made, kept, stream):
        x[rows] = examples(made, block)
    return Data(x, None, (len(made.bias),))


def coefficients(
    split: str,
    *,
    world: Any = "tree",
    count: Any = None,
    seed: Any = 0,
    features: Any = None,
    size: Any = None,
    limit: Any = None,
) -> Float32[np.ndarray, "count features"]:
    """The true coefficients of exactly the examples that `features` gives for the same options."""
    return draw(*_drawing(split, world, count, seed, features, size, limit))


def _drawing(split, name, count, seed, features, size, limit):
    """The world, the number of examples and their random stream."""
    count = COUNTS[split] if count is None else whole_number("count", count, least=1)
    made = feature_worlds.world(name, seed=seed, features=features, size=size)
    stream = np.random.SeedSequence(seed, spawn_key=(1 + list(COUNTS).index(split),))
    return made, leading(limit, count).stop, stream
