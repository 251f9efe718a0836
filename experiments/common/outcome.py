"""What an experiment shows: a figure, the plotted numbers, a table and verdicts computed from measured numbers."""

from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
from rich.table import Table

from experiments.common.console import console
from experiments.common.tables import as_text, write_csv
from experiments.common.verdicts import Verdict
from experiments.common.views import Banks, Points

__all__ = ["Outcome", "Verdict"]

FIXED, EXPLORATORY = "fixed", "exploratory"


@dataclass
class Outcome:
    """The figure, the rows of numbers that it plots, the rows of the table, the verdicts and a remark for the reader.

    A verdict is a claim that could come out otherwise; checks are identities, limits and timings, which show that the
    computation is sound. settled: how rules and settings were fixed before the test data was used, "" where they were not.
    views: what a report lets its reader explore.
    """

    figure: plt.Figure
    plotted: list[dict]
    table: list[dict]
    verdicts: list[Verdict] = field(default_factory=list)
    remark: str = ""
    checks: list[Verdict] = field(default_factory=list)
    settled: str = ""
    views: list[Banks | Points] = field(default_factory=list)

    @property
    def protocol(self):
        """Whether the verdicts confirm or explore."""
        return FIXED if self.settled else EXPLORATORY

    def write(self, directory: Path):
        """Leave figure.png, figure.svg, figure.csv (the plotted numbers), table.csv, verdicts.csv and checks.csv there."""
        for ending in ("png", "svg"):
            self.figure.savefig(directory / f"figure.{ending}", dpi=140)
        plt.close(self.figure)
        write_csv(directory / "figure.csv", self.plotted)
        write_csv(directory / "table.csv", self.table)
        for name, protocol in (("verdicts", {"protocol": self.protocol}), ("checks", {})):
            if rows := [_row(verdict) | protocol for verdict in getattr(self, name)]:
                write_csv(directory / f"{name}.csv", rows)
            else:
                (directory / f"{name}.csv").unlink(missing_ok=True)

    def show(self):
        """Print the table, the verdicts and the checks that fail."""
        table = Table(box=None, header_style="bold")
        for name in self.table[0]:
            table.add_column(name, justify="left" if isinstance(self.table[0][name], str) else "right")
        for row in self.table:
            table.add_row(*(as_text(value) for value in row.values()))
        console.print(table)
        for verdict in self.verdicts:
            _print(verdict, "[green]holds[/]      " if verdict.holds else "[red]falls short[/]")
        for check in self.checks:
            if not check.holds:
                _print(check, "[red]check fails[/]")


def _row(verdict):
    """A verdict as a row of a csv: what decides it over seeds is in its measured numbers."""
    row = {name: value for name, value in vars(verdict).items() if name not in ("margins", "source")}
    return row | {"claimed by": verdict.source or "jaxae"}


def _print(verdict, mark):
    console.print(f"{mark} {verdict.claim}: {verdict.measured} ({verdict.rule})", highlight=False)
