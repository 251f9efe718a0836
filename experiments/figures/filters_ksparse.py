"""Filters of k-sparse autoencoders over k (Makhzani & Frey 2014, figure 1)."""

import numpy as np

from experiments.common.filter_banks import LEAST_USE, banks_of, draw_banks, unit_rows, use_of_units
from experiments.common.outcome import Outcome
from experiments.common.verdicts import below, rises
from experiments.common.views import Banks
from jaxae.measures.filters import correlation_area, effective_area

ERROR = "test squared error per image"
DEAD, IN_USE = "dead units (training set)", "units in use"
AREA = "effective area (share of pixels), median of units in use"
STROKE = "stroke size (pixels), median of units in use"
PAPER = "Makhzani & Frey 2014, figure 1"


def outcome(grids, cfg):
    """The filter banks from the largest to the smallest k; their error, dead units and how local they are."""
    found = [(round(float(grid.recipes.code.keywords["k"][run])), grid, run) for grid, run in banks_of(grids).values()]
    banks = {k: (grid, run) for k, grid, run in sorted(found, key=_k, reverse=True)}
    filters = {k: grid.filters(run) for k, (grid, run) in banks.items()}
    measures = {k: _measure(filters[k], use_of_units(*banks[k])) for k in banks}
    table = [_row(k, *banks[k], measures[k]) for k in banks]
    shown = {f"k = {k}": bank for k, bank in filters.items()}
    figure = draw_banks(shown, min(cfg.figure.filters, max(map(len, filters.values()))))
    remark = (
        "The first units, dead ones included, each scaled to its own largest magnitude; grey is 0. Stroke size is the area of "
        "the autocorrelation's central peak above half its height. A unit is dead if no training image uses it, and in use if "
        "1 % of them do."
    )
    rows = unit_rows({f"k = {k}": columns for k, columns in measures.items()})
    return Outcome(figure, rows, table, _verdicts(table), remark, views=[Banks("k", shown)])


def _k(found):
    return found[0]


def _measure(bank, use):
    return {
        "use": use,
        "area": np.asarray(effective_area(bank)),
        "stroke": np.asarray(correlation_area(bank)),
    }


def _row(k, grid, run, measures):
    in_use = measures["use"] >= LEAST_USE
    kept = in_use if in_use.any() else np.ones_like(in_use)
    return {
        "k": k,
        ERROR: float(grid.curve["test_error"][run, -1]),
        DEAD: float(np.mean(measures["use"] == 0)),
        IN_USE: float(np.mean(in_use)),
        AREA: float(np.median(measures["area"][kept])),
        STROKE: float(np.median(measures["stroke"][kept])),
    }


def _verdicts(table):
    areas, strokes, errors, dead = ({row["k"]: row[key] for row in table} for key in (AREA, STROKE, ERROR, DEAD))
    return [
        rises(
            "a smaller k gives more global filters, from dots to whole digits",
            "the median effective area rises at every step down in k",
            areas,
            "k={name}: {value:.3g}",
            source=PAPER,
        ),
        rises(
            "a smaller k gives larger strokes",
            "the median stroke size rises at every step down in k",
            strokes,
            "k={name}: {value:.3g}",
            source=PAPER,
        ),
        rises(
            "fewer units reconstruct worse",
            "the test error rises at every step down in k",
            errors,
            "k={name}: {value:.3g}",
        ),
        below(
            "hardly a unit is dead",
            "less than 5 % of the units are dead at every k",
            dead,
            "k={name}: {value:.1%}",
            bound=0.05,
        ),
    ]
