"""Arrays to matplotlib figures: the pieces that the experiments' pictures are made of."""

import contextlib

import matplotlib.pyplot as plt
import numpy as np

from jaxae.integers import ceiling_division

__all__ = ["COLORS", "curves", "gaps", "mosaic", "name_rows", "pictures", "style", "tiles"]

# Okabe & Ito's palette, told apart by readers with any colour vision; yellow is left out for its contrast with white.
COLORS = ["#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]


@contextlib.contextmanager
def style():
    """Matplotlib settings of all figures: readable type, light grids, the colours of COLORS."""
    settings = {
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "axes.prop_cycle": plt.cycler(color=COLORS),
        "svg.fonttype": "none",
    }
    with plt.rc_context(settings):
        yield


def mosaic(filters, columns, *, gap=1, symmetric=True):
    """Filters side by side as one picture in [0, 1], each scaled to its own range, with gaps of NaN, of white in colour.

    filters: [n, height, width] or [n, height, width, 3]; symmetric: 0 becomes mid-grey and the largest magnitude black or
    white, else the smallest value black and the largest white -> [rows * (height + gap) - gap, columns * (width + gap) - gap],
    with the colours last.
    """
    filters = np.asarray(filters, np.float64)
    n, height, width, *colours = filters.shape
    each = tuple(range(1, filters.ndim))
    if symmetric:
        span = np.abs(filters).max(axis=each, keepdims=True)
        scaled = 0.5 + 0.5 * filters / np.where(span > 0, span, 1)
    else:
        low, high = filters.min(axis=each, keepdims=True), filters.max(axis=each, keepdims=True)
        scaled = (filters - low) / np.where(high > low, high - low, 1)
    rows = ceiling_division(n, columns)
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap, *colours)
    picture = np.full(size, 1.0 if colours else np.nan)
    for i, tile in enumerate(scaled):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        picture[top : top + height, left : left + width] = tile
    return picture


def pictures(ax, filters, columns, title, *, symmetric=True):
    """Draw a mosaic of filters or images on an axis without ticks."""
    cmap = plt.get_cmap("gray").with_extremes(bad="white")
    ax.imshow(mosaic(filters, columns, symmetric=symmetric), cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()


def gaps(images, *, colours=False):
    """Images [..., height, width], or with the colours last, with a line of NaN below and right of each."""
    sides = ((0, 1), (0, 1), (0, 0)) if colours else ((0, 1), (0, 1))
    return np.pad(images, (*[(0, 0)] * (np.ndim(images) - len(sides)), *sides), constant_values=np.nan)


def tiles(ax, images, **options):
    """Draw images [rows, columns, height, width] side by side, or with three colours last.

    0 is black, 1 and NaN are white; options: imshow's.
    """
    rows, columns, height, width, *colours = np.shape(images)
    picture = np.reshape(np.moveaxis(images, 2, 1), (rows * height, columns * width, *colours))
    picture = np.nan_to_num(picture, nan=1.0) if colours else picture  # imshow leaves NaN out of grey pictures only
    cmap = plt.get_cmap("gray").with_extremes(bad="white")
    ax.imshow(picture, cmap=cmap, vmin=0, vmax=1, interpolation="nearest", **options)


def name_rows(ax, names, height):
    """Name the rows of tiles of this height on the vertical axis, and nothing else on either."""
    ax.set_yticks(height * (np.arange(len(names)) + 0.5), list(names))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)


def curves(ax, x, lines, *, spread=None, xlabel, ylabel, dashed=()):
    """Draw one line per name with an optional band of half-width `spread`.

    x: [n]; lines: {name: [n]}; spread: {name: [n]} or None; dashed: names drawn dashed.
    """
    for name, values in lines.items():
        (line,) = ax.plot(x, values, "--" if name in dashed else "-", label=name)
        if spread is not None:
            ax.fill_between(x, values - spread[name], values + spread[name], color=line.get_color(), alpha=0.15, lw=0)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
