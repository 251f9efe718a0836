"""The figure of explained variance over active units."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator, ScalarFormatter

from experiments.common import plotting

L1, TOP_K, PCA, PURSUIT = "L1", "TopK", "PCA", "matching pursuit"
GRID = np.geomspace(0.5, 2048, 385)  # places of the lines, the same for every seed
TICKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def draw(lines, at_l0):
    """Explained variance over L0, and the same less that of an L1 penalty; at_l0: what is between a line's points."""
    colors = dict(zip([name for name in lines if name not in (PCA, PURSUIT)], plotting.COLORS, strict=False))
    styles = {name: (colors.get(name, "0.5"), "--" if name in (PCA, PURSUIT) else "-") for name in lines}
    styles[PURSUIT] = (colors.get(TOP_K, "0.5"), "--")
    base = at_l0(lines[L1], GRID)
    with plotting.style():
        figure, (whole, gain) = plt.subplots(1, 2, figsize=(12, 5))
        for name, points in lines.items():
            color, dash = styles[name]
            places = np.array([point.l0 for point in points])
            values = np.array([point.variance for point in points])
            for ax, level, levels in ((whole, 0, 0), (gain, base, at_l0(lines[L1], np.maximum(places, 1e-9)))):
                ax.plot(GRID, at_l0(points, GRID) - level, dash, color=color, label=name if ax is whole else None)
                ax.plot(places, values - levels, "o", ms=4, color=color)
        _axes(whole, lines, "explained variance", "explained variance over active units")
        _axes(gain, lines, "explained variance less that of L1", "more than an L1 penalty")
        whole.legend(fontsize=9, loc="lower right")
    return figure


def _axes(ax, lines, ylabel, title):
    places = [point.l0 for points in lines.values() for point in points if point.l0 > 0] or [1]
    ax.set(xscale="log", xlabel="L0, mean active units per example", ylabel=ylabel, title=title)
    ax.set_xlim(0.9 * min(places), 1.1 * max(places))
    ax.set_xticks([tick for tick in TICKS if 0.9 * min(places) <= tick <= 1.1 * max(places)])
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
