"""A user's own files of every kind that is read."""

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from jaxae import data

STREAM = np.random.default_rng(1)
X = STREAM.normal(size=(30, 3))
PICTURES = STREAM.integers(0, 256, (30, 4, 5), dtype=np.uint8)
LABELS = np.array(["ant", "bee"])[np.arange(30) % 2]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=LABELS)


def write(path, *, x=X, labels=None, frame=None):
    """A file of the kind that its ending says, by the packages that others write it with."""
    if path.suffix == ".npy":
        np.save(path, x)
    elif path.suffix == ".npz":
        np.savez(path, x=x, **({} if labels is None else {"y": labels}))
    elif path.suffix == ".safetensors":
        save_file({"x": x} | ({} if labels is None else {"y": labels}), path)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def both(path, **options):
    return [data.load("array", split, path=path, **options) for split in ("train", "test")]
