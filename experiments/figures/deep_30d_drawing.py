"""The figure of reconstructions from short codes: rows of images with the error of each model."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

TILE, LABELS, BARS = 0.7, 1.5, 3.0  # inches


def draw(blocks):
    """A block for each data set: rows of images, and a bar for the error of each model."""
    columns = max(len(block["originals"]) for block in blocks.values())
    heights = [TILE * (1 + len(block["models"])) for block in blocks.values()]
    above, below = 0.45, 0.55
    width = LABELS + TILE * columns + 0.15 + BARS + 0.45
    height = sum(heights) + len(blocks) * (above + below)
    with plotting.style():
        figure = plt.figure(figsize=(width, height), layout="none")
        top = height
        for block, tall in zip(blocks.values(), heights, strict=True):
            top -= above
            wide = TILE * len(block["originals"])
            left, right = (
                figure.add_axes([x / width, (top - tall) / height, w / width, tall / height])
                for x, w in ((LABELS, wide), (LABELS + wide + 0.15, BARS))
            )
            _draw_images(left, block)
            left.set_title(f"{block['name']}: {block['title']}", loc="left")
            _draw_errors(right, block)
            top -= tall + below
    return figure


def _draw_images(ax, block):
    rows = [block["originals"], *(numbers["pictures"] for numbers in block["models"].values())]
    images = np.pad(np.clip(rows, 0, 1), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    plotting.tiles(ax, images, extent=(0, images.shape[1], len(rows), 0), aspect="auto")
    plotting.name_rows(ax, ["original", *block["models"]], 1)


def _draw_errors(ax, block):
    models = list(block["models"])
    place = np.arange(len(models)) + 1.5
    errors = [block["models"][model]["test"] for model in models]
    ax.barh(place, errors, height=0.55, color=plotting.COLORS[5], label="here")
    paper = [block["paper"][model] for model in models] if block["paper"] else errors
    if block["paper"]:
        ax.plot(paper, place, "D", color=plotting.COLORS[2], ms=6, label="as published")
    for y, error, other in zip(place, errors, paper, strict=True):
        words = f"{error:.2f} (paper {other:.2f})" if block["paper"] else f"{error:.2f}"
        ax.annotate(words, (max(error, other), y), (7, 0), textcoords="offset points", va="center")
    ax.set(ylim=(len(models) + 1, 0), xlim=(0, 1.95 * max(errors + paper)), yticks=[])
    ax.set_xlabel("test squared error per image")
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.legend(loc="upper right", ncols=2, borderpad=0, handletextpad=0.4, columnspacing=1)
