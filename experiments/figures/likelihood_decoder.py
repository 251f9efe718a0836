"""A decoder with Gaussian noise, q(x | y) = N(x; g(y), s^2 I): its log-likelihood and the s that makes images most likely."""

from typing import NamedTuple

import numpy as np

__all__ = ["GaussianDecoder", "decoder_of", "mean_square", "nats_of"]


class GaussianDecoder(NamedTuple):
    """Its squared errors, and the s that makes the training images most likely."""

    train: float  # squared error, summed over pixels, mean over images
    test: float
    std: float
    nats: float  # mean log q(x | y) of the test images


def decoder_of(train, test, pixels):
    """The decoder of these squared errors, with s fitted to the training images."""
    std = float(np.sqrt(train / pixels))
    return GaussianDecoder(train, test, std, float(nats_of(test, std, pixels)))


def nats_of(error, std, pixels):
    """Mean log-likelihood per image, -error / (2 s^2) - pixels log(s sqrt(2 pi)). error: squared, summed over pixels."""
    return -error / (2 * np.square(std)) - pixels * np.log(np.sqrt(2 * np.pi) * std)


def mean_square(reconstructed, x):
    """The squared error, summed over pixels, mean over images."""
    return float(np.square(np.asarray(reconstructed, np.float64) - x).sum(axis=1).mean())
