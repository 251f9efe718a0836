"""Each measure against its definition in plain NumPy, and against filters whose value is known."""

import warnings

import numpy as np
import pytest
from scipy import ndimage

from jaxae.measures import codes as of_codes
from jaxae.measures import filters as measures
from jaxae.measures import spectra

MEASURES = [measures.effective_area, measures.orientation, measures.correlation_area, measures.elongation]


@pytest.fixture
def filters():
    """Smooth random images, no two alike: [units, height, width]."""
    noise = np.random.default_rng(0).standard_normal((6, 9, 9))
    return ndimage.gaussian_filter(noise, (0, 1.8, 0.9)).astype(np.float32)


def grating(size, frequency, theta, phase=0.3):
    y, x = np.mgrid[:size, :size]
    return np.cos(2 * np.pi * frequency * (np.cos(theta) * x + np.sin(theta) * y) + phase)


def gaussian(size, x0, y0, sigma_x, sigma_y=None):
    y, x = np.mgrid[:size, :size]
    sigma_y = sigma_x if sigma_y is None else sigma_y
    return np.exp(-((x - x0) ** 2) / (2 * sigma_x**2) - (y - y0) ** 2 / (2 * sigma_y**2))


def test_effective_rank_is_the_exponential_of_the_entropy():
    s = np.random.default_rng(1).uniform(0, 2, (3, 4, 5)).astype(np.float32)
    expected = np.zeros((3, 4))
    for index in np.ndindex(3, 4):
        p = s[index] / s[index].sum()
        expected[index] = np.exp(-sum(q * np.log(q) for q in p))
    np.testing.assert_allclose(spectra.effective_rank(s), expected, rtol=1e-5)


def test_effective_rank_identities():
    np.testing.assert_allclose(spectra.effective_rank(np.full(7, 0.2)), 7, rtol=1e-6)
    np.testing.assert_allclose(spectra.effective_rank(np.array([0, 3.0, 0, 0])), 1, rtol=1e-6)
    np.testing.assert_allclose(spectra.effective_rank(np.array([2.0, 2, 2, 0, 0])), 3, rtol=1e-6)
    np.testing.assert_array_equal(spectra.effective_rank(np.zeros((2, 4))), 0)
    s = np.array([3.0, 1.0, 0.5])
    np.testing.assert_allclose(spectra.effective_rank(1e-6 * s), spectra.effective_rank(s), rtol=1e-5)
    assert np.isnan(spectra.effective_rank(np.array([1.0, np.nan])))


def test_saturation_counts_both_ends_and_not_the_limits():
    codes = np.array([[0.0, 0.04, 0.05, 0.5], [0.95, 0.96, 1.0, 0.9]], np.float32)
    assert of_codes.saturation(codes) == 4 / 8
    assert of_codes.saturation(codes, low=0.0, high=0.99) == 1 / 8
    assert of_codes.saturation(np.full((3, 2), 0.5)) == 0


def test_dead_units_are_zero_for_every_example():
    codes = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, -2.0, 0.0, 0.0]])
    assert of_codes.dead_units(codes) == 0.5
    assert of_codes.dead_units(np.zeros((3, 4))) == 1
    assert of_codes.dead_units(np.ones((3, 4))) == 0


