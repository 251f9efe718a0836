"""Colour filters as one colour times one grey map: which colour, and how much of the filter a Gabor in it explains."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

from jaxae.measures.filters import kind_of_filters, orientation
from jaxae.measures.gabor import gabor_fit

__all__ = ["ColourFilters", "colour_filters", "common_share"]


class ColourFilters(NamedTuple):
    """The grey maps [units, height, width] and unit colours [units, colours] of filters, and what they explain, [units].

    explained: the share of a filter's energy that is a Gabor plus a constant in this colour; kind: the word of
    `jaxae.measures.filters.kind_of_filters` for it and the map's orientation, so that a uniform colour is a blob.
    """

    map: np.ndarray
    colour: np.ndarray
    explained: np.ndarray
    kind: np.ndarray


def colour_filters(filters: Num[np.ndarray, "units height width colours"]) -> ColourFilters:
    """The map m and the colour c of each filter W that leave least of it, min ||W - m c^T||^2, and its kind.

    They are its leading singular vectors (Eckart & Young), the colour's largest component being positive. With s^2 / ||W||^2
    the share of the energy that they explain and q that of m's mean in m, explained = s^2 / ||W||^2 (q + (1 - q) R^2) for the
    R^2 of `jaxae.measures.gabor.gabor_fit` of m; 0 for a filter of zeros.
    """
    filters = np.asarray(filters, np.float64)
    units, height, width, colours = filters.shape
    left, scales, right = np.linalg.svd(filters.reshape(units, height * width, colours), full_matrices=False)
    colour = right[:, 0]
    largest = np.take_along_axis(colour, np.abs(colour).argmax(axis=1)[:, None], axis=1)
    sign = np.where(largest < 0, -1, 1)
    maps = (sign * left[:, :, 0]).reshape(units, height, width)
    energy = np.square(scales).sum(axis=1)
    share = np.square(scales[:, 0]) / np.where(energy > 0, energy, 1)
    constant = height * width * np.square(maps.mean(axis=(1, 2)))
    explained = share * (constant + (1 - constant) * np.asarray(gabor_fit(maps)[0]))
    return ColourFilters(maps, sign * colour, explained, kind_of_filters(explained, orientation(maps)))


def common_share(filters: Num[np.ndarray, "units height width colours"]) -> Float[np.ndarray, " units"]:
    """The share of the energy that the n colours have in common, n ||mean_c W_c||^2 / ||W||^2; 0 for a filter of zeros.

    1 for a grey filter, 1 / n on average for independent colours, 0 where the colours cancel.
    """
    energy = np.square(filters).sum(axis=(1, 2, 3))
    common = filters.shape[-1] * np.square(filters.mean(axis=-1)).sum(axis=(1, 2))
    return common / np.where(energy > 0, energy, 1)
