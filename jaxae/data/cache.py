"""Decoded arrays kept in a folder of the user, so that slow decoding happens once."""

import os
import warnings
import zipfile
from pathlib import Path

import numpy as np

from jaxae.files import replacing


def folder(cache=None):
    """The cache folder: `cache`, else JAXAE_CACHE, else "jaxae" in XDG_CACHE_HOME or ~/.cache."""
    chosen = cache or os.environ.get("JAXAE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "jaxae"


def remembered(path, names, build):
    """The arrays `names` from the .npz file `path`, or from build() (a dict of arrays), which is then kept there.

    A damaged file is rebuilt and an unwritable folder goes without cache; both are warnings.
    """
    if path.exists():
        try:
            return read(path, names)
        except Exception as error:  # flipped bytes make zipfile and numpy raise nearly anything
            warnings.warn(f"Cache file {path} is damaged ({error}) and is built again.", stacklevel=2)
    arrays = build()
    try:
        write(path, arrays)
    except OSError as error:
        warnings.warn(f"Cache file {path} cannot be written ({error}), so the next load decodes again.", stacklevel=2)
    return arrays


def read(path, names):
    """The arrays `names` of an .npz file as a dict; raises if any byte of their content is not what was written."""
    with np.load(path, allow_pickle=False) as archive:
        # The zip format keeps a CRC-32 of each array. Reading alone checks it only when a damaged array header does not
        # make numpy stop before the end.
        damaged = archive.zip.testzip()
        if damaged is not None:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        return {name: archive[name] for name in names}


def write(path, arrays):
    """Writes a dict of arrays as an .npz file at once or not at all: readers never see a part of it."""
    with replacing(path) as file:
        np.savez(file, **arrays)
