"""The figure of the sanity checks: shares of features found, their largest cosines, and shares over the learning rate."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator, PercentFormatter

from experiments.common import plotting

FROZEN, REVIVED = "TopK, frozen decoder", "BatchTopK, AuxK"


def draw(runs, best, paper, least):
    """Three panels: shares of the chosen runs beside the published, all features' cosines, and every run's share."""
    with plotting.style():
        figure, (shares, sorted_cosines, rates) = plt.subplots(1, 3, figsize=(12.5, 4.2), width_ratios=(1.1, 1, 1))
        colours = dict(zip(best, plotting.COLORS[1:] + plotting.COLORS[:1], strict=False))
        _draw_shares(shares, best, paper, colours)
        for name, run in best.items():
            values = np.sort(run.nearest)[::-1]
            sorted_cosines.plot(np.linspace(0, 1, len(values)), values, color=colours[name])
        sorted_cosines.axhline(least, ls="--", lw=1, color="grey")
        sorted_cosines.text(0.99, least + 0.01, "found above", ha="right", fontsize=9, color="0.35")
        sorted_cosines.set(
            xlabel="features, nearest first (share)", ylabel="largest cosine with an atom", ylim=(None, 1.02)
        )
        sorted_cosines.xaxis.set_major_formatter(PercentFormatter(1))
        for name, of in runs.items():
            rates.plot(range(len(of)), [run.share for run in of], "o-", color=colours[name], label=name)
        longest = max(runs.values(), key=len)
        rates.set_xticks(range(len(longest)), [run.setting.removeprefix("peak_value ") for run in longest])
        rates.set(xlabel="peak learning rate", ylabel="features found (share)", ylim=(-0.03, 1.03))
        rates.yaxis.set_major_formatter(PercentFormatter(1))
        figure.legend(*rates.get_legend_handles_labels(), loc="outside lower center", ncols=len(best))
    return figure


def _draw_shares(ax, best, paper, colours):
    places = np.arange(len(best))[::-1]
    ax.barh(places, [run.share for run in best.values()], color=list(colours.values()), height=0.6)
    for place, (name, run) in zip(places, best.items(), strict=True):
        right = max(run.share, paper.get(name, 0)) + 0.08  # beside the bar and the published mark
        ax.text(right, place, f"{run.share:.1%}, {run.dead:.0%} dead", va="center", fontsize=9)
    told = [(paper[name], place) for name, place in zip(best, places, strict=True) if name in paper]
    if told:
        ax.plot(*zip(*told, strict=True), "D", ms=8, mfc="none", color="black", label="published", clip_on=False)
        ax.legend(loc="lower right", fontsize=9)
    ax.set(yticks=places, yticklabels=list(best), xlabel="features found (share)", xlim=(0, 1.6))
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(PercentFormatter(1))
