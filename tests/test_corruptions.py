import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxae import corruptions

SHAPE = (200, 500)
N = 100_000


def pixels(shape=SHAPE, seed=0):
    """Values strictly between 0 and 1, so that what a corruption writes cannot be mistaken for what it read."""
    return jnp.asarray(np.random.default_rng(seed).uniform(0.1, 0.9, shape).astype(np.float32))


LEVELS = {  # each corruption as a function of its one number
    "gaussian": lambda key, x, level: corruptions.gaussian(key, x, std=level),
    "masking": lambda key, x, level: corruptions.masking(key, x, rate=level),
    "salt_and_pepper": lambda key, x, level: corruptions.salt_and_pepper(key, x, rate=level),
    "clean": lambda key, x, level: corruptions.clean(key, x),
}
NOISY = ["gaussian", "masking", "salt_and_pepper"]


def binomial_bounds(n, p, sigmas=4):
    return n * p - sigmas * np.sqrt(n * p * (1 - p)), n * p + sigmas * np.sqrt(n * p * (1 - p))


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("shape", [(3, 7), (3, 4, 5, 2)])
def test_shape_and_dtype_are_kept(name, shape):
    x = pixels(shape)
    corrupted = LEVELS[name](jax.random.key(0), x, 0.4)
    assert corrupted.shape == x.shape
    assert corrupted.dtype == x.dtype


@pytest.mark.parametrize("name", LEVELS)
def test_level_0_is_the_identity(name):
    np.testing.assert_array_equal(LEVELS[name](jax.random.key(1), pixels(), 0.0), pixels())


def test_clean_is_the_identity():
    np.testing.assert_array_equal(corruptions.clean(jax.random.key(1), pixels()), pixels())


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_masking_sets_a_binomial_number_of_features_to_0_and_leaves_the_others(rate):
    x = np.asarray(pixels())
    masked = np.asarray(corruptions.masking(jax.random.key(2), x, rate=rate))
    low, high = binomial_bounds(N, rate)
    assert low <= np.sum(masked == 0) <= high
    np.testing.assert_array_equal(masked[masked != 0].view(np.int32), x[masked != 0].view(np.int32))


@pytest.mark.parametrize("name", ["masking", "salt_and_pepper"])
def test_every_feature_of_every_example_has_its_own_coin(name):
    # One mask for all examples, or for all features, would put whole columns or rows beyond any binomial bound.
    changed = np.asarray(LEVELS[name](jax.random.key(3), pixels(), 0.5) != pixels())
    for axis, n in ((0, SHAPE[0]), (1, SHAPE[1])):
        low, high = binomial_bounds(n, 0.5, sigmas=5)  # 700 counts: one in 2 million lies beyond 5 sigma
        counts = changed.sum(axis=axis)
        assert low <= counts.min() <= counts.max() <= high


def test_masking_everything_leaves_only_zeros():
    assert not np.any(corruptions.masking(jax.random.key(4), pixels(), rate=1.0))


@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_salt_and_pepper_are_each_half_of_what_is_changed(rate):
    x = np.asarray(pixels())
    noisy = np.asarray(corruptions.salt_and_pepper(jax.random.key(5), x, rate=rate))
    low, high = binomial_bounds(N, rate / 2)
    assert low <= np.sum(noisy == 0) <= high
    assert low <= np.sum(noisy == 1) <= high
    kept = (noisy != 0) & (noisy != 1)
    low, high = binomial_bounds(N, 1 - rate)
    assert low <= np.sum(kept) <= high
    np.testing.assert_array_equal(noisy[kept].view(np.int32), x[kept].view(np.int32))


def test_salt_and_pepper_of_a_loop_over_the_features():
    key, x = jax.random.key(12), pixels((6, 30))
    rate, low, high = 0.6, -3.5, 4.25
    expected = np.array(x)
    for place, draw in np.ndenumerate(np.asarray(jax.random.uniform(key, x.shape))):
        if draw < rate:
            expected[place] = low if draw < rate / 2 else high
    np.testing.assert_array_equal(corruptions.salt_and_pepper(key, x, rate=rate, low=low, high=high), expected)
    assert {low, high} < set(expected.ravel())


def test_the_extremes_of_salt_and_pepper_are_traced():
    x = pixels((4, 50))
    noisy = jax.jit(corruptions.salt_and_pepper)
    for low, high in ((-1.0, 1.0), (-7.0, 0.5)):
        assert set(np.ravel(noisy(jax.random.key(13), x, rate=1.0, low=low, high=high))) == {low, high}
    assert noisy._cache_size() == 1


@pytest.mark.parametrize("std", [0.1, 2.0])
def test_gaussian_noise_has_the_moments_of_a_normal_distribution(std):
    x = np.asarray(pixels(), np.float64)
    noise = (np.asarray(corruptions.gaussian(jax.random.key(6), pixels(), std=std), np.float64) - x) / std
    # Standard errors of the mean, variance, skewness and kurtosis of N normal numbers; float32 adds 1e-6 at std 0.1.
    assert abs(noise.mean()) < 4 * np.sqrt(1 / N)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / N)
    assert abs(scipy.stats.skew(noise, axis=None)) < 4 * np.sqrt(6 / N)
    assert abs(scipy.stats.kurtosis(noise, axis=None)) < 4 * np.sqrt(24 / N)


def test_gaussian_noise_is_independent_between_examples_and_features():
    noise = np.asarray(corruptions.gaussian(jax.random.key(7), pixels(), std=1.0) - pixels(), np.float64)
    for a, b in ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1])):
        assert abs(np.mean(a * b)) < 4 / np.sqrt(a.size)


def test_gaussian_noise_is_not_clipped_to_the_range_of_the_data():
    noisy = np.asarray(corruptions.gaussian(jax.random.key(8), pixels(), std=0.5))
    # x + 0.5 n < 0 where n < -2 x; its probability is the mean of Phi(-2 x) over x.
    for outside, distance in ((noisy < 0, pixels()), (noisy > 1, 1 - pixels())):
        p = scipy.stats.norm.cdf(-2 * np.asarray(distance, np.float64)).mean()
        low, high = binomial_bounds(N, p)
        assert low <= np.sum(outside) <= high


@pytest.mark.parametrize("name", NOISY)
def test_the_same_key_repeats_and_another_key_differs(name):
    first, again, other = (LEVELS[name](jax.random.key(seed), pixels((4, 50)), 0.5) for seed in (9, 9, 10))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


@pytest.mark.parametrize("name", NOISY)
def test_the_number_is_traced_so_that_all_levels_compile_once(name):
    traces = 0

    @jax.jit
    def corrupt(key, x, level):
        nonlocal traces
        traces += 1
        return LEVELS[name](key, x, level)

    x = pixels((4, 50))
    for level in (0.0, 0.1, 0.7, 1.0):
        expected = LEVELS[name](jax.random.key(11), x, level)
        # XLA may fuse the multiplication and the addition of the Gaussian: one rounding less.
        np.testing.assert_allclose(corrupt(jax.random.key(11), x, level), expected, rtol=1e-6, atol=1e-6)
    assert traces == 1
