"""Whitening of photographs as in sparse coding (Olshausen and Field 1997, Vision Research 37, 3311-3325)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Num

from jaxae.arrays import Number

CUTOFF = 0.4  # cycles per pixel
VARIANCE = 0.1  # of IMAGES.mat, averaged over pictures


def gain(frequency: Number, *, cutoff: Number = CUTOFF) -> Number:
    """Amplitude gain f exp(-(f / cutoff)^4) of the whitening filter; frequencies in cycles per pixel, of any shape."""
    return frequency * np.exp(-((frequency / cutoff) ** 4))


def whiten(picture: Num[np.ndarray, "rows columns"], *, cutoff: Number = CUTOFF) -> Float[np.ndarray, "rows columns"]:
    """The picture, mirrored at its borders, with its amplitude spectrum times `gain`."""
    from scipy.fft import dctn, idctn

    rows, columns = picture.shape
    # The cosine transform is the Fourier transform of the picture and its mirror images, so no border makes an edge.
    # Its k-th function over n pixels has k / 2n cycles per pixel.
    frequency = np.hypot(np.arange(rows)[:, None] / (2 * rows), np.arange(columns) / (2 * columns))
    return idctn(dctn(picture) * gain(frequency, cutoff=cutoff))


def rescaled(
    pictures: Sequence[Float[np.ndarray, "_ _"]], variance: float = VARIANCE
) -> list[Float32[np.ndarray, "_ _"]]:
    """The pictures times one joint factor, by which their mean variance becomes `variance`; ValueError without contrast."""
    own = np.mean([picture.var() for picture in pictures])
    # Rounding alone leaves a uniform picture about 1e-33, one grey level in a million pixels leaves about 1e-12.
    if not (np.isfinite(own) and own > 1e-20):
        raise ValueError(f"The pictures have mean variance {own}; patches need finite pictures with some contrast.")
    return [(picture * np.sqrt(variance / own)).astype(np.float32) for picture in pictures]
