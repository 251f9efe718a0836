"""The figure of codes under an L1 penalty: their densities, exact zeros, the price of sparsity, and filters."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from experiments.common import plotting

PROXIMAL = "soft threshold"
DESCRIPTIONS = {
    "ReLU": "ReLU code",
    "linear": "linear code",
    "sigmoid": "sigmoid code",
    PROXIMAL: "linear code, soft threshold λ/2",
}


def draw(sweeps, sparse, principal, histograms, banks):
    """Densities of the codes, exact zeros over lambda, errors over the number of non-zero units, and filters."""
    colors = dict(
        zip([*DESCRIPTIONS, "k-sparse", "PCA"], [*plotting.COLORS[1:5], *plotting.COLORS[:1], "grey"], strict=True)
    )
    with plotting.style():
        figure = plt.figure(figsize=(12, 12))
        upper, middle, lower = figure.subfigures(3, 1, height_ratios=(5, 4.6, 1.7))
        names = list(dict.fromkeys(name for name, _ in histograms))
        axes = upper.subplots(len(names), len(histograms) // len(names), squeeze=False)
        for ax, ((name, weight), histogram) in zip(axes.flat, histograms.items(), strict=True):
            _draw_density(ax, histogram, f"{name} code, λ = {weight:g}", name)
        if axes[-1, 0].get_legend_handles_labels()[1]:
            axes[-1, 0].legend(loc="upper right", fontsize=9)
        for ax in axes[:, 0]:
            ax.set_ylabel("density of non-zero codes")
        zeros, front = middle.subplots(1, 2, width_ratios=(1, 1.3))
        for name, group in sweeps.items():
            ring = name == "linear"  # stays visible where the sigmoid's marker lies within
            style = {
                "color": colors[name],
                "marker": "o",
                "ms": 10 if ring else 5,
                "fillstyle": "none" if ring else "full",
            }
            label = DESCRIPTIONS[name]
            zeros.plot(list(group), [m["zeros"] for m in group.values()], label=label, **style)
            front.plot(
                [m["active"] for m in group.values()], [m["error"] for m in group.values()], label=label, **style
            )
        zeros.set(
            xlabel="λ (squared error per unit of code)", ylabel="fraction of test codes exactly 0", ylim=(-0.03, 1.03)
        )
        zeros.set_title("exact zeros")
        front.plot(
            [m["active"] for m in sparse],
            [m["error"] for m in sparse],
            "s-",
            color=colors["k-sparse"],
            label="k-sparse",
        )
        number = np.arange(len(principal))
        most = len(next(iter(sweeps["ReLU"].values()))["codes"][0])
        # All components together leave nothing but rounding, for which a logarithmic axis has no room.
        inside = principal > 1e-3 * min(m["error"] for m in sparse)
        shown = (number >= max(1, int(min(m["active"] for m in sparse)))) & (number <= most) & inside
        front.plot(
            number[shown],
            principal[shown],
            "--",
            color=colors["PCA"],
            label="PCA, as many components",
        )
        front.set(
            xscale="log", yscale="log", xlabel="non-zero units per test image", ylabel="test squared error per image"
        )
        front.set_title("reconstruction against sparsity")
        for axis in (front.xaxis, front.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_locator(NullLocator())
        front.legend(loc="lower left")
        for ax, (weight, filters) in zip(lower.subplots(1, len(banks), squeeze=False)[0], banks.items(), strict=True):
            plotting.pictures(ax, filters, 10, f"filters of the ReLU code, λ = {weight:g}")
    return figure


def _draw_density(ax, histogram, title, name):
    if not histogram:
        ax.set(title=title, xticks=[], yticks=[], xlabel="all codes are 0")
        return
    width = np.diff(histogram["code"])[0]
    ax.bar(histogram["code"], histogram["measured"], width, color="0.8", label="test codes")
    ax.plot(histogram["code"], histogram["Laplace"], color=plotting.COLORS[2], label="Laplace")
    ax.plot(histogram["code"], histogram["Gaussian"], "--", color=plotting.COLORS[1], label="Gaussian")
    least = histogram["measured"][histogram["measured"] > 0].min()
    ax.set(yscale="log", ylim=(least / 2, 4 * histogram["measured"].max()), title=title, xlabel=f"{name} code h")
