"""gabor_fit against synthetic Gabors with known parameters, plain least squares, and what no Gabor explains."""

import jax
import numpy as np
import pytest

from jaxae.measures.filters import kind_of_filters, orientation
from jaxae.measures.gabor import gabor_fit

SIZE = 12


def gabor(x0, y0, sigma_u, sigma_v, theta, frequency, phase, shape=(SIZE, SIZE)):
    """The definition, one pixel after another."""
    image = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            u = np.cos(theta) * (x - x0) + np.sin(theta) * (y - y0)
            v = -np.sin(theta) * (x - x0) + np.cos(theta) * (y - y0)
            envelope = np.exp(-(u**2) / (2 * sigma_u**2) - v**2 / (2 * sigma_v**2))
            image[y, x] = envelope * np.cos(2 * np.pi * frequency * u + phase)
    return image


def random_gabors(rng, count):
    """Parameters like those of simple cells: frequency * sigma_u in 0.3 .. 0.6, sigma_v / sigma_u in 1 .. 2."""
    frequency = rng.uniform(0.1, 0.25, count)
    sigma_u = rng.uniform(0.3, 0.6, count) / frequency
    centre = rng.uniform(3, 8, (2, count))
    theta, phase = rng.uniform(0, np.pi, count), rng.uniform(0, 2 * np.pi, count)
    return np.stack([*centre, sigma_u, sigma_u * rng.uniform(1, 2, count), theta, frequency, phase], axis=1)


def with_noise(rng, images, fraction):
    """The images without their means plus white noise that has `fraction` of the energy."""
    noise = rng.standard_normal(images.shape)
    signal, noise = (a - a.mean((1, 2), keepdims=True) for a in (images, noise))
    signal, noise = (a / np.linalg.norm(a, axis=(1, 2), keepdims=True) for a in (signal, noise))
    return np.sqrt(1 - fraction) * signal + np.sqrt(fraction) * noise


def angle_between(a, b):
    """Between undirected lines, in 0 .. pi/2."""
    return np.abs(np.angle(np.exp(2j * (np.asarray(a) - b)))) / 2


@pytest.mark.slow
def test_recovers_every_parameter_of_a_gabor():
    truth = random_gabors(np.random.default_rng(0), 16)
    explained, fitted = gabor_fit(np.stack([gabor(*row) for row in truth]))
    assert explained.shape == (16,)
    assert np.min(explained) > 0.999
    assert set(fitted) == {"x0", "y0", "sigma_u", "sigma_v", "theta", "frequency"}
    for i, name in enumerate(["x0", "y0", "sigma_u", "sigma_v"]):
        np.testing.assert_allclose(fitted[name], truth[:, i], atol=0.02)
    np.testing.assert_allclose(fitted["frequency"], truth[:, 5], atol=1e-3)
    assert np.max(angle_between(fitted["theta"], truth[:, 4])) < 0.01


@pytest.mark.slow
def test_x_is_the_column_and_y_the_row():
    shape = (9, 14)
    truth = [10.0, 3.0, 1.8, 2.5, 0.6, 0.2, 0.4]
    (explained,), fitted = gabor_fit(gabor(*truth, shape=shape)[None])
    assert explained > 0.999
    found = [fitted[name][0] for name in ("x0", "y0", "sigma_u", "sigma_v", "theta", "frequency")]
    np.testing.assert_allclose(found, truth[:6], atol=0.02)


def test_explains_what_the_least_squares_at_its_parameters_explains():
    rng = np.random.default_rng(1)
    images = with_noise(rng, np.stack([gabor(*row) for row in random_gabors(rng, 16)]), 0.3)
    explained, fitted = gabor_fit(images)
    for i, image in enumerate(images):
        p = [float(fitted[name][i]) for name in ("x0", "y0", "sigma_u", "sigma_v", "theta", "frequency")]
        columns = [gabor(*p, 0.0).ravel(), gabor(*p, np.pi / 2).ravel(), np.ones(SIZE**2)]  # even, odd, mean
        residual = image.ravel() - np.stack(columns, 1) @ np.linalg.lstsq(np.stack(columns, 1), image.ravel())[0]
        total = np.sum((image - image.mean()) ** 2)
        np.testing.assert_allclose(explained[i], 1 - np.sum(residual**2) / total, atol=1e-3)


def test_finds_no_worse_a_fit_than_the_gabor_that_is_there():
    rng = np.random.default_rng(2)
    for fraction in (0.1, 0.3, 0.5):
        images = np.stack([gabor(*row) for row in random_gabors(rng, 16)])
        noisy = with_noise(rng, images, fraction)
        centred = images - images.mean((1, 2), keepdims=True)
        cosine = np.sum(noisy * centred, axis=(1, 2)) / np.linalg.norm(centred, axis=(1, 2))
        assert np.all(gabor_fit(noisy)[0] >= cosine**2 / np.sum(noisy**2, axis=(1, 2)) - 1e-4)


def test_a_round_gaussian_is_a_gabor_of_frequency_zero():
    images = np.stack([gabor(5.3, 6.1, s, s, 0.0, 0.0, 0.0) for s in (0.7, 1.0, 1.5, 2.0, 3.0)])
    explained, fitted = gabor_fit(images)
    assert np.min(explained) > 0.99
    np.testing.assert_allclose(fitted["x0"], 5.3, atol=0.1)
    np.testing.assert_allclose(fitted["y0"], 6.1, atol=0.1)


def test_the_derivative_of_a_gaussian_is_the_odd_limit_of_frequency_zero():
    y, x = np.mgrid[:SIZE, :SIZE] - 5.4
    (explained,), _ = gabor_fit(((x + 2 * y) * np.exp(-(x**2 + y**2) / 8))[None])
    assert explained > 0.99


