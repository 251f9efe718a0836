"""Random numbers from the raw stream of a bit generator, which numpy keeps for good, unlike that of `Generator`."""

import numpy as np
from jaxtyping import Float, Float32, UInt32

from jaxae.arrays import Array


def box_muller(u: Float[Array, "*shape"], v: Float[Array, "*shape"]) -> tuple[np.ndarray, np.ndarray]:
    """Two independent standard normal numbers, sqrt(-2 log u) (cos, sin)(2 pi v), of two uniform ones (Box & Muller 1958).

    u: above 0. In the precision of u and v.
    """
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    return radius * np.cos(angle), radius * np.sin(angle)


def whole(bits: np.random.BitGenerator, shape: tuple[int, ...]) -> UInt32[np.ndarray, "..."]:
    """Uniform whole numbers from 0 to 2^32 - 1, two of each raw number."""
    count = int(np.prod(shape))
    raw = bits.random_raw((count + 1) // 2).astype("<u8", copy=False)
    return raw.view("<u4")[:count].reshape(shape)


def uniform(bits: np.random.BitGenerator, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
    """Uniform numbers above 0 and below 1, (whole + 1/2) / 2^32."""
    return (whole(bits, shape) + 0.5) / 2.0**32


def normal(bits: np.random.BitGenerator, shape: tuple[int, ...]) -> Float32[np.ndarray, "..."]:
    """Standard normal numbers, at most 6.8 in size."""
    count = int(np.prod(shape))
    halves = whole(bits, ((count + 1) // 2, 2)).astype(np.float32)
    u, v = ((halves + np.float32(0.5)) * np.float32(2.0**-32)).T
    return np.stack(box_muller(u, v), axis=-1).reshape(-1)[:count].reshape(shape)
