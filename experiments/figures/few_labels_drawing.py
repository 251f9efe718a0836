"""The figure of few labels: test errors of every method over the number of labels."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter

from experiments.common import plotting


def draw(labels, means, deviations, data):
    """One line per method with a band, {method: [counts]}, over the labels of each class on a logarithmic axis."""
    with plotting.style():
        figure, ax = plt.subplots(figsize=(7.5, 4.8))
        lines, spread = ({name: np.array(values) for name, values in of.items()} for of in (means, deviations))
        plotting.curves(
            ax, labels, lines, spread=spread, xlabel="labelled examples of each class", ylabel="test error (%)"
        )
        for line, marker in zip(ax.get_lines(), "os^Dv", strict=True):
            line.set_marker(marker)
        ax.set(xscale="log", yscale="log", title=f"{data}: few labels, all images")
        ax.set_xticks(labels, [f"{round(count):,}" for count in labels])
        ticks = [tick for tick in (1, 2, 3, 5, 10, 20, 30, 50, 100) if _within(tick, ax.get_ylim())]
        ax.set_yticks(ticks, map(str, ticks))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_formatter(NullFormatter())
        ax.legend()
    return figure


def _within(value, limits):
    return limits[0] <= value <= limits[1]
