"""Filter banks as the figures show them: a row of mosaics, one per bank, and the medians of their measures."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

COLUMNS = 10
WIDTH = 9.6  # inches


def banks_of(runs):
    """{label: (run, index)} of every run of every grid, labelled by its variant and the numbers of its axes."""
    many = len(runs) > 1
    return {
        ", ".join(filter(None, [name if many else "", run.labels()[i]])): (run, i)
        for name, run in runs.items()
        for i in range(len(run.seeds))
    }


def draw_banks(banks, count, *, first=None):
    """A figure of mosaics of the first `count` filters of each bank, each filter scaled to its own largest magnitude.

    banks: {title: [units, height, width]}; first: (title, pictures) of a panel before them.
    """
    panels = ([first] if first else []) + list(banks.items())
    columns = 2 if len(panels) <= 4 else 3
    rows = -(-len(panels) // columns)
    width = WIDTH / columns
    height = width / COLUMNS * -(-count // COLUMNS) + 0.35  # room for a title
    with plotting.style():
        figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height * rows), squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, (title, filters) in zip(axes.flat, panels, strict=False):
            plotting.pictures(ax, filters[:count], COLUMNS, title)
    return figure


def unit_rows(measures):
    """Tidy rows, one per unit of each bank. measures: {bank: {measure: [units]}}."""
    return [
        {"bank": bank, "unit": unit} | {name: _plain(values[unit]) for name, values in columns.items()}
        for bank, columns in measures.items()
        for unit in range(len(next(iter(columns.values()))))
    ]


def rising(values):
    """Whether each value is larger than the one before."""
    return bool(np.all(np.diff(values) > 0))


def _plain(value):
    return str(value) if isinstance(value, str | np.str_) else float(value)
