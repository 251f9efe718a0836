"""What a loaded split is made of."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Num

from jaxae.data.scaling import Scaling
from jaxae.rows import Rows


class Origin(NamedTuple):
    """Where a user's own data are from, and what was done to them.

    name: the file and its key, the folder, or the argument; notes: what was done, a sentence each; columns: names of the
    features, where they have some; scaling(x) scales further examples, [m, ...] as they were given, as the training split.
    """

    name: str
    notes: tuple[str, ...]
    columns: tuple[str, ...] | None
    scaling: Scaling


class Data(NamedTuple):
    """One split: x float32 [n, features], labels int32 [n] or None, shape of a picture with prod(shape) = features.

    x is jaxae.rows.Rows where the examples stay in their files. origin: of a user's own data; None for the data sets that
    are known.
    """

    x: np.ndarray | Rows
    labels: np.ndarray | None
    shape: tuple[int, ...]
    origin: Origin | None = None


def from_levels(images: Num[np.ndarray, "n ..."], labels: Num[np.ndarray, " n"], *, white: int) -> Data:
    """Data with x = images / white in [0, 1]. images: of levels 0 to white."""
    x = images.reshape(len(images), -1).astype(np.float32)
    x /= np.float32(white)
    return Data(x, labels.astype(np.int32), images.shape[1:])
