"""The figure of the wrong L0: cosines and errors over k, and the cosines of all latents with all features at some k."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

MATCHED, MIXED, FIRST = "matched cosine", "|cosine| with other features", "|cosine| of other latents with feature 0"
TRAINED, TRUE = "error of the trained dictionary", "error of the true dictionary"


def draw(measured, l0, shown):
    """Three panels over k with the true L0, and heat maps at the trained k nearest to those shown. measured: {k: numbers}."""
    with plotting.style():
        figure = plt.figure(figsize=(12, 8))
        upper, lower = figure.subfigures(2, 1, height_ratios=(1, 1.15))
        matched, mixed, errors = upper.subplots(1, 3)
        _over_k(matched, measured, {MATCHED: plotting.COLORS[1]}, l0)
        matched.set(ylabel="mean |cosine| of latent and feature", title="features found")
        _over_k(mixed, measured, {FIRST: plotting.COLORS[2], MIXED: plotting.COLORS[1]}, l0)
        mixed.set(ylabel="mean |cosine|", title="features mixed in", ylim=(0, 1.35 * mixed.get_ylim()[1]))
        _over_k(errors, measured, {TRUE: plotting.COLORS[0], TRAINED: plotting.COLORS[1]}, l0)
        errors.set(
            ylabel="test squared error per example", title="reconstruction", ylim=(0, 1.2 * errors.get_ylim()[1])
        )
        ks = list(dict.fromkeys(min(measured, key=lambda k: abs(k - wanted)) for wanted in shown))
        axes = np.ravel(lower.subplots(1, len(ks), sharey=True))
        for ax, k in zip(axes, ks, strict=True):
            image = ax.imshow(measured[k]["cosines"], cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
            ax.set(xlabel="true feature, by falling frequency", title=f"k = {k:g}")
            ax.grid(False)
        axes[0].set_ylabel("latent, by the feature it is matched with")
        lower.colorbar(image, ax=list(axes), label="cosine", shrink=0.8)
    return figure


def _over_k(ax, measured, colors, l0):
    for name, color in colors.items():
        ax.plot(list(measured), [numbers[name] for numbers in measured.values()], "o-", color=color, label=name)
    ax.axvline(l0, color="0.5", ls="--", lw=1.2, label=f"true L0, {l0:.1f}")
    ax.set(xlabel="k, mean number of active latents", xticks=list(measured))
    ax.legend(fontsize=9, loc="best")
