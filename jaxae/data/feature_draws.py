"""A world of known features, x = sum_i c_i norm_i direction_i + bias, and the coefficients that are drawn from it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int

from jaxae.data import raw_numbers

BLOCK = 1000  # examples of one random stream, which are drawn at once: another number gives other examples


class World(NamedTuple):
    """Where features point, when they are on and how strongly.

    A feature is on where it fires and its parent is on; of siblings that are exclusive and would be on, one stays, each as
    likely. Features fire by thresholds of a Gaussian g of variance 1, g_i = factors_i . z + rest_i e_i with z and e standard
    normal, so that corr(g_i, g_j) = factors_i . factors_j. What is on has the magnitude max(0, means + deviations N(0, 1)), or
    exp(means + deviations N(0, 1)), and that of a child times its parent's coefficient over the parent's mean where `scaled`.
    """

    directions: Float32[np.ndarray, "features size"]  # of norm 1
    norms: Float32[np.ndarray, " features"]
    bias: Float32[np.ndarray, " size"]
    probabilities: Float64[np.ndarray, " features"]  # of being on, whatever the other features are
    parents: Int[
        np.ndarray, " features"
    ]  # -1 for none; before their children, whose depth and whose siblings are together
    firing: Float64[np.ndarray, " features"]  # probability of firing
    factors: Float32[np.ndarray, "features rank"]  # rank 0 where features fire independently
    means: Float32[np.ndarray, " features"]
    deviations: Float32[np.ndarray, " features"]
    exclusive: bool = False
    scaled: bool = False
    logarithmic: bool = False  # exp instead of max(0, ...)


def draw(world: World, count: int, seed_sequence: np.random.SeedSequence) -> Float32[np.ndarray, "count features"]:
    """Coefficients of `count` examples; the first n of them are the same for every count."""
    coefficients = np.empty((count, len(world.norms)), np.float32)
    for rows, block in blocks(world, count, seed_sequence):
        coefficients[rows] = block
    return coefficients


def blocks(
    world: World, count: int, seed_sequence: np.random.SeedSequence
) -> Iterator[tuple[slice, Float32[np.ndarray, "rows features"]]]:
    """What `draw` gives in parts, with the rows of each, so that count * features numbers are never held."""
    for number, start in enumerate(range(0, count, BLOCK)):
        stream = np.random.SeedSequence(seed_sequence.entropy, spawn_key=(*seed_sequence.spawn_key, number))
        rows = slice(start, min(start + BLOCK, count))
        yield rows, _block(world, np.random.PCG64(stream))[: rows.stop - start]


def examples(world: World, coefficients: Float32[np.ndarray, "rows features"]) -> Float32[np.ndarray, "rows size"]:
    """x = (coefficients * norms) directions + bias."""
    return coefficients @ (world.norms[:, None] * world.directions) + world.bias


def levels(parents: Int[np.ndarray, " features"]) -> list[slice]:
    """The features that have parents, those of one depth together, from the children of the roots on."""
    found, above = [], np.flatnonzero(parents < 0)
    while len(above := np.flatnonzero(np.isin(parents, above))):
        found.append(slice(above[0], above[-1] + 1))
    return found


def marginal(
    firing: Float64[np.ndarray, " features"], parents: Int[np.ndarray, " features"], exclusive: bool
) -> Float64[np.ndarray, " features"]:
    """The probability of being on, P_i = P_parent q_i, times E[1 / (1 + siblings that fire)] where siblings are exclusive.

    The expectation is the integral of prod_(j != i) (1 - q_j + q_j t) over t in [0, 1]. For features that fire independently.
    """
    on = firing.copy()
    for level in levels(parents):
        share = 1.0
        if exclusive:
            q = _families(firing, parents, level)
            nodes, weights = np.polynomial.legendre.leggauss(q.shape[1])  # exact, as the degree is below 2 siblings
            silent = 1 - q[..., None] * (1 - nodes) / 2
            share = ((silent.prod(axis=1, keepdims=True) / silent) @ weights / 2).reshape(-1)
        on[level] *= share * on[parents[level]]
    return on


def _block(world, bits):
    """Coefficients of one block."""
    on = _fired(world, bits)
    for level in levels(world.parents):
        on[:, level] &= on[:, world.parents[level]]
        if world.exclusive:
            families = _families(on, world.parents, level)
            families &= _one_of(families, bits)
    # Magnitudes are drawn for what is on alone, which is little of a block.
    places = np.flatnonzero(on)
    feature = places % on.shape[1]
    size = world.means[feature] + world.deviations[feature] * raw_numbers.normal(bits, places.shape)
    coefficients = np.zeros(on.shape, np.float32)
    coefficients.reshape(-1)[places] = np.exp(size) if world.logarithmic else np.maximum(size, 0)
    if world.scaled:
        for level in levels(world.parents):
            above = world.parents[level]
            coefficients[:, level] *= coefficients[:, above] / world.means[above]
    return coefficients


def _fired(world, bits) -> Bool[np.ndarray, "block features"]:
    shape = (BLOCK, len(world.firing))
    rank = world.factors.shape[1]
    if rank == 0:
        return raw_numbers.whole(bits, shape) <= np.rint(world.firing * 2.0**32 - 1).astype(np.uint32)
    from scipy.special import ndtri  # slow to import, and only features that are correlated need it

    rest = np.sqrt(np.maximum(1 - np.square(world.factors).sum(axis=1), 0))
    g = raw_numbers.normal(bits, (BLOCK, rank)) @ world.factors.T
    if rank < shape[1]:  # else the factors are the whole of the correlation
        g += rest * raw_numbers.normal(bits, shape)
    return g > -ndtri(world.firing).astype(np.float32)


def _families(values, parents, level):
    """A view of a level's values in the last axis, [..., families, siblings]; all parents have as many children."""
    part = values[..., level]
    return part.reshape(*part.shape[:-1], len(np.unique(parents[level])), -1)


def _one_of(on, bits):
    """Of those that are on in the last axis, one drawn uniformly."""
    among = on.cumsum(axis=-1, dtype=np.uint8)
    drawn = np.floor(raw_numbers.uniform(bits, on.shape[:-1]) * among[..., -1]).astype(np.uint8)
    return among == drawn[..., None] + 1
