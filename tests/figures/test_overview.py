"""The default figure draws any model and any data: filters where there are some, pictures in colour, no picture of points."""

from pathlib import Path
from types import SimpleNamespace

import hydra
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.common import plotting
from experiments.engine import datasets
from experiments.engine.trial import execute
from experiments.figures.overview import _pictures
from jaxae.data import Data

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "train.epochs=1", "train.batch_size=4"]
CONVOLUTIONAL = ["model=convolutional", "model.channels=[16]", "model.decoder_padding=same"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def given(monkeypatch, shape, count=8):
    x = np.random.default_rng(0).uniform(size=(count, int(np.prod(shape)))).astype(np.float32)
    monkeypatch.setattr(datasets, "_load", lambda *_: Data(x, None, shape))


def drawn(overrides, directory):
    """The run, and the images of the figure in the order of its axes."""
    result = execute([*SMALL, *overrides], directory)
    return result.grids["run"], [ax.images[0].get_array() for ax in result.outcome.figure.axes if ax.images]


@pytest.mark.slow
def test_the_kernels_of_a_convolutional_encoder_are_its_filters(monkeypatch, tmp_path):
    given(monkeypatch, (8, 8))
    run, (filters, images) = drawn([*CONVOLUTIONAL, "figure.images=3"], tmp_path)
    assert run.filters().shape == (16, 3, 3)
    np.testing.assert_array_equal(run.filters()[5], run.params["encoder"][0]["weight"][0, :, :, 0, 5])
    assert filters.shape == (3 * 4 - 1, 6 * 4 - 1)  # 16 kernels in three rows
    assert images.shape == (2 * 9 - 1, 3 * 9 - 1)  # three examples above their reconstructions


def test_a_dense_filter_is_a_row_of_weights_as_a_picture(monkeypatch, tmp_path):
    given(monkeypatch, (4, 3))
    run, _ = drawn(["model.hidden=5"], tmp_path)
    weight = np.asarray(run.params["encoder"][0]["weight"][0])
    np.testing.assert_array_equal(run.filters()[2], weight[:, 2].reshape(4, 3))


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [["model.hidden=7"], CONVOLUTIONAL])
def test_colour_pictures_are_drawn_in_colour(overrides, monkeypatch, tmp_path):
    given(monkeypatch, (8, 8, 3))
    run, (filters, images) = drawn([*overrides, "figure.images=2"], tmp_path)
    assert run.filters().shape[-1] == filters.shape[-1] == images.shape[-1] == 3
    assert images.shape == (2 * 9 - 1, 2 * 9 - 1, 3)
    assert filters.min() >= 0 and filters.max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1,), (2,), (3, 4, 2)])
def test_points_have_curves_alone(shape, monkeypatch, tmp_path):
    given(monkeypatch, shape)
    _, images = drawn(["model.hidden=2"], tmp_path)
    assert images == []


def test_an_encoder_without_layers_has_no_filters(monkeypatch, tmp_path):
    given(monkeypatch, (4, 3))
    run, _ = drawn(["model.hidden=5"], tmp_path)
    bare = SimpleNamespace(encoder=lambda params: jnp.tanh)
    assert run._replace(model=bare).filters() is None
    assert run._replace(train=run.train._replace(shape=(12,))).filters() is None


def test_more_is_asked_for_than_there_is(monkeypatch, tmp_path):
    given(monkeypatch, (4, 3))
    _, (filters, images) = drawn(["model.hidden=2", "figure.filters=1000", "figure.images=1000"], tmp_path)
    assert filters.shape == (2 * 5 - 1, 3) and images.shape == (2 * 5 - 1, 8 * 4 - 1)
    _, images = drawn(["model.hidden=2", "figure.runs=0"], tmp_path / "none")
    assert images == []


def test_a_coloured_mosaic_scales_the_colours_of_a_picture_together():
    images = np.random.default_rng(0).normal(size=(5, 4, 3, 3))
    _, ax = plt.subplots()
    _pictures(ax, images, 2, "colours")
    picture = ax.images[0].get_array()
    assert picture.shape == (3 * 5 - 1, 2 * 4 - 1, 3)
    span = np.abs(images[3]).max()
    np.testing.assert_allclose(picture[5:9, 4:7], 0.5 + 0.5 * images[3] / span)  # the fourth, in the second row
    np.testing.assert_array_equal(picture[4], 1)  # white between the rows
    np.testing.assert_array_equal(picture[:, 3], 1)
    grey = np.repeat(images[..., :1], 3, axis=-1)
    _pictures(ax, grey, 2, "grey")
    expected = np.nan_to_num(plotting.mosaic(grey[..., 0], 2), nan=1)
    np.testing.assert_allclose(ax.images[1].get_array()[..., 1], expected)
    plt.close(ax.figure)
    jax.clear_caches()
