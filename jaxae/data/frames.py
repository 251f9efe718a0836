"""Tables of numbers in .csv, .tsv and .parquet files, read by pandas."""

import csv
import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np

from jaxae.data.table import Refused, Table, listed
from jaxae.extras import imported


def from_csv(path: Path, label: str | None, *, header: bool) -> Table:
    """The rows of a .csv or .tsv, whose first line has the names of the columns where `header` is true; raises Refused.

    Fields end with a comma, a semicolon or a tab, whichever the first line has most of outside quotes, those of a .tsv with a
    tab where it has one; a name with .gz is unpacked.
    """
    pandas = imported("pandas")

    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", newline="", encoding="utf-8-sig") as file:
        unquoted = re.sub('"[^"]*"', "", file.readline())
        tabbed = path.name.lower().endswith((".tsv", ".tsv.gz")) and "\t" in unquoted
        separator = "\t" if tabbed else max(",;\t", key=unquoted.count)
        file.seek(0)
        lines = csv.reader(file, delimiter=separator, skipinitialspace=True)
        first, second = next(lines, []), next(lines, [])
    positions = [str(place) for place in range(len(first))]
    if header and _is_example(first, second):
        raise Refused(
            f"File {path} has numbers in its first line, {listed(first[:4])}; allowed are names, or header=false."
        )
    if header and (empty := [place for place, name in enumerate(first, start=1) if not name.strip()]):
        raise Refused(f"File {path} has no name for column {empty[0]}, as of an index; allowed are columns with names.")
    if header and len(set(first)) < len(first):
        twice = next(name for name in first if first.count(name) > 1)
        raise Refused(f"File {path} has two columns {twice!r}; allowed are columns with names of their own.")
    if len(second) > len(first):  # pandas would take the first field for the name of the row
        raise Refused(
            f"File {path} has {len(second)} fields in its second line and {len(first)} in its first; allowed are as many."
        )
    options = {} if header else {"header": None, "names": positions}
    # No word but the empty one is a missing number, so that a class may be called NA.
    frame = pandas.read_csv(
        path,
        sep=separator,
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
        encoding="utf-8-sig",
        skipinitialspace=True,
        **options,
    )
    return framed(path, frame, label)


def from_parquet(path: Path, label: str | None) -> Table:
    """The rows of a .parquet without their index; raises Refused."""
    imported("pyarrow")
    return framed(path, imported("pandas").read_parquet(path, engine="pyarrow").reset_index(drop=True), label)


def framed(path: Path, frame: Any, label: str | None) -> Table:
    """The table of a data frame, whose columns must be numbers."""
    pandas = imported("pandas")
    frame.columns = [str(name) for name in frame.columns]
    if label is not None and label not in frame.columns:
        raise Refused(f"Data option 'label' is {label!r}; allowed are the columns of {path}, {listed(frame.columns)}.")
    columns = tuple(name for name in frame.columns if name != label)
    if not len(frame):
        raise Refused(f"File {path} has no rows; allowed is one or more.")
    for name in columns:
        kind = pandas.api.types
        if not kind.is_numeric_dtype(frame[name]) or kind.is_complex_dtype(frame[name]):
            row, value = _first_word(pandas, frame[name])
            raise Refused(
                f"{path}, row {row}, column {name!r} is {value!r}; allowed are numbers, and one column as 'label'."
            )
    features = frame[list(columns)]
    plain = all(isinstance(dtype, np.dtype) for dtype in features.dtypes)
    x = features.to_numpy() if plain else features.to_numpy(np.float64, na_value=np.nan)
    if columns and x.dtype.kind == "O":  # booleans beside numbers
        x = features.to_numpy(np.float64)
    return Table(x, None if label is None else _labels(pandas, path, frame[label]), str(path), columns)


def _labels(pandas, path, column):
    missing = np.flatnonzero(column.isna())
    if len(missing):
        raise Refused(
            f"{path}, row {missing[0] + 1}, column {column.name!r} is empty; allowed is a label for every row."
        )
    if pandas.api.types.is_numeric_dtype(column):
        return column.to_numpy(column.dtype if isinstance(column.dtype, np.dtype) else np.float64)
    return column.astype(str).to_numpy(dtype=np.str_)


def _first_word(pandas, column):
    """Row from 1 on and value of the first entry that is no number."""
    numbers = pandas.to_numeric(column.astype(str), errors="coerce")
    row = next(iter(np.flatnonzero(numbers.isna() & column.notna())), 0)
    return row + 1, column.iloc[row]


def _is_example(first, second):
    """Whether a first line has numbers where the second has, and not only those by which pandas names columns."""
    numbers = list(map(_is_number, first))
    unlike_names = any(
        number and word != str(place) for place, (word, number) in enumerate(zip(first, numbers, strict=True))
    )
    return unlike_names and (not second or numbers == list(map(_is_number, second)))


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True
