"""Retrieval of images of the same class by Hamming distance: autoencoder codes, PCA hashing and exact neighbours in pixels."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from threadpoolctl import threadpool_limits

from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.timing import seconds
from experiments.common.verdicts import Verdict, decided, falls, greater, less, listed, rises
from experiments.figures.semantic_hashing_drawing import COMPONENTS, LEVELS, PIXELS, draw
from jaxae.measures.hashing import average_precision, binary, hamming, pack, precision_at_recall
from jaxae.probes import validation_split

THRESHOLD = 0.5


class _Ranking(NamedTuple):
    """How well one kind of distance ranks the base, and what it costs."""

    distances: Any
    average_precision: np.ndarray
    curve: np.ndarray
    bytes: int
    microseconds: float


class _Code(NamedTuple):
    """The autoencoder trained with one noise on the code's inputs, before thresholding."""

    name: str
    base: np.ndarray  # codes of the base [images, bits]
    queries: np.ndarray
    quality: float  # mean average precision of the distances between codes
    extreme: float  # share of activations within 0.1 of 0 or 1


def outcome(grids, cfg):
    """Precision over recall and mean average precision of every kind of distance, and the microseconds of a query."""
    (grid,) = grids.values()
    x, x_test = grid.train.x, grid.test.x[: cfg.figure.queries]
    relevant = grid.test.labels[: len(x_test), None] == grid.train.labels[None]
    stds = [float(std) for std in grid.recipes.code.keywords["std"]]
    codes = {std: _code(grid, run, std, x_test, relevant) for run, std in enumerate(stds)}
    rankings = {PIXELS: _exact(x, x_test, relevant)}
    rankings |= _by_components(grid, x_test, relevant, cfg.figure)
    rankings |= {code.name: _hashed(code.base, code.queries, THRESHOLD, relevant) for code in codes.values()}
    share = cfg.figure.filtered
    filtered = _filtered(rankings[codes[max(stds)].name], rankings[PIXELS], relevant, share)
    edges = np.linspace(0, 1, 21)
    middles = (edges[1:] + edges[:-1]) / 2
    shares = {c.name: np.histogram(c.queries, edges)[0] / c.queries.size for c in codes.values()}
    by_name = {code.name: code for code in codes.values()}
    table = [_row(name, ranking, by_name.get(name)) for name, ranking in rankings.items()]
    remark = (
        f"{len(x_test):,} test images are the queries, {len(x):,} training images the base, and an image of the query's "
        f"class is relevant; {relevant.mean():.0%} are. Microseconds: the distances of one query to the whole base on one "
        "core, encoding not included, codes in whole words of 64 bits. The paper retrieves documents."
    )
    noisiest = max(stds)
    verdicts = [
        *_of_quality(rankings, codes[noisiest]),
        *_of_noise(rankings, dict(sorted(codes.items()))),
        _of_filter(rankings, filtered, share, noisiest),
    ]
    checks = [_check_time(rankings, codes[noisiest])]
    rows = _rows(rankings, shares, middles)
    return Outcome(draw(rankings, shares, middles), rows, table, verdicts, remark, checks=checks)


def _code(grid, run, std, x_test, relevant):
    base, queries = (np.asarray(grid.codes(images, run)) for images in (grid.train.x, x_test))
    quality = float(average_precision(euclidean_distances(queries, base), relevant).mean())
    extreme = float(np.mean(np.abs(queries - 0.5) > 0.4))
    return _Code(f"autoencoder, {base.shape[1]} bits, noise {std:g}", base, queries, quality, extreme)


def _by_components(grid, x_test, relevant, figure):
    """The rankings by PCA hashing with as many bits as the code has and with the number that is best for training images."""
    x, size = grid.train.x, grid.code_size
    most = min(max(size, *figure.bits), *x.shape)
    with threadpool_limits(1):
        pca = PrincipalComponents.fit(x, most, solver="full")
    base, queries = pca.encode(x), pca.encode(x_test)
    best = _best_size(base, grid.train.labels, sorted({min(bits, most) for bits in figure.bits}), figure.queries)
    return {
        f"{COMPONENTS}, {bits} bits": _hashed(base[:, :bits], queries[:, :bits], 0.0, relevant)
        for bits in sorted({min(size, most), best})
    }


def _rows(rankings, shares, middles):
    return tidy(
        ("panel", "ranking", "x", "y"),
        (
            ("precision over recall", name, *point)
            for name, ranking in rankings.items()
            for point in zip(LEVELS, ranking.curve, strict=True)
        ),
        (
            ("activations", name, *point)
            for name, values in shares.items()
            for point in zip(middles, values, strict=True)
        ),
        (("cost", name, ranking.microseconds, ranking.average_precision.mean()) for name, ranking in rankings.items()),
    )


