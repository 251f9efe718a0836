"""Encoders of random layers, and the same codes in NumPy, written from the definitions."""

import jax.numpy as jnp
import numpy as np

from jaxae.models import ACTIVATIONS, Layer, Layers


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gelu(a):
    return 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))


NUMPY = {
    "linear": lambda a: a,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "gelu": gelu,  # the approximation by tanh, Hendrycks & Gimpel 2016, section 2
    "softplus": lambda a: np.log1p(np.exp(a)),
    "elu": lambda a: np.where(a > 0, a, np.expm1(a)),
}
FEATURES = 6
WIDTHS = {1: (4,), 2: (5, 3), 3: (5, 4, 3)}


def stack(names, widths=None, seed=0, dtype=np.float64):
    """An encoder with random weights and biases, some units of which are near saturation."""
    rng = np.random.default_rng(seed)
    widths = (FEATURES, *(widths or WIDTHS[len(names)]))
    return Layers(
        tuple(
            Layer(
                jnp.asarray(rng.normal(size=(i, o)), dtype), jnp.asarray(rng.normal(size=o), dtype), ACTIVATIONS[name]
            )
            for i, o, name in zip(widths[:-1], widths[1:], names, strict=True)
        )
    )


def batch(n=3, seed=1, dtype=np.float64):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(n, FEATURES)), dtype)


def numpy_code(encoder, names, x):
    for layer, name in zip(encoder.layers, names, strict=True):
        x = NUMPY[name](x @ np.asarray(layer.weight, np.float64) + np.asarray(layer.bias, np.float64))
    return x


def with_weights(encoder, weights):
    return Layers(tuple(layer.replace(weight=W) for layer, W in zip(encoder.layers, weights, strict=True)))
