import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxae import losses
from jaxae.functions import configure

LOSSES = {
    "squared_error": losses.squared_error,
    "binary_cross_entropy": losses.binary_cross_entropy,
    "gaussian_nll": lambda prediction, target: losses.gaussian_nll(prediction, target, std=0.3),
}


def pair(shape=(5, 12), seed=0):
    """A decoder output of both signs and pixels in [0, 1], the ends included."""
    rng = np.random.default_rng(seed)
    output = rng.normal(0, 3, shape).astype(np.float32)
    target = rng.uniform(size=shape).astype(np.float32)
    target.flat[:4] = [0.0, 1.0, 0.0, 1.0]
    return output, target


def loop(term, output, target):
    """sum_i term(output_i, target_i) for every example, in double precision and in no clever order."""
    totals = np.zeros(len(output))
    for row in range(len(output)):
        for o, t in zip(output[row].ravel().astype(np.float64), target[row].ravel().astype(np.float64), strict=True):
            totals[row] += term(o, t)
    return totals


def bernoulli_term(logit, t):
    p = 1 / (1 + np.exp(-logit))
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


# Sums of 12 float32 terms of one sign: relative rounding of at most 12 * 2^-24 = 7e-7, and as much from each term.
ROUNDING = 3e-6


def test_squared_error_is_its_definition():
    output, target = pair()
    expected = loop(lambda p, t: (p - t) ** 2, output, target)
    np.testing.assert_allclose(losses.squared_error(output, target), expected, rtol=ROUNDING)


def test_binary_cross_entropy_is_its_definition():
    output, target = pair()
    expected = loop(bernoulli_term, output, target)
    np.testing.assert_allclose(losses.binary_cross_entropy(output, target), expected, rtol=ROUNDING)


@pytest.mark.parametrize("std", [0.1, 1.0, 2.5])
def test_gaussian_nll_is_the_density_of_scipy(std):
    output, target = pair()
    expected = -scipy.stats.norm.logpdf(target.astype(np.float64), loc=output, scale=std).sum(axis=1)
    np.testing.assert_allclose(losses.gaussian_nll(output, target, std=std), expected, rtol=ROUNDING)


def test_gaussian_nll_is_a_constant_and_squared_error_over_twice_the_variance():
    output, target = pair()
    std = 0.7
    constant = 12 * (np.log(std) + 0.5 * np.log(2 * np.pi))
    expected = constant + np.asarray(losses.squared_error(output, target), np.float64) / (2 * std**2)
    np.testing.assert_allclose(losses.gaussian_nll(output, target, std=std), expected, rtol=ROUNDING)


def test_gaussian_nll_is_least_at_the_root_mean_square_error(x64):
    # d/d std of n log std + S / (2 std^2) is 0 where std^2 = S / n: the maximum-likelihood standard deviation.
    output, target = (array.astype(np.float64) for array in pair())
    best = np.sqrt(np.mean((output - target) ** 2))
    slope = jax.grad(lambda std: jnp.sum(losses.gaussian_nll(output, target, std=std)))
    np.testing.assert_allclose(slope(best), 0, atol=1e-10)
    assert slope(0.9 * best) < 0 < slope(1.1 * best)


@pytest.mark.parametrize("name", LOSSES)
def test_one_number_per_example_that_depends_on_no_other_example(name):
    output, target = pair()
    together = LOSSES[name](output, target)
    assert together.shape == (5,)
    assert together.dtype == jnp.float32
    alone = [LOSSES[name](output[i : i + 1], target[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(together, alone, rtol=ROUNDING)


@pytest.mark.parametrize("name", LOSSES)
def test_images_give_the_loss_of_their_flat_pixels(name):
    output, target = pair((5, 3, 2, 2))
    flat = LOSSES[name](output.reshape(5, 12), target.reshape(5, 12))
    np.testing.assert_allclose(LOSSES[name](output, target), flat, rtol=ROUNDING)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(5, 1), (1, 12), (12,), (5, 12, 1), (5, 3, 4)])
def test_shapes_that_differ_are_refused_also_where_they_broadcast(name, shape):
    output, _ = pair()
    with pytest.raises(ValueError, match=r"\(5, 12\)") as error:
        LOSSES[name](output, np.zeros(shape, np.float32))
    assert str(shape) in str(error.value)


@pytest.mark.parametrize(("logit", "pixel", "value"), [(1e4, 1, 0), (1e4, 0, 1e4), (-1e4, 0, 0), (-1e4, 1, 1e4)])
def test_binary_cross_entropy_at_extreme_logits_and_pixels(logit, pixel, value):
    # -log s(l) -> max(0, -l): the value is 0 or |l|, and the slope s(l) - t is 0 or +-1, all representable.
    def loss(logit):
        return losses.binary_cross_entropy(logit, jnp.full((1, 1), pixel, jnp.float32))[0]

    got, slope = jax.value_and_grad(loss)(jnp.full((1, 1), logit, jnp.float32))
    assert got == value
    assert slope[0, 0] == (logit > 0) - pixel


def test_binary_cross_entropy_of_probability_one_half_is_log_2():
    target = np.array([[0.0, 0.25, 0.5, 1.0]], np.float32)
    np.testing.assert_allclose(losses.binary_cross_entropy(np.zeros_like(target), target), 4 * np.log(2), rtol=1e-6)


def test_the_gradient_of_binary_cross_entropy_is_probability_minus_pixel():
    output, target = pair()
    gradient = jax.grad(lambda logits: jnp.sum(losses.binary_cross_entropy(logits, target)))(jnp.asarray(output))
    np.testing.assert_allclose(gradient, 1 / (1 + np.exp(-output.astype(np.float64))) - target, atol=3e-7)


def test_the_least_binary_cross_entropy_is_the_entropy_of_the_pixel(x64):
    t = np.array([0.02, 0.1, 0.3, 0.5, 0.8, 0.97])
    entropy = -(t * np.log(t) + (1 - t) * np.log(1 - t))
    best = np.log(t / (1 - t))
    np.testing.assert_allclose(losses.binary_cross_entropy(best[:, None], t[:, None]), entropy, rtol=1e-12)
    for shift in (-3.0, -0.01, 0.01, 3.0):
        assert np.all(losses.binary_cross_entropy(best[:, None] + shift, t[:, None]) > entropy)


@pytest.mark.parametrize("name", ["squared_error", "gaussian_nll"])
def test_the_least_squared_error_is_at_the_target(name):
    output, target = pair()
    slope = jax.grad(lambda prediction: jnp.sum(LOSSES[name](prediction, target)))
    assert not np.any(slope(jnp.asarray(target)))
    assert np.all(LOSSES[name](output, target) > LOSSES[name](target, target))


def test_the_mean_of_a_bernoulli_decoder_is_the_sigmoid_of_its_logits():
    output, _ = pair()
    expected = 1 / (1 + np.exp(-output.astype(np.float64)))
    for loss in (losses.binary_cross_entropy, configure(losses.binary_cross_entropy)):
        np.testing.assert_allclose(losses.mean_prediction(loss, jnp.asarray(output)), expected, rtol=1e-6, atol=1e-7)


def test_the_mean_of_a_gaussian_decoder_is_its_output():
    output, _ = pair()
    configured = [configure(losses.squared_error), configure(losses.gaussian_nll, std=0.5)]
    for loss in (losses.squared_error, *configured):
        np.testing.assert_array_equal(losses.mean_prediction(loss, output), output)
