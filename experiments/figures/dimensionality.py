"""Accuracy, time and memory of classifiers on M numbers per image, of an autoencoder or of PCA, and on all pixels."""

import time
from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae.probes import Probe, k_nearest, linear_probe

MARKERS = {"fit": "o", "vote": "s"}
PIXELS, COMPONENTS, CODE = "all pixels", "PCA", "autoencoder"


class _Measured(NamedTuple):
    """The two classifiers on one kind of features, and what they cost: seconds include the encoding of the images."""

    size: int
    bytes: int
    neighbours: Probe
    linear: Probe
    fit: float
    vote: float
    learned: float | None


def outcome(runs, cfg):
    """Test accuracies over M, and the seconds and bytes that they cost beside those of the pixels."""
    (run,) = runs.values()
    train, test = run.train, run.test
    sizes = [int(size) for size in run.recipes.code.keywords["count"]]
    started = time.perf_counter()
    with threadpool_limits(1):
        pca = PCA(max(sizes), svd_solver="full").fit(train.x)
    learned = {COMPONENTS: time.perf_counter() - started, CODE: run.seconds / len(sizes) or None}
    encoders = {
        COMPONENTS: [lambda x, size=size: (x - pca.mean_) @ pca.components_[:size].T for size in sizes],
        CODE: [lambda x, i=i: np.asarray(_encode(run.encoder(i), x))[:, : sizes[i]] for i in range(len(sizes))],
    }
    kinds = {
        name: [_measure(encode, learned[name], train, test, cfg) for encode in group]
        for name, group in encoders.items()
    }
    pixels = _measure(lambda x: x, None, train, test, cfg)
    rows = [_row(name, measured) for name, group in ({PIXELS: [pixels]} | kinds).items() for measured in group]
    table = [{key: value for key, value in row.items() if "validation" not in key} for row in rows]
    remark = (
        f"k and C were chosen on a sixth of the {len(train.x):,} training images, then the classifiers were fitted on all of "
        f"them; with {len(test.x):,} test images one standard error of an accuracy of 90 % is "
        f"{np.sqrt(0.09 / len(test.x)):.1%}. Times are of one core, the least of three; learning the code is a column "
        "of the table and pays off where the code is used often."
    )
    return Outcome(_draw(pixels, kinds), rows, table, _verdicts(pixels, kinds), remark)


@jax.jit
def _encode(encoder, x):
    return encoder(x)


def _measure(encode, learned, train, test, cfg):
    codes, codes_test = encode(train.x), encode(test.x)
    arrays = (codes, train.labels, codes_test, test.labels)
    most = len(train.x) - len(train.x) // 6  # the validation split leaves no fewer
    neighbours = k_nearest(*arrays, neighbours=sorted({min(k, most) for k in cfg.figure.neighbours}))
    linear = linear_probe(*arrays, strengths=tuple(cfg.figure.strengths))
    with threadpool_limits(1):
        fit = _seconds(lambda: clone(linear.fitted).fit(encode(train.x), train.labels))
        vote = _seconds(lambda: neighbours.fitted.predict(encode(test.x)))
    return _Measured(codes.shape[1], codes[0].nbytes, neighbours, linear, fit, vote, learned)


