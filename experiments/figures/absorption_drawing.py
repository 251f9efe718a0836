"""The figure of absorption: cosines of latents and true features as heat maps, and matched cosines by kind of feature."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

PARENTS, CHILD, LONE, MEAN = "parents", "children", "lone", "mean"
PARENT, SIBLING = "child, its parent", "child, its sibling"
TICKS = {
    PARENTS: "parent",
    CHILD: "child",
    LONE: "lone",
    MEAN: "all",
    PARENT: "child's latent,\nits parent",
    SIBLING: "child's latent,\na sibling",
}
MARKS = "osD^"


def draw(found, world, paper):
    """Heat maps of the first seed; cosines by kind of every seed, published ranges as bars. found: {variant: [runs]}."""
    with plotting.style():
        figure = plt.figure(figsize=(11.5, 8.6))
        upper, lower = figure.subfigures(2, 1, height_ratios=(1.05, 1))
        axes = upper.subplots(1, len(found), sharey=True)
        for ax, (name, runs) in zip(np.ravel(axes), found.items(), strict=True):
            image = _draw_cosines(ax, runs[0].cosines, world.parents)
            ax.set_title(f"{name}, seed {runs[0].seed}")
        np.ravel(axes)[0].set_ylabel("latent, by the feature it is matched with")
        upper.colorbar(image, ax=axes, label="cosine", shrink=0.8)
        _draw_kinds(lower.subplots(), found, paper)
    return figure


def _draw_cosines(ax, similar, parents):
    image = ax.imshow(similar, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    groups = {"parents": parents < 0, "children": parents >= 0}
    groups["parents"] = np.isin(np.arange(len(parents)), parents)
    groups["lone"] = (parents < 0) & ~groups["parents"]
    ends = [np.flatnonzero(rows).max() + 0.5 for rows in groups.values() if rows.any()]
    for end in ends[:-1]:
        ax.axhline(end, color="0.5", lw=0.7)
        ax.axvline(end, color="0.5", lw=0.7)
    middles = [np.flatnonzero(rows).mean() for rows in groups.values()]
    ax.set_xticks(middles, groups)
    ax.set_yticks(middles, groups, rotation=90, va="center")
    ax.set_xlabel("true feature")
    ax.tick_params(length=0)
    ax.grid(False)
    return image


def _draw_kinds(ax, found, paper):
    colors = plotting.COLORS[1:]
    for number, (name, runs) in enumerate(found.items()):
        shift = 0.22 * (number - (len(found) - 1) / 2)
        places = np.arange(len(TICKS)) + shift
        for index, run in enumerate(runs):
            spread = 0.05 * (np.arange(len(runs)) - (len(runs) - 1) / 2)[index] / max(len(runs) / 3, 1)
            ax.plot(
                places + spread,
                [run.relations[key] for key in TICKS],
                MARKS[number],
                color=colors[number],
                ms=5,
                label=f"{name}, a seed" if index == 0 else None,
            )
        for place, key in zip(places, TICKS, strict=True):
            if key in paper.get(name, {}):
                low, high = paper[name][key]
                ax.plot([place - 0.09, place + 0.09], [(low + high) / 2] * 2, color="0.35", lw=1.2, zorder=0)
                ax.bar(place, high - low + 0.04, 0.18, low - 0.02, color="0.85", zorder=-1)
    ax.bar(0, 0, color="0.85", label="published, read off to 0.02")
    ax.axhline(0, color="0.5", lw=0.8)
    ax.set_xticks(range(len(TICKS)), TICKS.values())
    ax.set(ylabel="mean cosine", ylim=(min(-0.45, ax.get_ylim()[0]), 1.05))
    ax.set_title("cosine of matched latents with their feature, and of children's latents with parents and siblings")
    ax.legend(loc="lower left", fontsize=9)
