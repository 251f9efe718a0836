"""scikit-learn's own checks of an estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from jaxae import sklearn

ESTIMATORS = [
    sklearn.Autoencoder(epochs=2, random_state=0),
    sklearn.ContractiveAutoencoder(epochs=2, random_state=0),
    sklearn.DenoisingAutoencoder(epochs=2, random_state=0),
    sklearn.KSparseAutoencoder(hidden=5, k=2, epochs=2, random_state=0),
    sklearn.SparseAutoencoder(epochs=2, random_state=0),
]


@pytest.mark.slow
@parametrize_with_checks(ESTIMATORS)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)
