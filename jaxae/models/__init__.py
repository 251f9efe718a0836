"""Autoencoders: frozen descriptions that make parameters, encoders and decoders."""

from jaxae.models.convolutional import Convolutional
from jaxae.models.dense import ACTIVATIONS, INITIALIZERS, Dense, Layer, Layers, centred, untie
from jaxae.models.protocol import Autoencoder, LayerWise, check_model, code_size

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "Autoencoder",
    "Convolutional",
    "Dense",
    "Layer",
    "LayerWise",
    "Layers",
    "centred",
    "check_model",
    "code_size",
    "untie",
]
