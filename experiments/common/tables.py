"""Tables of numbers: tidy rows, and rows as csv files."""

import csv
import io
from pathlib import Path

from jaxae.files.atomic import replacing

__all__ = ["aligned", "tidy", "write_csv"]


def tidy(columns, *groups):
    """Rows with these columns, of groups of tuples in their order; NumPy's and JAX's numbers become Python's."""
    return [dict(zip(columns, map(_plain, row), strict=True)) for group in groups for row in group]


def aligned(rows):
    """The same rows with the same keys, in the order of their first appearance, and None where a row has no value."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [keys | row for row in rows]


def write_csv(path: Path, rows):
    """Write a list of dicts with the same keys as a csv file with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def _plain(value):
    return value.item() if hasattr(value, "item") else value
