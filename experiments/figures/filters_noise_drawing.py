"""The figure of filters over masking noise: a bank for each level, and two units followed over the levels."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.filter_banks import COLUMNS
from jaxae.integers import ceiling_division

WIDTH, TITLE = 11, 0.35  # inches


def draw(filters, count, followed):
    """Mosaics of the first `count` filters of each level, and below them two units at all levels.

    filters: {level: [units, height, width]}; followed: the numbers of units A and B.
    """
    levels = list(filters)
    heights = [
        WIDTH / len(levels) * ceiling_division(count, COLUMNS) / COLUMNS + TITLE,
        WIDTH / 2 / len(levels) + TITLE,
    ]
    with plotting.style():
        figure = plt.figure(figsize=(WIDTH, sum(heights)))
        above, below = figure.subfigures(2, 1, height_ratios=heights)
        for ax, (level, bank) in zip(above.subplots(1, len(levels)), filters.items(), strict=True):
            plotting.pictures(ax, bank[:count], COLUMNS, level)
        for ax, name, unit in zip(below.subplots(1, 2), "AB", followed, strict=True):
            over = np.stack([bank[unit] for bank in filters.values()])
            shares = ", ".join(level.split()[0] for level in levels)
            plotting.pictures(ax, over, len(levels), f"unit {name} at {shares} % masked")
    return figure
