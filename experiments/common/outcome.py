"""What an experiment shows: a figure, the plotted numbers, a table and verdicts computed from measured numbers."""

from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
from rich.table import Table

from experiments.common.console import console
from experiments.common.tables import write_csv
from experiments.common.verdicts import Verdict

__all__ = ["Outcome", "Verdict", "as_text"]


@dataclass
class Outcome:
    """The figure, the rows of numbers that it plots, the rows of the table, the verdicts and a remark for the reader."""

    figure: plt.Figure
    plotted: list[dict]
    table: list[dict]
    verdicts: list[Verdict] = field(default_factory=list)
    remark: str = ""

    def write(self, directory: Path):
        """Leave figure.png, figure.svg, figure.csv (the plotted numbers), table.csv and verdicts.csv in the directory."""
        for ending in ("png", "svg"):
            self.figure.savefig(directory / f"figure.{ending}", dpi=140)
        plt.close(self.figure)
        write_csv(directory / "figure.csv", self.plotted)
        write_csv(directory / "table.csv", self.table)
        if self.verdicts:
            write_csv(directory / "verdicts.csv", [vars(verdict) for verdict in self.verdicts])

    def show(self):
        """Print the table and the verdicts."""
        table = Table(box=None, header_style="bold")
        for name in self.table[0]:
            table.add_column(name, justify="left" if isinstance(self.table[0][name], str) else "right")
        for row in self.table:
            table.add_row(*(as_text(value) for value in row.values()))
        console.print(table)
        for verdict in self.verdicts:
            mark = "[green]holds[/]      " if verdict.holds else "[red]falls short[/]"
            console.print(f"{mark} {verdict.claim}: {verdict.measured} ({verdict.rule})", highlight=False)


def as_text(value):
    """A table's value as text: four digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
