"""A fixed split of a data set that comes without one."""

import numpy as np
from jaxtyping import Int, Shaped

from jaxae.arrays import Number

SEED = 0


def stratified(
    labels: Shaped[np.ndarray, " n"], split: str, *, share: Number, seed: int = SEED
) -> Int[np.ndarray, " m"]:
    """Indices of the train or test split in shuffled order, round(share * count) of each class being in train.

    The classes are spread evenly, so every leading part of a split is stratified too.
    """
    # numpy keeps the raw stream of a bit generator for good, that of Generator.permutation only within a version.
    draws, jitter = np.random.PCG64(seed).random_raw((2, len(labels))) / 2.0**64
    order = np.argsort(draws, kind="stable")
    shuffled = labels[order]
    rank, count = np.empty(len(labels), int), np.empty(len(labels), int)
    for label in np.unique(labels):
        members = shuffled == label
        count[members] = members.sum()
        rank[members] = np.arange(members.sum())
    taken = rank < np.round(share * count)
    kept = taken if split == "train" else ~taken
    # Member r of c stands at a random place in (r / c, (r + 1) / c), so that no class has a fixed place in each round.
    place = (rank[kept] + jitter[kept]) / count[kept]
    return order[kept][np.argsort(place, kind="stable")]
