"""Autoencoders: frozen descriptions that make parameters, encoders and decoders."""

from jaxae.models.convolutional import Convolutional
from jaxae.models.dense import Dense, centred, untie
from jaxae.models.flax_modules import FlaxModules, from_linen, from_names, from_nnx
from jaxae.models.layers import ACTIVATIONS, INITIALIZERS, Layer, Layers
from jaxae.models.protocol import Autoencoder, LayerWise, check_model, code_size
from jaxae.models.sparse import CODE_PARAMETERS, Sparse

__all__ = [
    "ACTIVATIONS",
    "CODE_PARAMETERS",
    "INITIALIZERS",
    "Autoencoder",
    "Convolutional",
    "Dense",
    "FlaxModules",
    "Layer",
    "LayerWise",
    "Layers",
    "Sparse",
    "centred",
    "check_model",
    "code_size",
    "from_linen",
    "from_names",
    "from_nnx",
    "untie",
]
