"""The figure of the k-sparse encoder against the best k atoms: errors, supports, recovery and reconstructions."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

from experiments.common import plotting

ENCODER, FITTED, PURSUIT = "k-sparse encoder", "its atoms, least squares", "OMP, its dictionary"
LEARNED, PCA, RANDOM = "OMP, learned dictionary", "PCA, k components", "k random atoms, least squares"


def draw(measured, shares, x, grid, settings):
    """Errors over k, agreement of supports, recovery of known supports, and the reconstructions at one k."""
    with plotting.style():
        figure = plt.figure(figsize=(12, 8.6))
        upper, lower = figure.subfigures(2, 1, height_ratios=(1.15, 1))
        error, supports, recovery = upper.subplots(1, 3, width_ratios=(1.15, 0.8, 1.15))
        _draw_errors(error, measured)
        _draw_supports(supports, measured, grid.code_size)
        _draw_recovery(recovery, measured, shares)
        k = min(measured, key=lambda k: abs(k - settings.shown))
        ax = lower.subplots()
        _draw_images(ax, measured[k]["reconstructions"], x, grid.test)
        ax.set_title(f"test images and their reconstructions from k = {k} numbers")
    return figure


def _draw_errors(ax, measured):
    ks = list(measured)
    for name, color in zip((ENCODER, FITTED, PURSUIT, LEARNED, PCA, RANDOM), plotting.COLORS, strict=False):
        dash = "--" if name in (PCA, RANDOM) else "-"
        ax.plot(ks, [m["errors"][name] for m in measured.values()], "o" + dash, color=color, label=name)
    ax.set(xlabel="k, numbers per image", ylabel="test squared error per image", xticks=ks, yscale="log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(top=7 * ax.get_ylim()[1])
    ax.set_title("error over k")
    ax.legend(fontsize=9, loc="upper right")


def _draw_supports(ax, measured, atoms):
    ks = list(measured)
    ax.plot(ks, [m["overlap"].mean() for m in measured.values()], "o-", color=plotting.COLORS[1], label="measured")
    ax.plot(ks, [k / atoms for k in ks], "--", color="grey", label="by chance, k / atoms")
    ax.set(xlabel="k", ylabel="share of the encoder's atoms that OMP takes", xticks=ks, ylim=(0, 1))
    ax.set_title("agreement of supports")
    ax.legend(fontsize=9)


def _draw_images(ax, reconstructions, x, test):
    """Rows: test images and reconstructions, named at the left; columns: images, each scaled to its own range."""
    rows = {"original": x} | {name: r[: len(x)] for name, r in reconstructions.items() if name != RANDOM}
    images = np.concatenate(list(rows.values())).reshape(-1, *test.shape)
    unit = test.x.min() >= 0 and test.x.max() <= 1  # else 0 is grey
    images = np.clip(images, 0, 1) if unit else images
    plotting.pictures(ax, images, len(x), "", symmetric=not unit)
    height = test.shape[0] + 1
    for i, name in enumerate(rows):
        ax.text(-8, i * height + height / 2, name, ha="right", va="center")


def _draw_recovery(ax, measured, shares):
    for (kind, line), color in zip(shares.items(), plotting.COLORS[3:5], strict=False):
        ax.plot(*zip(*line, strict=True), "o-", ms=4, color=color, label=f"spikes and waves, {kind}")
    for k, m in measured.items():
        place = (m["middle"], m["recovered"].mean())
        ax.plot(
            *place,
            "s",
            color=plotting.COLORS[0],
            label="W z, trained dictionaries, by k" if k == min(measured) else None,
        )
        ax.annotate(f"{k}", place, xytext=(0, 7), textcoords="offset points", ha="center", fontsize=9)
    ax.axvspan(ax.get_xlim()[0], 1, color="0.92", zorder=0, label="theorem 3.1 promises all")
    ax.set(xscale="log", xlabel=r"$2\,k\,\mu\,z_1\,/\,z_k$", ylabel="share of supports recovered by the k largest")
    ax.set(ylim=(-0.03, 1.4), yticks=np.linspace(0, 1, 6))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_title("recovery of known supports")
    ax.legend(fontsize=9, loc="upper right")
