"""Whitened grey photographs: those inside installed packages, or a user's own."""

import importlib.util
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from jaxae.data.luma import luma
from jaxae.data.whitening import VARIANCE, rescaled, whiten
from jaxae.extras import imported
from jaxae.integers import ceiling_division

SHIPPED = (
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/camera.png"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/rocket.jpg"),
    ("skimage", "data/motorcycle_left.png"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
)
HELD_OUT = ("camera", "chelsea", "china")
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
ALLOWED = "a folder of pictures, a picture, or IMAGES.mat of Olshausen"


def whitened(
    path: str | os.PathLike | None = None, variance: float = VARIANCE
) -> tuple[list[str | Path], list[Float32[np.ndarray, "_ _"]]]:
    """Names and whitened pictures, of this mean variance, of the shipped or other photographs.

    path: None, a folder of pictures, one picture, or IMAGES.mat of Olshausen, whose pictures are whitened already.
    """
    if path is not None:
        path = Path(path).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"Data option 'path' is {path}, which does not exist; allowed are {ALLOWED}.")
        if path.suffix == ".mat":
            names, pictures = matlab(path)
            return names, rescaled(pictures, variance)
    names = shipped() if path is None else listed(path)
    return names, rescaled([whiten(halve(read(name))) for name in names], variance)


def held_out(split: str) -> list[tuple[str, Float32[np.ndarray, "_ _"]]]:
    """Names and grey values in [0, 1] of whole shipped photographs at half size: HELD_OUT for test, the others for train."""
    paths = [path for path in shipped() if (path.stem in HELD_OUT) == (split == "test")]
    return [(path.stem, np.clip(halve(read(path)), 0, 1).astype(np.float32)) for path in paths]


def shipped() -> list[Path]:
    """Paths of the photographs that scikit-image and scikit-learn install."""
    return [Path(importlib.util.find_spec(package).origin).parent / file for package, file in SHIPPED]


def listed(path: Path) -> list[Path]:
    """Pictures of a folder in the order of their names, or the one file; raises FileNotFoundError if there is none."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if is_picture(file))
    if not files:
        raise FileNotFoundError(f"Folder {path} holds no pictures; allowed are {', '.join(SUFFIXES)}.")
    return files


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name, and not a hidden file."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read(path: Path) -> Float[np.ndarray, "rows columns"]:
    """Grey values in [0, 1] of a picture of 8 or 16 bits; raises ValueError if it cannot be read."""
    return luma(read_colours(path))


def read_colours(path: Path) -> Float[np.ndarray, "rows columns 3"]:
    """Red, green and blue in [0, 1] of a picture of 8 or 16 bits, equal where it is grey, turned as its file says.

    Raises ValueError as `read`, also for several frames and for pixels that are not opaque: their colour is not known.
    """
    Image, ImageOps = imported("PIL.Image"), imported("PIL.ImageOps")

    try:
        with Image.open(path) as picture:
            if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:  # cameras hide a second view in an MPO
                raise ValueError(f"it has {picture.n_frames} frames")
            if picture.has_transparency_data and picture.convert("RGBA").getextrema()[3][0] < 255:
                raise ValueError("it has pixels that are not opaque")
            ImageOps.exif_transpose(picture, in_place=True)
            if picture.mode.startswith("I;16"):
                return np.repeat(np.asarray(picture)[..., None] / 65535, 3, axis=-1)
            if picture.mode in ("I", "F"):
                raise ValueError(f"mode {picture.mode} has no known white")
            return np.asarray(picture.convert("RGB")) / 255
    except Exception as error:  # a damaged file makes Pillow raise nearly anything
        raise ValueError(f"Picture {path} cannot be read ({error}); allowed are pictures with 8 or 16 bits.") from error


def halve(picture: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "_ _"]:
    """The picture at half its size, rounded up, smoothed against aliasing."""
    resize = imported("skimage.transform").resize

    return resize(picture, [ceiling_division(length, 2) for length in picture.shape], anti_aliasing=True)


def matlab(path: Path) -> tuple[list[str], list[Float[np.ndarray, "rows columns"]]]:
    """Names and pictures of the key IMAGES, [rows, columns, n], of a .mat file; raises ValueError if it is another."""
    from scipy.io import loadmat

    try:
        images = loadmat(path).get("IMAGES")
    except Exception as error:  # a damaged file makes scipy raise nearly anything
        raise ValueError(f"File {path} cannot be read ({error}); allowed are .mat files up to version 7.2.") from error
    if images is None or images.ndim != 3:
        raise ValueError(
            f"File {path} has no array IMAGES [rows, columns, pictures]; allowed is IMAGES.mat of Olshausen."
        )
    return [f"{path}[{i}]" for i in range(images.shape[2])], list(np.moveaxis(images.astype(float), 2, 0))
