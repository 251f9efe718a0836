"""The options of a data set: which it has, and which values they may take."""

import inspect
import math
import numbers
import operator
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxae.data.dataset import Data
from jaxae.rows import taken

PLACES = ("dir", "cache")  # arguments of `load` itself: where files lie, not what they hold


def accepted(source: Callable) -> tuple[str, ...]:
    """Names of the options of a source function: its keyword-only parameters but the places."""
    parameters = inspect.signature(source).parameters.values()
    return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in PLACES)


def whole_number(option: str, value: Any, *, least: int) -> int:
    """The value as int; raises ValueError unless it is a whole number of at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise ValueError(f"Data option {option!r} is {value!r}; it must be a whole number of at least {least}.")
    return number


def positive(option: str, value: Any) -> float:
    """The value; raises ValueError unless it is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < math.inf:
        raise ValueError(f"Data option {option!r} is {value!r}; it must be a number above 0.")
    return float(value)


def leading(limit: Any, available: int) -> slice:
    """Slice of the first `limit` of `available` examples, of all for None; raises ValueError if there are fewer."""
    if limit is None:
        return slice(available)
    limit = whole_number("limit", limit, least=1)
    if limit > available:
        raise ValueError(
            f"Data option 'limit' is {limit}; this split has {available} examples, allowed is 1 to {available}."
        )
    return slice(limit)


def existing_path(option: str, value: Any) -> Path:
    """The path of a file or folder; raises ValueError for none and FileNotFoundError for one that does not exist."""
    if value is None:
        raise ValueError(f"Data option {option!r} is not given; it must be a path.")
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"Data option {option!r} is {value!r}; it must be a path.")
    path = Path(value).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"Data option {option!r} is {value}, which does not exist.")
    return path


def limited(splits: tuple[Data, Data], split: str, limit: Any) -> Data:
    """The first `limit` examples of the train or test split of a pair, which is noted."""
    return leading_of(splits[split == "test"], split, limit)


def leading_of(data: Data, split: str, limit: Any) -> Data:
    """The first `limit` examples of a split, which is noted."""
    rows = leading(limit, len(data.x))
    if limit is None:
        return data
    note = f"the first {rows.stop} of the {len(data.x)} {split} examples are taken"
    origin = data.origin._replace(notes=(*data.origin.notes, note))
    return data._replace(
        x=taken(data.x, rows), labels=None if data.labels is None else data.labels[rows], origin=origin
    )
