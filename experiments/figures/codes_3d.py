"""Codes of three numbers from a deep autoencoder and from PCA, as `codes_2d` has them of two."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import class_codes, plotting
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy

AXES = ("first", "second", "third")
SHOWN = (0.5, 99.5)  # percentiles of the codes between which the axes run
VIEWS = (-60, 30)  # degrees about the third axis
TITLES = {"PCA": "first three principal components", "autoencoder": "autoencoder {}"}


def outcome(grids, cfg):
    """Test codes of both models in space, the accuracy of their nearest neighbours, and the error of the pictures from them."""
    (grid,) = grids.values()
    labels = grid.test.labels
    codes, measured, right = class_codes.compared(grid, cfg.figure.neighbours)
    shown = class_codes.first_of_each_class(labels, cfg.figure.per_class)
    places = {name: class_codes.squeezed(z[shown]) for name, z in codes.items()}
    rows = tidy(
        ("model", "example", "class", "x", "y", "z"),
        (
            (name, example, labels[example], *place)
            for name, found in places.items()
            for example, place in zip(shown, found, strict=True)
        ),
    )
    table = [{"model": f"{name}, 3 numbers", **numbers} for name, numbers in measured.items()]
    remark = (
        f"The same {len(shown)} test images everywhere, at most {cfg.figure.per_class} of each class, seen from two sides; the "
        f"models and the neighbours are from the {len(grid.train.x):,} training images. An axis shows asinh of a code less its "
        "median, in units of the median absolute deviation, and leaves out the outermost."
    )
    widths = "-".join(str(width) for width in (grid.model.features, *grid.model.hidden))
    figure = _draw(places, measured, labels[shown], widths)
    return Outcome(figure, rows, table, class_codes.verdicts(measured, right, "three"), remark)


def _draw(places, measured, labels, widths):
    with plotting.style():
        figure, axes = plt.subplots(2, 2, figsize=(11.5, 11), subplot_kw={"projection": "3d"})
        for column, (name, found) in zip(axes.T, places.items(), strict=True):
            numbers = measured[name]
            column[0].set_title(
                f"{TITLES[name].format(widths)}\nk-NN accuracy {numbers['k-NN accuracy']:.1%}, "
                f"squared error {numbers['test squared error']:.1f} per image"
            )
            for ax, view in zip(column, VIEWS, strict=True):
                _scatter(ax, found, labels)
                ax.view_init(elev=20, azim=view)
        present = np.unique(labels)
        points = [plt.Line2D([], [], marker="o", ls="none", ms=7, color=class_codes.color(label)) for label in present]
        title = f"class; {class_codes.AXIS.format('every')}"
        figure.legend(points, list(present), loc="outside lower center", ncols=len(present), title=title)
    return figure


def _scatter(ax, places, labels):
    """Codes inside the percentiles of SHOWN in the colours of their classes."""
    low, high = np.percentile(places, SHOWN, axis=0)
    margin = np.where(high > low, 0.04 * (high - low), 1)
    low, high = low - margin, high + margin
    inside = np.all((places >= low) & (places <= high), axis=1)
    for label in np.unique(labels):
        own = places[inside & (labels == label)]
        ax.plot(*own.T, "o", ms=3, color=class_codes.color(label), alpha=0.6, mec="none")
    ax.set(**{f"{axis}lim": limits for axis, limits in zip("xyz", zip(low, high, strict=True), strict=True)})
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_major_locator(plt.MaxNLocator(4))
    ax.set(**{f"{axis}label": f"{name} number" for axis, name in zip("xyz", AXES, strict=True)})
