"""Flax modules of one's own, as a user writes them."""

import jax
from flax import linen, nnx

FEATURES = 12
SHAPE = (4, 3)


class Encoder(linen.Module):
    """Two layers, as Dense(FEATURES, (5, 3))."""

    width: int = 5

    @linen.compact
    def __call__(self, x):
        h = linen.sigmoid(linen.Dense(self.width)(x))
        return linen.sigmoid(linen.Dense(3)(h))


class Decoder(linen.Module):
    features: int
    width: int = 5

    @linen.compact
    def __call__(self, z):
        h = linen.sigmoid(linen.Dense(self.width)(z))
        return linen.Dense(self.features)(h)


class Picture(nnx.Module):
    """A convolution over the picture that a flat row is, and a dense code."""

    def __init__(self, shape, channels=2, code=3, *, rngs):
        self.shape = shape
        self.convolution = nnx.Conv(1, channels, (3, 3), rngs=rngs)
        self.code = nnx.Linear(shape[0] * shape[1] * channels, code, rngs=rngs)

    def __call__(self, x):
        h = nnx.tanh(self.convolution(x.reshape(*x.shape[:-1], *self.shape, 1)))
        return self.code(h.reshape(*x.shape[:-1], -1))


class Back(nnx.Module):
    def __init__(self, features, code=3, *, rngs):
        self.layers = nnx.List([nnx.Linear(code, 4, rngs=rngs), nnx.tanh, nnx.Linear(4, features, rngs=rngs)])

    def __call__(self, z):
        for layer in self.layers:
            z = layer(z)
        return z


def data(n=20):
    return jax.random.uniform(jax.random.key(5), (n, FEATURES))
