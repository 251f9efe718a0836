"""Rankings of the base for every query: by distances in pixels, by bits of codes and of principal components."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from threadpoolctl import threadpool_limits

from experiments.common.pca import PrincipalComponents
from experiments.common.timing import seconds
from experiments.figures.semantic_hashing_drawing import COMPONENTS, LEVELS
from jaxae.measures.hashing import average_precision, binary, hamming, pack, precision_at_recall
from jaxae.probes import validation_split

THRESHOLD = 0.5


class Ranking(NamedTuple):
    """How well one kind of distance ranks the base, and what it costs."""

    distances: Any
    average_precision: np.ndarray
    curve: np.ndarray
    bytes: int
    microseconds: float


def by_components(grid, x_test, relevant, figure):
    """The rankings by PCA hashing with as many bits as the code has and with the number that is best for training images."""
    x, size = grid.train.x, grid.code_size
    most = min(max(size, *figure.bits), *x.shape)
    with threadpool_limits(1):
        pca = PrincipalComponents.fit(x, most, solver="full")
    base, queries = pca.encode(x), pca.encode(x_test)
    best = _best_size(base, grid.train.labels, sorted({min(bits, most) for bits in figure.bits}), figure.queries)
    return {
        f"{COMPONENTS}, {bits} bits": by_bits(base[:, :bits], queries[:, :bits], 0.0, relevant)
        for bits in sorted({min(size, most), best})
    }


def _best_size(components, labels, sizes, count):
    """The number of bits of PCA hashing with the largest mean average precision of `count` training images as queries."""
    base, queries = validation_split(labels)
    queries = queries[:count]
    relevant = labels[queries, None] == labels[None, base]

    def quality(bits):
        words = pack(binary(components[:, :bits], 0.0))
        return average_precision(hamming(words[queries], words[base]), relevant).mean()

    return max(sizes, key=quality)


def by_pixels(x, x_test, relevant):
    """The ranking by exact distances between images."""
    microseconds = _microseconds(partial(_squared_distances, x, np.square(x).sum(axis=1)), x_test)
    return _ranking(euclidean_distances(x_test, x), relevant, x[0].nbytes, microseconds)


def _squared_distances(x, norms, query):
    """To the query, less its own squared length, which is the same for all x."""
    return norms - 2 * (x @ query)


def by_bits(codes, codes_of_queries, threshold, relevant):
    """The ranking by Hamming distance between thresholded codes."""
    base, queries = (pack(binary(code, threshold)) for code in (codes, codes_of_queries))
    microseconds = _microseconds(partial(_distances_of_bits, base), queries)
    return _ranking(hamming(queries, base), relevant, base[0].nbytes, microseconds)


def _distances_of_bits(base, query):
    return hamming(query[None], base)


def _ranking(distances, relevant, size, microseconds):
    curve = precision_at_recall(distances, relevant, LEVELS).mean(axis=0)
    return Ranking(distances, average_precision(distances, relevant), curve, size, microseconds)


def _microseconds(search, queries):
    """Of one query on one core, the median over 200 of them."""
    with threadpool_limits(1):
        return 1e6 * float(np.median([seconds(partial(search, query)) for query in queries[:200]]))


def filtered_precision(ranking, exact, relevant, share):
    """Average precision of the pixels' order where the share of the base that is nearest by code comes first."""
    count = max(1, round(share * relevant.shape[1]))
    reach = np.partition(ranking.distances, count - 1, axis=1)[:, count - 1, None]
    beyond = exact.distances.max() + 1
    return average_precision(exact.distances + beyond * (ranking.distances > reach), relevant)