def test_contrast_has_mean_zero_and_maximum_one(filters):
    w = np.asarray(measures.contrast(3 * filters + 2))
    np.testing.assert_allclose(w.mean((1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(np.abs(w).max((1, 2)), 1, rtol=1e-6)
    np.testing.assert_array_equal(measures.contrast(np.full((2, 5, 7), 0.1)), 0)


def test_effective_area_is_the_participation_ratio(filters):
    expected = [sum(w**2 for w in f.ravel()) ** 2 / (f.size * sum(w**4 for w in f.ravel())) for f in filters]
    np.testing.assert_allclose(measures.effective_area(filters), expected, rtol=1e-5)


def test_effective_area_of_a_pixel_a_flat_filter_and_noise():
    pixel = np.zeros((1, 5, 8))
    pixel[0, 1, 2] = -3
    np.testing.assert_allclose(measures.effective_area(pixel), 1 / 40, rtol=1e-6)
    np.testing.assert_allclose(measures.effective_area(np.full((1, 5, 8), 0.3)), 1, rtol=1e-6)
    noise = np.random.default_rng(2).standard_normal((1, 200, 200))
    np.testing.assert_allclose(measures.effective_area(noise), 1 / 3, atol=0.01)  # E[w^2]^2 / E[w^4] = 1/3 for a normal


def test_orientation_is_the_second_harmonic_of_the_power_spectrum():
    w = np.random.default_rng(3).standard_normal((4, 6))
    w -= w.mean()
    total, vector = 0.0, 0.0
    for i in range(-6, 7):  # the grid of 13 = 2 * 6 + 1 frequencies
        for j in range(-6, 7):
            if (i, j) != (0, 0):
                wave = sum(w[y, x] * np.exp(-2j * np.pi * (i * y + j * x) / 13) for y in range(4) for x in range(6))
                total += abs(wave) ** 2
                vector += abs(wave) ** 2 * np.exp(2j * np.arctan2(i, j))
    np.testing.assert_allclose(measures.orientation(w[None]), abs(vector) / total, rtol=1e-4)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_orientation_is_the_same_after_quarter_turns(filters, turns):
    turned = np.rot90(filters, turns, axes=(1, 2))
    np.testing.assert_allclose(measures.orientation(turned), measures.orientation(filters), atol=1e-4)


def test_orientation_of_isotropic_filters_is_small():
    pixel = np.zeros((12, 12))
    pixel[4, 9] = 1
    blobs = [gaussian(12, 5.3, 6.2, s) for s in (0.6, 1, 1.5, 2)]
    rings = [gaussian(12, 5.5, 5.5, 1) - 0.25 * gaussian(12, 5.5, 5.5, 2)]
    np.testing.assert_allclose(measures.orientation(np.stack([pixel, *blobs, *rings])), 0, atol=0.05)


@pytest.mark.parametrize("theta", np.linspace(0, np.pi, 7)[:-1])
def test_orientation_of_a_grating_is_near_one(theta):
    assert measures.orientation(grating(28, 0.25, theta)[None])[0] > 0.9


def test_orientation_of_gaussians_and_their_derivative():
    size, c = 61, 30
    for ratio in (1.5, 2, 3):  # power ~ a Gaussian with axes 1 : ratio, whose mean of cos(2 theta) is (r - 1) / (r + 1)
        long = gaussian(size, c, c, 1, ratio)
        np.testing.assert_allclose(measures.orientation(long[None])[0], (ratio - 1) / (ratio + 1), atol=0.02)
    derivative = gaussian(size, c, c, 3) * (
        np.arange(size) - c
    )  # power ~ cos(theta)^2, whose mean of cos(2 theta) is 1/2
    np.testing.assert_allclose(measures.orientation(derivative[None])[0], 0.5, atol=0.01)


def test_orientation_of_white_noise_is_small_and_less_for_more_pixels():
    rng = np.random.default_rng(4)
    small, large = (np.mean(measures.orientation(rng.standard_normal((100, n, n)))) for n in (12, 28))
    assert large < small < 0.15


def test_correlation_area_is_the_region_above_half_of_the_peak(filters):
    expected = []
    for w in filters - filters.mean((1, 2), keepdims=True):
        half = sum(v**2 for v in w.ravel()) / 2
        seen, waiting = set(), [(0, 0)]
        while waiting:
            dy, dx = waiting.pop()
            pairs = [
                (w[y, x], w[y + dy, x + dx]) for y in range(9) for x in range(9) if 0 <= y + dy < 9 and 0 <= x + dx < 9
            ]
            if (dy, dx) not in seen and sum(a * b for a, b in pairs) >= half - 1e-5:
                seen.add((dy, dx))
                waiting += [(dy + 1, dx), (dy - 1, dx), (dy, dx + 1), (dy, dx - 1)]
        expected.append(len(seen))
    assert max(expected) > 3
    np.testing.assert_array_equal(measures.correlation_area(filters), expected)


def test_correlation_area_grows_with_the_blur_of_noise():
    noise = np.random.default_rng(5).standard_normal((20, 64, 64))
    np.testing.assert_array_equal(measures.correlation_area(noise), 1)
    sigmas = (0.8, 1.2, 1.6, 2.0)
    areas = [np.mean(measures.correlation_area(ndimage.gaussian_filter(noise, (0, s, s)))) for s in sigmas]
    assert 1 < areas[0] < areas[1] < areas[2] < areas[3]
    # The autocorrelation is a Gaussian of sqrt(2) sigma: its half-height disc has the area pi * 4 sigma^2 ln 2.
    np.testing.assert_allclose(areas[2], np.pi * 4 * 1.6**2 * np.log(2), rtol=0.15)


def test_correlation_area_counts_only_the_region_around_the_centre():
    stripes = grating(24, 0.25, 0.0)  # the autocorrelation is high again 4 pixels away
    one = measures.correlation_area(stripes[None])[0]
    assert one < 24 * 3 + 1


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("factor", [-1.0, 1e-12, 1e12])
def test_scale_and_sign_do_not_matter(measure, factor, filters):
    np.testing.assert_allclose(measure(factor * filters), measure(filters), rtol=1e-4)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_filter_of_zeros_has_zero_without_a_warning(measure, filters):
    filters[2] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = np.asarray(measure(filters))
    assert values.shape == (6,)
    assert values.dtype == np.float32
    assert values[2] == 0
    assert np.all(values[[0, 1, 3, 4, 5]] > 0)


@pytest.mark.parametrize("measure", [measures.orientation, measures.correlation_area])
def test_a_flat_filter_has_no_contrast(measure):
    np.testing.assert_array_equal(measure(np.full((1, 11, 13), 0.1)), 0)


@pytest.mark.parametrize("measure", [*MEASURES, measures.contrast])
def test_another_number_of_axes_is_named(measure):
    with pytest.raises(ValueError, match=r"filters has the shape \(4, 9\): it must be \[units, height, width\]"):
        measure(np.zeros((4, 9)))


def test_words_follow_the_thresholds():
    explained, oriented = [0.49, 0.5, 0.9, 0.9, np.nan], [0.9, 0.25, 0.24, 0.9, 0.9]
    words = ["noise", "edge", "blob", "edge", "noise"]
    assert measures.kind_of_filters(explained, oriented).tolist() == words
    assert measures.kind_of_filters([0.6], [0.4], least_oriented=0.5).tolist() == ["blob"]
    assert measures.kind_of_filters([0.6], [0.4], least_explained=0.7).tolist() == ["noise"]


def test_elongation_is_how_many_times_as_long_as_wide_a_gaussian_is():
    rows, columns = np.mgrid[-20:21, -20:21]
    turned = (rows + columns) / np.sqrt(2), (rows - columns) / np.sqrt(2)
    gaussians = [
        np.exp(-(u**2) / (2 * (ratio * 2.0) ** 2) - v**2 / (2 * 2.0**2))
        for ratio in (1.0, 2.0, 3.0)
        for u, v in ((rows, columns), turned)
    ]
    np.testing.assert_allclose(measures.elongation(np.array(gaussians)), [1, 1, 2, 2, 3, 3], rtol=0.12)
    flat, dot = np.ones((1, 9, 9)), np.zeros((1, 9, 9))
    dot[0, 4, 4] = 1
    np.testing.assert_allclose(measures.elongation(np.concatenate([flat, dot])), [0, 1], atol=1e-6)
