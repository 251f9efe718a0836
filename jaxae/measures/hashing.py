"""Binary codes for retrieval: bits from activations, Hamming distances, and how good a ranking by distance is.

Semantic hashing is Salakhutdinov & Hinton 2009, International Journal of Approximate Reasoning 50, 969-978.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Num, Shaped, UInt16, UInt64

from jaxae.arrays import Array, Number
from jaxae.integers import ceiling_division

__all__ = ["average_precision", "binary", "hamming", "pack", "precision_at_recall"]

BLOCK = 5_000_000  # distances that are ranked at once


def binary(codes: Num[Array, "n bits"] | Sequence, thresholds: Number | Sequence) -> Bool[np.ndarray, "n bits"]:
    """The bits codes > thresholds. thresholds: one for all, or one per bit."""
    return np.asarray(codes) > np.asarray(thresholds)


def pack(bits: Shaped[Array, "n bits"]) -> UInt64[np.ndarray, "n words"]:
    """Bits packed into 64-bit words, the last one padded with 0."""
    bits = np.asarray(bits, bool)
    words = np.zeros((len(bits), ceiling_division(bits.shape[1], 64) * 8), np.uint8)
    octets = np.packbits(bits, axis=1)
    words[:, : octets.shape[1]] = octets
    return words.view(np.uint64)


def hamming(queries: UInt64[np.ndarray, "q words"], base: UInt64[np.ndarray, "n words"]) -> UInt16[np.ndarray, "q n"]:
    """The number of bits in which each query differs from each word of the base, popcount(q xor b).

    queries, base: from `pack`.
    """
    distances = np.zeros((len(queries), len(base)), np.uint16)
    for word in range(base.shape[1]):
        distances += np.bitwise_count(queries[:, None, word] ^ base[None, :, word])
    return distances


def average_precision(distances: Num[Array, "..."], relevant: Shaped[Array, "..."]) -> Float[np.ndarray, " q"]:
    """Average precision of each query's ranking, sum_d P(d) (R(d) - R(d-)) over its distances d in ascending order.

    P(d) and R(d) are precision and recall of all that lies within d: items at one distance, of which Hamming distances
    have many, count together, as in scikit-learn. distances: [q, n]; relevant: bools [q, n] -> [q] in [0, 1], NaN where
    nothing is relevant.
    """
    return np.concatenate([_average_precision(*_within(*block)) for block in _blocks(distances, relevant)])


def precision_at_recall(
    distances: Num[Array, "..."], relevant: Shaped[Array, "..."], levels: Sequence[Number] | Num[Array, " r"]
) -> Float[np.ndarray, "q r"]:
    """Precision within the least distance that reaches each level of recall.

    distances: [q, n]; relevant: bools [q, n] with a True in each row; levels in (0, 1].
    """
    if not np.asarray(relevant, bool).any(axis=-1).all():
        raise ValueError("relevant has a query without any: recall is defined where something is relevant")
    return np.concatenate([_at_recall(*_within(*block), levels) for block in _blocks(distances, relevant)])


def _average_precision(hit, precision, recall):
    del recall
    total = hit.sum(axis=1)
    return np.where(total > 0, (precision * hit).sum(axis=1) / np.maximum(total, 1), np.nan)


def _at_recall(hit, precision, recall, levels):
    del hit
    first = np.stack([np.argmax(recall >= level - 1e-9, axis=1) for level in levels], axis=1)
    return np.take_along_axis(precision, first, axis=1)


def _blocks(distances, relevant):
    """Both, some queries at a time, so that what ranking them takes fits in memory."""
    distances, relevant = np.asarray(distances), np.asarray(relevant, bool)
    if distances.shape != relevant.shape or distances.ndim != 2:
        raise ValueError(
            f"distances {distances.shape} and relevant {relevant.shape} must have one shape, [queries, items]"
        )
    count = ceiling_division(distances.size, BLOCK) or 1
    return zip(np.array_split(distances, count), np.array_split(relevant, count), strict=True)


def _within(distances, relevant):
    """Per query in order of distance: the item's relevance, and precision and recall of all at most as far, each [q, n]."""
    count = distances.shape[1]
    order = np.argsort(distances, axis=1, kind="stable")
    hit, ranked = np.take_along_axis(relevant, order, axis=1), np.take_along_axis(distances, order, axis=1)
    last = np.ones(hit.shape, bool)
    last[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    # The place of the last item of equal distance: the nearest mark at or after each place.
    place = np.minimum.accumulate(np.where(last, np.arange(count), count)[:, ::-1], axis=1)[:, ::-1]
    found = np.take_along_axis(np.cumsum(hit, axis=1), place, axis=1)
    return hit, found / (place + 1), found / np.maximum(hit.sum(axis=1, keepdims=True), 1)
