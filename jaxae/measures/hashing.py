"""Binary codes for retrieval: bits from activations, Hamming distances, and how good a ranking by distance is."""

import numpy as np

__all__ = ["average_precision", "binary", "hamming", "pack", "precision_at_recall"]


def binary(codes, thresholds):
    """The bits codes > thresholds. codes: [n, bits]; thresholds: a number or [bits] -> bools [n, bits]."""
    return np.asarray(codes) > np.asarray(thresholds)


def pack(bits):
    """Bits packed into 64-bit words, the last one padded with 0. bits: bools [n, bits] -> uint64 [n, ceil(bits / 64)]."""
    bits = np.asarray(bits, bool)
    words = np.zeros((len(bits), -(-bits.shape[1] // 64) * 8), np.uint8)
    octets = np.packbits(bits, axis=1)
    words[:, : octets.shape[1]] = octets
    return words.view(np.uint64)


def hamming(queries, base):
    """The number of bits in which each query differs from each word of the base, popcount(q xor b).

    queries: uint64 [q, words], base: uint64 [n, words], from `pack` -> uint16 [q, n].
    """
    distances = np.zeros((len(queries), len(base)), np.uint16)
    for word in range(base.shape[1]):
        distances += np.bitwise_count(queries[:, None, word] ^ base[None, :, word])
    return distances


def average_precision(distances, relevant):
    """Average precision of each query's ranking, sum_d P(d) (R(d) - R(d-)) over its distances d in ascending order.

    P(d) and R(d) are precision and recall of all that lies within d: items at one distance, of which Hamming distances
    have many, count together, as in scikit-learn. distances: [q, n]; relevant: bools [q, n] -> [q] in [0, 1], NaN where
    nothing is relevant.
    """
    hit, precision, _ = _within(distances, relevant)
    total = hit.sum(axis=1)
    return np.where(total > 0, (precision * hit).sum(axis=1) / np.maximum(total, 1), np.nan)


def precision_at_recall(distances, relevant, levels):
    """Precision within the least distance that reaches each level of recall.

    distances: [q, n]; relevant: bools [q, n] with a True in each row; levels: [r] in (0, 1] -> [q, r].
    """
    hit, precision, recall = _within(distances, relevant)
    if not hit.any(axis=1).all():
        raise ValueError("relevant has a query without any: recall is defined where something is relevant")
    first = np.stack([np.argmax(recall >= level - 1e-9, axis=1) for level in levels], axis=1)
    return np.take_along_axis(precision, first, axis=1)


def _within(distances, relevant):
    """Per query in order of distance: the item's relevance, and precision and recall of all at most as far, each [q, n]."""
    distances, relevant = np.asarray(distances), np.asarray(relevant, bool)
    if distances.shape != relevant.shape or distances.ndim != 2:
        raise ValueError(
            f"distances {distances.shape} and relevant {relevant.shape} must have one shape, [queries, items]"
        )
    count = distances.shape[1]
    order = np.argsort(distances, axis=1, kind="stable")
    hit, ranked = np.take_along_axis(relevant, order, axis=1), np.take_along_axis(distances, order, axis=1)
    last = np.ones(hit.shape, bool)
    last[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    # The place of the last item of equal distance: the nearest mark at or after each place.
    place = np.minimum.accumulate(np.where(last, np.arange(count), count)[:, ::-1], axis=1)[:, ::-1]
    found = np.take_along_axis(np.cumsum(hit, axis=1), place, axis=1)
    return hit, found / (place + 1), found / np.maximum(hit.sum(axis=1, keepdims=True), 1)
