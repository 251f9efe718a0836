"""Square patches of grey photographs as they are, some photographs being held out as wholes."""

import os
from typing import Any

from jaxae.data import photographs
from jaxae.data.dataset import Data
from jaxae.data.patches import drawing, drawn


def photograph_patches(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    size: Any = 12,
    count: Any = None,
    seed: Any = 0,
    limit: Any = None,
) -> Data:
    """Patches at uniformly drawn positions of the shipped photographs, in [0, 1], not whitened.

    Those of `photographs.HELD_OUT` are for test, the others for train; all are at half their size. size: pixels per side;
    count: 500,000 for train and 10,000 for test by default. x: [count, size * size]; no labels.
    """
    size, kept, stream = drawing(split, size, count, seed, limit)
    names, pictures = zip(*photographs.held_out(split), strict=True)
    for name, picture in zip(names, pictures, strict=True):
        if min(picture.shape) < size:
            rows, columns = picture.shape
            raise ValueError(
                f"Data option 'size' is {size}; photograph {name} has {rows} x {columns} pixels, "
                f"allowed is 1 to {min(rows, columns)}."
            )
    x = drawn(pictures, size, kept, stream=stream)
    return Data(x.reshape(kept, size * size), None, (size, size))
