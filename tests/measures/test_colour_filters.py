"""Colour filters: the best colour and map against a search, kinds of synthetic filters whose kind is known."""

import numpy as np
import pytest

from jaxae.measures.colour_filters import colour_filters, common_share

SIZE, COUNT = 8, 32
GREY, RED_GREEN, BLUE_YELLOW = (1, 1, 1), (1, -1, 0), (-1, -1, 2)


def unit(images):
    return images / np.sqrt(np.square(images).sum(axis=(1, 2, 3), keepdims=True))


def in_colour(rng, maps, colour, noise=0.1):
    """Maps [n, height, width] in one colour, with noise of its share of the energy."""
    signal = unit(maps[..., None] * np.array(colour, float))
    return np.sqrt(1 - noise) * signal + np.sqrt(noise) * unit(rng.standard_normal(signal.shape))


def gabors(rng, count, frequency):
    y, x = np.mgrid[:SIZE, :SIZE]
    column = [
        rng.uniform(low, high, count)[:, None, None] for low, high in ((2.5, 4.5), (2.5, 4.5), (0, np.pi), (0, 6))
    ]
    x0, y0, theta, phase = column
    u = np.cos(theta) * (x - x0) + np.sin(theta) * (y - y0)
    v = np.cos(theta) * (y - y0) - np.sin(theta) * (x - x0)
    return np.exp(-(u**2 + v**2 / 2) / (2 * 1.6**2)) * np.cos(2 * np.pi * frequency * u + phase)


def spots(rng, count):
    y, x = np.mgrid[:SIZE, :SIZE]
    x0, y0 = (rng.uniform(2.5, 4.5, count)[:, None, None] for _ in range(2))
    return np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * rng.uniform(0.8, 2, count)[:, None, None] ** 2))


def whitened_noise(rng, count):
    """Gaussian noise with the spectrum d / (d + 0.1) that whitening leaves of pictures with d = 1 / (16 f^2)."""
    f = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE))
    amplitude = np.sqrt(1 / (1 + 0.1 * 16 * SIZE**2 * f**2))
    noise = np.fft.fft2(rng.standard_normal((count, SIZE, SIZE, 3)), axes=(1, 2))
    return np.fft.ifft2(noise * amplitude[..., None], axes=(1, 2)).real


@pytest.mark.parametrize("colour", [GREY, RED_GREEN, BLUE_YELLOW])
def test_gabors_are_edges_and_spots_blobs_in_any_colour(colour):
    rng = np.random.default_rng(0)
    edges, blobs = (in_colour(rng, maps, colour) for maps in (gabors(rng, COUNT, 0.25), spots(rng, COUNT)))
    assert np.mean(colour_filters(edges).kind == "edge") > 0.95
    assert np.mean(colour_filters(blobs).kind == "blob") > 0.95
    for bank in (edges, blobs):
        found = colour_filters(bank).colour @ np.array(colour) / np.linalg.norm(colour)
        assert np.min(np.abs(found)) > 0.9


def test_noise_is_noise_white_or_whitened():
    rng = np.random.default_rng(1)
    for bank in (rng.standard_normal((COUNT, SIZE, SIZE, 3)), whitened_noise(rng, COUNT)):
        assert np.mean(colour_filters(bank).kind == "noise") > 0.95


def test_of_two_crossing_edges_in_two_colours_one_is_explained():
    wave = np.sin(2 * np.pi * 2 * np.arange(SIZE) / SIZE)
    across, down = np.broadcast_to(wave, (1, SIZE, SIZE)), np.broadcast_to(wave[:, None], (1, SIZE, SIZE))
    bank = 1.1 * unit(across[..., None] * np.array(RED_GREEN)) + unit(down[..., None] * np.array(BLUE_YELLOW))
    found = colour_filters(bank)
    np.testing.assert_allclose(np.abs(found.colour[0]), np.abs(RED_GREEN) / np.sqrt(2), atol=1e-9)
    assert 0.5 < found.explained[0] <= 1.21 / 2.21 + 1e-6


def test_a_uniform_colour_is_a_blob_that_is_explained_whole():
    found = colour_filters(np.broadcast_to(np.array([0.2, -0.7, 0.1]), (2, SIZE, SIZE, 3)))
    np.testing.assert_allclose(found.explained, 1, atol=1e-6)
    assert set(found.kind) == {"blob"}
    np.testing.assert_allclose(found.colour, np.array([[-0.2, 0.7, -0.1]] * 2) / np.sqrt(0.54), atol=1e-9)


def test_no_other_colour_leaves_less():
    rng = np.random.default_rng(3)
    bank = rng.standard_normal((4, 5, 5, 3))
    found = colour_filters(bank)
    for filters, best in zip(bank, found.colour, strict=True):
        others = rng.standard_normal((2000, 3))
        others /= np.linalg.norm(others, axis=1, keepdims=True)
        kept = [np.square(filters @ colour).sum() for colour in (best, *others)]
        assert np.argmax(kept) == 0 and max(kept[1:]) > 0.99 * kept[0]


def test_a_filter_of_zeros_explains_nothing():
    found = colour_filters(np.zeros((1, SIZE, SIZE, 3)))
    assert found.explained == [0] and found.kind == ["noise"]
    assert common_share(np.zeros((1, SIZE, SIZE, 3))) == [0]


def test_the_common_share_of_grey_independent_and_cancelling_colours():
    rng = np.random.default_rng(4)
    maps = rng.standard_normal((2, SIZE, SIZE, 1))
    np.testing.assert_allclose(common_share(maps * np.ones(3)), 1)
    np.testing.assert_allclose(common_share(maps * np.array(BLUE_YELLOW)), 0, atol=1e-12)
    assert abs(common_share(rng.standard_normal((1, 100, 100, 3)))[0] - 1 / 3) < 0.02
