"""Filters of denoising autoencoders over the masking noise (Vincent et al. 2010, figure 8)."""

import numpy as np

from experiments.common.filter_banks import COLUMNS, banks_of, draw_banks, unit_rows
from experiments.common.outcome import Outcome
from experiments.common.verdicts import Verdict, rises
from jaxae.measures.filters import correlation_area, effective_area

STROKE = "stroke size (pixels), mean"


def outcome(grids, cfg):
    """The same units at every noise level, from the same initial weights, and the size of their strokes."""
    banks = {
        f"{100 * float(grid.recipes.corruption.keywords['rate'][run]):.0f} % masked": (grid, run)
        for grid, run in banks_of(grids).values()
    }
    filters = {label: grid.filters(run) for label, (grid, run) in banks.items()}
    measures = {
        label: {"stroke": np.asarray(correlation_area(bank)), "area": np.asarray(effective_area(bank))}
        for label, bank in filters.items()
    }
    table = [_row(label, *banks[label], columns) for label, columns in measures.items()]
    figure = draw_banks(filters, min(cfg.figure.filters, max(map(len, filters.values()))))
    remark = (
        f"The panels show the same units in the same places ({COLUMNS} a row), grown from the same initial weights. Each "
        "filter is scaled to its own largest magnitude; grey is 0. Stroke size is the area of the autocorrelation's "
        "central peak above half its height."
    )
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark)


def _row(label, grid, run, columns):
    return {
        "noise": label,
        STROKE: float(np.mean(columns["stroke"])),
        "stroke size (pixels), median": float(np.median(columns["stroke"])),
        "effective area (share of pixels), median": float(np.median(columns["area"])),
        "test cross-entropy of clean images (nats)": float(grid.curve["test_error"][run, -1]),
    }


def _verdicts(table):
    strokes = {row["noise"]: row[STROKE] for row in table}
    lowest, highest = table[0][STROKE], table[-1][STROKE]
    return [
        rises(
            "more masking gives larger strokes",
            "the mean stroke size rises at every step up in noise",
            strokes,
            "{name}: {value:.1f} px",
        ),
        Verdict(
            "the whole range of noise matters, not one step of it",
            "the mean stroke size at the highest noise is at least 1.5 times that at the lowest",
            f"{highest / lowest:.2f} times",
            highest >= 1.5 * lowest,
        ),
    ]
