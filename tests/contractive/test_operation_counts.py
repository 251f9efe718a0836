import functools

import jax
import jax.numpy as jnp
import pytest

from jaxae.contractive.operation_counts import multiplications
from jaxae.models import convolution

A, B = jnp.ones((3, 4)), jnp.ones((4, 5))


def repeated(a):
    return jax.lax.scan(lambda carry, _: (carry @ jnp.eye(4), None), a, None, length=7)[0]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (lambda a, b: a @ b, (A, B), 3 * 4 * 5),
        (lambda a, b: jax.nn.sigmoid(a @ b) * 2, (A, B), 3 * 4 * 5),  # elementwise operations count nothing
        (jax.jit(lambda a, b: (a @ b) @ b.T), (A, B), 3 * 4 * 5 + 3 * 5 * 4),
        (lambda a, b: jnp.einsum("bij,jk->bik", jnp.stack([a] * 6), b), (A, B), 6 * 3 * 4 * 5),
        (repeated, (A,), 7 * 3 * 4 * 4),
        (lambda a: jax.lax.cond(a[0, 0] > 0, lambda: a @ B, lambda: a @ jnp.ones((4, 5)) * 2), (A,), 3 * 4 * 5),
        (lambda a: jax.lax.cond(a[0, 0] > 0, lambda: (a @ B) @ B.T, lambda: a), (A,), 2 * 3 * 4 * 5),
        # The gradient of sum(a b) with respect to both: the value and two products of the same size.
        (jax.value_and_grad(lambda a, b: jnp.sum(jnp.sin(a @ b)), argnums=(0, 1)), (A, B), 3 * 3 * 4 * 5),
        (jax.vmap(lambda a: a @ B), (jnp.ones((2, 3, 4)),), 2 * 3 * 4 * 5),
        (lambda a: a + 1, (A,), 0),
    ],
)
def test_products_are_counted_by_their_sizes(function, arguments, expected):
    assert multiplications(function, *arguments) == expected


def test_a_convolution_counts_its_taps_for_every_pixel_and_pair_of_channels():
    images, kernel = jnp.ones((2, 8, 8, 3)), jnp.ones((3, 3, 3, 5))

    def convolve(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    assert multiplications(convolve, images, kernel) == 2 * 6 * 6 * 5 * 3 * 3 * 3


@pytest.mark.parametrize(("backend", "way"), [("cpu", "_by_products"), ("gpu", "_by_xla"), ("tpu", "_by_xla")])
@pytest.mark.parametrize("transform", [lambda f: f, jax.grad, jax.hessian, lambda f: jax.jit(jax.grad(f, 1))])
def test_of_branches_by_platform_the_backend_s_counts(monkeypatch, backend, way, transform):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    images, kernel = jnp.ones((2, 8, 8, 3)), jnp.ones((3, 3, 3, 5))

    def count(convolve):
        return multiplications(transform(lambda x, k: jnp.sum(jnp.sin(convolve(x, k)))), images, kernel)

    found = {
        name: count(functools.partial(getattr(convolution, name), up=True)) for name in ("_by_products", "_by_xla")
    }
    assert found["_by_xla"] < found["_by_products"]
    assert count(functools.partial(convolution.convolve, up=True)) == found[way]


def test_shapes_are_enough():
    assert multiplications(jnp.matmul, jax.ShapeDtypeStruct((9, 4), jnp.float32), B) == 9 * 4 * 5
