"""What holds for every input: properties of the pure functions and of the checks of a configuration."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.engine.checks import SIZES, ConfigurationError, check_number, check_size
from jaxae import codes, corruptions, losses, penalties
from jaxae.models import ACTIVATIONS, Layer, Layers
from jaxae.ranges import NUMBERS

settings.register_profile("jaxae", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("jaxae")

SHAPE = (3, 8)  # one shape, so that every property compiles once
FLOATS = st.floats(-1e3, 1e3, width=32, allow_subnormal=False)  # XLA takes subnormal numbers as 0
BATCHES = arrays(np.float32, SHAPE, elements=FLOATS)
IMAGES = arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32, allow_subnormal=False))
RATES = st.floats(0, 1, width=32, allow_subnormal=False)

KEPT = {
    "top_k": jax.jit(lambda z, k: codes.top_k(z, k=k)),
    "absolute": jax.jit(lambda z, k: codes.top_k_absolute(z, k=k)),
}
SOFT = jax.jit(lambda z, t: codes.soft_threshold(z, threshold=t))
NOISY = {
    "masking": jax.jit(lambda key, x, rate: corruptions.masking(key, x, rate=rate)),
    "salt_and_pepper": jax.jit(lambda key, x, rate: corruptions.salt_and_pepper(key, x, rate=rate)),
}
ERRORS = {
    "squared": jax.jit(losses.squared_error),
    "entropy": jax.jit(losses.binary_cross_entropy),
}


@given(z=BATCHES, k=st.integers(0, 8), kind=st.sampled_from(sorted(KEPT)))
def test_k_units_are_kept_as_they_are_and_none_left_out_is_larger(z, k, kind):
    kept = np.asarray(KEPT[kind](z, float(k)))
    size = np.abs(z) if kind == "absolute" else z
    for before, after, value in zip(z, kept, size, strict=True):
        chosen = np.argsort(-value, kind="stable")[:k]
        expected = np.zeros_like(before)
        expected[chosen] = before[chosen]
        np.testing.assert_array_equal(after, expected)


@given(z=BATCHES, k=st.integers(1, 8))
def test_keeping_twice_by_magnitude_is_keeping_once(z, k):
    once = KEPT["absolute"](z, float(k))
    np.testing.assert_array_equal(KEPT["absolute"](once, float(k)), once)


@given(z=BATCHES, other=BATCHES, threshold=st.floats(0, 100, width=32, allow_subnormal=False))
def test_soft_threshold_shrinks_and_never_moves_two_codes_apart(z, other, threshold):
    a, b = np.asarray(SOFT(z, threshold)), np.asarray(SOFT(other, threshold))
    assert np.all(np.abs(a) <= np.abs(z)) and np.all(a * z >= 0)
    assert np.all(np.abs(a - b) <= np.abs(z - other) * (1 + 1e-5) + 2e-4)  # rounding of 1e3 in float32


@given(x=IMAGES, rate=RATES, seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(sorted(NOISY)))
def test_noise_leaves_a_pixel_or_puts_its_own_values_there(x, rate, seed, kind):
    key = jax.random.key(seed)
    noisy = np.asarray(NOISY[kind](key, x, rate))
    allowed = (noisy == x) | (noisy == 0) | ((noisy == 1) if kind == "salt_and_pepper" else False)
    assert allowed.all()
    np.testing.assert_array_equal(NOISY[kind](key, x, rate), noisy)  # the key is all the chance there is
    if rate == 0:
        np.testing.assert_array_equal(noisy, x)


@given(prediction=BATCHES, target=IMAGES)
def test_errors_are_finite_and_least_at_the_target(prediction, target):
    squared, entropy = (np.asarray(error(prediction, target)) for error in ERRORS.values())
    assert np.all(np.isfinite(squared)) and np.all(squared >= 0)
    np.testing.assert_array_equal(ERRORS["squared"](target, target), 0)
    assert np.all(np.isfinite(entropy))
    # The entropy of the pixels is the least cross-entropy (Gibbs).
    t = np.clip(target.astype(np.float64), 1e-300, None)
    u = np.clip(1 - target.astype(np.float64), 1e-300, None)
    least = -np.sum(np.where(target > 0, target * np.log(t), 0) + np.where(target < 1, (1 - target) * np.log(u), 0), -1)
    assert np.all(entropy >= least - 1e-4 * (1 + np.abs(entropy)))


def encoder(weight, bias):
    return Layers((Layer(jnp.asarray(weight), jnp.asarray(bias), ACTIVATIONS["sigmoid"]),))


EXACT = jax.jit(lambda weight, bias, x: penalties.contractive_exact(encoder(weight, bias), x))
DEFINITION = jax.jit(lambda weight, bias, x: penalties.contractive(encoder(weight, bias), x))
MODERATE = st.floats(-3, 3, width=32, allow_subnormal=False)


@given(
    weight=arrays(np.float32, (8, 5), elements=MODERATE),
    bias=arrays(np.float32, 5, elements=MODERATE),
    x=IMAGES,
)
def test_the_exact_penalty_is_the_definition_and_never_negative(weight, bias, x):
    exact = np.asarray(EXACT(weight, bias, x))
    assert np.all(exact >= 0)
    np.testing.assert_allclose(exact, DEFINITION(weight, bias, x), rtol=1e-4, atol=1e-6)


NOT_NUMBERS = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, None, True, False, "", "a", {}, [[]], [], [None]]),
    st.text(max_size=5),
)


@given(key=st.sampled_from(sorted(NUMBERS)), value=st.one_of(NOT_NUMBERS, st.lists(NOT_NUMBERS, max_size=2)))
def test_what_is_no_finite_number_is_refused_by_the_name_of_its_key(key, value):
    with pytest.raises(ConfigurationError) as refusal:
        check_number(key, value)
    assert str(refusal.value).startswith(key) and str(refusal.value).count(". ") == 0  # one sentence


@given(key=st.sampled_from(sorted(NUMBERS)), value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_taken_in_its_range_and_refused_outside(key, value):
    low, high, whole, closed = NUMBERS[key]
    inside = (low <= value <= high if closed else low < value < high) and (not whole or value == int(value))
    if inside:
        check_number(key, value)
        check_number(key, [value, value])
    else:
        with pytest.raises(ConfigurationError, match=key):
            check_number(key, value)
        with pytest.raises(ConfigurationError, match=key):
            check_number(key, [low if math.isfinite(low) else 1, value])


@given(
    key=st.sampled_from(sorted(SIZES.keys() - {"train.checkpoint_share"})),
    value=st.one_of(st.integers(-5, 10**12), st.floats(), st.text(max_size=4), st.none()),
)
def test_a_size_is_one_whole_number(key, value):
    assume(not (key == "train.parallel_runs" and value == "auto"))
    if isinstance(value, int) and not isinstance(value, bool) and value >= SIZES[key]:
        check_size(key, value)
    else:
        with pytest.raises(ConfigurationError, match=key):
            check_size(key, value)
