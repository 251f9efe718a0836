"""Intrinsic dimension: how many coordinates data need nearby, from the distances to the nearest neighbours."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int, Num

from jaxae.arrays import Array, Number
from jaxae.extras import imported

__all__ = ["levina_bickel", "neighbour_distances", "two_nearest"]


def neighbour_distances(
    x: Num[Array, "n features"], count: int, *, among: Num[Array, "m features"] | None = None
) -> Float64[np.ndarray, "n count"]:
    """Euclidean distances to the `count` nearest examples, nearest first.

    among: to search in, x itself without the example if None. Raises ValueError where count is not between 1 and
    the number of examples to find.
    """
    NearestNeighbors = imported("sklearn.neighbors").NearestNeighbors  # slow to import, and only this function needs it

    available = len(x) - 1 if among is None else len(among)
    if not 1 <= count <= available:
        raise ValueError(f"count is {count}: it must be between 1 and the number of other examples, {available}")
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(x if among is None else among)
    return np.asarray(search.kneighbors(None if among is None else x)[0], np.float64)


def two_nearest(distances: Num[Array, "..."], *, discard: Number = 0.1) -> float:
    """Intrinsic dimension from the ratio mu = r2 / r1 of the two smallest distances, P(mu) = 1 - mu^-d (Facco et al. 2017).

    The slope through the origin of -log(1 - i / n) on log mu_(i), mu sorted, i = 1 .. n, less the share `discard` with the
    largest mu. Exact where the density does not change within r2, whatever the embedding. distances: [n, 2 or more], sorted,
    as `neighbour_distances` gives them. Raises ValueError where an example has a duplicate, or discard is not
    in [0, 1).
    """
    if not 0 <= discard < 1:
        raise ValueError(f"discard is {discard}: it must be from 0 on and below 1")
    nearest = _checked(distances, 2)
    log_ratio = np.sort(np.log(nearest[:, 1] / nearest[:, 0]))
    n = len(log_ratio)
    kept = min(int(n * (1 - discard)), n - 1)  # the last has P = 1, whose logarithm is infinite
    log_ratio, tail = log_ratio[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    return float(log_ratio @ tail / (log_ratio @ log_ratio))


def levina_bickel(distances: Num[Array, "..."], k: int | Sequence[int] | Int[Array, " n"]) -> float:
    """Intrinsic dimension by maximum likelihood from k neighbours, 1 / mean_x [1 / (k - 1) sum_(j<k) log(T_k(x) / T_j(x))].

    T_j(x) is the distance to the j-th neighbour (Levina & Bickel 2004, equation 8); the inverses of the local dimensions are
    averaged, which is the likelihood of the sample, not the dimensions (MacKay & Ghahramani 2005). distances: [n, k or
    more], sorted; k: a whole number from 2 on, or several, over which the dimensions are averaged. Raises
    ValueError for another k and where an example has a duplicate.
    """
    ks = np.atleast_1d(k)
    if ks.min() < 2:
        raise ValueError(f"k is {k}: it must be from 2 on")
    logs = np.log(_checked(distances, ks.max()))
    inverse = [np.mean(logs[:, k - 1, None] - logs[:, : k - 1]) for k in ks]
    return float(np.mean(1 / np.array(inverse)))


def _checked(distances, count):
    distances = np.asarray(distances, np.float64)
    if distances.ndim != 2 or distances.shape[1] < count:
        raise ValueError(
            f"distances has the shape {distances.shape}: it must be [examples, {count} or more neighbours]"
        )
    if np.any(distances[:, 0] <= 0):
        raise ValueError("distances has a 0: an example has a duplicate, remove it first")
    return distances[:, :count]
