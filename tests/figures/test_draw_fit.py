"""The overview of a fit from Python is that of a run."""

import matplotlib.pyplot as plt
import numpy as np
import optax
import pytest

from experiments.figures.overview import draw_fit
from jaxae import losses, training
from jaxae.data import from_arrays
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe

RECIPE = Recipe(configure(losses.squared_error), configure(optax.adam, learning_rate=1e-3))
TRAIN, TEST = from_arrays(
    np.random.default_rng(0).integers(0, 256, (60, 6, 6), dtype=np.uint8), test=0.2, seed=0, scaling="unit"
)
MODEL = Dense(36, 4)


def test_one_run_is_drawn_with_its_curve_and_pictures():
    result = training.fit(MODEL, RECIPE, TRAIN.x, epochs=3, batch_size=10, x_test=TEST.x)
    figure = draw_fit(MODEL, RECIPE, result, TRAIN, TEST)
    np.testing.assert_allclose(figure.axes[0].get_lines()[0].get_ydata(), result.curve["test_error"])
    assert [ax.get_title().split()[0] for ax in figure.axes[1:]] == ["filters", "test"]
    plt.close(figure)


def test_a_fit_without_test_errors_is_refused():
    result = training.fit(MODEL, RECIPE, TRAIN.x, epochs=1, batch_size=10)
    with pytest.raises(ValueError, match="the fit has no test_error: train it with x_test"):
        draw_fit(MODEL, RECIPE, result, TRAIN, TEST)
