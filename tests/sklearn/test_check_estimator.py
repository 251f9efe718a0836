"""scikit-learn's own checks of an estimator."""

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


@pytest.mark.slow
@parametrize_with_checks(ESTIMATORS[:1])
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.long
@parametrize_with_checks(ESTIMATORS[1:])
def test_every_check_passes_for_the_others_over_the_same_base(estimator, check):
    check(estimator)
