"""Autoencoders as estimators of scikit-learn: fit, transform, pipelines, and grids searched in one compiled program."""

from jaxae.extras import imported

imported("sklearn")  # where it is missing, the sentence that names the command

from jaxae.sklearn.autoencoders import (  # noqa: E402
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    KSparseAutoencoder,
    SparseAutoencoder,
)
from jaxae.sklearn.search import AutoencoderSearchCV  # noqa: E402

__all__ = [
    "Autoencoder",
    "AutoencoderSearchCV",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "KSparseAutoencoder",
    "SparseAutoencoder",
]
