"""Codes of two numbers from a deep autoencoder and from PCA (Hinton & Salakhutdinov 2006, figures 3, S3 and S4)."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import class_codes, plotting
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.views import Points

CANVAS = 850 / 28  # pixels per side of the picture of images, per pixel of the longer side of one
LABEL = 0.05  # width of a class label, as a share of the axes
SHOWN = (0.5, 99.5)  # percentiles of the codes between which the axes run


def outcome(grids, cfg):
    """Test codes of both models, the accuracy of their nearest neighbours, and the error of the pictures made from them."""
    (grid,) = grids.values()
    train, test = grid.train, grid.test
    codes, measured, right = class_codes.compared(grid, cfg.figure.neighbours)
    shown = class_codes.first_of_each_class(test.labels, cfg.figure.per_class)
    pictures = test.x[shown].reshape(-1, *test.shape)
    panels = {name: _panel(z[shown], pictures) for name, z in codes.items()}
    rows = tidy(
        ("model", "example", "class", "x", "y", "drawn"),
        (
            (name, example, test.labels[example], *place, int(drawn))
            for name, panel in panels.items()
            for example, place, drawn in zip(shown, panel["codes"], panel["drawn"], strict=True)
        ),
    )
    table = [{"model": f"{name}, 2 numbers", **numbers} for name, numbers in measured.items()]
    outside = np.mean([panel["outside"] for panel in panels.values()])
    remark = (
        f"Both panels show the same {len(shown)} test images, at most {cfg.figure.per_class} of each class; the models and the "
        f"neighbours are from the {len(train.x):,} training images. An axis shows asinh of a code less its median, in units of "
        f"the median absolute deviation, and leaves out the outermost {outside:.1%}; an image is drawn where none is yet. "
        "The paper prints no numbers for its figure."
    )
    widths = "-".join(str(width) for width in (grid.model.features, *grid.model.hidden))
    figure = _draw(panels, measured, test.labels[shown], widths)
    verdicts = class_codes.verdicts(measured, right, "two", "Hinton & Salakhutdinov 2006, figure 3")
    return Outcome(figure, rows, table, verdicts, remark, views=[_view(panels, test.labels[shown], pictures)])


def _view(panels, labels, pictures):
    """The same places, with the image of each."""
    axes = tuple(map(class_codes.AXIS.format, ("first", "second")))
    places = {name: panel["codes"] for name, panel in panels.items()}
    return Points(places, axes, [f"class {label}" for label in labels], pictures, list(map(class_codes.color, labels)))


def _panel(codes, images):
    """Where the codes stand, the limits of the axes, and the images where no other is: `drawn` [n], `canvas`, `owner`."""
    codes = class_codes.squeezed(codes)
    low, high = np.percentile(codes, SHOWN, axis=0)
    margin = np.where(high > low, 0.04 * (high - low), 1)
    low, high = low - margin, high + margin
    height, width = images.shape[1:]
    canvas_side = round(CANVAS * max(height, width))
    room = np.array([canvas_side - width, canvas_side - height])
    corners = np.round((codes - low) / (high - low) * room).astype(int)
    corners[:, 1] = room[1] - corners[:, 1]  # rows run downwards
    inside = np.all((corners >= 0) & (corners <= room), axis=1)
    canvas, owner = np.zeros((canvas_side, canvas_side)), np.full((canvas_side, canvas_side), -1)
    drawn = np.zeros(len(codes), bool)
    for i in np.flatnonzero(inside):
        column, row = corners[i]
        place = slice(row, row + height), slice(column, column + width)
        if np.all(owner[place] < 0):
            canvas[place], owner[place], drawn[i] = images[i], i, True
    limits = [(low[axis], high[axis]) for axis in range(2)]
    return {
        "codes": codes,
        "limits": limits,
        "outside": 1 - inside.mean(),
        "drawn": drawn,
        "canvas": canvas,
        "owner": owner,
    }


def _draw(panels, measured, labels, widths):
    titles = {"PCA": "first two principal components", "autoencoder": f"autoencoder {widths}"}
    with plotting.style():
        figure, axes = plt.subplots(2, 2, figsize=(11.5, 12))
        for column, (name, panel) in zip(axes.T, panels.items(), strict=True):
            numbers = measured[name]
            _scatter(column[0], panel, labels)
            column[0].set_title(
                f"{titles[name]}\nk-NN accuracy {numbers['k-NN accuracy']:.1%}, "
                f"squared error {numbers['test squared error']:.1f} per image"
            )
            _digits(column[1], panel, labels)
    return figure


def _scatter(ax, panel, labels):
    codes = panel["codes"]
    for label in np.unique(labels):
        own = codes[labels == label]
        ax.plot(*own.T, "o", ms=3, color=class_codes.color(label), alpha=0.7, mec="none")
    present = np.unique(labels)
    middles = _apart(np.array([np.median(codes[labels == label], axis=0) for label in present]), panel["limits"])
    for label, middle in zip(present, middles, strict=True):
        box = {"boxstyle": "circle,pad=0.15", "fc": class_codes.color(label), "ec": "white", "lw": 1.2}
        color = "white" if class_codes.is_dark(label) else "black"
        ax.text(*middle, str(label), color=color, weight="bold", size=12, ha="center", va="center", bbox=box)
    ax.set(
        xlim=panel["limits"][0],
        ylim=panel["limits"][1],
        xlabel=class_codes.AXIS.format("first"),
        ylabel=class_codes.AXIS.format("second"),
    )


def _apart(places, limits):
    """The places moved, where two are nearer than a label is wide, until none overlap."""
    low, high = np.array(limits).T
    places = (places - low) / (high - low)
    for _ in range(100):
        gap = places[:, None] - places
        distance = np.linalg.norm(gap, axis=2) + np.eye(len(places))
        push = np.maximum(0, LABEL - distance) / np.maximum(distance, 1e-9)
        np.fill_diagonal(push, 0)
        places = places + 0.5 * np.sum(push[..., None] * gap, axis=1)
    return low + places * (high - low)


def _digits(ax, panel, labels):
    """The digits at their codes, in the colours of their classes on white."""
    colors = np.array([plt.matplotlib.colors.to_rgb(class_codes.color(label)) for label in labels])
    ink = np.where(panel["owner"][..., None] >= 0, colors[panel["owner"]], 1)
    (left, right), (bottom, top) = panel["limits"]
    picture = 1 - panel["canvas"][..., None] * (1 - ink)
    ax.imshow(picture, extent=(left, right, bottom, top), aspect="auto", interpolation="antialiased")
    first, second = map(class_codes.AXIS.format, ("first", "second"))
    ax.set(xlabel=first, ylabel=second)
    ax.grid(False)
