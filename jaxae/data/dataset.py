"""What a loaded split is made of."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Num


class Data(NamedTuple):
    """One split: x float32 [n, features], labels int32 [n] or None, shape of a picture with prod(shape) = features."""

    x: np.ndarray
    labels: np.ndarray | None
    shape: tuple[int, ...]


def from_levels(images: Num[np.ndarray, "n ..."], labels: Num[np.ndarray, " n"], *, white: int) -> Data:
    """Data with x = images / white in [0, 1]. images: of levels 0 to white."""
    x = images.reshape(len(images), -1).astype(np.float32)
    x /= np.float32(white)
    return Data(x, labels.astype(np.int32), images.shape[1:])
