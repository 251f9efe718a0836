"""Decoded arrays kept in a folder of the user, so that slow decoding happens once."""

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from jaxae.files import npz


def folder(cache: str | os.PathLike | None = None) -> Path:
    """The cache folder: `cache`, else JAXAE_CACHE, else "jaxae" in XDG_CACHE_HOME or ~/.cache."""
    chosen = cache or os.environ.get("JAXAE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "jaxae"


def remembered(path: Path, names: Iterable[str], build: Callable) -> dict[str, np.ndarray]:
    """The arrays `names` from the .npz file `path`, or from build() (a dict of arrays), which is then kept there.

    A damaged file is rebuilt and an unwritable folder goes without cache; both are warnings.
    """
    if path.exists():
        try:
            return npz.read(path, names)
        except Exception as error:  # flipped bytes make zipfile and numpy raise nearly anything
            warnings.warn(f"Cache file {path} is damaged ({error}) and is built again.", stacklevel=2)
    arrays = build()
    try:
        npz.write(path, arrays)
    except OSError as error:
        warnings.warn(f"Cache file {path} cannot be written ({error}), so the next load decodes again.", stacklevel=2)
    return arrays
