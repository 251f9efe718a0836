"""Tables as csv files."""

import csv
import io
from pathlib import Path

from jaxae.files.atomic import replacing


def write_csv(path: Path, rows):
    """Write a list of dicts with the same keys as a csv file with a header."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())
