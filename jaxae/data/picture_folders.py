"""Folders of a user's own pictures: sub-folders are classes, `train` and `test` are splits."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from jaxae.data import cache as data_cache
from jaxae.data import photographs
from jaxae.data.arrays import divided
from jaxae.data.dataset import Data
from jaxae.data.options import existing_path, limited, whole_number
from jaxae.data.prepared import fingerprint
from jaxae.data.splits import SEED
from jaxae.data.table import Table
from jaxae.extras import imported

SHARE = 0.2  # of the pictures for the test, where no folder holds it


def images(
    split: str,
    *,
    dir: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
    path: Any = None,
    size: Any = 32,
    colour: Any = False,
    test: Any = None,
    seed: Any = SEED,
    scaling: Any = "unit",
    limit: Any = None,
) -> Data:
    """The pictures of a folder, grey or in colour, [n, size * size (* 3)], of levels 0 to 255 before they are scaled.

    path: a folder of pictures, or of folders whose names are the classes, or of such folders `train` and `test`; size: pixels
    per side of the central square, null for pictures that are all of one size; test: the share of every class, or another
    folder; null for the folder `test`, else 0.2; seed, scaling: see `arrays.from_arrays`. Raises ValueError with the file.
    """
    size = None if size is None else whole_number("size", size, least=1)
    if not isinstance(colour, bool):
        raise ValueError(f"Data option 'colour' is {colour!r}; allowed are true and false.")
    place, test = places(existing_path("path", path), test)
    options = {"size": size, "colour": colour, "cache": cache}
    table = read(place, **options)
    return limited(
        divided(table, read(test, **options) if isinstance(test, Path) else test, seed=seed, scaling=scaling),
        split,
        limit,
    )


def places(folder: Path, test: Any) -> tuple[Path, Any]:
    """The folder of the training pictures, and that of the test or a share; raises ValueError where both are said."""
    if not folder.is_dir():
        raise ValueError(f"Data option 'path' is {folder}; allowed is a folder of pictures.")
    train, held = folder / "train", folder / "test"
    if isinstance(test, str | os.PathLike):
        held = existing_path("test", test)
        if not held.is_dir():
            raise ValueError(f"Data option 'test' is {held}; allowed are a share and a folder of pictures.")
        if held.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"Data option 'test' is {held}, which lies in 'path'; allowed is a folder beside it.")
        return folder, held
    if train.is_dir() != held.is_dir():
        found, lacking = (train, "test") if train.is_dir() else (held, "train")
        raise ValueError(
            f"Folder {found} has no folder {lacking!r} beside it; allowed are both, as splits, or neither."
        )
    if train.is_dir() and test is not None:
        raise ValueError(f"Data option 'test' is {test!r} and {held} is the test; allowed is null where there is one.")
    return (train, held) if train.is_dir() else (folder, SHARE if test is None else test)


def read(folder: Path, *, size: int | None, colour: bool, cache: str | os.PathLike | None = None) -> Table:
    """The pictures of a folder in the order of classes and names, decoded once; raises ValueError with the file."""
    files, labels, others = listed(folder)
    name = f"images-{size or 'as-they-are'}-{'colour' if colour else 'grey'}-{fingerprint(files)}.npz"
    kept = data_cache.remembered(
        data_cache.folder(cache) / name, ("levels", "changed"), lambda: decoded(files, size=size, colour=colour)
    )
    notes = [f"{others} files that are no pictures are passed over"] if others else []
    for count, words in zip(kept["changed"].tolist(), ("cut to their central squares", "enlarged"), strict=True):
        notes += [f"{count} of {len(files)} pictures are {words}"] if count else []
    notes = tuple(f"{folder}: {note}" for note in notes)
    return Table(kept["levels"], labels, str(folder), white=255, notes=notes)


def listed(folder: Path) -> tuple[list[Path], np.ndarray | None, int]:
    """Pictures of a folder, the names of their sub-folders as labels [n] if there are any, and the number of other files."""
    seen = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]
    classes = [entry for entry in seen if entry.is_dir()]
    loose = [entry for entry in seen if photographs.is_picture(entry)]
    if classes and loose:
        raise ValueError(
            f"Folder {folder} has sub-folders, which are classes, and {loose[0].name} beside them; allowed is either."
        )
    if not classes:
        return photographs.listed(folder), None, len(seen) - len(loose)
    inside = {place: [entry for entry in place.iterdir() if not entry.name.startswith(".")] for place in classes}
    if deeper := sorted(entry for entries in inside.values() for entry in entries if entry.is_dir()):
        raise ValueError(f"Folder {deeper[0]} lies in a folder of a class; allowed are pictures there.")
    files = {place: photographs.listed(place) for place in classes}
    labels = np.repeat([place.name for place in classes], [len(found) for found in files.values()])
    pictures = [file for found in files.values() for file in found]
    return pictures, labels, len(seen) - len(classes) + sum(map(len, inside.values())) - len(pictures)


def decoded(files: Sequence[Path], *, size: int | None, colour: bool) -> dict[str, np.ndarray]:
    """levels: float32 [n, height, width] or [n, height, width, 3], 0 to 255; changed: how many are cut and enlarged."""
    levels, changed = None, np.zeros(2, int)
    for row, file in enumerate(files):
        picture = photographs.read_colours(file) if colour else photographs.read(file)
        if size is not None:
            height, width = picture.shape[:2]
            changed += height != width, min(height, width) < size
            picture = resized(central_square(picture), size)
        if levels is None:
            levels = np.empty((len(files), *picture.shape), np.float32)
        if picture.shape != levels.shape[1:]:
            found, first = (" x ".join(map(str, shape[:2])) for shape in (picture.shape, levels.shape[1:]))
            raise ValueError(f"Picture {file} is {found} and {files[0]} is {first}; allowed is one size, or a 'size'.")
        # the luma of white and an average of whites differ from 1 by rounding
        levels[row] = 255 * np.clip(picture, 0, 1)
    return {"levels": levels, "changed": changed}


def central_square(picture: Float[np.ndarray, "rows columns ..."]) -> Float[np.ndarray, "side side ..."]:
    """The square in the middle of a picture."""
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def resized(picture: Float[np.ndarray, "side side ..."], size: int) -> Float[np.ndarray, "size size ..."]:
    """A square picture of `size` pixels per side: bilinear, and smoothed against aliasing where it becomes smaller."""
    if len(picture) == size:
        return picture
    Image = imported("PIL.Image")

    channels = picture.reshape(*picture.shape[:2], -1).astype(np.float32)
    found = [
        np.asarray(Image.fromarray(channel).resize((size, size), Image.Resampling.BILINEAR))
        for channel in np.moveaxis(channels, -1, 0)
    ]
    return np.stack(found, axis=-1).reshape(size, size, *picture.shape[2:])
