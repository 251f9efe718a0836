"""How a user's own numbers are brought to a range: fitted to the training split alone, and said in words."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Num

KINDS = ("unit", "standardised", "none")
BLOCK = 2**22  # values scaled at once in float64, which bounds the memory beside the result


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
        for rows in np.array_split(np.arange(len(x)), x.size // BLOCK + 1):
            block = (x[rows].astype(np.float64) - self.shift) / self.divisor
            if self.unit:
                outside += int(np.count_nonzero((block < 0) | (block > 1)))
                np.clip(block, 0, 1, out=block)
            scaled[rows] = block
        return scaled, outside


def fitted(kind: str, x: Num[np.ndarray, "n ..."], *, white: int | None, together: bool) -> tuple[Scaling, str]:
    """The scaling of a training split and what it does in words; raises ValueError for a kind that is none of KINDS.

    "unit": x / white where white is given, else (x - min) / (max - min), of each feature or of all `together`;
    "standardised": (x - mean) / deviation of each feature; "none": x. What is constant is only shifted, to 0.
    """
    if kind not in KINDS:
        raise ValueError(f"Data option 'scaling' is {kind!r}; allowed are {', '.join(KINDS)}.")
    zero, one = np.float64(0), np.float64(1)
    if kind == "none":
        return Scaling(zero, one, False), "scaling none: values as they are"
    if kind == "unit" and white is not None:
        return Scaling(zero, np.float64(white), True), f"scaling unit: levels / {white}"
    x = x.reshape(len(x), -1)
    axis = None if together and kind == "unit" else 0
    low, high = (np.asarray(extreme(x, axis=axis), np.float64) for extreme in (np.min, np.max))
    constant = low == high
    count = np.count_nonzero(constant)
    note = f", {count} constant {'one is' if count == 1 else 'ones are'} 0" if count and axis == 0 else ""
    if kind == "unit":
        words = "one minimum and maximum of all pixels" if together else "minimum and maximum of each feature"
        return (
            Scaling(low, _nonzero(high - low, constant), True),
            f"scaling unit: (x - min) / (max - min), {words} over the training split{note}",
        )
    mean, deviation = (moment(x, axis=0, dtype=np.float64) for moment in (np.mean, np.std))
    return (
        Scaling(np.where(constant, low, mean), _nonzero(deviation, constant), False),
        f"scaling standardised: (x - mean) / deviation of each feature over the training split{note}",
    )


def _nonzero(divisor, constant):
    return np.where(constant, 1.0, divisor)
