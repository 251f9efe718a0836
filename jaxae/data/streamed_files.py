"""Arrays in .npy files that are larger than memory: their training examples stay in the files."""

from pathlib import Path
from typing import Any

import numpy as np

from jaxae.data.arrays import described, places_of
from jaxae.data.dataset import Data, Origin
from jaxae.data.options import whole_number
from jaxae.data.scaling import check_kind, fitted
from jaxae.data.splits import stratified
from jaxae.data.table import example_shape
from jaxae.rows import open_rows


def streamed(path: Path, test: Any, split: str, *, seed: Any, scaling: str, shape: Any = None) -> Data:
    """One split of the examples of a .npy or of a folder of them: Rows for training, an array for the test.

    path: a file, or a folder whose .npy are one set in the order of their names; test: a share, or the Path of such a file or
    folder; other arguments as in `array_files.array`, whose splits are the same, order included. A scaling that is fitted reads
    the training split once more. Raises ValueError with the file and place of what is wrong.
    """
    seed, name = whole_number("seed", seed, least=0), str(path)
    check_kind(scaling)  # before the files are read
    rows = open_rows(path)
    found = example_shape(rows.shards[0], name, shape)
    dtype = rows.shards[0].dtype
    white = 255 if dtype == np.uint8 and len(found) > 1 else None
    if isinstance(test, Path):
        held = open_rows(test)
        other = held.shards[0].dtype, held.example_shape
        if other != (dtype, rows.example_shape):
            raise ValueError(
                f"{test} has examples {list(other[1])} of {other[0]} and {name} {list(rows.example_shape)} of {dtype}; "
                "allowed is one kind."
            )
        places = [stratified(np.zeros(len(part), int), "train", share=1, seed=seed) for part in (rows, held)]
        how = f"{test} is the test split, both shuffled by seed {seed}"
    else:
        held, places = rows, places_of(np.zeros(len(rows), int), test, seed, name)
        how = f"{float(test):g} is the test split, seed {seed}"
    (rows if split == "train" else held).check_finite()
    scale, words = fitted(scaling, rows.taken(places[0]), white=white, together=len(found) > 1)
    chosen = None if scaling == "none" else scale
    if split == "test":
        x, notes = held.taken(places[1], chosen)[:], ()
    else:
        x = rows.taken(places[0], chosen)
        about = described(name, (len(places[0]), len(places[1])), found, how)
        notes = (about, f"{words}; training examples are read from {len(rows.shards)} files while they train")
    return Data(x, None, found, Origin(name if split == "train" else str(test), notes, None, scale))
