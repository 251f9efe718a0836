"""What a report lets its reader explore: filter banks behind a slider, and codes with their pictures under the pointer."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Banks", "Points"]


@dataclass(frozen=True)
class Banks:
    """Filters of the same units under several conditions, which a slider changes in place.

    what: the name of the condition, as "k"; filters: {stop of the slider: [units, height, width] or with colours last}.
    """

    what: str
    filters: dict[str, np.ndarray]


@dataclass(frozen=True)
class Points:
    """Places in the plane, of several models, with the same picture for each.

    panels: {model: [n, 2]}; axes: the names of both axes; names: a word for each picture, as its class; images: [n, height,
    width]; colors: of each place.
    """

    panels: dict[str, np.ndarray]
    axes: tuple[str, str]
    names: list[str]
    images: np.ndarray
    colors: list[Any]
