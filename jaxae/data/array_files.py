"""Arrays and tables in files: .npy, .npz, .safetensors, .csv, .parquet."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from jaxae.data.arrays import divided
from jaxae.data.dataset import Data
from jaxae.data.options import existing_path, limited
from jaxae.data.splits import SEED
from jaxae.data.table import Table
from jaxae.extras import imported
from jaxae.files import npz

LISTED = 20  # columns or keys that an error lists


def array(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    path: Any = None,
    key: Any = None,
    label: Any = None,
    header: Any = True,
    shape: Any = None,
    test: Any = 0.2,
    seed: Any = SEED,
    scaling: Any = "unit",
    limit: Any = None,
) -> Data:
    """The examples of a file; the numbers are scaled by what is fitted to the whole train split, whatever `limit`.

    path: .npy, .npz, .safetensors, .csv or .parquet; key: the array of an .npz or .safetensors with several; label: the array
    or column of classes; header: whether the first line of a .csv has names; shape, seed, scaling: see `arrays.from_arrays`;
    test: the share of every class, or the path of a file. Raises ValueError with the place of what is wrong.
    """
    options = {"key": key, "label": label, "header": header}
    path = existing_path("path", path)
    if isinstance(test, str | os.PathLike):
        held = existing_path("test", test)
        if held.samefile(path):
            raise ValueError(f"Data option 'test' is {test}, as 'path' is; allowed is another file.")
        test = read(held, **options)
    table = read(path, **options)
    return limited(divided(table, test, seed=seed, scaling=scaling, shape=shape), split, limit)


def read(path: Path, *, key: Any = None, label: Any = None, header: Any = True) -> Table:
    """The examples of a file; raises ValueError with file, key, row or column of what is wrong."""
    kind = path.suffix.lower()
    if kind not in READERS:
        raise ValueError(f"File {path} is none that is read; allowed are {', '.join(READERS)}.")
    for option, value in (("key", key), ("label", label)):
        if value is not None and (not isinstance(value, str | int) or isinstance(value, bool)):
            raise ValueError(f"Data option {option!r} is {value!r}; allowed is a name.")
    if not isinstance(header, bool):
        raise ValueError(f"Data option 'header' is {header!r}; allowed are true and false.")
    if not header and kind != ".csv":
        raise ValueError(f"Data option 'header' is false and {path} is no .csv; allowed is true.")
    if key is not None and kind not in (".npz", ".safetensors"):
        raise ValueError(f"Data option 'key' is {key!r} and {path} has no keys; they are of .npz and .safetensors.")
    try:
        return READERS[kind](path, *(None if name is None else str(name) for name in (key, label)), header)
    except (Refused, ModuleNotFoundError):
        raise
    except Exception as error:  # a damaged file makes the packages raise nearly anything
        words = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"File {path} cannot be read ({words}); allowed is a whole {kind} file without pickles."
        ) from error


class Refused(ValueError):
    """What a file holds and may not: said in a sentence of its own."""


def _npy(path, key, label, header):
    if label is not None:
        raise Refused(
            f"Data option 'label' is {label!r} and {path} holds one array; allowed is an .npz that holds both."
        )
    x = np.load(path, allow_pickle=False)
    if not isinstance(x, np.ndarray):
        raise Refused(f"File {path} is an .npz by its content; allowed is the ending .npz.")
    return Table(x, None, str(path))


def _npz(path, key, label, header):
    with np.load(path, allow_pickle=False) as archive:
        keys = archive.files
    key = _chosen(path, keys, key, label)
    arrays = npz.read(path, [name for name in (key, label) if name is not None])
    return Table(arrays[key], None if label is None else arrays[label], f"{path}, key {key!r}")


def _safetensors(path, key, label, header):
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        key = _chosen(path, list(file.keys()), key, label)
        x, labels = file.get_tensor(key), None if label is None else file.get_tensor(label)
    return Table(x, labels, f"{path}, key {key!r}")


def _chosen(path, keys, key, label):
    """The key of the examples: the one that is asked for, or the only one beside the labels."""
    for option, name in (("key", key), ("label", label)):
        if name is not None and name not in keys:
            raise Refused(f"Data option {option!r} is {name!r}; allowed are the keys of {path}, {_listed(keys)}.")
    others = [name for name in keys if name != label]
    if key is None and len(others) != 1:
        raise Refused(f"File {path} has {len(others)} arrays of examples; 'key' must name one of {_listed(keys)}.")
    return others[0] if key is None else key


def _csv(path, key, label, header):
    pandas = imported("pandas")

    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, skipinitialspace=True)
        first, second = next(lines, []), next(lines, [])
    positions = [str(place) for place in range(len(first))]
    if header and first and first != positions and all(map(_is_number, first)):
        raise Refused(
            f"File {path} has numbers in its first line, {_listed(first[:4])}; allowed are names, or header=false."
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
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
        encoding="utf-8-sig",
        skipinitialspace=True,
        **options,
    )
    return _framed(path, frame, label)


def _parquet(path, key, label, header):
    imported("pyarrow")
    return _framed(path, imported("pandas").read_parquet(path, engine="pyarrow").reset_index(drop=True), label)


def _framed(path, frame, label):
    """The table of a data frame, whose columns must be numbers."""
    pandas = imported("pandas")
    frame.columns = [str(name) for name in frame.columns]
    if label is not None and label not in frame.columns:
        raise Refused(f"Data option 'label' is {label!r}; allowed are the columns of {path}, {_listed(frame.columns)}.")
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


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def _listed(names):
    names = list(map(str, names))
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


READERS = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors, ".csv": _csv, ".parquet": _parquet}