def _row(name, ranking, code):
    return {
        "ranking": name,
        "mean average precision": float(ranking.average_precision.mean()),
        "without thresholds": code and code.quality,
        "activations within 0.1 of 0 or 1": code and code.extreme,
        "bytes per image, whole words": ranking.bytes,
        "microseconds per query": ranking.microseconds,
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


def _exact(x, x_test, relevant):
    microseconds = _microseconds(partial(_squared_distances, x, np.square(x).sum(axis=1)), x_test)
    return _ranking(euclidean_distances(x_test, x), relevant, x[0].nbytes, microseconds)


def _squared_distances(x, norms, query):
    """To the query, less its own squared length, which is the same for all x."""
    return norms - 2 * (x @ query)


def _hashed(codes, codes_of_queries, threshold, relevant):
    base, queries = (pack(binary(code, threshold)) for code in (codes, codes_of_queries))
    microseconds = _microseconds(partial(_distances_of_bits, base), queries)
    return _ranking(hamming(queries, base), relevant, base[0].nbytes, microseconds)


def _distances_of_bits(base, query):
    return hamming(query[None], base)


def _ranking(distances, relevant, size, microseconds):
    curve = precision_at_recall(distances, relevant, LEVELS).mean(axis=0)
    return _Ranking(distances, average_precision(distances, relevant), curve, size, microseconds)


def _microseconds(search, queries):
    """Of one query on one core, the median over 200 of them."""
    with threadpool_limits(1):
        return 1e6 * float(np.median([seconds(partial(search, query)) for query in queries[:200]]))


def _filtered(ranking, exact, relevant, share):
    """Average precision of the pixels' order where the share of the base that is nearest by code comes first."""
    count = max(1, round(share * relevant.shape[1]))
    reach = np.partition(ranking.distances, count - 1, axis=1)[:, count - 1, None]
    beyond = exact.distances.max() + 1
    return average_precision(exact.distances + beyond * (ranking.distances > reach), relevant)


def _quality(rankings):
    return {name: float(ranking.average_precision.mean()) for name, ranking in rankings.items()}


def _of_quality(rankings, code):
    """The verdicts on the code that was trained with the most noise."""
    quality, size = _quality(rankings), code.base.shape[1]
    hashing = {name: value for name, value in quality.items() if name.startswith(COMPONENTS)}
    paired = rankings[code.name].average_precision - rankings[PIXELS].average_precision
    error = paired.std() / np.sqrt(len(paired))
    return [
        decided(
            "the code retrieves better than PCA hashing",
            f"its mean average precision is higher than with {size} principal components and with the number that is best "
            "on the training images",
            f"{quality[code.name]:.3f}, " + listed(hashing, "{name} {value:.3f}"),
            [quality[code.name] - value for value in hashing.values()],
        ),
        Verdict(
            f"{size} bits retrieve as well as the exact neighbours in pixels",
            "the mean average precision is not lower",
            f"{quality[code.name]:.3f}, pixels {quality[PIXELS]:.3f}; one standard error of the difference is {error:.3f}",
            bool(quality[code.name] >= quality[PIXELS]),
        ),
    ]


def _of_noise(rankings, codes):
    """The verdicts over the noise on the code's inputs. codes: {noise: code}, from the least noise on."""
    quality = _quality(rankings)
    return [
        rises(
            "noise on the code's inputs makes it binary",
            "the share of activations within 0.1 of 0 or 1 rises at every step up in noise",
            {std: code.extreme for std, code in codes.items()},
            "{value:.0%} at noise {name:g}",
            source="Goodfellow et al. 2016, section 14.9",
        ),
        falls(
            "the more binary a code, the less its thresholds cost",
            "what thresholding takes from the mean average precision falls at every step up in noise",
            {std: code.quality - quality[code.name] for std, code in codes.items()},
            "{value:.3f} at noise {name:g}",
        ),
    ]


def _of_filter(rankings, filtered, share, noise):
    return greater(
        f"the code as a filter improves the exact search (noise {noise:g})",
        f"pixel distances within the nearest {share:.0%} by code rank better than over the whole base",
        filtered.mean(),
        _quality(rankings)[PIXELS],
        "{:.3f}, whole base {:.3f}",
        source="Salakhutdinov & Hinton 2009, abstract, of documents",
    )


def _check_time(rankings, code):
    return less(
        "a query by code costs less time",
        "fewer microseconds than the distances in pixels",
        rankings[code.name].microseconds,
        rankings[PIXELS].microseconds,
        "{:.0f} against {:.0f} microseconds",
    )
