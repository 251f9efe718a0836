"""The five estimators, each a base with numbers of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxae import codes, corruptions, penalties
from jaxae.functions import configure
from jaxae.sklearn.base import BaseAutoencoder

__all__ = [
    "CORRUPTIONS",
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "KSparseAutoencoder",
    "SparseAutoencoder",
]

CORRUPTIONS = {
    "gaussian": (corruptions.gaussian, "std"),
    "masking": (corruptions.masking, "rate"),
    "salt_and_pepper": (corruptions.salt_and_pepper, "rate"),
}


class Autoencoder(BaseAutoencoder):
    """A plain autoencoder: minimises the loss of the reconstruction (Hinton & Salakhutdinov 2006)."""


@dataclass(eq=False, repr=False, kw_only=True)
class DenoisingAutoencoder(BaseAutoencoder):
    """A denoising autoencoder: reconstructs clean data from corrupted data (Vincent et al. 2010).

    corruption: "gaussian", "masking" or "salt_and_pepper"; level: the standard deviation of the Gaussian, in units of the
    data, or the share of the features that the others change. Codes are of clean data.
    """

    __no_type_check__ = True

    corruption: Any = "gaussian"
    level: Any = 0.3

    def _roles(self):
        if self.corruption not in CORRUPTIONS:
            raise ValueError(f"corruption is {self.corruption!r}: it must be one of {', '.join(CORRUPTIONS)}")
        function, number = CORRUPTIONS[self.corruption]
        return {"corruption": configure(function, **{number: self.level})}

    def _most(self, name):
        shares = name == "level" and self.corruption in CORRUPTIONS and CORRUPTIONS[self.corruption][1] == "rate"
        return 1 if shares else super()._most(name)


@dataclass(eq=False, repr=False, kw_only=True)
class ContractiveAutoencoder(BaseAutoencoder):
    """A contractive autoencoder: weight times the squared Frobenius norm of the encoder's Jacobian (Rifai et al. 2011)."""

    __no_type_check__ = True

    weight: Any = 0.1

    def _roles(self):
        return {"penalty": configure(penalties.contractive_exact), "weight": self.weight}


@dataclass(eq=False, repr=False, kw_only=True)
class SparseAutoencoder(BaseAutoencoder):
    """A sparse autoencoder: weight times the L1 norm of the code (Goodfellow et al. 2016, section 14.2.1)."""

    __no_type_check__ = True

    activation: Any = "relu"
    weight: Any = 0.1

    def _roles(self):
        return {"penalty": configure(penalties.l1), "weight": self.weight}


@dataclass(eq=False, repr=False, kw_only=True)
class KSparseAutoencoder(BaseAutoencoder):
    """A k-sparse autoencoder: linear units of which the k largest are kept (Makhzani & Frey 2014).

    k: of training; alpha: codes keep the alpha * k largest, as the paper does for classification.
    """

    __no_type_check__ = True

    hidden: Any = 100
    activation: Any = "linear"
    k: Any = 10
    alpha: Any = 1

    def _roles(self):
        return {"code": configure(codes.top_k, k=self.k)}

    def _most(self, name):
        units = np.ravel(self.hidden)[-1]
        return units if name == "k" and isinstance(units, np.integer) else super()._most(name)

    def _roles_of_the_code(self):
        return {"code": codes.scaled(configure(codes.top_k, k=self.k), self.alpha)}
