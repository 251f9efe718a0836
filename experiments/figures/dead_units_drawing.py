"""The figure of dead units and errors over the size of the dictionary, a column for each k."""

import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, ScalarFormatter

from experiments.common import plotting

UNTIED, TIED, AUXK, RESAMPLING = "untied start", "tied start", "AuxK", "resampling"
MARKS = {UNTIED: "o", TIED: "s", AUXK: "^", RESAMPLING: "v"}


def draw(found):
    """Above the dead share in the training and the test set, below the test error."""
    ks = sorted({d.k for d in found})
    with plotting.style():
        figure, axes = plt.subplots(
            2, len(ks), figsize=(1 + 4.8 * len(ks), 7.4), sharex=True, sharey="row", squeeze=False
        )
        for (above, below), k in zip(axes.T, ks, strict=True):
            for (means, mark), color in zip(MARKS.items(), plotting.COLORS, strict=False):
                line = [d for d in found if d.means == means and d.k == k]
                units = [d.units for d in line]
                above.plot(units, [d.dead for d in line], mark + "-", color=color, label=means)
                above.plot(units, [d.dead_test for d in line], mark + ":", color=color, ms=3)
                below.plot(units, [d.error for d in line], mark + "-", color=color)
            above.set_title(f"k = {k}")
            below.set(xlabel="units of the dictionary", xscale="log")
            below.xaxis.set_major_locator(FixedLocator(sorted({d.units for d in found})))
            below.xaxis.set_major_formatter(ScalarFormatter())
            below.xaxis.set_minor_locator(NullLocator())
        axes[0, 0].set(ylabel="dead units (dotted: test set)", ylim=(-0.03, 1.03))
        axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
        axes[1, 0].set_ylabel("test squared error per example")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(MARKS))
    return figure
