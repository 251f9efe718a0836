"""Filters of denoising autoencoders over the masking noise (Vincent et al. 2010, figure 8)."""

import numpy as np

from experiments.common.filter_banks import COLUMNS, banks_of, unit_rows
from experiments.common.outcome import Outcome
from experiments.common.verdicts import greater, rises
from experiments.common.views import Banks
from experiments.figures.filters_noise_drawing import draw
from jaxae.measures.filters import correlation_area, effective_area, elongation

STROKE = "stroke size (pixels), mean"
LONG = "elongation, mean"
PAPER = "Vincent et al. 2010, figure 8"


def outcome(grids, cfg):
    """The same units at every noise level, from the same initial weights, two of them followed; the size of their strokes."""
    banks = {
        f"{100 * float(grid.recipes.corruption.keywords['rate'][run]):.0f} % masked": (grid, run)
        for grid, run in banks_of(grids).values()
    }
    filters = {label: grid.filters(run) for label, (grid, run) in banks.items()}
    measures = {label: _measure(bank) for label, bank in filters.items()}
    table = [_row(label, *banks[label], columns) for label, columns in measures.items()]
    followed = _followed([columns["stroke"] for columns in measures.values()])
    figure = draw(filters, min(cfg.figure.filters, max(map(len, filters.values()))), followed)
    remark = (
        f"The panels show the same units in the same places ({COLUMNS} a row), grown from the same initial weights. Unit A is "
        f"the one whose stroke grows most from the lowest to the highest noise (unit {followed[0]}), unit B that of the median "
        f"growth (unit {followed[1]}). Each filter is scaled to its own largest magnitude; grey is 0. Stroke size is the area "
        "of the autocorrelation's central peak above half its height, elongation how many times as long as wide it is."
    )
    views = [Banks("noise", filters)]
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark, views=views)


def _measure(bank):
    return {
        "stroke": np.asarray(correlation_area(bank)),
        "elongation": np.asarray(elongation(bank)),
        "area": np.asarray(effective_area(bank)),
    }


def _followed(strokes):
    """The numbers of the units whose strokes grow most, and by the median, over the noise. strokes: one [units] per level."""
    order = np.argsort(strokes[-1] - strokes[0], kind="stable")
    return int(order[-1]), int(order[len(order) // 2])


def _row(label, grid, run, columns):
    return {
        "noise": label,
        STROKE: float(np.mean(columns["stroke"])),
        "stroke size (pixels), median": float(np.median(columns["stroke"])),
        LONG: float(np.mean(columns["elongation"])),
        "effective area (share of pixels), median": float(np.median(columns["area"])),
        "test cross-entropy of clean images (nats)": float(grid.curve["test_error"][run, -1]),
    }


def _verdicts(table):
    strokes = {row["noise"]: row[STROKE] for row in table}
    lowest, highest = table[0], table[-1]
    return [
        rises(
            "more masking gives larger features",
            "the mean stroke size rises at every step up in noise",
            strokes,
            "{name}: {value:.1f} px",
            source=PAPER,
        ),
        greater(
            "from blobs to strokes",
            "the mean elongation at the highest noise is larger than at the lowest",
            highest[LONG],
            lowest[LONG],
            source=PAPER,
        ),
        greater(
            "the whole range of noise matters, not one step of it",
            "the mean stroke size at the highest noise is at least 1.5 times that at the lowest",
            highest[STROKE] / lowest[STROKE],
            1.5,
        ),
    ]
