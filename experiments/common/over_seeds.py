"""One experiment over seeds: the outcomes of its seeds as one, with means, standard deviations and paired comparisons."""

import numpy as np
from scipy import stats

from experiments.common.joint_figure import joint_figure
from experiments.common.mean_text import mean_text
from experiments.common.outcome import Outcome
from experiments.common.tables import OverSeeds, as_text
from experiments.common.verdicts import Verdict

LEVEL = 0.05  # of the one-sided paired t-test of a margin


def joined(outcomes: dict[int, Outcome]) -> Outcome:
    """The outcome over seeds, {seed: outcome}: lines get bands, tables mean and deviation, verdicts how often they hold.

    The plotted numbers are those of every seed. Pictures, and lines at other places for other seeds, are of the first.
    """
    seeds, each = list(outcomes), list(outcomes.values())
    first = each[0]
    remark = (
        f"Seeds {', '.join(map(str, seeds))}: lines, bars and written numbers are means, bands and whiskers one standard "
        f"deviation; pictures and scattered points are of seed {seeds[0]}."
    )
    return Outcome(
        figure=joint_figure([outcome.figure for outcome in each]),
        plotted=[{"seed": seed} | row for seed, outcome in outcomes.items() for row in outcome.plotted],
        table=table_over_seeds({seed: outcome.table for seed, outcome in outcomes.items()}),
        verdicts=[_verdict(same) for same in zip(*(outcome.verdicts for outcome in each), strict=True)],
        remark=f"{first.remark} {remark}".strip(),
        checks=[_verdict(same) for same in zip(*(outcome.checks for outcome in each), strict=True)],
        settled=first.settled,
        views=first.views,
    )


def table_over_seeds(tables):
    """One table of the seeds' tables {seed: rows}: row by row where their words agree, else all rows with their seed."""
    each = list(tables.values())
    if len({tuple(map(_words, rows)) for rows in each}) > 1:
        return [{"seed": seed} | row for seed, rows in tables.items() for row in rows]
    return [{name: _over_seeds([row[name] for row in rows]) for name in rows[0]} for rows in zip(*each, strict=True)]


def _words(row):
    """The names of a row's columns, and what it has that is no number."""
    return tuple((name, None if _is_number(value) else value) for name, value in row.items())


def _over_seeds(values):
    """A cell over seeds: the value where all agree, else their mean and standard deviation."""
    if all(value == values[0] for value in values):
        return values[0]
    return OverSeeds.of(values)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _verdict(same):
    """The verdict over seeds: it holds where it does for every seed and every margin is above 0 by a paired t-test."""
    first, count = same[0], sum(verdict.holds for verdict in same)
    measured = f"holds in {count} of {len(same)}: {mean_text([verdict.measured for verdict in same])}"
    holds = count == len(same)
    if first.margins and len(same) > 1:
        margins = np.array([verdict.margins for verdict in same])
        chances = [chance_of_no_difference(column) for column in margins.T]
        worst = int(np.argmax(chances))
        measured += f"; least certain difference {_with_chance(margins[:, worst], chances[worst])}"
        holds = holds and chances[worst] < LEVEL
    return Verdict(first.claim, first.rule, measured, bool(holds), first.source, first.margins)


def _with_chance(differences, chance):
    """Differences in words, with the p-value of their test where they have a spread to test them by."""
    if np.ptp(differences) == 0:
        return f"{as_text(float(differences[0]))}, the same for every seed"
    return f"{OverSeeds.of(differences)}, p = {as_text(float(chance))}"


def chance_of_no_difference(differences):
    """The p-value of a one-sided paired t-test: of differences like these, or larger, where their mean is 0 or less.

    differences: [seeds] -> float; 1 where one of them is not finite.
    """
    differences = np.asarray(differences, float)
    if not np.isfinite(differences).all():
        return 1.0
    if np.ptp(differences) == 0:
        return float(differences[0] <= 0)
    return float(stats.ttest_1samp(differences, 0, alternative="greater").pvalue)
