"""Contraction ratios over the radius of one encoder, and the distances between examples."""

import jax
import numpy as np

from experiments.common.intervals import mean_with_error
from jaxae.measures.contraction_ratio import contraction_at_zero, contraction_ratio
from jaxae.penalties import contractive_closed_form, contractive_hutchinson


def measure(encoder, x, radii, settings):
    """The curve with its standard error over examples, and two independent measures of its height at 0."""
    ratio = np.asarray(
        contraction_ratio(encoder, x, radii, jax.random.key(0), directions=settings.directions), np.float64
    )
    per_example = ratio.mean(axis=2)
    if len(encoder.layers) == 1:
        energy = contractive_closed_form(encoder, x)
    else:  # the exact norm of a deep encoder costs a pass per pixel
        energy = contractive_hutchinson(encoder, x, key=jax.random.key(1), samples=8)
    mean, error = np.transpose([mean_with_error(values) for values in per_example])
    top = int(mean.argmax())
    return {
        "ratio": mean,
        "error": error,
        "zero": float(mean[0]),
        "square": float(np.sqrt(np.mean(ratio[0] ** 2))),
        "identity": float(contraction_at_zero(np.mean(energy), x.shape[1])),
        "place": float(radii[top]),
        "height": float(mean[top]),
        # Of each example's rise from 0 to the bump: the same directions serve both, so their noise cancels.
        "rise error": mean_with_error(per_example[top] - per_example[0])[1],
    }


def distances_between(x):
    """Smallest, median and largest distance between different examples, units of the data."""
    squares = np.sum(np.square(x), axis=1)
    products = squares[:, None] + squares - 2 * x @ x.T
    distances = np.sqrt(np.maximum(products[np.triu_indices(len(x), k=1)], 0))
    return tuple(float(f(distances)) for f in (np.min, np.median, np.max))