def _seconds(function):
    """The least of three, the one that other work on the machine disturbed least."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _row(name, m):
    return {
        "features": name,
        "M": m.size,
        "bytes per image": m.bytes,
        "k-NN accuracy": m.neighbours.accuracy,
        "logistic accuracy": m.linear.accuracy,
        "k-NN validation accuracy": _validated(m.neighbours),
        "logistic validation accuracy": _validated(m.linear),
        "k": m.neighbours.chosen["neighbours"],
        "C": m.linear.chosen["strength"],
        "k-NN test seconds": m.vote,
        "logistic fit seconds": m.fit,
        "seconds to learn the features": m.learned,
    }


def _validated(probe):
    return max(probe.validation.values())


def _verdicts(pixels, kinds):
    code = kinds[CODE]
    verdicts = []
    for name, kind in (("nearest neighbours", "neighbours"), ("logistic regression", "linear")):
        means = {group: np.mean([getattr(m, kind).accuracy for m in kinds[group]]) for group in kinds}
        pairs = zip(code, kinds[COMPONENTS], strict=True)
        ahead = [f"{a.size}" for a, b in pairs if getattr(a, kind).accuracy > getattr(b, kind).accuracy]
        best = max(code, key=lambda m: _validated(getattr(m, kind)))
        kept, whole = getattr(best, kind).accuracy, getattr(pixels, kind).accuracy
        verdicts += [
            Verdict(
                f"{name}: a code tells more of the class than as many principal components",
                f"the mean test accuracy over M = {code[0].size} to {code[-1].size} is higher",
                f"{CODE} {means[CODE]:.1%}, {COMPONENTS} {means[COMPONENTS]:.1%}; higher at M = {', '.join(ahead) or 'none'}",
                bool(means[CODE] > means[COMPONENTS]),
            ),
            Verdict(
                f"{name}: M numbers lose nothing of what the pixels tell",
                "test accuracy at the M with the best validation accuracy is not below that of all pixels",
                f"{kept:.1%} at M = {best.size}, {whole:.1%} with {pixels.size} pixels",
                kept >= whole,
            ),
        ]
    largest = code[-1]
    times = [(largest.fit, pixels.fit), (largest.vote, pixels.vote)]
    verdicts.append(
        Verdict(
            "fewer dimensions cost less time",
            f"both the fit of the logistic regression and the vote of the neighbours are faster at M = {largest.size} than "
            "with all pixels, encoding included",
            "fit {:.2g} s against {:.2g} s, vote {:.2g} s against {:.2g} s".format(*times[0], *times[1])
            + f"; {largest.bytes} bytes per image against {pixels.bytes}",
            all(less < more for less, more in times),
        )
    )
    return verdicts


def _draw(pixels, kinds):
    sizes = [m.size for m in kinds[CODE]]
    styles = {COMPONENTS: plotting.COLORS[2], CODE: plotting.COLORS[1]}
    with plotting.style():
        figure, axes = plt.subplots(1, 3, figsize=(12, 4.3))
        for ax, kind, title in zip(
            axes, ("neighbours", "linear"), ("k nearest neighbours", "logistic regression"), strict=False
        ):
            for name, group in kinds.items():
                values = [100 * getattr(m, kind).accuracy for m in group]
                ax.plot(sizes, values, "o-", color=styles[name], label=name)
            ax.axhline(100 * getattr(pixels, kind).accuracy, color=plotting.COLORS[0], ls="--", label=PIXELS)
            ax.set(title=title, ylabel="test accuracy (%)")
            _numbers_axis(ax, sizes, kinds[CODE])
            ax.legend(loc="lower right")
        where = [*sizes, 4 * sizes[-1]]
        for name, group in kinds.items():
            for field, marker in MARKERS.items():
                face = {"mfc": "white"} if field == "vote" else {}
                axes[2].plot(sizes, [getattr(m, field) for m in group], marker + "-", color=styles[name], **face)
                axes[2].plot(where[-1], getattr(pixels, field), marker, color=plotting.COLORS[0], **face)
        axes[2].plot([], [], "o", color="grey", label="fit of the logistic regression, training images")
        axes[2].plot([], [], "s", color="grey", mfc="white", label="vote of the neighbours, test images")
        high = axes[2].get_ylim()[1]
        axes[2].set(title="time, encoding included", ylabel="seconds", yscale="log", ylim=(None, 6 * high))
        _numbers_axis(axes[2], where, [*kinds[CODE], pixels])
        axes[2].legend(fontsize=9, loc="upper left")
    return figure


def _numbers_axis(ax, where, measured):
    ax.set_xscale("log", base=2)
    ax.set_xticks(where, [f"{m.size}\n{m.bytes:,} B" for m in measured], fontsize=9)
    ax.minorticks_off()
    ax.set_xlabel("M, numbers per image, and their bytes")
