"""Filters of a k-sparse autoencoder on whitened colour patches (Makhzani & Frey 2014, figure 3)."""

import numpy as np

from experiments.common.filter_banks import LEAST_USE, banks_of, draw_banks, unit_rows, use_of_units
from experiments.common.outcome import Outcome
from experiments.common.verdicts import greater, less
from jaxae.measures.colour_filters import colour_filters, common_share
from jaxae.measures.filters import effective_area, orientation

PAPER = "Makhzani & Frey 2014, figure 3"
ASKED = 20_000  # training patches that are asked which units they use
AREA, EDGES, COLOURED, NOISE, IN_USE, DEAD = (
    "effective area (share of pixels), median of units in use",
    "edges of units in use",
    "coloured edges and blobs of units in use",
    "noise of units in use",
    "units in use",
    "dead units (training set)",
)


def outcome(grids, cfg):
    """Input patches, the k-sparse filters and those without sparsity; how local, oriented and coloured each bank is."""
    banks = banks_of(grids)
    filters = {name: grid.filters(run) for name, (grid, run) in banks.items()}
    measures = {name: _measure(filters[name], use_of_units(*banks[name], limit=ASKED)) for name in banks}
    train = next(iter(grids.values())).train
    count = min(cfg.figure.filters, max(map(len, filters.values())))
    inputs = train.x[:count].reshape(-1, *train.shape)
    shown = {name: bank[_in_use_first(measures[name])] for name, bank in filters.items()}
    figure = draw_banks(shown, count, first=(f"input, {cfg.data.pictures}", inputs))
    table = [_row(name, *banks[name], columns) for name, columns in measures.items()]
    remark = (
        "The first units in use, by 1 % of the training patches or more, each scaled to its own largest magnitude; grey is 0. "
        "A filter is noise where one colour times a Gabor and a constant explains less than half of its energy, else an edge "
        "where its map's orientation is 0.25 or more, else a blob. It is coloured where less than a sixth of its energy is "
        "common to the three colours, half of what independent colours have."
    )
    return Outcome(figure, unit_rows(measures), table, _verdicts(table), remark)


def _measure(bank, use):
    found = colour_filters(bank)
    return {
        "use": use,
        "area": _area(bank),
        "orientation": np.asarray(orientation(found.map)),
        "explained": found.explained,
        "common share of energy": common_share(bank),
        "kind": found.kind,
    }


def _area(bank):
    """The effective area of the energy summed over the colours."""
    return np.asarray(effective_area(np.sqrt(np.square(bank).sum(axis=-1))))


def _in_use_first(columns):
    """The order of the units: those in use, then the others."""
    return np.argsort(columns["use"] < LEAST_USE, kind="stable")


def _row(name, grid, run, columns):
    in_use = columns["use"] >= LEAST_USE
    kept = in_use if in_use.any() else np.ones_like(in_use)
    kind, coloured = columns["kind"][kept], columns["common share of energy"][kept] < 1 / 6
    return {
        "bank": name,
        "test squared error per patch": float(grid.curve["test_error"][run, -1]),
        AREA: float(np.median(columns["area"][kept])),
        EDGES: float(np.mean(kind == "edge")),
        NOISE: float(np.mean(kind == "noise")),
        COLOURED: float(np.mean(coloured & (kind != "noise"))),
        "edges of all units": float(np.mean(columns["kind"] == "edge")),
        IN_USE: float(np.mean(in_use)),
        DEAD: float(np.mean(columns["use"] == 0)),
    }


def _verdicts(table):
    sparse, whole = table
    return [
        less(
            "the filters are local",
            "the median effective area of the units in use is less than half of that without sparsity",
            sparse[AREA],
            whole[AREA] / 2,
            "{:.3f} against {:.3f}",
            source=PAPER,
        ),
        greater(
            "most of them are oriented edges",
            "more than half of the units in use are edges",
            sparse[EDGES],
            0.5,
            "{:.0%} against {:.0%}",
            source=PAPER,
        ),
        greater(
            "some detect colour",
            "more than a twentieth of the units in use are coloured edges or blobs",
            sparse[COLOURED],
            0.05,
            "{:.0%} against {:.0%}",
            source=PAPER,
        ),
        greater(
            "most units are used",
            "more than half of the units are in use",
            sparse[IN_USE],
            0.5,
            "{:.0%} against {:.0%}",
        ),
    ]
