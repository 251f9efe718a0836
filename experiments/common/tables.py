"""Tables of numbers: tidy rows, and rows as csv files."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxae.files.atomic import replacing

__all__ = ["OverSeeds", "aligned", "as_text", "numbers", "read_csv", "tidy", "write_csv"]


class OverSeeds(NamedTuple):
    """A number over seeds: its mean and sample standard deviation; one cell of a table, two columns of a csv file."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values):
        """The mean and deviation of one number per seed."""
        return cls(float(np.mean(values)), float(np.std(values, ddof=1)))

    def __str__(self):
        """Mean and deviation as a table shows them."""
        return f"{self.mean:.4g} ± {self.deviation:.2g}"


DEVIATION = ", std"  # what the name of a csv's second column of an OverSeeds ends with


def tidy(columns, *groups):
    """Rows with these columns, of groups of tuples in their order; NumPy's and JAX's numbers become Python's."""
    return [dict(zip(columns, map(_plain, row), strict=True)) for group in groups for row in group]


def aligned(rows):
    """The same rows with the same keys, in the order of their first appearance, and None where a row has no value."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [keys | row for row in rows]


def as_text(value):
    """A table's value as text: four digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a csv file with a header, values as they are written."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(row: dict[str, str]) -> dict:
    """A row of a csv with its numbers as such, those over seeds as OverSeeds, and None where it is empty."""
    found = {name: _number(value) for name, value in row.items()}
    return {
        name: value if found.get(name + DEVIATION) is None else OverSeeds(value, found[name + DEVIATION])
        for name, value in found.items()
        if not name.endswith(DEVIATION)
    }


def write_csv(path: Path, rows):
    """Write a list of dicts with the same keys as a csv file with a header."""
    spread = {key for row in rows for key, value in row.items() if isinstance(value, OverSeeds)}
    rows = [dict(cell for pair in row.items() for cell in _cells(*pair, spread)) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def _number(value):
    try:
        return float(value)
    except ValueError:
        return value or None


def _cells(key, value, spread):
    """The cells of a csv that one of a table is; spread: the columns that have a standard deviation."""
    if key not in spread:
        return [(key, value)]
    mean, deviation = value if isinstance(value, OverSeeds) else (value, None)
    return [(key, mean), (key + DEVIATION, deviation)]


def _plain(value):
    return value.item() if hasattr(value, "item") else value
