"""Filters that take noise out of pictures, the choice of their parameters, and PSNR and SSIM of what they give.

Pictures are a list of [height, width] or rows of pixels; a filter is a function of pictures and its parameter.
"""

import numpy as np

__all__ = ["best_in_each", "filtered", "psnr", "ssim", "total_variation"]


def psnr(estimates, x):
    """Mean over the images of the peak signal-to-noise ratio, 10 log10(1 / MSE) in dB, of estimates clipped to [0, 1]."""
    from skimage.metrics import peak_signal_noise_ratio

    return float(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in _pairs(estimates, x)]))


def ssim(estimates, x, shape=None):
    """Mean over the images of the structural similarity (windows of 7 x 7) of estimates clipped to [0, 1].

    shape: of the pictures, where they are rows of pixels.
    """
    from skimage.metrics import structural_similarity

    pairs = [(a.reshape(shape or a.shape), b.reshape(shape or b.shape)) for a, b in _pairs(estimates, x)]
    return float(np.mean([structural_similarity(a, b, data_range=1) for a, b in pairs]))


def _pairs(estimates, x):
    return [(np.asarray(a), np.clip(np.asarray(b), 0, 1)) for a, b in zip(x, estimates, strict=True)]


def total_variation(pictures, weight):
    """Each picture with less total variation, by Chambolle's algorithm."""
    from skimage.restoration import denoise_tv_chambolle

    return [denoise_tv_chambolle(picture, weight=weight) for picture in pictures]


def best_in_each(method, values, noisy, clean, qualities):
    """The value of the parameter that is best in each quality, a function of estimates and clean pictures."""
    trials = [method(noisy, value) for value in values]
    return [values[int(np.argmax([quality(trial, clean) for trial in trials]))] for quality in qualities]


def filtered(filters, noisy, trial, known, qualities):
    """Each filter's estimates with the parameter best in each quality on training images, and its value of the first.

    filters: {name: (filter, values of its parameter)}; trial: the `known` training images with this noise.
    """
    estimates, chosen = {}, {}
    for name, (method, values) in filters.items():
        best = best_in_each(method, values, trial, known, qualities)
        estimates[name] = [method(noisy, value) for value in best]
        chosen[name] = best[0]
    return estimates, chosen
