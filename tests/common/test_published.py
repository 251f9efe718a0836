"""The published values agree with each other where one follows from the other."""

import numpy as np
import pytest

from experiments.common import published


@pytest.mark.parametrize("data", published.JACOBIAN)
def test_table_1_of_rifai_et_al_has_the_models_of_figure_1_and_their_contraction_at_0(data):
    # The mean squared ratio at radius 0 is ||J||_F^2 / d_x, 1000 units times the mean squared entry.
    entries, curves = published.JACOBIAN[data], published.CONTRACTION[data]
    assert set(entries) == set(curves) == set(published.TEST_ERROR[data])
    for model, (entry, saturated) in entries.items():
        assert 0 < saturated < 1
        assert len(curves[model]) == len(published.CONTRACTION_RADII[data])
        np.testing.assert_allclose(np.sqrt(1000 * entry), curves[model][0], rtol=0.05, err_msg=model)


@pytest.mark.parametrize("data", published.TEST_ERROR)
def test_the_contractive_autoencoder_has_the_least_published_error(data):
    errors = published.TEST_ERROR[data]
    assert min(errors, key=errors.get) == "CAE" and max(errors, key=errors.get) == "AE"
