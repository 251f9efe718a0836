"""Filters of denoising autoencoders over the masking noise (Vincent et al. 2010, figure 8)."""

import numpy as np

from experiments.common.filter_banks import COLUMNS, banks_of, draw_banks, rising, unit_rows
from experiments.common.outcome import Outcome, Verdict
from jaxae.measures.filters import correlation_area, effective_area


def outcome(runs, cfg):
    """The same units at every noise level, from the same initial weights, and the size of their strokes."""
    banks = {
        f"{100 * float(run.recipes.corruption.keywords['rate'][i]):.0f} % masked": (run, i)
        for run, i in banks_of(runs).values()
    }
    filters = {label: run.filters(i) for label, (run, i) in banks.items()}
    measures = {
        label: {"stroke": np.asarray(correlation_area(bank)), "area": np.asarray(effective_area(bank))}
        for label, bank in filters.items()
    }
    table = [
        {
            "noise": label,
            "stroke size (pixels), mean": float(np.mean(columns["stroke"])),
            "stroke size (pixels), median": float(np.median(columns["stroke"])),
            "effective area (share of pixels), median": float(np.median(columns["area"])),
            "test cross-entropy of clean images (nats)": float(
                banks[label][0].curve["test_error"][banks[label][1], -1]
            ),
        }
        for label, columns in measures.items()
    ]
    figure = draw_banks(filters, min(cfg.figure.filters, max(map(len, filters.values()))))
    strokes = [row["stroke size (pixels), mean"] for row in table]
    verdicts = [
        Verdict(
            "more masking gives larger strokes",
            "the mean stroke size rises at every step up in noise",
            ", ".join(f"{row['noise']}: {stroke:.1f} px" for row, stroke in zip(table, strokes, strict=True)),
            rising(strokes),
        ),
        Verdict(
            "the whole range of noise matters, not one step of it",
            "the mean stroke size at the highest noise is at least 1.5 times that at the lowest",
            f"{strokes[-1] / strokes[0]:.2f} times",
            strokes[-1] >= 1.5 * strokes[0],
        ),
    ]
    remark = (
        f"The panels show the same units in the same places ({COLUMNS} a row), grown from the same initial weights. Each "
        "filter is scaled to its own largest magnitude; grey is 0. Stroke size is the area of the autocorrelation's "
        "central peak above half its height."
    )
    return Outcome(figure, unit_rows(measures), table, verdicts, remark)
