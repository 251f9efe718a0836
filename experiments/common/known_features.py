"""What is known of data=features, as figures ask for it: the world, the test examples' true coefficients, and found atoms."""

import numpy as np

from jaxae.data.features import coefficients, world
from jaxae.measures.matched_features import cosines, matched
from jaxae.sweeps import take

__all__ = ["atoms", "in_order", "true_coefficients", "world_of"]


def world_of(data):
    """The jaxae.data.features.World of the configuration's `data`."""
    return world(data.world, seed=data.seed, features=data.features, size=data.size)


def true_coefficients(data, count=None):
    """The true coefficients of the first test examples of the configuration's `data`, [count, features]."""
    options = {name: data[name] for name in ("world", "seed", "features", "size")}
    return coefficients("test", limit=count, **options)


def atoms(grid, run):
    """The decoder's rows of one run, [latents, size]."""
    return np.asarray(grid.model.decoder(take(grid.params, run)).layers[0].weight)


def in_order(rows, directions):
    """Cosines of the latents, in the order of the features they are matched with, with all features, [features, features]."""
    latents, features = matched(rows, directions)
    similar = np.zeros((len(directions), len(directions)))
    similar[features] = cosines(rows, directions)[latents]
    return similar
