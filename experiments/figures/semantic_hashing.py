"""Retrieval of images of the same class by Hamming distance: autoencoder codes, PCA hashing and exact neighbours in pixels."""

import time
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import euclidean_distances
from threadpoolctl import threadpool_limits

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae.measures.hashing import average_precision, binary, hamming, pack, precision_at_recall
from jaxae.probes import validation_split

PIXELS, COMPONENTS = "pixels, Euclidean", "PCA hashing"
LEVELS = np.linspace(0.02, 1, 50)
THRESHOLD = 0.5


class _Ranking(NamedTuple):
    """How well one kind of distance ranks the base, and what it costs."""

    distances: Any
    average_precision: np.ndarray
    curve: np.ndarray
    bytes: int
    microseconds: float


def outcome(runs, cfg):
    """Precision over recall and mean average precision of every kind of distance, and the microseconds of a query."""
    (run,) = runs.values()
    x, x_test = run.train.x, run.test.x[: cfg.figure.queries]
    relevant = run.test.labels[: len(x_test), None] == run.train.labels[None]
    stds = [float(std) for std in run.recipes.code.keywords["std"]]
    codes = {std: [np.asarray(run.codes(images, i)) for images in (x, x_test)] for i, std in enumerate(stds)}
    size = codes[stds[0]][0].shape[1]
    most = min(max(size, *cfg.figure.bits), *x.shape)
    with threadpool_limits(1):
        pca = PCA(most, svd_solver="full").fit(x)
    components = [pca.transform(images) for images in (x, x_test)]
    names = {std: f"autoencoder, {size} bits, noise {std:g}" for std in stds}
    best = _best_size(components[0], run.train.labels, sorted({min(bits, most) for bits in cfg.figure.bits}))
    rankings = {PIXELS: _exact(x, x_test, relevant)}
    for bits in sorted({min(size, most), best}):
        rankings[f"{COMPONENTS}, {bits} bits"] = _hashed([c[:, :bits] for c in components], 0.0, relevant)
    for std in stds:
        rankings[names[std]] = _hashed(codes[std], THRESHOLD, relevant)
    real = {std: float(average_precision(euclidean_distances(c[1], c[0]), relevant).mean()) for std, c in codes.items()}
    extreme = {std: float(np.mean(np.abs(c[1] - 0.5) > 0.4)) for std, c in codes.items()}
    rows = [
        {"panel": "precision over recall", "ranking": name, "x": float(level), "y": float(value)}
        for name, ranking in rankings.items()
        for level, value in zip(LEVELS, ranking.curve, strict=True)
    ]
    edges = np.linspace(0, 1, 21)
    middles = (edges[1:] + edges[:-1]) / 2
    shares = {names[std]: np.histogram(c[1], edges)[0] / c[1].size for std, c in codes.items()}
    rows += [
        {"panel": "activations", "ranking": name, "x": float(middle), "y": float(share)}
        for name, values in shares.items()
        for middle, share in zip(middles, values, strict=True)
    ]
    rows += [
        {"panel": "cost", "ranking": name, "x": r.microseconds, "y": float(r.average_precision.mean())}
        for name, r in rankings.items()
    ]
    share = cfg.figure.filtered
    filtered = _filtered(rankings[names[max(stds)]], rankings[PIXELS], relevant, share)
    table = [
        {
            "ranking": name,
            "mean average precision": float(ranking.average_precision.mean()),
            "without thresholds": {names[std]: value for std, value in real.items()}.get(name),
            "activations within 0.1 of 0 or 1": {names[std]: value for std, value in extreme.items()}.get(name),
            "bytes per image, whole words": ranking.bytes,
            "microseconds per query": ranking.microseconds,
        }
        for name, ranking in rankings.items()
    ]
    remark = (
        f"{len(x_test):,} test images are the queries, {len(x):,} training images the base, and an image of the query's "
        f"class is relevant; {relevant.mean():.0%} are. Microseconds: the distances of one query to the whole base on one "
        "core, encoding not included, codes in whole words of 64 bits. The paper retrieves documents."
    )
    verdicts = _verdicts(rankings, names, size, real, extreme, filtered, share)
    return Outcome(_draw(rankings, shares, middles), rows, table, verdicts, remark)


def _best_size(components, labels, sizes):
    """The number of bits of PCA hashing with the largest mean average precision among the training images."""
    base, queries = validation_split(labels)
    relevant = labels[queries, None] == labels[None, base]

    def quality(bits):
        words = pack(binary(components[:, :bits], 0.0))
        return average_precision(hamming(words[queries], words[base]), relevant).mean()

    return max(sizes, key=quality)


def _exact(x, x_test, relevant):
    norms = np.square(x).sum(axis=1)
    microseconds = _microseconds(lambda query: norms - 2 * (x @ query), x_test)
    return _ranking(euclidean_distances(x_test, x), relevant, x[0].nbytes, microseconds)


