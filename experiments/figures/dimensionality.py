"""Accuracy, time and memory of classifiers on M numbers per image, of an autoencoder or of PCA, and on all pixels."""

from functools import partial
from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from experiments.common import plotting
from experiments.common.classifiers import validated
from experiments.common.outcome import Outcome
from experiments.common.paired import errs_less
from experiments.common.pca import PrincipalComponents
from experiments.common.timing import least_seconds, timed
from experiments.common.verdicts import Verdict, decided
from jaxae.probes import Probe, k_nearest, linear_probe

MARKERS = {"fit": "o", "vote": "s"}
PIXELS, COMPONENTS, CODE = "all pixels", "PCA", "autoencoder"
BOOK = "Goodfellow et al. 2016, section 14.9"


class _Measured(NamedTuple):
    """The two classifiers on one kind of features, and what they cost: seconds include the encoding of the images."""

    size: int
    bytes: int
    neighbours: Probe
    linear: Probe
    fit: float
    vote: float
    learned: float | None


def outcome(grids, cfg):
    """Test accuracies over M, and the seconds and bytes that they cost beside those of the pixels."""
    (grid,) = grids.values()
    sizes = [int(size) for size in grid.recipes.code.keywords["count"]]
    kinds = {
        COMPONENTS: _components(grid, sizes, cfg.figure),
        CODE: [
            _measure(partial(_codes, grid, run, size), grid.seconds / len(sizes) or None, grid, cfg.figure)
            for run, size in enumerate(sizes)
        ],
    }
    pixels = _measure(np.asarray, None, grid, cfg.figure)
    rows = [_row(name, measured) for name, group in ({PIXELS: [pixels]} | kinds).items() for measured in group]
    table = [{key: value for key, value in row.items() if "validation" not in key} for row in rows]
    train, test = grid.train.x, grid.test.x
    remark = (
        f"k and C were chosen on a sixth of the {len(train):,} training images, then the classifiers were fitted on all of "
        f"them; with {len(test):,} test images one standard error of an accuracy of 90 % is "
        f"{np.sqrt(0.09 / len(test)):.1%}. Times are the least of three: classifiers and PCA have one BLAS thread, the "
        "autoencoder's encoding has all cores. Learning the code is a column of the table and pays off where the code is "
        "used often."
    )
    verdicts = [
        *_of_accuracies("nearest neighbours", "neighbours", pixels, kinds),
        *_of_accuracies("logistic regression", "linear", pixels, kinds),
    ]
    return Outcome(_draw(pixels, kinds), rows, table, verdicts, remark, checks=[_check_times(pixels, kinds[CODE][-1])])


def _components(grid, sizes, settings):
    """What is measured on the first principal components of each number, of one fit."""
    with threadpool_limits(1):
        fit = partial(PrincipalComponents.fit, grid.train.x, max(sizes), solver="full", centre_first=True)
        pca, learned = timed(fit)
    return [_measure(pca.first(size).encode, learned, grid, settings) for size in sizes]


def _codes(grid, run, size, x):
    return np.asarray(_encode(grid.encoder(run), x))[:, :size]


@jax.jit
def _encode(encoder, x):
    return encoder(x)


def _measure(encode, learned, grid, settings):
    train, test = grid.train, grid.test
    codes, codes_test = encode(train.x), encode(test.x)
    arrays = (codes, train.labels, codes_test, test.labels)
    most = len(train.x) - len(train.x) // 6  # the validation split leaves no fewer
    neighbours = k_nearest(*arrays, neighbours=sorted({min(k, most) for k in settings.neighbours}))
    linear = linear_probe(*arrays, strengths=tuple(settings.strengths))
    with threadpool_limits(1):
        fit = least_seconds(partial(_fit, linear, encode, train))
        vote = least_seconds(partial(_vote, neighbours, encode, test))
    return _Measured(codes.shape[1], codes[0].nbytes, neighbours, linear, fit, vote, learned)


def _fit(probe, encode, train):
    return clone(probe.fitted).fit(encode(train.x), train.labels)


def _vote(probe, encode, test):
    return probe.fitted.predict(encode(test.x))


def _row(name, m):
    return {
        "features": name,
        "M": m.size,
        "bytes per image": m.bytes,
        "k-NN accuracy": m.neighbours.accuracy,
        "logistic accuracy": m.linear.accuracy,
        "k-NN validation accuracy": validated(m.neighbours),
        "logistic validation accuracy": validated(m.linear),
        "k": m.neighbours.chosen["neighbours"],
        "C": m.linear.chosen["strength"],
        "k-NN test seconds": m.vote,
        "logistic fit seconds": m.fit,
        "seconds to learn the features": m.learned,
    }


def _of_accuracies(name, kind, pixels, kinds):
    """The verdicts on one kind of classifier."""
    right = {group: np.mean([getattr(m, kind).correct for m in kinds[group]], axis=0) for group in kinds}
    code = kinds[CODE]
    best = max(code, key=lambda m: validated(getattr(m, kind)))
    kept, whole = getattr(best, kind).accuracy, getattr(pixels, kind).accuracy
    return [
        errs_less(
            f"{name}: a code tells more of the class than as many principal components",
            f"mean over M = {code[0].size} to {code[-1].size}: {CODE} errs less than {COMPONENTS}",
            right,
            [(CODE, COMPONENTS)],
        ),
        Verdict(
            f"{name}: M numbers lose nothing of what the pixels tell",
            "test accuracy at the M with the best validation accuracy is not below that of all pixels",
            f"{kept:.1%} at M = {best.size}, {whole:.1%} with {pixels.size} pixels",
            bool(kept >= whole),
            BOOK,
        ),
    ]


def _check_times(pixels, largest):
    return decided(
        "fewer dimensions cost less time",
        f"both the fit of the logistic regression and the vote of the neighbours are faster at M = {largest.size} than "
        "with all pixels, encoding included",
        f"fit {largest.fit:.2g} s against {pixels.fit:.2g} s, vote {largest.vote:.2g} s against {pixels.vote:.2g} s"
        f"; {largest.bytes} bytes per image against {pixels.bytes}",
        [pixels.fit - largest.fit, pixels.vote - largest.vote],
        source=BOOK,
    )


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
