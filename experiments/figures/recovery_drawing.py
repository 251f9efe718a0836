"""The figure of features that are found: a panel for each measure, a row for each method, ours beside the published."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting, published

# of experiments.common.found_features.Found, as a column calls it; the first four are in the paper's table
MEASURES = {
    "f1": "F1",
    "mcc": "MCC",
    "uniqueness": "uniqueness",
    "explained": "explained variance",
    "l0": "L0",
    "shrinkage": "shrinkage",
    "dead": "dead share",
}
PANELS = {
    "f1": "latents as detectors: mean F1",
    "mcc": "atoms: mean matched |cosine| (MCC)",
    "uniqueness": "latents with a feature of their own (share)",
    "explained": "explained variance (share)",
    "l0": "latents on per example (L0)",
    "shrinkage": "norm of reconstruction / of example",
}


def draw(measured, active):
    """Six panels of dots over the same rows of methods."""
    with plotting.style():
        figure, axes = plt.subplots(2, 3, figsize=(11.5, 6.6), sharey=True)
        places = np.arange(len(measured))[::-1]
        for ax, (index, (key, title)) in zip(axes.flat, enumerate(PANELS.items()), strict=True):
            if index < 4:
                paper = [published.SYNTHETIC.get(name, (np.nan,) * 4)[index] for name in measured]
                ax.plot(
                    paper,
                    places,
                    "D",
                    ms=8,
                    mfc="none",
                    color=plotting.COLORS[2],
                    label="published, 16,384 features, L0 25",
                )
            ours = [getattr(row, key) for row in measured.values()]
            ax.plot(ours, places, "o", color=plotting.COLORS[1], label="measured here")
            ax.set(xlabel=title, yticks=places, yticklabels=list(measured), ylim=(-0.6, len(measured) - 0.4))
        line = axes[1, 1].axvline(active, ls="--", lw=1, color="grey", label="wanted")
        axes[1, 2].axvline(1, ls="--", lw=1, color="grey")
        axes[1, 1].legend(handles=[line], fontsize=9)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
