"""Rows of images with their names."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting


def test_tiles_lie_side_by_side_with_gaps_below_and_right():
    images = np.random.default_rng(0).uniform(size=(2, 3, 4, 5))
    _, ax = plt.subplots()
    plotting.tiles(ax, plotting.gaps(images))
    picture = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert picture.shape == (2 * 5, 3 * 6)
    np.testing.assert_array_equal(picture[5:9, 12:17], images[1, 2])
    assert np.isnan(picture[4]).all() and np.isnan(picture[:, 5]).all()
    assert ax.images[0].get_clim() == (0, 1)
    plotting.name_rows(ax, ["first", "second"], 5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    np.testing.assert_array_equal(ax.get_yticks(), [2.5, 7.5])
    assert not len(ax.get_xticks())
    plt.close(ax.figure)


def test_tiles_in_colours_are_those_of_each_colour_with_white_gaps():
    images = np.random.default_rng(0).uniform(size=(2, 3, 4, 5, 3))
    _, ax = plt.subplots()
    plotting.tiles(ax, plotting.gaps(images, colours=True))
    picture = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert picture.shape == (2 * 5, 3 * 6, 3)
    np.testing.assert_array_equal(picture[5:9, 12:17], images[1, 2])
    assert np.all(picture[4] == 1) and np.all(picture[:, 5] == 1)
    plt.close(ax.figure)
