"""Retrieval of images of the same class by Hamming distance: autoencoder codes, PCA hashing and exact neighbours in pixels."""

from typing import NamedTuple

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from experiments.common.intervals import mean_with_error
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, decided, falls, greater, less, listed, rises
from experiments.figures.semantic_hashing_drawing import COMPONENTS, LEVELS, PIXELS, draw
from experiments.figures.semantic_hashing_rankings import (
    THRESHOLD,
    by_bits,
    by_components,
    by_pixels,
    filtered_precision,
)
from jaxae.measures.hashing import average_precision


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
    rankings = {PIXELS: by_pixels(x, x_test, relevant)}
    rankings |= by_components(grid, x_test, relevant, cfg.figure)
    rankings |= {code.name: by_bits(code.base, code.queries, THRESHOLD, relevant) for code in codes.values()}
    share = cfg.figure.filtered
    filtered = filtered_precision(rankings[codes[max(stds)].name], rankings[PIXELS], relevant, share)
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


def _quality(rankings):
    return {name: float(ranking.average_precision.mean()) for name, ranking in rankings.items()}


def _of_quality(rankings, code):
    """The verdicts on the code that was trained with the most noise."""
    quality, size = _quality(rankings), code.base.shape[1]
    hashing = {name: value for name, value in quality.items() if name.startswith(COMPONENTS)}
    paired = rankings[code.name].average_precision - rankings[PIXELS].average_precision
    _, error = mean_with_error(paired)
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
