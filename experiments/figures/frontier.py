"""Explained variance over the number of active units of sparse autoencoders, PCA and matching pursuit."""

from typing import NamedTuple

import numpy as np

from experiments.common.known_features import pursued
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided
from experiments.figures.frontier_drawing import L1, PCA, PURSUIT, TOP_K, draw
from jaxae.measures.codes import dead_units
from jaxae.measures.reconstructions import explained_variance
from jaxae.measures.sparsity import active_units

PLACES = 9  # numbers of active units at which two lines are compared
LITTLE = 0.05  # of the variance
AHEAD = (
    f"more explained variance at each of {PLACES} L0 from end to end of what both lines reach, in equal steps of log L0"
)


class Point(NamedTuple):
    """One code of the test examples: what it is set to, its mean active units, and the share of the variance it explains."""

    setting: str
    l0: float
    variance: float
    dead: float | None = None  # share of the units that no test example uses


def outcome(grids, cfg):
    """The points of every line, and the lines compared where they have equally many active units."""
    some = next(iter(grids.values()))
    x = some.test.x[: cfg.figure.examples]
    lines = {name: _trained(grid, x) for name, grid in grids.items()}
    ks = [round(float(k)) for k in np.asarray(grids[TOP_K].recipes.code.keywords["k"])]
    lines[PURSUIT] = [_pursued(grids[TOP_K], run, k, x) for run, k in enumerate(ks)]
    lines[PCA] = _components(some.train.x, x, ks)
    remark = (
        f"{some.code_size} units, trained on {len(some.train.x):,} examples; all is measured on {len(x):,} test examples. L0: "
        "mean number of units that are not 0. Explained variance: 1 - sum |x - x^|^2 / sum |x - mean|^2. Between its points a "
        "line is straight over log L0. Matching pursuit is orthogonal and has coefficients of both signs; its dictionary is "
        "that of TopK with the same k. PCA's L0 is its number of components."
    )
    rows = tidy(
        ("line", "setting", "L0", "explained variance"),
        ((name, point.setting, point.l0, point.variance) for name, points in lines.items() for point in points),
    )
    table = [_row(name, point) for name, points in lines.items() for point in points]
    return Outcome(draw(lines, at_l0), rows, table, _verdicts(lines), remark, checks=[_of_k(lines[TOP_K], ks)])


def at_l0(points, places):
    """The explained variance of a line at these numbers of active units, NaN beyond its ends.

    Straight over log L0 between its points; codes of zeros are left out.
    """
    l0, variance = np.array(sorted((point.l0, point.variance) for point in points if point.l0 > 0) or [(1, np.nan)]).T
    return np.interp(np.log(places), np.log(l0), variance, left=np.nan, right=np.nan)


def gains(line, other):
    """(places, what the line explains more than the other there), both [PLACES], and NaN where their L0 do not overlap."""
    ends = [[point.l0 for point in points if point.l0 > 0] or [np.nan] for points in (line, other)]
    low, high = max(map(min, ends)), min(map(max, ends))
    if not low <= high:
        return np.full(PLACES, np.nan), np.full(PLACES, np.nan)
    places = np.clip(np.geomspace(low, high, PLACES), low, high)  # rounding leaves neither end
    return places, at_l0(line, places) - at_l0(other, places)


def _trained(grid, x):
    return [_point(grid, run, setting, x) for run, setting in enumerate(grid.labels())]


def _point(grid, run, setting, x):
    code = grid.codes(x, run)
    variance = explained_variance(x, grid.decode(code, run))
    return Point(setting, float(active_units(code)), float(variance), float(dead_units(code)))


def _pursued(grid, run, k, x):
    """Orthogonal matching pursuit on the dictionary of one run of k-sparse codes."""
    code, reconstruction = pursued(grid, run, x, k)
    variance = explained_variance(x, reconstruction)
    return Point(f"k {k}", float(active_units(code)), float(variance), float(dead_units(code)))


def _components(train, x, ks):
    components = PrincipalComponents.fit(train, max(ks), centre_first=True)
    return [Point(f"{k} components", k, float(explained_variance(x, components.first(k).reconstruct(x)))) for k in ks]


def _row(name, point):
    return {
        "line": name,
        "setting": point.setting,
        "L0": point.l0,
        "explained variance": point.variance,
        "dead units (test set)": point.dead,
    }


def _verdicts(lines):
    gao, batch = "Gao et al. 2024, abstract", "Bussmann et al. 2024, abstract"
    return [
        _ahead("TopK is ahead of an L1 penalty", lines, TOP_K, L1, gao),
        _ahead("BatchTopK is ahead of an L1 penalty", lines, "BatchTopK", L1, "Bussmann et al. 2024"),
        _ahead("BatchTopK is ahead of TopK", lines, "BatchTopK", TOP_K, batch),
        _ahead("JumpReLU is ahead of an L1 penalty", lines, "JumpReLU", L1, "Rajamanoharan et al. 2024b"),
        _ahead("Gated is ahead of an L1 penalty", lines, "Gated", L1, "Rajamanoharan et al. 2024a"),
        _ahead("an annealed p is ahead of an L1 penalty", lines, "p-annealed L1", L1, "Karvonen et al. 2024"),
        _ahead("matching pursuit finds better codes than the encoder of the same dictionary", lines, PURSUIT, TOP_K),
        _little_behind(lines),
    ]


def _ahead(claim, lines, one, other, source=""):
    places, more = gains(lines[one], lines[other])
    return decided(claim, AHEAD, _measured(places, more), more, source=source)


def _little_behind(lines):
    places, less = gains(lines["BatchTopK"], lines["Matryoshka"])
    return decided(
        "Matryoshka is a little behind BatchTopK",
        f"less explained variance at each of these {PLACES} L0, by less than {LITTLE}",
        _measured(places, -less),
        [*less, *(LITTLE - less)],
        source="Bussmann et al. 2025",
    )


def _measured(places, more):
    if not np.isfinite(more).all():
        return "no L0 that both reach"
    return (
        f"from {more.min():+.3f} to {more.max():+.3f}, mean {more.mean():+.3f}, L0 {places[0]:.1f} to {places[-1]:.1f}"
    )


def _of_k(points, ks):
    l0 = [point.l0 for point in points]
    return decided(
        "a TopK code has k active units or fewer",
        "L0 is at most k, at every k",
        ", ".join(f"k={k}: {value:.2f}" for k, value in zip(ks, l0, strict=True)),
        [k + 1e-4 - value for k, value in zip(ks, l0, strict=True)],
    )
