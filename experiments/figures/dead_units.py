"""The share of dead units of k-sparse dictionaries over their size, and what keeps units in use."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from experiments.common.filter_banks import use_of_units
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import decided
from experiments.figures.dead_units_drawing import AUXK, RESAMPLING, TIED, UNTIED, draw
from jaxae.measures.codes import dead_units
from jaxae.measures.reconstructions import explained_variance

GAO = "Gao et al. 2024"
NEARLY_ALL = 0.07  # the share of dead units of Gao et al.'s largest dictionary, with AuxK and a tied start
WISHED = 0.05
COST = 0.01  # of the squared error


class Dictionary(NamedTuple):
    """One trained dictionary: its means against dead units, its number of units, its k and what was measured."""

    means: str
    units: int
    k: int
    dead: float  # share of the units that no training example uses
    dead_test: float  # share that no test example uses
    error: float  # squared error per test example
    variance: float  # share of the test examples' variance that is explained


def outcome(grids, cfg):
    """Dead units and errors of every means, size and k."""
    del cfg
    some = next(iter(grids.values()))
    found = [_measured(name, grid, run) for name, grid in grids.items() for run in range(len(grid.seeds))]
    found = sorted(found, key=_place)
    remark = (
        f"k-sparse codes of {len(some.train.x):,} training and {len(some.test.x):,} test examples. A unit is dead if it is "
        f"exactly 0 for every example. {UNTIED}: nothing is done against dead units; {AUXK} and {RESAMPLING} have the tied "
        f"start too. Published for language models: up to 90 % dead without AuxK and a tied start, 7 % of 16 million with them "
        f"({GAO})."
    )
    rows = tidy(
        ("k", "means", "units", "dead, training set", "dead, test set", "squared error"),
        ((d.k, d.means, d.units, d.dead, d.dead_test, d.error) for d in found),
    )
    return Outcome(draw(found), rows, [_row(d) for d in found], _verdicts(found), remark)


def _place(found):
    return found.k, (UNTIED, TIED, AUXK, RESAMPLING).index(found.means), found.units


def _measured(name, grid, run):
    code = grid.codes(grid.test.x, run)
    reconstruction = np.asarray(grid.decode(code, run))
    return Dictionary(
        means=name.partition(",")[0],
        units=grid.code_size,
        k=round(float(grid.recipes.code.keywords["k"][run])),
        dead=float(np.mean(use_of_units(grid, run) == 0)),
        dead_test=float(dead_units(code)),
        error=float(np.mean(np.sum(np.square(grid.test.x - reconstruction), axis=1))),
        variance=float(explained_variance(grid.test.x, reconstruction)),
    )


def _row(found):
    return {
        "means": found.means,
        "units": str(found.units),
        "k": str(found.k),
        "dead units (training set)": found.dead,
        "dead units (test set)": found.dead_test,
        "test squared error per example": found.error,
        "explained variance": found.variance,
    }


def _verdicts(found):
    dead = {means: _by_place(found, means, "dead") for means in (UNTIED, TIED, AUXK, RESAMPLING)}
    most = max(d.units for d in found)
    largest = {place: share for place, share in dead[UNTIED].items() if place[1] == most}
    return [
        decided(
            "without any means most units of a large dictionary die",
            "more than half of the largest are dead, at every k",
            _said(largest),
            [share - 0.5 for share in largest.values()],
            source=GAO,
        ),
        _rising(dead[UNTIED]),
        _fewer("a tied start helps", dead, TIED, UNTIED, GAO),
        _fewer("AuxK helps", dead, AUXK, TIED, GAO),
        _below("AuxK keeps nearly all units alive, in large dictionaries too", dead[AUXK], NEARLY_ALL, GAO),
        _below("with AuxK hardly a unit is dead", dead[AUXK], WISHED),
        _fewer("resampling helps", dead, RESAMPLING, TIED, "Bricken et al. 2023"),
        _costs_nothing(_by_place(found, AUXK, "error"), _by_place(found, TIED, "error")),
    ]


def _rising(shares):
    """The dead share without any means from size to size."""
    lines = [[shares[place] for place in sorted(shares) if place[0] == k] for k in sorted({k for k, _ in shares})]
    return decided(
        "the larger the dictionary, the larger the share that dies without any means",
        "it rises at every step in size, at every k",
        _said(shares),
        [more - less for line in lines for less, more in pairwise(line)],
    )


def _costs_nothing(errors, others):
    more = {place: errors[place] / others[place] - 1 for place in errors}
    return decided(
        "AuxK costs no error",
        f"the test error is less than {COST:.0%} above that of the tied start alone, at every k and size",
        _said(more, "{value:+.1%}"),
        [COST - value for value in more.values()],
    )


def _by_place(found, means, field):
    """{(k, units): value} of one means."""
    return {(d.k, d.units): getattr(d, field) for d in found if d.means == means}


def _fewer(claim, dead, one, other, source):
    """No more dead units anywhere, and fewer in all; half a unit is less than any difference."""
    one, other = dead[one], dead[other]
    margins = [other[place] - one[place] + 0.5 / place[1] for place in one]
    return decided(
        claim,
        "nowhere more dead units, and fewer in all",
        f"{_said(one)} against {_said(other)}",
        [*margins, sum(other.values()) - sum(one.values())],
        source=source,
    )


def _below(claim, shares, bound, source=""):
    rule = f"less than {bound:.0%} of the units are dead at every k and size"
    return decided(claim, rule, _said(shares), [bound - share for share in shares.values()], source=source)


def _said(values, form="{value:.1%}"):
    """The values by k, from the smallest dictionary to the largest."""
    ks = sorted({k for k, _ in values})
    return "; ".join(
        f"k={k}: " + ", ".join(form.format(value=value) for place, value in sorted(values.items()) if place[0] == k)
        for k in ks
    )
