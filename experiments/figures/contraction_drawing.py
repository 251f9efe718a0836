"""The figure of the contraction ratio over the radius: the models, and a stack cut at each depth."""

import matplotlib.pyplot as plt

from experiments.common import plotting


def draw(models, depths, radii, distances, paper, data):
    """Curves of the models and of the stack by depth, with the published ones dashed."""
    with plotting.style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8))
        _draw_curves(left, radii, models)
        _draw_published(left, models, paper.models, paper.radii)
        left.set_title(f"models of one layer, {data}")
        named = {f"{depth} layer{'s' if depth > 1 else ''}": numbers for depth, numbers in depths.items()}
        dashed = dict(zip(named, (paper.depths.get(depth) for depth in depths), strict=True))
        _draw_curves(right, radii, named)
        _draw_published(right, named, dashed, paper.radii)
        right.set_title("stacked contractive autoencoders, by depth")
        for ax in (left, right):
            ax.plot([], [], "v", color="grey", ms=6, label="largest ratio")
            ax.set(xlim=(0, radii[-1]), ylim=(0, None))
            ax.legend()
            _mark_distances(ax, distances)
        right.set_ylabel(None)
    return figure


def _draw_curves(ax, radii, curves):
    """The curves with two standard errors, and a mark at the largest ratio of each."""
    plotting.curves(
        ax,
        radii,
        {name: numbers["ratio"] for name, numbers in curves.items()},
        spread={name: 2 * numbers["error"] for name, numbers in curves.items()},
        xlabel="radius r (units of the data)",
        ylabel="contraction ratio, mean of |f(x1) − f(x0)| / r",
    )
    for line, numbers in zip(ax.get_lines(), curves.values(), strict=True):
        ax.plot(numbers["place"], numbers["height"], "v", color=line.get_color(), ms=6, clip_on=False, zorder=3)


def _draw_published(ax, curves, dashed, radii):
    for line, name in zip(ax.get_lines(), curves, strict=False):
        if dashed.get(name):
            ax.plot(radii, dashed[name], "o--", color=line.get_color(), lw=1, ms=3)
    if any(dashed.values()):
        ax.plot([], [], "o--", color="grey", lw=1, ms=3, label="as published")


def _mark_distances(ax, distances):
    """Vertical lines at the distances between training examples, named above the axis."""
    ax.set_ylim(0, 1.12 * ax.get_ylim()[1])
    for word, distance in zip(("min", "median", "max"), distances, strict=True):
        if distance > ax.get_xlim()[1]:
            continue
        ax.axvline(distance, color="grey", ls=":", lw=1)
        ax.text(distance + 0.3, ax.get_ylim()[1], word, va="top", fontsize=9, color="dimgrey")
