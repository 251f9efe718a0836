"""scikit-learn's own checks of an estimator."""

import os

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from jaxae import sklearn

ESTIMATORS = [
    sklearn.KSparseAutoencoder(hidden=5, k=2, epochs=2, random_state=0),
    sklearn.Autoencoder(epochs=2, random_state=0),
    sklearn.ContractiveAutoencoder(epochs=2, random_state=0),
    sklearn.DenoisingAutoencoder(epochs=2, random_state=0),
    sklearn.SparseAutoencoder(epochs=2, random_state=0),
]
CHECKED = ESTIMATORS if os.environ.get("JAXAE_LONG") else ESTIMATORS[:1]  # half a minute each, over one base


@pytest.mark.slow
@parametrize_with_checks(CHECKED)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)
