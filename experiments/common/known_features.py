"""What is known of data=features, as figures ask for it: the world, the test examples' true coefficients, and found atoms."""

import numpy as np

from jaxae.data.features import coefficients, world
from jaxae.measures.dictionaries import matching_pursuit
from jaxae.measures.matched_features import cosines, matched

__all__ = ["atoms_of", "in_order", "pursued", "true_coefficients", "world_of"]


def world_of(data, name=None):
    """The jaxae.data.features.World of the configuration's `data`; name: of another one, in its protocol's sizes."""
    options = _options(data, name)
    return world(options.pop("world"), **options)


def true_coefficients(data, count=None, name=None):
    """The true coefficients of the first test examples of the configuration's `data`, [count, features]; name: as above."""
    return coefficients("test", limit=count, **_options(data, name))


def atoms_of(grid, run):
    """What each latent of a run adds to the reconstruction, the decoder's rows; [latents, size]."""
    units = np.concatenate([np.zeros((1, grid.code_size)), np.eye(grid.code_size)]).astype(np.float32)
    decoded = np.asarray(grid.decode(units, run))
    return decoded[1:] - decoded[0]


def pursued(grid, run, x, k):
    """Codes of x by orthogonal matching pursuit on a run's dictionary, k units each, and what they reconstruct."""
    bias, atoms = np.asarray(grid.decode(np.zeros((1, grid.code_size), np.float32), run)), atoms_of(grid, run)
    codes = matching_pursuit(atoms.T, x - bias, k=k)
    return codes, codes @ atoms + bias


def in_order(rows, directions):
    """Cosines of the latents, in the order of the features they are matched with, with all features, [features, features]."""
    latents, features = matched(rows, directions)
    similar = np.zeros((len(directions), len(directions)))
    similar[features] = cosines(rows, directions)[latents]
    return similar


def _options(data, name):
    """What makes the world of the configuration's `data`, or the one of another name."""
    if name is None or name == data.world:
        return {"world": data.world, "seed": data.seed, "features": data.features, "size": data.size}
    return {"world": name, "seed": data.seed}
