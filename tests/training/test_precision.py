"""Matrix products are made of the numbers that a precision says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae.training.precision import check_precision, with_precision


def rounded(x):
    return np.asarray(x.astype(jnp.bfloat16), np.float64)


def everywhere(a, b):
    """A product in plain sight, in a scan, in a branch, in a call with its own derivative, and in a gradient."""

    @jax.custom_jvp
    def call(a):
        return a @ b

    call.defjvp(lambda primals, tangents: (call(*primals), tangents[0] @ b))
    return {
        "plain": a @ b,
        "scan": jax.lax.scan(lambda _, row: (None, row @ b), None, a)[1],
        "branch": jax.lax.cond(a[0, 0] > 1e9, lambda: 0 * (a @ b), lambda: a @ b),
        "call": call(a),
        "gradient": jax.grad(lambda c: jnp.sum(c @ b))(a)[:, :1] + 0 * (a @ b),
    }


def test_bfloat16_rounds_the_factors_of_every_product_and_adds_in_float32():
    a = jax.random.normal(jax.random.key(0), (50, 300))
    b = jax.random.normal(jax.random.key(1), (300, 40))
    exact = {name: np.asarray(a, np.float64) @ np.asarray(b, np.float64) for name in everywhere(a, b)}
    factors = {name: rounded(a) @ rounded(b) for name in exact}
    exact["gradient"] = np.broadcast_to(np.asarray(b, np.float64).sum(axis=1)[0], (50, 40))
    factors["gradient"] = np.broadcast_to(rounded(b).sum(axis=1)[0], (50, 40))
    in_float32 = jax.jit(with_precision("float32", everywhere))(a, b)
    in_bfloat16 = jax.jit(with_precision("bfloat16", everywhere))(a, b)
    for name in exact:
        np.testing.assert_allclose(in_float32[name], exact[name], atol=1e-4)
        np.testing.assert_allclose(in_bfloat16[name], factors[name], atol=1e-4, err_msg=name)
        assert np.max(np.abs(factors[name] - exact[name])) > 1e-3, name


def test_a_convolution_takes_bfloat16_factors_too():
    x, kernel = jax.random.normal(jax.random.key(0), (2, 3, 8, 8)), jax.random.normal(jax.random.key(1), (4, 3, 3, 3))

    def convolve(x, kernel):
        return jax.lax.conv(x, kernel, (1, 1), "SAME")

    def back(v):
        return v.astype(jnp.bfloat16).astype(jnp.float32)

    got = jax.jit(with_precision("bfloat16", convolve))(x, kernel)
    np.testing.assert_allclose(got, convolve(back(x), back(kernel)), atol=1e-4)
    assert np.max(np.abs(got - convolve(x, kernel))) > 1e-3


def test_a_product_that_asks_for_a_precision_keeps_it():
    a = jax.random.normal(jax.random.key(0), (50, 300))

    def strict(a):
        return jnp.matmul(a, a.T, precision=jax.lax.Precision.HIGHEST)

    np.testing.assert_array_equal(with_precision("bfloat16", strict)(a), strict(a))


@pytest.mark.parametrize(("precision", "words"), [("half", "float32, tf32, bfloat16"), ("tf32", "float32 or bfloat16")])
def test_a_precision_that_there_is_not_is_refused(precision, words):
    if precision == "tf32" and jax.default_backend() != "cpu":
        pytest.skip("an accelerator may have TF32")
    with pytest.raises(ValueError, match=f"precision is '{precision}': .*{words}"):
        check_precision(precision)
