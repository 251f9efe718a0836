"""A search in one program against GridSearchCV."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV

from jaxae.sklearn import AutoencoderSearchCV, ContractiveAutoencoder, DenoisingAutoencoder

GRID = {"weight": [0.01, 1], "learning_rate": [0.001, 0.03]}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).uniform(size=(65, 9)).astype(np.float32)


@pytest.fixture(scope="module")
def estimator():
    return ContractiveAutoencoder(hidden=5, epochs=4, batch_size=20, random_state=1)


def test_it_chooses_what_grid_search_chooses(x, estimator):
    ours = AutoencoderSearchCV(estimator, GRID, cv=3).fit(x)  # 65 examples: folds of two sizes
    theirs = GridSearchCV(estimator, GRID, cv=3).fit(x)
    assert ours.best_params_ == theirs.best_params_ and ours.best_index_ == theirs.best_index_
    assert ours.n_splits_ == theirs.n_splits_ == 3
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    for name in ("mean_test_score", "std_test_score", "split2_test_score"):
        np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], rtol=1e-4)
    np.testing.assert_array_equal(ours.cv_results_["rank_test_score"], theirs.cv_results_["rank_test_score"])
    np.testing.assert_array_equal(
        ours.cv_results_["param_weight"].astype(float), theirs.cv_results_["param_weight"].astype(float)
    )
    np.testing.assert_allclose(ours.transform(x), theirs.transform(x), rtol=1e-5)
    assert ours.score(x) == pytest.approx(theirs.score(x))
    assert ours.inverse_transform(ours.transform(x)).shape == x.shape


def test_a_list_of_grids_masks_what_a_candidate_does_not_name(x, estimator):
    found = AutoencoderSearchCV(estimator, [{"weight": [0.1]}, {"learning_rate": [0.01]}], cv=2, refit=False).fit(x)
    assert found.cv_results_["param_weight"].mask.tolist() == [False, True]
    assert not hasattr(found, "best_estimator_") and not hasattr(found, "transform")


def test_what_changes_the_program_is_refused(x, estimator):
    with pytest.raises(ValueError, match=r"param_grid has hidden=3: one program searches numbers, which are .*weight"):
        AutoencoderSearchCV(estimator, {"hidden": [3]}).fit(x)
    with pytest.raises(ValueError, match="param_grid has corruption="):
        AutoencoderSearchCV(DenoisingAutoencoder(), {"corruption": ["masking"]}).fit(x)
    with pytest.raises(ValueError, match="param_grid has rate="):
        AutoencoderSearchCV(estimator, {"rate": [0.5]}).fit(x)
    with pytest.raises(
        ValueError, match=r"estimator is a PCA: it must be one of jaxae.sklearn, and GridSearchCV takes any"
    ):
        AutoencoderSearchCV(PCA(), {"n_components": [2]}).fit(x)


def test_many_candidates_are_one_program(x, estimator, compilations):
    AutoencoderSearchCV(estimator, {"weight": [0.1, 0.2, 0.3]}, cv=5, refit=False).fit(x)
    before = compilations()
    AutoencoderSearchCV(estimator, {"weight": [0.4, 0.5, 0.6]}, cv=5, refit=False).fit(x)
    assert compilations() == before


def test_a_candidate_that_the_estimator_refuses_is_refused_before_training(x, estimator):
    with pytest.raises(ValueError, match="weight is -1: it must be a number from 0 on"):
        AutoencoderSearchCV(estimator, {"weight": [0.1, -1]}, cv=2).fit(x)
