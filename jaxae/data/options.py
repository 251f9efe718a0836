"""The options of a data set: which it has, and which values they may take."""

import inspect
import operator
from collections.abc import Callable
from typing import Any

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
