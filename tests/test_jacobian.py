import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae import penalties
from jaxae.jacobian import jacobian, sensitive_directions, singular_values, tangents
from jaxae.models import ACTIVATIONS, Layer, Layers

FEATURES, CODE = 6, 4

# s(a) and s'(a) in NumPy.
SLOPES = {
    "linear": np.ones_like,
    "sigmoid": lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "tanh": lambda a: 1 - np.tanh(a) ** 2,
    "relu": lambda a: (a > 0).astype(np.float64),
    "softplus": lambda a: 1 / (1 + np.exp(-a)),
}


def layer(name, features=FEATURES, code=CODE, seed=0):
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(features, code)), rng.normal(size=code)
    return Layer(jnp.asarray(weight, jnp.float32), jnp.asarray(bias, jnp.float32), ACTIVATIONS[name])


def batch(n=5, features=FEATURES, seed=1):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(n, features)), jnp.float32)


def closed_form(one, name, x):
    """diag(s'(a)) W^T for every example, in double precision."""
    W = np.asarray(one.weight, np.float64)
    slope = SLOPES[name](np.asarray(x, np.float64) @ W + np.asarray(one.bias, np.float64))
    return slope[:, :, None] * W.T


def on_images(encoder):
    return jax.tree_util.Partial(_on_images, encoder)


def _on_images(encoder, image):
    return encoder(image.reshape(len(image), -1))


@pytest.mark.parametrize("name", SLOPES)
def test_the_jacobian_of_one_layer_is_its_slopes_times_its_weights(name):
    one, x = layer(name), batch()
    J = jacobian(Layers((one,)), x)
    assert J.shape == (5, CODE, FEATURES)
    np.testing.assert_allclose(J, closed_form(one, name, x), rtol=1e-4, atol=1e-6)


def test_the_jacobian_of_two_layers_is_the_product_of_theirs():
    first, second = layer("tanh", code=5), layer("sigmoid", features=5, seed=2)
    x = batch()
    expected = closed_form(second, "sigmoid", first(x)) @ closed_form(first, "tanh", x)
    np.testing.assert_allclose(jacobian(Layers((first, second)), x), expected, rtol=1e-4, atol=1e-5)


def test_the_jacobian_keeps_the_shapes_of_image_and_code():
    encoder, x = Layers((layer("tanh"),)), batch()
    flat = jacobian(encoder, x)
    np.testing.assert_allclose(jacobian(on_images(encoder), x.reshape(5, 3, 2)), flat.reshape(5, CODE, 3, 2), rtol=1e-6)

    def maps(image):
        return encoder(image).reshape(-1, 2, 2)

    np.testing.assert_allclose(jacobian(maps, x), flat.reshape(5, 2, 2, FEATURES), rtol=1e-6)


@pytest.mark.parametrize("code", [1, 4, 9])  # narrower and wider than the input
@pytest.mark.parametrize("chunk", [2, 16])  # 5 examples are no multiple of either
def test_singular_values_are_those_of_the_explicit_jacobian(code, chunk):
    one, x = layer("sigmoid", code=code), batch()
    got = singular_values(Layers((one,)), x, chunk=chunk)
    expected = np.linalg.svd(closed_form(one, "sigmoid", x), compute_uv=False)
    assert got.shape == expected.shape == (5, min(code, FEATURES))
    # The backward error of an SVD is a few units of rounding of the largest singular value.
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=3e-6 * expected.max())
    assert np.all(np.diff(got, axis=1) <= 0) and np.all(got >= 0)


def test_small_singular_values_are_not_lost_in_a_square():
    # J = diag(1, 1e-5): the eigenvalues of J^T J in float32 resolve no singular value below sqrt(6e-8) = 2e-4.
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(2, 2)))[0]
    weight = jnp.asarray(np.diag([1.0, 1e-5]) @ rotation, jnp.float32)
    encoder = Layers((Layer(weight, jnp.zeros(2), ACTIVATIONS["linear"]),))
    expected = np.linalg.svd(np.asarray(weight, np.float64), compute_uv=False)
    np.testing.assert_allclose(singular_values(encoder, batch(1, 2))[0], expected, rtol=0.05)


