"""One call for every data set."""

import functools
import os
from typing import Any

from jaxae.data import options as data_options
from jaxae.data.array_files import array
from jaxae.data.colour_patches import colour_patches
from jaxae.data.curves import curves
from jaxae.data.dataset import Data
from jaxae.data.densities import mixture, spiral
from jaxae.data.features import features
from jaxae.data.packaged import digits, mnist5k
from jaxae.data.patches import patches
from jaxae.data.photograph_patches import photograph_patches
from jaxae.data.picture_folders import images
from jaxae.data.prepared import any_pictures, colour_pictures, grey_pictures

SPLITS = ("train", "test")
SOURCES = {
    "mnist5k": mnist5k,
    "digits": digits,
    "patches": patches,
    "colour_patches": colour_patches,
    "photograph_patches": photograph_patches,
    "curves": curves,
    "spiral": spiral,
    "mixture": mixture,
    "features": features,
    "mnist": functools.partial(colour_pictures, "mnist"),
    "fashion_mnist": functools.partial(colour_pictures, "fashion_mnist"),
    "cifar10": functools.partial(colour_pictures, "cifar10"),
    "cifar10_bw": functools.partial(grey_pictures, "cifar10"),
    "array": array,
    "images": images,
    "tfds": any_pictures,
}
NAMES = tuple(SOURCES)


def load(
    name: str,
    split: str,
    /,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    **options: Any,
) -> Data:
    """Data of one split, in [0, 1] for pictures, of variance 0.1 for whitened patches, whitened for colour patches,
    and of a user's own as the option `scaling` says.

    dir: TFDS folder (default TFDS_DATA_DIR, then that of TFDS); cache: folder of decoded pictures (default JAXAE_CACHE,
    then the user's cache folder). The options are those of the data set's own function; all have `limit`, the first n
    examples. Raises ValueError for an unknown name or split or a bad value, TypeError for an unknown option.
    """
    if name not in SOURCES:
        raise ValueError(f"Data set {name!r} is not known; allowed are {', '.join(NAMES)}.")
    if split not in SPLITS:
        raise ValueError(f"Split {split!r} of data set {name!r} is not known; allowed are {', '.join(SPLITS)}.")
    source = SOURCES[name]
    allowed = data_options.accepted(source)
    for option in options:
        if option not in allowed:
            raise TypeError(f"Data set {name!r} has no option {option!r}; allowed are {', '.join(allowed)}.")
    if options.get("limit") is not None:
        data_options.whole_number("limit", options["limit"], least=1)
    return source(split, dir=dir, cache=cache, **options)
