"""How a user's own numbers are brought to a range: fitted to the training split alone, and said in words."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Num

from jaxae.rows import Rows

KINDS = ("unit", "standardised", "none")
BLOCK = 2**22  # values in float64 at once, which bounds the memory beside the result


class Scaling(NamedTuple):
    """(x - shift) / divisor in float64, then float32; with `unit`, what lies outside [0, 1] is set to its nearer end.

    shift and divisor: one number, or one for each feature.
    """

    shift: np.ndarray
    divisor: np.ndarray
    unit: bool

    def __call__(self, x: Num[np.ndarray, "n ..."]) -> Float32[np.ndarray, "n features"]:
        """The examples, scaled and flat."""
        return self.counted(x)[0]

    def counted(self, x: Num[np.ndarray, "n ..."]) -> tuple[Float32[np.ndarray, "n features"], int]:
        """The examples, scaled and flat, and how many of their values were outside [0, 1] and are set to 0 or 1."""
        x = x.reshape(len(x), -1)
        scaled, outside = np.empty(x.shape, np.float32), 0
        for rows in _blocks(x):
            block = (x[rows].astype(np.float64) - self.shift) / self.divisor
            if self.unit:
                outside += int(np.count_nonzero((block < 0) | (block > 1)))
                np.clip(block, 0, 1, out=block)
            scaled[rows] = block
        return scaled, outside


class Moments(NamedTuple):
    """Of each feature: the least and the greatest value, mean and deviation, in float64."""

    low: Float64[np.ndarray, " features"]
    high: Float64[np.ndarray, " features"]
    mean: Float64[np.ndarray, " features"]
    deviation: Float64[np.ndarray, " features"]


def moments(x: Num[np.ndarray, "n ..."] | Rows) -> Moments:
    """The moments of each feature over all examples, which are read once, block by block, those of Rows as in their files.

    Mean and deviation are those of the differences to the first example, so that small differences of large numbers count.
    """
    first = low = high = total = squares = None
    for block in x.blocks() if isinstance(x, Rows) else (x[rows] for rows in _blocks(x)):
        values = block.reshape(len(block), -1).astype(np.float64)
        if first is None:
            first = low = high = values[0].copy()
            total, squares = np.zeros((2, len(first)))
        low, high = np.minimum(low, values.min(axis=0)), np.maximum(high, values.max(axis=0))
        values -= first
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
    mean = total / len(x)
    return Moments(low, high, first + mean, np.sqrt(np.maximum(squares / len(x) - mean**2, 0)))


def check_kind(kind: str) -> None:
    """Raises ValueError for a kind that is none of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"Data option 'scaling' is {kind!r}; allowed are {', '.join(KINDS)}.")


def fitted(kind: str, x: Num[np.ndarray, "n ..."] | Rows, *, white: int | None, together: bool) -> tuple[Scaling, str]:
    """The scaling of a training split and what it does in words; raises ValueError for a kind that is none of KINDS.

    "unit": x / white where white is given, else (x - min) / (max - min), of each feature or of all `together`;
    "standardised": (x - mean) / deviation of each feature; "none": x. What is constant is only shifted, to 0.
    """
    check_kind(kind)
    zero, one = np.float64(0), np.float64(1)
    if kind == "none":
        return Scaling(zero, one, False), "scaling none: values as they are"
    if kind == "unit" and white is not None:
        return Scaling(zero, np.float64(white), True), f"scaling unit: levels / {white}"
    found = moments(x)
    if together and kind == "unit":
        low, high = found.low.min(), found.high.max()
        words = "scaling unit: (x - min) / (max - min), one minimum and maximum of all pixels over the training split"
        return Scaling(low, _divisor(high - low, low == high), True), words
    constant = found.low == found.high
    count = np.count_nonzero(constant)
    note = f", {count} constant {'one is' if count == 1 else 'ones are'} 0" if count else ""
    if kind == "unit":
        words = "scaling unit: (x - min) / (max - min), minimum and maximum of each feature over the training split"
        return Scaling(found.low, _divisor(found.high - found.low, constant), True), words + note
    words = "scaling standardised: (x - mean) / deviation of each feature over the training split"
    shift = np.where(constant, found.low, found.mean)
    return Scaling(shift, _divisor(found.deviation, constant), False), words + note


def _divisor(values, constant):
    return np.where(constant | (values == 0), 1.0, values)  # squares of the least float64 numbers are 0


def _blocks(x):
    """The numbers of the examples, in parts of at most BLOCK values."""
    return np.array_split(np.arange(len(x)), x.size // BLOCK + 1)
