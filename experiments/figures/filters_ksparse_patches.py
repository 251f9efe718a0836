"""Filters of a k-sparse autoencoder on whitened colour patches (Makhzani & Frey 2014, figure 3)."""

import numpy as np

from experiments.common.filter_banks import banks_of, draw_banks, unit_rows
from experiments.common.outcome import Outcome
from experiments.common.verdicts import greater, less
from jaxae.data.luma import luma
from jaxae.measures.codes import dead_units
from jaxae.measures.filters import effective_area, kind_of_filters, orientation
from jaxae.measures.gabor import gabor_fit

PAPER = "Makhzani & Frey 2014, figure 3"
AREA, EDGES, COLOURED, DEAD = (
    "effective area (share of pixels), median",
    "edges",
    "coloured filters",
    "dead units (training set)",
)


def outcome(grids, cfg):
    """Input patches, the k-sparse filters and those without sparsity; how local, oriented and coloured each bank is."""
    banks = banks_of(grids)
    filters = {name: grid.filters(run) for name, (grid, run) in banks.items()}
    measures = {name: _measure(bank) for name, bank in filters.items()}
    train = next(iter(grids.values())).train
    count = min(cfg.figure.filters, max(map(len, filters.values())))
    inputs = train.x[:count].reshape(-1, *train.shape)
    figure = draw_banks(filters, count, first=(f"input, {cfg.data.pictures}", inputs))
    table = [_row(name, *banks[name], columns) for name, columns in measures.items()]
    remark = (
        "Each filter is scaled to its own largest magnitude; grey is 0. Area, orientation and Gabor are of the luma. A filter "
        "is coloured where less than a sixth of its energy is common to the three colours, half of what independent colours "
        "have, and an edge where a Gabor explains half of its luma's energy or more and its orientation is 0.25 or more."
    )
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark)


def _measure(bank):
    grey = luma(bank)
    oriented, explained = np.asarray(orientation(grey)), np.asarray(gabor_fit(grey)[0])
    energy = np.square(bank).sum(axis=(1, 2, 3))
    common = 3 * np.square(bank.mean(axis=-1)).sum(axis=(1, 2))
    return {
        "area": _area(bank),
        "orientation": oriented,
        "Gabor R2": explained,
        "grey share of energy": common / np.where(energy > 0, energy, 1),
        "kind": kind_of_filters(explained, oriented),
    }


def _area(bank):
    """The effective area of the energy summed over the colours."""
    return np.asarray(effective_area(np.sqrt(np.square(bank).sum(axis=-1))))


def _row(name, grid, run, columns):
    return {
        "bank": name,
        "test squared error per patch": float(grid.curve["test_error"][run, -1]),
        AREA: float(np.median(columns["area"])),
        EDGES: float(np.mean(columns["kind"] == "edge")),
        COLOURED: float(np.mean(columns["grey share of energy"] < 1 / 6)),
        "orientation, median": float(np.median(columns["orientation"])),
        DEAD: float(dead_units(grid.codes(grid.train.x[:20_000], run))),
    }


def _verdicts(table):
    sparse, whole = table
    return [
        less(
            "the filters are local",
            "the median effective area is less than half of that without sparsity",
            sparse[AREA],
            whole[AREA] / 2,
            "{:.3f} against {:.3f}",
            source=PAPER,
        ),
        greater(
            "many of them are oriented edges",
            "more than half of the filters are edges",
            sparse[EDGES],
            0.5,
            "{:.0%} against {:.0%}",
            source=PAPER,
        ),
        greater(
            "some detect colour",
            "more than a twentieth of the filters are coloured",
            sparse[COLOURED],
            0.05,
            "{:.0%} against {:.0%}",
            source=PAPER,
        ),
    ]
