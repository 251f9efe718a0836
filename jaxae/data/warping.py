"""Affine copies of pictures, which make a small training set as varied as a larger one."""

import hashlib
import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxae.data import cache as data_cache
from jaxae.data.dataset import Data
from jaxae.data.options import whole_number
from jaxae.rows import Rows

ANGLE = np.deg2rad(12)  # the largest turn, to either side
SCALE = 0.1  # the largest change of size
SHEAR = 0.15  # the largest shift of a row, in units of its distance from the middle
SHIFT = 2 / 28  # the largest shift, in units of the side: two pixels of a digit of MNIST
BLOCK = 4_000  # pictures warped at once, which bounds the memory beside the result


def warped(data: Data, copies: Any, *, seed: int = 0, cache: str | os.PathLike | None = None) -> Data:
    """The data followed by `copies` affine copies of every picture, each turned, scaled, sheared and shifted at random.

    A turn is up to 12 degrees, a scale 0.9 to 1.1, a shear up to 0.15 and a shift up to 1/14 of the side, all uniform; values
    in between pixels are bilinear, and what comes in from outside is 0. The copies are made once and kept in the cache folder.
    data: of grey pictures, shape (height, width). Raises ValueError for others and for copies that are no whole number.
    """
    copies = whole_number("warp", copies, least=0)
    if not copies:
        return data
    if isinstance(data.x, Rows):
        raise ValueError("Data option 'warp' needs the examples in memory, and these are streamed; allowed is 0.")
    if len(data.shape) != 2:
        shape = " x ".join(map(str, data.shape))
        raise ValueError(f"Data option 'warp' needs grey pictures, height x width, and these are {shape}.")
    digest = hashlib.sha256(np.ascontiguousarray(data.x).tobytes())
    path = data_cache.folder(cache) / f"warped-{copies}-{seed}-{digest.hexdigest()[:16]}.npz"
    kept = data_cache.remembered(path, ("copies",), lambda: {"copies": _copies(data, copies, seed)})
    x = np.concatenate([data.x, kept["copies"]])
    return data._replace(x=x, labels=None if data.labels is None else np.tile(data.labels, copies + 1))


def random_maps(count: int, side: int, *, stream: list[int]) -> Float[np.ndarray, "count 2 3"]:
    """Random affine maps [A b] of places in a copy, from its middle, to places in the picture. stream: seeds."""
    # numpy keeps the raw stream of a bit generator for good, that of Generator.uniform only within a version.
    angle, scale, shear, down, across = np.random.PCG64(stream).random_raw((5, count)) / 2.0**63 - 1
    angle, scale = ANGLE * angle, 1 / (1 + SCALE * scale)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sheared = np.array([[np.ones(count), np.zeros(count)], [SHEAR * shear, np.ones(count)]])
    linear = np.einsum("ijn,jkn->nik", turn, sheared) * scale[:, None, None]
    return np.concatenate([linear, SHIFT * side * np.stack([down, across], axis=1)[..., None]], axis=2)


@jax.jit
def apply_maps(
    pictures: Float[jax.Array, "n height width"], maps: Float[jax.Array, "n 2 3"]
) -> Float[jax.Array, "n height width"]:
    """The pictures seen through affine maps of places from the middle; bilinear, 0 outside."""
    height, width = pictures.shape[1:]
    middle = jnp.array([(height - 1) / 2, (width - 1) / 2], pictures.dtype)
    rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    places = jnp.stack([rows - middle[0], columns - middle[1], jnp.ones((height, width))])

    def one(picture, affine):
        source = jnp.einsum("ij,jhw->ihw", affine, places, precision="highest") + middle[:, None, None]
        return jax.scipy.ndimage.map_coordinates(picture, list(source), order=1)

    return jax.vmap(one)(pictures, maps)


def _copies(data, copies, seed):
    pictures = data.x.reshape(-1, *data.shape)
    found = np.empty((copies, len(pictures), data.x.shape[1]), np.float32)
    for copy in range(copies):
        maps = random_maps(len(pictures), min(data.shape), stream=[seed, copy]).astype(np.float32)
        for rows in np.array_split(np.arange(len(pictures)), len(pictures) // BLOCK + 1):
            found[copy, rows] = np.asarray(apply_maps(pictures[rows], maps[rows])).reshape(len(rows), -1)
    return found.reshape(-1, data.x.shape[1])
