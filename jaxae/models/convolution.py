"""3x3 convolution, by block Toeplitz products where those are faster, and 2x2 max pooling."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from jaxae.arrays import Array

__all__ = ["convolve", "max_pool"]

# Tap i of a 3-tap filter on a signal repeated twice reads, for the output's phase a, the input at the offset p - 1.
PHASES = np.zeros((2, 3, 3), np.float32)
for _a, _i, _p in ((0, 0, 0), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 1, 1), (1, 2, 2)):
    PHASES[_a, _i, _p] = 1


# Within a compiled loop, as training is, XLA's convolution on a CPU is many times slower than the block Toeplitz products (two
# cores, AVX-512, value and gradient): 12 times at 28 pixels from 32 to 32 channels, 8 at 64 pixels from 32 to 32, 6 at 64
# from 3 to 32. The matrix grows with the square of the width, and beyond so many numbers (256 MiB) it costs too much memory.
LARGEST = 2**26


def convolve(
    x: Float[Array, "batch height width c"], kernel: Float[Array, "3 3 c d"], *, up: bool = False
) -> Float[Array, "batch _ _ d"]:
    """3x3 cross-correlation amid zeros, y[r, s, d] = sum_ijc x[r + i - 1, s + j - 1, c] kernel[i, j, c, d].

    By products with block Toeplitz matrices on a CPU, unless these are large, and on every accelerator by XLA's own
    convolution. Height and width stay; up: x is first repeated twice in both (nearest up-sampling).
    """
    toeplitz, xla = _ways(up)
    numbers = 3 * x.shape[2] ** 2 * math.prod(kernel.shape[2:]) * (4 if up else 1)
    if numbers > LARGEST:
        return xla(x, kernel)
    return jax.lax.platform_dependent(x, kernel, cpu=toeplitz, default=xla)


@functools.cache  # the same functions at every call, so that one outside of jit is traced once
def _ways(up):
    return functools.partial(_by_products, up=up), functools.partial(_by_xla, up=up)


def _by_xla(x, kernel, *, up):
    if up:
        x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _by_products(x, kernel, *, up):
    # Each output row is one product of three input rows with a block Toeplitz matrix. On a CPU the zeros in it cost less
    # than the memory traffic of gathering 3x3 neighbourhoods; the repeated pixels of the up-sampling are never made.
    batch, height, width, channels = x.shape
    factor = 2 if up else 1
    phases = PHASES if up else np.eye(3, dtype=np.float32)[None]
    taps = np.stack([np.eye(width, k=1 - j, dtype=np.float32) for j in range(3)])  # [j, input column, output column]
    kernel = jnp.einsum("aip,bjq,ijcd->pqcabd", phases, phases, kernel)
    matrix = jnp.einsum("jvs,ijcabd->ivcasbd", taps, kernel).reshape(3 * width * channels, -1)
    padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)))
    rows = jnp.concatenate([padded[:, i : i + height].reshape(batch, height, -1) for i in range(3)], axis=-1)
    return (rows.reshape(batch * height, -1) @ matrix).reshape(batch, factor * height, factor * width, -1)


def max_pool(x: Float[Array, "batch height width c"]) -> Float[Array, "batch _ _ c"]:
    """Largest of each 2x2 square; an odd side is completed by a border that never wins."""
    _, height, width, _ = x.shape
    x = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), constant_values=-jnp.inf)
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, channels)
    # Two maxima of slices have a far faster gradient on a CPU than a window reduction.
    x = jnp.maximum(x[:, :, 0], x[:, :, 1])
    return jnp.maximum(x[:, :, :, 0], x[:, :, :, 1])
