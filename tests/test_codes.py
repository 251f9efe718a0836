import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae import codes

HIDDEN = 9


def sorted_mask(z, k, rank=np.positive):
    """The units that top_k must keep, by NumPy's stable sort: of equal activations the first ones."""
    order = np.argsort(-rank(z), axis=-1, kind="stable")[..., :k]
    mask = np.zeros(z.shape, bool)
    np.put_along_axis(mask, order, True, axis=-1)
    return mask


def sorted_top_k(z, k, rank=np.positive):
    return np.where(sorted_mask(z, k, rank), z, 0)


def activations(kind, lead=(40,)):
    rng = np.random.default_rng(0)
    shape = (*lead, HIDDEN)
    values = {
        "random": lambda: rng.normal(size=shape),
        "constant": lambda: np.full(shape, 3.0),
        "negative": lambda: -rng.exponential(size=shape),
        "zeros of both signs": lambda: rng.choice([-0.0, 0.0], shape),
        "zeros among others": lambda: rng.choice([-1.0, -0.0, 0.0, 1.0], shape),
        "many ties": lambda: rng.integers(-2, 3, shape),
        "infinite": lambda: rng.choice([-np.inf, -1.0, 0.0, 2.0, np.inf], shape),
        "all scales": lambda: rng.normal(size=shape) * 10.0 ** rng.integers(-30, 30, shape),
        "neighbours": lambda: 1 + rng.integers(0, 3, shape) * 2.0**-23,  # differ in the last bit of a float32
    }
    return values[kind]().astype(np.float32)


KINDS = [
    "random",
    "constant",
    "negative",
    "zeros of both signs",
    "zeros among others",
    "many ties",
    "infinite",
    "all scales",
    "neighbours",
]


@jax.jit
def top_k(z, k):
    return codes.top_k(z, k=k)


@jax.jit
def top_k_absolute(z, k):
    return codes.top_k_absolute(z, k=k)


@functools.partial(jax.jit, static_argnums=0)
def code_gradient(code, z, k, slopes):
    return jax.grad(lambda z: jnp.sum(slopes * code(z, k)))(z)


def test_dense_is_the_identity():
    z = activations("random")
    np.testing.assert_array_equal(codes.identity(z), z)


def test_soft_threshold_minimises_the_proximal_objective_and_is_exactly_zero_within_it():
    z, threshold = activations("random"), 0.4
    h = np.asarray(codes.soft_threshold(z, threshold=threshold))
    np.testing.assert_allclose(h, np.sign(z) * np.maximum(np.abs(z) - threshold, 0), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(h == 0, np.abs(z) <= threshold)

    def objective(h):
        return (h - z) ** 2 / 2 + threshold * np.abs(h)

    for other in np.linspace(-3, 3, 61, dtype=np.float32):
        assert np.all(objective(h) <= objective(other) + 1e-6)
    np.testing.assert_array_equal(codes.soft_threshold(z, threshold=0.0), z)


def test_the_gradient_of_soft_threshold_is_1_beyond_the_threshold_and_0_within():
    z = np.array([-2.0, -0.3, 0.0, 0.3, 2.0], np.float32)
    slope = jax.grad(lambda z, t: codes.soft_threshold(z, threshold=t), argnums=(0, 1))
    slopes = jax.vmap(slope, (0, None))(z, 0.5)
    np.testing.assert_array_equal(slopes[0], [1, 0, 0, 0, 1])
    np.testing.assert_array_equal(slopes[1], [1, 0, 0, 0, -1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 2, 5, HIDDEN - 1, HIDDEN])
def test_top_k_is_a_stable_sort(kind, k):
    z = activations(kind)
    np.testing.assert_array_equal(top_k(z, k), sorted_top_k(z, k))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 3, HIDDEN])
def test_top_k_absolute_is_a_stable_sort_of_magnitudes_that_keeps_signs(kind, k):
    z = activations(kind)
    np.testing.assert_array_equal(top_k_absolute(z, k), sorted_top_k(z, k, np.abs))


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_any_leading_dimensions(lead):
    z = activations("many ties", lead)
    np.testing.assert_array_equal(top_k(z, 4), sorted_top_k(z, 4))
    np.testing.assert_array_equal(top_k_absolute(z, 4), sorted_top_k(z, 4, np.abs))


