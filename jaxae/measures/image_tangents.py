"""Small transformations of images and their exact derivatives: the true tangents of the manifold that they move along.

An image is read as the cubic spline through its pixels, 0 outside, twice continuously differentiable in the position.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxae.arrays import Array, Number

__all__ = ["AFFINE", "TRANSFORMATIONS", "affine", "derivatives", "dilate", "spline"]

AFFINE = ("translation x", "translation y", "rotation", "scaling")
TRANSFORMATIONS = (*AFFINE, "thickening")
MARGIN = (
    8  # pixels of the edge beyond an image; a spline's answer to what lies outside falls by 2 - sqrt(3) = 0.27 in each
)


def spline(images: Float[Array, "*batch height width"]) -> Float[Array, "*batch height width"]:
    """Coefficients of the cubic B-spline that passes through every pixel: they solve (c_(i-1) + 4 c_i + c_(i+1)) / 6 = I_i.

    Along both axes and with 0 outside.
    """
    height, width = images.shape[-2:]
    return _inverse(height) @ images @ _inverse(width)


def affine(
    images: Float[Array, "*batch height width"],
    *,
    shift: Sequence[Number] | Float[Array, "2"] = (0.0, 0.0),
    rotation: Number = 0.0,
    scaling: Number = 0.0,
) -> Float[Array, "*batch height width"]:
    """Images scaled by e^scaling and turned by `rotation` about their centre, then shifted, out(A p + shift) = image(p).

    shift: (right, down) in pixels; rotation: radians, clockwise as pictures are shown; scaling: natural logarithm of the
    factor. Every number may be traced and differentiated.
    """
    height, width = images.shape[-2:]
    row, column = jnp.meshgrid(
        jnp.arange(height) - (height - 1) / 2, jnp.arange(width) - (width - 1) / 2, indexing="ij"
    )
    row, column = row - shift[1], column - shift[0]
    cos, sin = jnp.cos(rotation) * jnp.exp(-scaling), jnp.sin(rotation) * jnp.exp(-scaling)
    row, column = cos * row - sin * column, cos * column + sin * row  # where each pixel comes from, A^-1 (p - shift)
    return _at(spline(images), row + (height - 1) / 2, column + (width - 1) / 2)


def dilate(
    images: Float[Array, "*batch height width"], *, radius: Number, directions: int = 64
) -> Float[Array, "*batch height width"]:
    """Grey dilation by a disc, out(p) = max of image(q) over |q - p| <= radius, its border sampled in `directions` directions.

    radius: pixels, small enough that the largest value lies at the border or the centre. Bright strokes grow thicker by
    `radius` on either side. Its derivative at radius 0 is the length of the image's gradient, |grad image|, since the disc
    reaches furthest uphill.
    """
    angles = 2 * np.pi * jnp.arange(directions) / directions
    moved = jax.lax.map(lambda a: affine(images, shift=(radius * jnp.cos(a), radius * jnp.sin(a))), angles)
    return jnp.maximum(images, jnp.max(moved, axis=0))


@jax.jit
def derivatives(images: Float[Array, "batch height width"]) -> Float[Array, "batch 5 height width"]:
    """The derivative of each image under each of TRANSFORMATIONS at the identity.

    Per pixel of shift right and down, per radian of clockwise
    turn, per unit of log size, and per pixel of stroke on either side (the gradient's length, see `dilate`). Exact, by
    forward mode through the spline. An image goes on beyond its frame as its edge does, so that no dark frame moves in with it.
    """
    wide = jnp.pad(images, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)), mode="edge")

    def moved(numbers):
        whole = affine(wide, shift=(numbers[0], numbers[1]), rotation=numbers[2], scaling=numbers[3])
        return whole[:, MARGIN:-MARGIN, MARGIN:-MARGIN]

    four = jnp.moveaxis(jax.jacfwd(moved)(jnp.zeros(4)), -1, 1)
    thicker = jnp.sqrt(jnp.square(four[:, 0]) + jnp.square(four[:, 1]))
    return jnp.concatenate([four, thicker[:, None]], axis=1)


def _at(coefficients, row, column):
    """The spline's values at positions [height, width] of rows and columns."""
    height, width = coefficients.shape[-2:]
    rows = _basis(row[..., None] - jnp.arange(height))
    columns = _basis(column[..., None] - jnp.arange(width))
    return jnp.einsum("pqi,...ij,pqj->...pq", rows, coefficients, columns, optimize="optimal")


def _basis(t):
    """The cubic B-spline on the integers: support (-2, 2), 4/6 at 0 and 1/6 at +-1."""
    t = jnp.abs(t)
    return (jax.nn.relu(2 - t) ** 3 - 4 * jax.nn.relu(1 - t) ** 3) / 6


@functools.lru_cache
def _inverse(size):
    """The symmetric matrix that turns a row of pixels into spline coefficients."""
    weights = (4 * np.eye(size) + np.eye(size, k=1) + np.eye(size, k=-1)) / 6
    return np.linalg.inv(weights).astype(np.float32)