def test_the_squares_of_the_singular_values_sum_to_the_contractive_penalty():
    encoder, x = Layers((layer("tanh", code=5), layer("sigmoid", features=5))), batch()
    values = singular_values(encoder, x)
    np.testing.assert_allclose(jnp.sum(values**2, axis=1), penalties.contractive(encoder, x), rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, CODE])
def test_tangents_are_the_leading_right_singular_vectors(count):
    one, x = layer("tanh"), 0.3 * batch()
    encoder = Layers((one,))
    got = np.asarray(tangents(encoder, x, count, chunk=2), np.float64)
    assert got.shape == (5, count, FEATURES)
    np.testing.assert_allclose(
        got @ got.transpose(0, 2, 1), np.broadcast_to(np.eye(count), (5, count, count)), atol=1e-5
    )
    J = closed_form(one, "tanh", x)
    _, values, right = np.linalg.svd(J, full_matrices=False)
    # The same span: equal projectors. Their error is that of J, 1e-6, over the gap between singular values.
    gap = values[:, count - 1] - (values[:, count] if count < CODE else 0)
    assert gap.min() > 0.02
    leading = right[:, :count]
    projectors = got.transpose(0, 2, 1) @ got, leading.transpose(0, 2, 1) @ leading
    np.testing.assert_allclose(*projectors, atol=2e-4)
    # Along the i-th tangent the code moves by the i-th singular value.
    speed = np.linalg.norm(J @ got.transpose(0, 2, 1), axis=1)
    np.testing.assert_allclose(speed, values[:, :count], rtol=1e-4, atol=1e-5)


def test_tangents_of_images_are_images():
    encoder, x = Layers((layer("tanh"),)), 0.3 * batch()
    images = tangents(on_images(encoder), x.reshape(5, 3, 2), 2)
    flat = tangents(encoder, x, 2)
    assert images.shape == (5, 2, 3, 2)
    cosine = jnp.sum(images.reshape(flat.shape) * flat, axis=-1)  # the sign is arbitrary
    np.testing.assert_allclose(jnp.abs(cosine), 1, atol=1e-5)


@pytest.mark.parametrize("count", [0, CODE + 1, -1])
def test_a_count_of_tangents_that_the_jacobian_does_not_have_is_refused(count):
    with pytest.raises(ValueError, match=f"count is {count}.*between 1 and.*{CODE}"):
        tangents(Layers((layer("tanh"),)), batch(), count)


