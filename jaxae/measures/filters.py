"""Measures of filters drawn as images: size, orientation, kind.

Filters are [units, height, width], ValueError is raised for another number of axes, and each measure gives one number per
unit, the same for c * filter with any c != 0. The measures that see contrast subtract each filter's mean first; a filter
without any has 0.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Num

from jaxae.arrays import Array, Number

__all__ = [
    "contrast",
    "correlation_area",
    "effective_area",
    "elongation",
    "kind_of_filters",
    "orientation",
]


@jax.jit
def contrast(filters: Num[Array, "..."]) -> Float[Array, "units height width"]:
    """The filters without their means, each divided by its largest absolute value, w - mean(w) -> w / max |w|.

    0 where only the rounding of a flat filter is left.
    """
    w = _images(filters)
    centred = w - jnp.mean(w, axis=(1, 2), keepdims=True)
    peak = jnp.max(jnp.abs(centred), axis=(1, 2), keepdims=True)
    flat = peak <= 1e-5 * jnp.max(jnp.abs(w), axis=(1, 2), keepdims=True)
    return jnp.where(flat, 0, centred / jnp.where(flat, 1, peak))


@jax.jit
def effective_area(filters: Num[Array, "..."]) -> Float[Array, " units"]:
    """Participation ratio of the energy as a fraction of the N pixels, (sum w^2)^2 / (N sum w^4); the mean stays in.

    1/N for one pixel, 1 for a flat filter, near 1/3 for Gaussian noise, 0 for a filter of zeros.
    """
    w = _images(filters)
    peak = jnp.max(jnp.abs(w), axis=(1, 2), keepdims=True)
    energy = jnp.square(w / jnp.where(peak == 0, 1, peak))  # without the division w^4 of small weights is 0 in float32
    fourth = jnp.mean(jnp.square(energy), axis=(1, 2))
    return jnp.square(jnp.mean(energy, axis=(1, 2))) / jnp.where(fourth == 0, 1, fourth)


@jax.jit
def orientation(filters: Num[Array, "..."]) -> Float[Array, " units"]:
    """Orientation selectivity of the power spectrum, |sum_k P(k) e^(2 i theta_k)| / sum_k P(k), frequency 0 left out.

    Near 0 where no direction is preferred, near 1 for a grating, 1/2 for the derivative of a round Gaussian, (r - 1) / (r + 1)
    for a Gaussian r times as long as wide. The spectrum is that of the filter without its mean amid zeros.
    """
    w = contrast(filters)
    # An odd, square grid of frequencies is the same after a quarter turn, which negates e^(2 i theta): isotropic power
    # sums to 0, corners included. An even one has a Nyquist row on one side only.
    size = 2 * max(w.shape[1:]) + 1
    k = jnp.fft.fftfreq(size)
    direction = (k[None, :] + 1j * k[:, None]) ** 2
    direction = direction / jnp.maximum(jnp.abs(direction), jnp.finfo(jnp.float32).tiny)
    power = jnp.square(jnp.abs(jnp.fft.fft2(w, (size, size)))).at[:, 0, 0].set(0)
    total = jnp.sum(power, axis=(1, 2))
    return jnp.abs(jnp.sum(power * direction, axis=(1, 2))) / jnp.where(total == 0, 1, total)


def elongation(filters: Num[Array, "..."]) -> Float[Array, " units"]:
    """How many times as long as wide the autocorrelation's peak is: about 1 for a round blob, more for a stroke.

    sqrt(l_1 / l_2) of the second moments of the peak of `correlation_area`, every pixel being a unit square; 1 for white noise,
    0 for a filter without contrast.
    """
    peak = _peak(filters)
    height, width = peak.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    rows, columns = rows - height // 2, columns - width // 2
    count = np.maximum(peak.sum(axis=(1, 2)), 1)
    moments = [
        np.sum(peak * product, axis=(1, 2)) / count for product in (rows * rows, rows * columns, columns * columns)
    ]
    matrix = np.array([[moments[0], moments[1]], [moments[1], moments[2]]]).transpose(2, 0, 1) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(matrix).T
    return jnp.asarray(np.where(peak.any(axis=(1, 2)), np.sqrt(large / small), 0), jnp.float32)


def correlation_area(filters: Num[Array, "..."]) -> Float[Array, " units"]:
    """Area of the autocorrelation's peak: the pixels connected to its centre where it is at least half its maximum.

    In pixels of the shift: 1 for white noise, more for wider strokes, 0 for a filter without contrast. The autocorrelation is
    that of the filter without its mean amid zeros, and pixels are connected by their sides.
    """
    return jnp.asarray(np.sum(_peak(filters), axis=(1, 2)), jnp.float32)


def kind_of_filters(
    explained: Num[Array, " units"] | Sequence[Number],
    oriented: Num[Array, " units"] | Sequence[Number],
    *,
    least_explained: Number = 0.5,
    least_oriented: Number = 0.25,
) -> np.ndarray:
    """The word of the literature for each filter: "noise", "blob" or "edge".

    explained: the R^2 of `jaxae.measures.gabor.gabor_fit`; oriented: `orientation` -> [units] of strings:
    noise where explained < least_explained or is NaN, else edge where oriented >= least_oriented, else blob.
    `least_oriented` is half of what the least oriented edge has, the derivative of a round Gaussian (1/2): a Gaussian
    counts as an edge from 5/3 times as long as wide. On synthetic filters of 12 x 12 and 28 x 28 pixels, 10 or 20 % of
    their energy noise and their centres in the inner half, round Gaussians and differences of Gaussians have an
    orientation of at most 0.20, derivatives of Gaussians of at least 0.31, and Gabors with sigma_v / sigma_u in 1 to 2
    and frequency * sigma_u in 0.3 to 0.6 of at least 0.52; a Gabor explains at least 0.69 of each, and at most 0.28 of
    white noise. A blob that the border cuts looks oriented: with centres anywhere in 12 x 12 pixels, 3 % become edges.
    """
    explained, oriented = np.asarray(explained), np.asarray(oriented)
    return np.where(explained >= least_explained, np.where(oriented >= least_oriented, "edge", "blob"), "noise")


def _peak(filters):
    """Mask [units, 2 height - 1, 2 width - 1] of the autocorrelation's peak, around its middle."""
    from scipy import ndimage  # slow to import

    filters = contrast(filters)
    height, width = filters.shape[1:]
    correlation = np.asarray(_autocorrelation(filters))
    peak = correlation[:, height - 1, width - 1, None, None]
    within_a_unit = np.array([np.zeros((3, 3)), ndimage.generate_binary_structure(2, 1), np.zeros((3, 3))])
    regions, _ = ndimage.label((correlation >= peak / 2) & (peak > 0), within_a_unit)
    centre = regions[:, height - 1, width - 1, None, None]
    return (regions == centre) & (centre > 0)


@jax.jit
def _autocorrelation(w):
    size = (2 * w.shape[1] - 1, 2 * w.shape[2] - 1)
    return jnp.fft.fftshift(jnp.fft.irfft2(jnp.square(jnp.abs(jnp.fft.rfft2(w, size))), size), axes=(1, 2))


def _images(filters):
    filters = jnp.asarray(filters, jnp.float32)
    if filters.ndim != 3:
        raise ValueError(f"filters has the shape {filters.shape}: it must be [units, height, width]")
    return filters
