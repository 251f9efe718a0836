"""Filter banks as the figures show them: a row of mosaics, one per bank, and the medians of their measures."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.tables import tidy
from jaxae.integers import ceiling_division

COLUMNS = 10
LEAST_USE = 0.01  # of the training examples, for a unit that is in use
WIDTH = 9.6  # inches


def banks_of(grids):
    """{label: (grid, run)} of every run of every grid, labelled by its variant and the numbers of its axes."""
    many = len(grids) > 1
    return {
        ", ".join(filter(None, [name if many else "", label])): (grid, run)
        for name, grid in grids.items()
        for run, label in enumerate(grid.labels())
    }


def draw_banks(banks, count, *, first=None):
    """A figure of mosaics of the first `count` filters of each bank, each filter scaled to its own largest magnitude.

    banks: {title: [units, height, width]}; first: (title, pictures) of a panel before them.
    """
    panels = ([first] if first else []) + list(banks.items())
    columns = min(max(2, ceiling_division(len(panels), 2)), 4)  # two rows, of at most four
    rows = ceiling_division(len(panels), columns)
    width = WIDTH / columns
    height = width / COLUMNS * ceiling_division(count, COLUMNS) + 0.35  # room for a title
    with plotting.style():
        figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height * rows), squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, (title, filters) in zip(axes.flat, panels, strict=False):
            plotting.pictures(ax, filters[:count], COLUMNS, title)
    return figure


def use_of_units(grid, run, *, limit=None):
    """The share of the first `limit` training examples, of all for None, whose code has each unit, [units]."""
    return np.asarray((grid.codes(grid.train.x[:limit], run) != 0).mean(axis=0))


def unit_rows(measures):
    """Tidy rows, one per unit of each bank. measures: {bank: {measure: [units]}}."""
    names = next(iter(measures.values()))
    units = ((bank, unit, *values) for bank, columns in measures.items() for unit, values in _units(columns))
    return tidy(("bank", "unit", *names), units)


def _units(columns):
    """The number of each unit and its value of each measure."""
    return enumerate(zip(*columns.values(), strict=True))