@pytest.mark.slow
def test_tangents_by_products_alone_are_those_of_the_whole_decomposition():
    # 4 of 60 singular values: far fewer than a tenth. The spectrum falls like 1 / index, so the gap after the fourth is 20 %.
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, 60)))[0] for size in (90, 60))
    weight = jnp.asarray(left / np.arange(1, 61) @ right.T, jnp.float32)
    one = Layer(weight, jnp.zeros(60), ACTIVATIONS["tanh"])
    x = 0.1 * batch(features=90)
    got = np.asarray(tangents(Layers((one,)), x, 4, chunk=2), np.float64)
    np.testing.assert_allclose(got @ got.transpose(0, 2, 1), np.broadcast_to(np.eye(4), (5, 4, 4)), atol=1e-5)
    J = closed_form(one, "tanh", x)
    _, values, vectors = np.linalg.svd(J, full_matrices=False)
    speed = np.linalg.norm(J @ got.transpose(0, 2, 1), axis=1)
    np.testing.assert_allclose(speed, values[:, :4], rtol=1e-4)
    cosines = np.linalg.svd(got @ vectors[:, :4].transpose(0, 2, 1), compute_uv=False)
    assert cosines.min() > 0.9999


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(12, 9, 4), (4, 9, 12), (12, 9, 8, 7)])
def test_spectra_of_deep_encoders_are_those_of_jacfwd(sizes):
    layers = [layer("tanh", i, o, seed) for seed, (i, o) in enumerate(itertools.pairwise(sizes))]
    encoder, x = Layers(tuple(layers)), 0.1 * batch(features=sizes[0])
    J = jax.vmap(jax.jacfwd(lambda example: encoder(example[None])[0]))(x)  # without the layers' help
    np.testing.assert_allclose(jacobian(encoder, x), J, rtol=1e-4, atol=1e-6)
    expected = np.linalg.svd(np.asarray(J, np.float64), compute_uv=False)
    np.testing.assert_allclose(singular_values(encoder, x, chunk=3), expected, atol=3e-6 * expected.max())


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (5, 3)])  # square, wide code, narrow code
def test_singular_values_down_to_the_rounding_of_the_jacobian_are_kept(shape):
    # In float32 a Gram matrix would lose everything below 3e-4 of the largest; the Jacobian's own rounding is 6e-8 of it.
    rng = np.random.default_rng(5)
    left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0][:, :3] for size in shape)
    layers = (
        Layer(jnp.asarray(left * [1, 1e-3, 1e-5] @ right.T, jnp.float32), jnp.zeros(shape[1]), ACTIVATIONS["linear"]),
    )
    expected = np.linalg.svd(np.asarray(layers[0].weight, np.float64), compute_uv=False)
    for encoder in (Layers(layers), jax.tree_util.Partial(lambda e, x: e(x), Layers(layers))):
        got = singular_values(encoder, batch(2, shape[0]))
        np.testing.assert_allclose(got, np.broadcast_to(expected, got.shape), rtol=1e-3)


def relu_encoder(on, units=100, features=784):
    """100 ReLU units of which `on` are active at every x in [0, 1]."""
    weight = np.abs(np.random.default_rng(0).normal(size=(features, units))).astype(np.float32) / features
    bias = jnp.where(jnp.arange(units) < on, 1.0, -1000.0)
    return Layers((Layer(jnp.asarray(weight), bias, jax.nn.relu),)), weight


@pytest.mark.slow
@pytest.mark.parametrize("on", [0, 1, 3, 9, 14, 100])
@pytest.mark.parametrize("count", [1, 8, 40])
def test_tangents_are_orthonormal_at_every_rank_and_those_beyond_it_have_no_sensitivity(on, count):
    encoder, weight = relu_encoder(on)
    x = jax.random.uniform(jax.random.key(1), (3, 784))
    vectors, values = (np.asarray(a, np.float64) for a in sensitive_directions(encoder, x, count))
    np.testing.assert_allclose(
        vectors @ vectors.swapaxes(1, 2), np.broadcast_to(np.eye(count), (3, count, count)), atol=1e-4
    )
    J = np.where(np.arange(100) < on, weight, 0).T.astype(np.float64)
    wanted = np.linalg.svd(J, compute_uv=False)[:count]
    np.testing.assert_allclose(values, np.broadcast_to(wanted, (3, count)), atol=2e-4 * max(wanted[0], 1e-12))
    assert np.all(values[:, on:] == 0) and np.all(values[:, : min(on, count)] > 0)
    np.testing.assert_allclose(np.linalg.norm(vectors @ J.T, axis=2), values, atol=2e-4 * max(wanted[0], 1e-12))
    np.testing.assert_array_equal(tangents(encoder, x, count), sensitive_directions(encoder, x, count)[0])


@pytest.mark.slow
def test_any_function_has_singular_values_and_tangents():
    weight = jax.random.normal(jax.random.key(0), (20, 5))
    encoder = Layers((Layer(weight, jnp.zeros(5), jnp.tanh),))

    def plain(x):
        return jnp.tanh(x @ weight)

    x = jax.random.uniform(jax.random.key(1), (4, 20))
    np.testing.assert_allclose(singular_values(plain, x), singular_values(encoder, x), rtol=1e-4)
    cosines = np.einsum("bcf,bcf->bc", tangents(plain, x, 3), tangents(encoder, x, 3))
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-3)
