"""The figure of the sanity checks: shares of features found, their largest cosines, and shares over the learning rate."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator, PercentFormatter

from experiments.common import plotting

FROZEN, REVIVED = "TopK, frozen decoder", "BatchTopK, AuxK"


def draw(runs, best, paper, least):
    """Shares of the chosen runs beside the published, all features' cosines, and every run's share where rates differ."""
    longest = max(runs.values(), key=len)
    ratios = (1.1, 1, 1) if len(longest) > 1 else (1.1, 1)
    with plotting.style():
        figure, axes = plt.subplots(1, len(ratios), figsize=(0.5 + 4 * len(ratios), 4.2), width_ratios=ratios)
        shares, sorted_cosines, *others = axes
        colours = dict(zip(best, plotting.COLORS[1:] + plotting.COLORS[:1], strict=False))
        _draw_shares(shares, best, paper, colours)
        for name, run in best.items():
            values = np.sort(run.nearest)[::-1]
            sorted_cosines.plot(np.linspace(0, 1, len(values)), values, color=colours[name], label=name)
        sorted_cosines.axhline(least, ls="--", lw=1, color="grey")
        beside = {"transform": sorted_cosines.get_yaxis_transform(), "va": "center", "fontsize": 9, "color": "0.35"}
        sorted_cosines.text(1.01, least, "found\nabove", **beside)
        sorted_cosines.set(
            xlabel="features, nearest first (share)", ylabel="largest cosine with an atom", ylim=(None, 1.02)
        )
        sorted_cosines.xaxis.set_major_formatter(PercentFormatter(1))
        for rates in others:
            _draw_rates(rates, runs, longest, colours)
        columns = len(best) if others else 3
        figure.legend(*sorted_cosines.get_legend_handles_labels(), loc="outside lower center", ncols=columns)
    return figure


def _draw_rates(ax, runs, longest, colours):
    for name, of in runs.items():
        ax.plot(range(len(of)), [run.share for run in of], "o-", color=colours[name])
    ax.set_xticks(range(len(longest)), [run.setting.removeprefix("peak_value ") for run in longest])
    ax.set(xlabel="peak learning rate", ylabel="features found (share)", ylim=(-0.03, 1.03))
    ax.yaxis.set_major_formatter(PercentFormatter(1))


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
