import numpy as np
from sklearn.feature_extraction.image import extract_patches_2d, reconstruct_from_patches_2d

from experiments.common.overlapping import averaged, patches_of


def test_patches_and_their_average_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    picture = rng.uniform(size=(9, 13))
    ours, theirs = patches_of(picture, 4), extract_patches_2d(picture, (4, 4))
    np.testing.assert_array_equal(ours.reshape(-1, 4, 4), theirs)
    np.testing.assert_allclose(averaged(ours, 4), picture)
    changed = rng.uniform(size=theirs.shape)
    expected = reconstruct_from_patches_2d(changed, picture.shape)
    np.testing.assert_allclose(averaged(changed.reshape(ours.shape), 4), expected)
