"""Filters of k-sparse autoencoders over k (Makhzani & Frey 2014, figure 1)."""

import numpy as np

from experiments.common.filter_banks import banks_of, draw_banks, rising, unit_rows
from experiments.common.outcome import Outcome, Verdict
from jaxae.measures.codes import dead_units
from jaxae.measures.filters import correlation_area, effective_area


def outcome(runs, cfg):
    """The filter banks from the largest to the smallest k; their error, dead units and how local they are."""
    banks = {f"k = {run.recipes.code.keywords['k'][i]:.0f}": (run, i) for run, i in banks_of(runs).values()}
    filters, measures, table = {}, {}, []
    for label, (run, i) in banks.items():
        filters[label] = run.filters(i)
        alive = np.asarray((run.codes(run.train.x, i) != 0).any(axis=0))
        measures[label] = {
            "alive": alive.astype(float),
            "area": np.asarray(effective_area(filters[label])),
            "stroke": np.asarray(correlation_area(filters[label])),
        }
        used = alive if alive.any() else np.ones_like(alive)
        table.append(
            {
                "k": label.removeprefix("k = "),
                "test squared error per image": float(run.curve["test_error"][i, -1]),
                "dead units (training set)": float(dead_units(run.codes(run.train.x, i))),
                "effective area (share of pixels), median of live units": float(
                    np.median(measures[label]["area"][used])
                ),
                "stroke size (pixels), median of live units": float(np.median(measures[label]["stroke"][used])),
            }
        )
    figure = draw_banks(filters, min(cfg.figure.filters, max(map(len, filters.values()))))
    remark = (
        "Each filter is scaled to its own largest magnitude; grey is 0. Stroke size is the area of the autocorrelation's "
        "central peak above half its height. A unit is dead if no training image uses it."
    )
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark)


def _verdicts(table):
    areas, strokes, errors = (
        [row[key] for row in table]
        for key in (
            "effective area (share of pixels), median of live units",
            "stroke size (pixels), median of live units",
            "test squared error per image",
        )
    )
    ks = [row["k"] for row in table]
    shown = lambda values: ", ".join(f"k={k}: {value:.3g}" for k, value in zip(ks, values, strict=True))  # noqa: E731
    return [
        Verdict(
            "a smaller k gives more global filters, from dots to whole digits",
            "the median effective area rises at every step down in k",
            shown(areas),
            rising(areas),
        ),
        Verdict(
            "a smaller k gives larger strokes",
            "the median stroke size rises at every step down in k",
            shown(strokes),
            rising(strokes),
        ),
        Verdict(
            "fewer units reconstruct worse",
            "the test error rises at every step down in k",
            shown(errors),
            rising(errors),
        ),
    ]
