"""A user's own examples as they were given: numbers, classes, and where each of them stands."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

PICTURE_CHANNELS = (1, 3)
LISTED = 20  # columns or keys that an error lists


class Refused(ValueError):
    """What a file holds and may not: said in a sentence of its own."""


def listed(names: Iterable) -> str:
    """The first names, with commas."""
    names = list(map(str, names))
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


class Table(NamedTuple):
    """Examples before they are split and scaled.

    x: numbers [n, ...]; labels: numbers or words [n], or None; name: of the place; columns: names of the features, if any;
    white: the level of white where it is known; notes: what reading them did.
    """

    x: np.ndarray
    labels: np.ndarray | None
    name: str
    columns: tuple[str, ...] | None = None
    white: int | None = None
    notes: tuple[str, ...] = ()

    def place(self, index: tuple[int, ...]) -> str:
        """Where x[index] stands: rows of a table count from 1 below its header, examples of an array from 0."""
        if self.columns is not None:
            return f"{self.name}, row {index[0] + 1}, column {self.columns[index[1]]!r}"
        return f"{self.name}, example {index[0]}, place {list(index[1:])}"

    def strata(self) -> np.ndarray:
        """The classes [n], one for all where there are no labels."""
        return np.zeros(len(self.x), int) if self.labels is None else self.labels

    def taken(self, rows: np.ndarray) -> "Table":
        """The table of some rows."""
        return self._replace(x=self.x[rows], labels=None if self.labels is None else self.labels[rows])


def checked(table: Table, shape: Any = None) -> tuple[Table, tuple[int, ...]]:
    """A table of finite numbers, and the shape of an example; raises ValueError with the place of what is not.

    shape: of an example, where the array does not say it; a last axis of one channel is left out.
    """
    x = as_numbers(table.x, table.name)
    found = example_shape(x, table.name, shape)
    if not x.size:
        raise ValueError(
            f"{table.name} has {len(x)} examples of {np.prod(x.shape[1:])} numbers; allowed is one or more."
        )
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite here, and is refused
        wrong = ~np.isfinite(x.astype(np.float32)) if x.dtype.kind == "f" else None
    if wrong is not None and wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{table.place(index)} is {x[index]}; allowed are finite numbers of float32.")
    labels = None if table.labels is None else checked_labels(table)
    white = 255 if table.white is None and x.dtype == np.uint8 and len(found) > 1 else table.white
    return table._replace(x=x, labels=labels, white=white), found


def as_numbers(x: Any, name: str) -> np.ndarray:
    """The array of integers, booleans or floats; raises ValueError for ragged rows, objects and words."""
    try:
        x = np.asarray(x)
    except ValueError as error:  # rows of several lengths
        raise ValueError(f"{name} is no array, as its rows have several lengths; allowed is [n, features].") from error
    if x.dtype.name == "bfloat16" or x.dtype.kind == "b":  # the first is of ml_dtypes, and no float to NumPy
        x = x.astype(np.float32)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{name} is of dtype {x.dtype}; allowed are integers, booleans and floats.")
    return x


def example_shape(x: np.ndarray, name: str, shape: Any) -> tuple[int, ...]:
    """Shape of an example of x [n, features], [n, height, width] or [n, height, width, 1 or 3]; raises ValueError."""
    if not (x.ndim in (2, 3) or (x.ndim == 4 and x.shape[-1] in PICTURE_CHANNELS)):
        raise ValueError(
            f"{name} has the shape {list(x.shape)}; allowed are [n, features], [n, height, width] and "
            "[n, height, width, 1 or 3 channels]."
        )
    found = x.shape[1:]
    if shape is not None:
        found = wanted_shape(shape)
        flat = x.ndim == 2 or len(found) == 1  # else the axes say already which is which
        if int(np.prod(found)) != int(np.prod(x.shape[1:])) or not (flat or found == x.shape[1:]):
            raise ValueError(
                f"Data option 'shape' is {list(found)} and the examples of {name} are {list(x.shape[1:])}; allowed is a "
                "shape with as many numbers."
            )
    return found[:-1] if len(found) == 3 and found[-1] == 1 else tuple(found)


def wanted_shape(shape: Any) -> tuple[int, ...]:
    """The option `shape` as a tuple; raises ValueError unless it is [features], [height, width] or with 1 or 3 channels."""
    try:
        found = tuple(shape)
    except TypeError:
        found = ()
    whole = all(
        isinstance(length, int | np.integer) and not isinstance(length, bool) and length > 0 for length in found
    )
    if not (whole and (len(found) in (1, 2) or (len(found) == 3 and found[-1] in PICTURE_CHANNELS))):
        raise ValueError(
            f"Data option 'shape' is {shape!r}; allowed are [features], [height, width] and [height, width, 1 or 3]."
        )
    return tuple(map(int, found))


def checked_labels(table: Table) -> np.ndarray:
    """Labels [n], whole numbers or words; raises ValueError with the place of what is neither."""
    labels, place = np.asarray(table.labels), f"Labels of {table.name}"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (len(table.x),):
        raise ValueError(
            f"{place} have the shape {list(labels.shape)}; allowed is one for each of {len(table.x)} examples."
        )
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)
    if labels.dtype.kind not in "biufSU":
        raise ValueError(f"{place} are of dtype {labels.dtype}; allowed are whole numbers and words.")
    if labels.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(labels) | (labels != np.round(labels)))
        if len(wrong):
            first = wrong[0] + (table.columns is not None)
            raise ValueError(f"{place} have {labels[wrong[0]]} in row {first}; allowed are whole numbers and words.")
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    return labels.astype(np.int64) if labels.dtype.kind == "b" else labels