@pytest.mark.parametrize("hidden", [1, 2, 31, 32, 33])
def test_any_width(hidden):
    # The tie-break searches among hidden indices: widths at and around powers of two are its limits.
    z = np.random.default_rng(1).integers(0, 2, (6, hidden)).astype(np.float32) + 1
    for k in {1, hidden // 2, hidden - 1, hidden} - {0}:
        np.testing.assert_array_equal(top_k(z, k), sorted_top_k(z, k))


@pytest.mark.parametrize("value", [3.0, -3.0])
@pytest.mark.parametrize("k", range(HIDDEN + 1))
def test_equal_activations_keep_exactly_the_first_k(value, k):
    kept = np.asarray(top_k(np.full((2, HIDDEN), value, np.float32), k)) != 0
    np.testing.assert_array_equal(kept, np.broadcast_to(np.arange(HIDDEN) < k, kept.shape))


def test_k_as_large_as_the_code_is_the_identity_and_k_0_leaves_nothing():
    z = activations("random")
    for k in (HIDDEN, HIDDEN + 5):
        np.testing.assert_array_equal(top_k(z, k), z)
    for k in (0, -2):
        assert not np.any(top_k(z, k))


@pytest.mark.parametrize(("k", "whole"), [(2.4, 2), (2.6, 3), (0.4, 0), (8.9, 9)])
def test_k_is_rounded_to_a_whole_number(k, whole):
    z = activations("random")
    np.testing.assert_array_equal(top_k(z, k), sorted_top_k(z, whole))


@pytest.mark.parametrize(("code", "rank"), [(codes.top_k, np.positive), (codes.top_k_absolute, np.abs)])
def test_k_is_traced_so_that_all_k_compile_once(code, rank):
    traces = 0

    @jax.jit
    def run(z, k):
        nonlocal traces
        traces += 1
        return code(z, k=k)

    z = activations("many ties")
    for k in np.arange(1, HIDDEN + 1, dtype=np.float32):  # float32, as a grid of training has it
        np.testing.assert_array_equal(run(z, k), sorted_top_k(z, int(k), rank))
    assert traces == 1


def test_vmap_over_k_and_over_k_with_codes():
    z = activations("many ties", (4,))
    ks = np.arange(1, 5)
    expected = np.stack([sorted_top_k(z, k) for k in ks])
    np.testing.assert_array_equal(jax.vmap(top_k, in_axes=(None, 0))(z, ks), expected)
    np.testing.assert_array_equal(jax.vmap(top_k)(np.stack([z] * 4), ks), expected)


@pytest.mark.parametrize("k", [1, 4, HIDDEN])
def test_top_k_keeps_the_set_of_lax_top_k(k):
    z = activations("random")
    _, index = jax.lax.top_k(z, k)
    mask = np.zeros(z.shape, bool)
    np.put_along_axis(mask, np.asarray(index), True, axis=-1)
    np.testing.assert_array_equal(np.asarray(top_k(z, k)) != 0, mask)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("code", "rank"), [(top_k, np.positive), (top_k_absolute, np.abs)])
def test_the_gradient_flows_through_the_kept_units_only(kind, code, rank):
    # Also through a unit that is kept at 0 or -0, which are equal, so that the first one is kept.
    z = activations(kind, (5,))
    slopes = np.random.default_rng(2).normal(size=z.shape).astype(np.float32)
    np.testing.assert_array_equal(code_gradient(code, z, 3, slopes), np.where(sorted_mask(z, 3, rank), slopes, 0))


def test_the_gradient_with_respect_to_k_is_0():
    assert jax.grad(lambda k: jnp.sum(top_k(activations("random"), k)))(3.0) == 0


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_the_dtype_is_kept(dtype):
    z = jnp.asarray(activations("random"), dtype)
    kept = top_k(z, 4)
    assert kept.dtype == dtype
    np.testing.assert_array_equal(kept, sorted_top_k(np.asarray(z, np.float32), 4).astype(dtype))


def test_the_first_units_are_kept_and_only_they_have_a_gradient():
    z = jnp.arange(1.0, 7.0).reshape(2, 3)
    keep = jax.jit(lambda z, count: codes.first(z, count=count))
    np.testing.assert_array_equal(keep(z, 2.0), [[1, 2, 0], [4, 5, 0]])
    np.testing.assert_array_equal(keep(z, 3.0), z)
    np.testing.assert_array_equal(jax.grad(lambda z: jnp.sum(keep(z, 1.0)))(z), [[1, 0, 0], [1, 0, 0]])


def test_dropout_drops_units_by_their_share_and_scales_the_others_in_training_alone():
    z, key, rate = activations("random"), jax.random.key(3), 0.3
    dropped = np.asarray(codes.dropout(z, rate=rate, key=key))
    expected = z.astype(np.float64)
    for place, draw in np.ndenumerate(np.asarray(jax.random.uniform(key, z.shape))):
        expected[place] = 0 if draw < rate else expected[place] / (1 - rate)
    np.testing.assert_allclose(dropped, expected, rtol=1e-6)
    np.testing.assert_array_equal(codes.dropout(z, rate=rate), z)
    np.testing.assert_array_equal(codes.dropout(z, rate=0.0, key=key), z)


def test_the_mean_of_dropout_over_its_masks_is_the_code():
    z, rate, count = np.array([2.0, -1.0, 0.5], np.float32), 0.4, 40_000
    many = codes.dropout(np.tile(z, (count, 1)), rate=rate, key=jax.random.key(0))
    # Of the mean: a share 1 - rate of the draws is z / (1 - rate), the others are 0.
    deviation = np.abs(z) * np.sqrt(rate / (1 - rate) / count)
    np.testing.assert_array_less(np.abs(np.mean(many, axis=0) - z), 4 * deviation)
    assert np.mean(many == 0) == pytest.approx(rate, abs=0.01)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("k", [0, 1, 4, HIDDEN])
def test_the_k_largest_are_found_among_numbers_of_64_bits(k):
    z = np.random.default_rng(1).normal(size=(12, HIDDEN))
    np.testing.assert_array_equal(codes.top_k(jnp.asarray(z), k=k), sorted_top_k(z, k))
