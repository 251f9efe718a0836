"""A number of a paper beside ours: where each stands, and whether ours is as published, ahead or behind."""

import math
from dataclasses import dataclass

from experiments.common.intervals import half_interval
from experiments.common.tables import OverSeeds, numbers

SHARE = 0.05  # of a published number within which ours counts as the same, where nothing else is known of its error


@dataclass(frozen=True)
class Number:
    """A published number, and the cell of results/EXPERIMENT.csv that measures it.

    row: the first cells of the csv's row after the seed; unit: what the csv's number is multiplied by; half: how far off a
    number may be that counts as reproduced; better: "less" or "more" where one is better; why: what a difference is due to;
    form: how ours is shown; printed: the published number as the paper prints it, shown as ours where it is None.
    """

    paper: str
    what: str
    published: float
    experiment: str
    row: tuple[str, ...]
    column: str
    half: float
    better: str | None = None
    form: str = ".2f"
    unit: float = 1.0
    why: str = "the cause was not found"
    printed: str | None = None

    @property
    def as_published(self):
        """The published number as the paper prints it, where that is known."""
        return self.printed or f"{self.published:{self.form}}"

    def measured(self, tables):
        """Our number over the seeds as OverSeeds, without a deviation for one seed; None without a table that has the column.

        tables: {experiment: {seed: rows}}. Raises ValueError for a row that the table does not have.
        """
        found = [_row(rows, self.row, self.experiment) for rows in tables.get(self.experiment, {}).values()]
        if not found or self.column not in found[0]:
            return None
        values = [numbers(row)[self.column] for row in found]
        if isinstance(values[0], OverSeeds):  # of a run whose grid has all seeds
            return OverSeeds(self.unit * values[0].mean, self.unit * values[0].deviation)
        scaled = [self.unit * value for value in values]
        return OverSeeds.of(scaled) if len(scaled) > 1 else OverSeeds(scaled[0], None)

    def outcome(self, tables):
        """In words: reproduced, ahead or behind (above or below where neither is better), by how much, or not run."""
        measured = self.measured(tables)
        if measured is None:
            return "not run"
        difference = measured.mean - self.published
        if abs(difference) <= self.half:
            return "reproduced"
        side = "below" if difference < 0 else "above"
        if self.better:
            side = "ahead" if (difference < 0) == (self.better == "less") else "behind"
        return f"{side} by {abs(difference):{self.form}}"

    def differs(self, tables):
        """Whether ours is neither reproduced nor ahead."""
        return self.outcome(tables).partition(" ")[0] in ("behind", "above", "below")


@dataclass(frozen=True)
class Left:
    """What a paper shows and no run measures, and why."""

    paper: str
    what: str
    published: str
    why: str


def error(paper, what, published, count, *cell, **options):
    """A classification error in percent, reproduced within the 95 % interval of the published one over so many examples."""
    return Number(paper, what, published, *cell, half=half_interval(published, count), better="less", **options)


def printed(paper, what, published, digit, *cell, **options):
    """A number printed to a last digit, reproduced within half a unit of it; a smaller one is better."""
    shown = f"{published:.{round(-math.log10(digit))}f}"
    return Number(paper, what, published, *cell, half=digit / 2 * (1 + 1e-9), better="less", printed=shown, **options)


def near(paper, what, published, *cell, **options):
    """A number of which neither more nor less is better, reproduced within SHARE of it."""
    return Number(paper, what, published, *cell, half=SHARE * abs(published), **options)


def _row(rows, first, experiment):
    """The row that begins with these cells."""
    for row in rows:
        if tuple(row.values())[: len(first)] == first:
            return row
    raise ValueError(f"results/{experiment}.csv: no row begins with {', '.join(first)}")
