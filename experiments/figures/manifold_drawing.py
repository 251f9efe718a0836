"""The figure of where data lie: images of each set, their dimensions, and the lines between two images."""

import string

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

GAUSSIAN = "Gaussian, same covariance"
STEPS = np.linspace(0, 1, 9)  # from one image to the other
MIDDLE = len(STEPS) // 2
NEAREST = range(2, 21)  # neighbours over which the dimension is drawn
SHARE = 0.9  # of the variance
LETTERS = (9, 15)  # rows and columns of random letters


def draw(sets, estimates, near, lines, grid, seed):
    """Images of each set beside random letters, spectra and dimensions, distances along the lines, and two of the lines."""
    train = grid.train
    with plotting.style():
        figure = plt.figure(figsize=(12, 9))
        top, middle, bottom = figure.add_gridspec(3, 1, height_ratios=(2.55, 3.7, 2.35))
        places = top.subgridspec(1, len(sets) + 1)
        for column, (name, x) in enumerate(sets.items()):
            shown = train.x[:9] if column == 0 else x[:9]
            ax = figure.add_subplot(places[column])
            plotting.tiles(ax, plotting.gaps(shown.reshape(3, 3, *train.shape)))
            ax.set_title(name, fontsize=9)
            ax.set_axis_off()
        _draw_letters(figure.add_subplot(places[len(sets)]), seed)
        places = middle.subgridspec(1, 3)
        _draw_sets(figure.add_subplot(places[0]), figure.add_subplot(places[1]), estimates)
        _draw_distances(figure.add_subplot(places[2]), near)
        places = bottom.subgridspec(1, 2)
        for pair in range(min(2, len(next(iter(lines.values()))))):
            _draw_lines(figure.add_subplot(places[pair]), [images[pair] for images in lines.values()], train, pair == 0)
    return figure


def _draw_letters(ax, seed):
    """Text of equally likely letters and spaces: it is to language what uniform pixels are to images."""
    letters = np.random.default_rng(seed).choice([*string.ascii_lowercase, " "], LETTERS)
    text = "\n".join("".join(row) for row in letters)
    ax.text(0.5, 0.5, text, family="monospace", fontsize=9, ha="center", va="center", transform=ax.transAxes)
    ax.set_box_aspect(1)
    ax.set_title("random letters", fontsize=9)
    ax.set_axis_off()


def _draw_sets(spectrum, dimension, estimates):
    for (name, numbers), color in zip(estimates.items(), plotting.COLORS, strict=False):
        dash = "--" if name == GAUSSIAN else "-"
        spectrum.semilogx(np.arange(1, len(numbers["explained"]) + 1), numbers["explained"], dash, color=color)
        dimension.semilogy(NEAREST, numbers["over k"], dash, color=color, label=name)
        dimension.semilogy([2], [numbers["two nearest"]], "o", color=color, clip_on=False)
    spectrum.axhline(SHARE, color="grey", lw=0.8, ls=":")
    spectrum.set(
        xlabel="principal components", ylabel="share of the variance", ylim=(0, 1.02), title="linear: PCA spectra"
    )
    dimension.plot([], [], "o", color="grey", label="two nearest neighbours")
    dimension.set(xlabel="neighbours k", ylabel="intrinsic dimension", title="local: dimension (Levina-Bickel)")
    dimension.set_xticks([2, 5, 10, 15, 20])
    low, high = dimension.get_ylim()
    dimension.set_ylim(low / 1.2, high * 8)  # room for the legend
    dimension.set_yticks([10, 30, 100, 300], ["10", "30", "100", "300"])
    dimension.minorticks_off()
    dimension.legend(fontsize=9, loc="upper right")


def _draw_distances(ax, near):
    colors = iter(plotting.COLORS[1:])
    for name, numbers in near.items():
        if np.ndim(numbers["distance"]):
            ax.plot(STEPS, numbers["distance"], "o-", ms=4, color=next(colors), label=name)
        else:
            ax.axhline(numbers["distance"], color="black", ls="--", label=f"{name}, typical")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.5 * (high - low))
    ax.set(xlabel="place on the line between two test images", ylabel="distance to the nearest real image (median)")
    ax.set_title("between images")
    ax.legend(fontsize=9, loc="upper center")


def _draw_lines(ax, lines, train, named):
    """Rows: one per space; columns: the steps, a gap, and the training image nearest to the middle."""
    strips = []
    for steps in lines:
        nearest = train.x[np.argmin(np.sum(np.square(train.x - steps[MIDDLE]), axis=1))]
        strips.append(np.concatenate([steps, np.full_like(steps[:1], np.nan), nearest[None]]))
    images = plotting.gaps(np.stack(strips).reshape(len(lines), -1, *train.shape))
    height, width = images.shape[2:]
    plotting.tiles(ax, images)
    plotting.name_rows(ax, ["pixels", "PCA", "code"] if named else [""] * len(lines), height)
    marks = {0: "image A", MIDDLE: "middle", len(STEPS) - 1: "image B", len(STEPS) + 1: "nearest\nreal image"}
    ax.set_xticks(width * (np.array(list(marks)) + 0.5), list(marks.values()))
    ax.set_title("straight lines between two test images")
