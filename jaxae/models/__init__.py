"""Autoencoders: frozen descriptions that make parameters, encoders and decoders."""

from jaxae.models.convolutional import Convolutional
from jaxae.models.dense import ACTIVATIONS, INITIALIZERS, Dense, Layer, Layers, untie

__all__ = ["ACTIVATIONS", "INITIALIZERS", "Convolutional", "Dense", "Layer", "Layers", "untie"]
