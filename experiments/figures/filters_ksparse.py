"""Filters of k-sparse autoencoders over k (Makhzani & Frey 2014, figure 1)."""

import numpy as np

from experiments.common.filter_banks import banks_of, draw_banks, unit_rows
from experiments.common.outcome import Outcome
from experiments.common.verdicts import rises
from jaxae.measures.codes import dead_units
from jaxae.measures.filters import correlation_area, effective_area

ERROR = "test squared error per image"
AREA = "effective area (share of pixels), median of live units"
STROKE = "stroke size (pixels), median of live units"


def outcome(grids, cfg):
    """The filter banks from the largest to the smallest k; their error, dead units and how local they are."""
    banks = {f"{grid.recipes.code.keywords['k'][run]:.0f}": (grid, run) for grid, run in banks_of(grids).values()}
    filters = {f"k = {k}": grid.filters(run) for k, (grid, run) in banks.items()}
    alive = {f"k = {k}": _alive(grid, run) for k, (grid, run) in banks.items()}
    measures = {label: _measure(bank, alive[label]) for label, bank in filters.items()}
    table = [
        _row(k, grid, run, alive[label], measures[label])
        for (k, (grid, run)), label in zip(banks.items(), filters, strict=True)
    ]
    figure = draw_banks(filters, min(cfg.figure.filters, max(map(len, filters.values()))))
    remark = (
        "Each filter is scaled to its own largest magnitude; grey is 0. Stroke size is the area of the autocorrelation's "
        "central peak above half its height. A unit is dead if no training image uses it."
    )
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark)


def _alive(grid, run):
    """Whether any training image uses each unit, [units]."""
    return np.asarray((grid.codes(grid.train.x, run) != 0).any(axis=0))


def _measure(bank, alive):
    return {
        "alive": alive.astype(float),
        "area": np.asarray(effective_area(bank)),
        "stroke": np.asarray(correlation_area(bank)),
    }


def _row(k, grid, run, alive, measures):
    used = alive if alive.any() else np.ones_like(alive)
    return {
        "k": k,
        ERROR: float(grid.curve["test_error"][run, -1]),
        "dead units (training set)": float(dead_units(grid.codes(grid.train.x, run))),
        AREA: float(np.median(measures["area"][used])),
        STROKE: float(np.median(measures["stroke"][used])),
    }


def _verdicts(table):
    areas, strokes, errors = ({row["k"]: row[key] for row in table} for key in (AREA, STROKE, ERROR))
    return [
        rises(
            "a smaller k gives more global filters, from dots to whole digits",
            "the median effective area rises at every step down in k",
            areas,
            "k={name}: {value:.3g}",
        ),
        rises(
            "a smaller k gives larger strokes",
            "the median stroke size rises at every step down in k",
            strokes,
            "k={name}: {value:.3g}",
        ),
        rises(
            "fewer units reconstruct worse",
            "the test error rises at every step down in k",
            errors,
            "k={name}: {value:.3g}",
        ),
    ]
