"""Dictionaries that were trained on a world of known features, and how much of it they have found."""

from typing import Any, NamedTuple

import numpy as np

from experiments.common.known_features import true_coefficients, world_of
from jaxae.measures.codes import dead_units
from jaxae.measures.detection import f1
from jaxae.measures.matched_features import mcc, uniqueness
from jaxae.measures.reconstructions import explained_variance, shrinkage
from jaxae.measures.sparsity import active_units

__all__ = ["Found", "Truth", "found", "nearest_run", "truth_of"]


class Truth(NamedTuple):
    """The directions [features, size] of a world, and what is on in each test example [examples, features]."""

    directions: np.ndarray
    coefficients: np.ndarray


class Found(NamedTuple):
    """What a dictionary has found of a world; every number but `l0` and `shrinkage` is at most 1."""

    f1: float
    mcc: float
    uniqueness: float
    explained: float
    l0: float
    shrinkage: float
    dead: float


def truth_of(data: Any, name: str | None = None) -> Truth:
    """The truth of the test examples that a configuration's data are; name: of another world, in its protocol's sizes."""
    return Truth(world_of(data, name).directions, true_coefficients(data, name=name))


def found(codes, reconstruction, x, atoms, truth) -> Found:
    """Every measure of `Found`. codes: [examples, latents]; atoms: the decoder's rows [latents, size]."""
    measures = (
        f1(codes, truth.coefficients, atoms, truth.directions),
        mcc(atoms, truth.directions),
        uniqueness(atoms, truth.directions),
        explained_variance(x, reconstruction),
        active_units(codes),
        shrinkage(x, reconstruction),
        dead_units(codes),
    )
    return Found(*map(float, measures))


def nearest_run(grid, active, examples=10_000) -> int:
    """The run of a grid whose number of units on, over the first training examples, is nearest to `active`."""
    x = grid.train.x[:examples]
    numbers = [float(active_units(grid.codes(x, run))) for run in range(len(grid.seeds))]
    return int(np.argmin(np.abs(np.subtract(numbers, active))))