@pytest.mark.parametrize("factor", [-1.0, 1e-6, 1e6, -1e-15])
def test_scale_and_sign_and_mean_do_not_matter(factor):
    rng = np.random.default_rng(3)
    images = with_noise(rng, np.stack([gabor(*row) for row in random_gabors(rng, 16)]), 0.2)
    expected, parameters = gabor_fit(images)
    explained, scaled = gabor_fit(factor * (images + 0.5))
    np.testing.assert_allclose(explained, expected, atol=1e-3)
    np.testing.assert_allclose(scaled["frequency"], parameters["frequency"], atol=1e-2)


@pytest.mark.slow
def test_white_noise_is_not_explained():
    noise = np.random.default_rng(4).standard_normal((32, SIZE, SIZE))
    explained, _ = gabor_fit(noise)
    assert np.min(explained) > 0.05
    assert np.mean(explained) < 0.2  # 8 free numbers for 143: above 8 / 143, far below 1/2
    assert np.max(explained) < 0.4


def test_filters_without_contrast_have_zero_and_finite_parameters():
    explained, fitted = gabor_fit(
        np.stack([np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), 0.1), np.full((SIZE, SIZE), 1e4)])
    )
    np.testing.assert_array_equal(explained, 0)
    assert all(np.all(np.isfinite(values)) for values in fitted.values())


def test_parameters_stay_inside_their_bounds():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:SIZE, :SIZE]
    stripes = [(-1.0) ** x, np.cos(0.3 * x), x, (x + y) ** 2, x == 0, (x == 11) & (y == 0), x * 0 + (x == 5)]
    _, fitted = gabor_fit(np.concatenate([rng.standard_normal((9, SIZE, SIZE)), np.stack(stripes)]))
    bounds = {"x0": (-0.5, 11.5), "y0": (-0.5, 11.5), "sigma_u": (0.5, 12), "sigma_v": (0.5, 12)}
    bounds |= {"theta": (0, np.pi), "frequency": (0, 0.5)}
    for name, (low, high) in bounds.items():
        assert np.all((fitted[name] >= low - 1e-4) & (fitted[name] <= high + 1e-4)), name


def test_one_pixel_and_a_plane_wave_are_gabors():
    y, x = np.mgrid[:SIZE, :SIZE]
    pixel = np.exp(-2 * ((x - 7) ** 2 + (y - 4) ** 2))  # the narrowest envelope, half a pixel
    wave = np.cos(2 * np.pi * 0.22 * (0.8 * x + 0.6 * y) + 1)
    explained, fitted = gabor_fit(np.stack([pixel, wave]))
    assert explained[0] > 0.99
    assert explained[1] > 0.95  # the envelope may not be wider than the patch
    np.testing.assert_allclose(fitted["frequency"][1], 0.22, atol=0.01)
    assert angle_between(fitted["theta"][1], np.arctan2(0.6, 0.8)) < 0.05


def test_a_fit_does_not_depend_on_its_neighbours_nor_on_the_chunk_it_falls_in():
    rng = np.random.default_rng(6)
    images = with_noise(rng, np.stack([gabor(*row) for row in random_gabors(rng, 20)]), 0.1)
    explained, _ = gabor_fit(images)  # two chunks, the second one not full
    assert explained.shape == (20,)
    np.testing.assert_allclose(explained[18:], gabor_fit(images[18:])[0], atol=1e-4)
    np.testing.assert_allclose(explained[:3], gabor_fit(images[:3])[0], atol=1e-4)


def test_a_nan_filter_is_nan_and_leaves_the_others_alone():
    images = np.stack([gabor(*row) for row in random_gabors(np.random.default_rng(7), 3)])
    images[1, 2, 3] = np.nan
    explained, _ = gabor_fit(images)
    assert np.isnan(explained[1])
    assert np.min(explained[np.array([0, 2])]) > 0.99
    assert kind_of_filters(explained, orientation(images)).tolist() == ["edge", "noise", "edge"]


def test_words_for_synthetic_filters():
    rng = np.random.default_rng(8)
    count = 16
    sigmas = np.exp(rng.uniform(np.log(0.6), np.log(3), count))
    centres = rng.uniform(3, 8, (count, 2))
    gaussians = np.stack([gabor(*c, s, s, 0, 0, 0) for c, s in zip(centres, sigmas, strict=True)])
    surrounds = np.stack([gabor(*c, 1.6 * s, 1.6 * s, 0, 0, 0) / 2.56 for c, s in zip(centres, sigmas, strict=True)])
    edges = np.stack([gabor(*row) for row in random_gabors(rng, count)])
    noise = rng.standard_normal((count, SIZE, SIZE))
    for images, word in ((gaussians, "blob"), (gaussians - 0.8 * surrounds, "blob"), (edges, "edge"), (noise, "noise")):
        for fraction in (0.1, 0.2):
            noisy = with_noise(rng, images, fraction)
            assert set(kind_of_filters(gabor_fit(noisy)[0], orientation(noisy))) == {word}


@pytest.mark.parametrize("shape", [(12, 12), (144,), (2, 3, 12, 12)])
def test_another_number_of_axes_is_named(shape):
    with pytest.raises(ValueError, match=r"it must be \[units, height, width\]"):
        gabor_fit(np.zeros(shape))


def test_takes_and_gives_jax_arrays_in_float32():
    explained, fitted = gabor_fit(jax.numpy.ones((2, SIZE, SIZE)))
    assert all(isinstance(a, jax.Array) and a.dtype == np.float32 for a in (explained, *fitted.values()))