def _hashed(codes, threshold, relevant):
    base, queries = (pack(binary(code, threshold)) for code in codes)
    microseconds = _microseconds(lambda query: hamming(query[None], base), queries)
    return _ranking(hamming(queries, base), relevant, base[0].nbytes, microseconds)


def _ranking(distances, relevant, size, microseconds):
    curve = precision_at_recall(distances, relevant, LEVELS).mean(axis=0)
    return _Ranking(distances, average_precision(distances, relevant), curve, size, microseconds)


def _microseconds(search, queries):
    """Of one query on one core, the median over 200 of them."""
    seconds = []
    with threadpool_limits(1):
        for query in queries[:200]:
            started = time.perf_counter()
            search(query)
            seconds.append(time.perf_counter() - started)
    return 1e6 * float(np.median(seconds))


def _filtered(ranking, exact, relevant, share):
    """Average precision of the pixels' order where the share of the base that is nearest by code comes first."""
    count = max(1, round(share * relevant.shape[1]))
    reach = np.partition(ranking.distances, count - 1, axis=1)[:, count - 1, None]
    beyond = exact.distances.max() + 1
    return average_precision(exact.distances + beyond * (ranking.distances > reach), relevant)


def _verdicts(rankings, names, size, real, extreme, filtered, share):
    quality = {name: float(ranking.average_precision.mean()) for name, ranking in rankings.items()}
    noisiest, code = max(names), names[max(names)]
    hashing = {name: value for name, value in quality.items() if name.startswith(COMPONENTS)}
    lost = [real[std] - quality[names[std]] for std in sorted(names)]
    paired = rankings[code].average_precision - rankings[PIXELS].average_precision
    error = paired.std() / np.sqrt(len(paired))
    speed = rankings[code].microseconds, rankings[PIXELS].microseconds
    return [
        Verdict(
            "the code retrieves better than PCA hashing",
            f"its mean average precision is higher than with {size} principal components and with the number that is best "
            "on the training images",
            f"{quality[code]:.3f}, " + ", ".join(f"{name} {value:.3f}" for name, value in hashing.items()),
            quality[code] > max(hashing.values()),
        ),
        Verdict(
            f"{size} bits retrieve as well as the exact neighbours in pixels",
            "the mean average precision is not lower",
            f"{quality[code]:.3f}, pixels {quality[PIXELS]:.3f}; one standard error of the difference is {error:.3f}",
            quality[code] >= quality[PIXELS],
        ),
        Verdict(
            "noise on the code's inputs makes it binary",
            "the share of activations within 0.1 of 0 or 1 rises at every step up in noise",
            ", ".join(f"{extreme[std]:.0%} at noise {std:g}" for std in sorted(names)),
            all(extreme[low] < extreme[high] for low, high in pairwise(sorted(names))),
        ),
        Verdict(
            "the more binary a code, the less its thresholds cost",
            "what thresholding takes from the mean average precision falls at every step up in noise",
            ", ".join(f"{value:.3f} at noise {std:g}" for std, value in zip(sorted(names), lost, strict=True)),
            all(more > less for more, less in pairwise(lost)),
        ),
        Verdict(
            f"the code as a filter improves the exact search (noise {noisiest:g})",
            f"pixel distances within the nearest {share:.0%} by code rank better than over the whole base",
            f"{filtered.mean():.3f}, whole base {quality[PIXELS]:.3f}",
            bool(filtered.mean() > quality[PIXELS]),
        ),
        Verdict(
            "a query by code costs less time",
            "fewer microseconds than the distances in pixels",
            f"{speed[0]:.0f} against {speed[1]:.0f} microseconds",
            speed[0] < speed[1],
        ),
    ]


def _draw(rankings, shares, middles):
    palette = iter(plotting.COLORS[1:])
    colors = {name: plotting.COLORS[0] if name == PIXELS else next(palette) for name in rankings}
    with plotting.style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.7))
        for name, ranking in rankings.items():
            line = "--" if name == PIXELS or name.startswith(COMPONENTS) else "-"
            left.plot(LEVELS, ranking.curve, line, color=colors[name], label=name)
        left.set(xlabel="recall", ylabel="precision, mean over queries", xlim=(0, 1), ylim=(0, 1), title="retrieval")
        for name, values in shares.items():
            middle.plot(middles, values, "o-", ms=3.5, color=colors[name])
        middle.set(xlabel="activation of a code unit, test images", ylabel="share of activations", yscale="log")
        middle.set_title("codes before thresholding")
        quality = [ranking.average_precision.mean() for ranking in rankings.values()]
        for (name, ranking), y in zip(rankings.items(), quality, strict=True):
            right.plot(ranking.microseconds, y, "s" if name.startswith(COMPONENTS) else "o", ms=8, color=colors[name])
        right.set(
            xlabel="microseconds per query", ylabel="mean average precision", xscale="log", ylim=(0, 1.1 * max(quality))
        )
        right.set_title("quality and cost")
        figure.legend(loc="outside lower center", ncols=3)
    return figure
