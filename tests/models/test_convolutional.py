import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Convolutional, code_size, convolution
from jaxae.models.convolution import convolve, max_pool
from jaxae.objective import Recipe
from jaxae.training import fit

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


def correlated(x, kernel):
    """The definition by loops, float64."""
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = np.zeros((n, height, width, kernel.shape[3]))
    for r in range(height):
        for s in range(width):
            for i in range(3):
                for j in range(3):
                    y[:, r, s] += padded[:, r + i, s + j] @ kernel[i, j]
    return y


def pooled(x):
    n, height, width, channels = x.shape
    y = np.zeros((n, -(-height // 2), -(-width // 2), channels))
    for r in range(y.shape[1]):
        for s in range(y.shape[2]):
            y[:, r, s] = x[:, 2 * r : 2 * r + 2, 2 * s : 2 * s + 2].max(axis=(1, 2))
    return y


def repeated(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def random_params(model):
    """Parameters with biases that are not 0, so that a bias in the wrong place is seen."""
    return jax.tree.map(lambda leaf: jnp.asarray(normal(*leaf.shape), jnp.float32), model.init(jax.random.key(0)))


@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (1, 5, 2, 1), (3, 1, 1, 2)])
def test_a_convolution_is_the_loop_over_its_definition(shape):
    x, kernel = normal(*shape), normal(3, 3, shape[3], 4)
    np.testing.assert_allclose(convolve(jnp.asarray(x), jnp.asarray(kernel)), correlated(x, kernel), atol=1e-4)
    up = convolve(jnp.asarray(x), jnp.asarray(kernel), up=True)
    np.testing.assert_allclose(up, correlated(repeated(x), kernel), atol=1e-4)


def test_the_gradient_of_a_convolution_is_that_of_xla():
    x, kernel = jnp.asarray(normal(2, 6, 5, 3), jnp.float32), jnp.asarray(normal(3, 3, 3, 2), jnp.float32)

    def of_xla(x, kernel):
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    ours = jax.grad(lambda *a: jnp.sum(jnp.sin(convolve(*a))), (0, 1))(x, kernel)
    theirs = jax.grad(lambda *a: jnp.sum(jnp.sin(of_xla(*a))), (0, 1))(x, kernel)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (2, 7, 7, 2), (1, 1, 3, 1)])
def test_max_pooling_takes_the_largest_of_each_square_also_at_an_odd_border(shape):
    x = normal(*shape).astype(np.float32)
    np.testing.assert_array_equal(max_pool(jnp.asarray(x)), pooled(x))
    gradient = jax.grad(lambda x: jnp.sum(max_pool(x)))(jnp.asarray(x))
    np.testing.assert_array_equal(gradient, np.isin(x, pooled(x)))


@pytest.mark.slow
def test_an_autoencoder_is_its_layers_one_after_another():
    model = Convolutional((4, 8), (3, 2), "same", activation="tanh", output="sigmoid")
    params = random_params(model)
    x = normal(5, 32)

    def layer(p, y):
        return correlated(y, np.asarray(p["weight"])) + np.asarray(p["bias"])

    y = x.reshape(5, 4, 8, 1)
    for p in params["encoder"]:
        y = pooled(np.tanh(layer(p, y)))
    code = y.reshape(5, -1)
    first, second, last = params["decoder"]
    y = repeated(np.tanh(layer(first, y)))
    y = repeated(np.tanh(layer(second, y)))
    output = 1 / (1 + np.exp(-layer(last, y)))
    x32 = jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(model.encoder(params)(x32), code, atol=1e-5)
    np.testing.assert_allclose(model.decoder(params)(model.encoder(params)(x32)), output.reshape(5, -1), atol=1e-5)


@pytest.mark.slow
def test_the_published_models_have_their_codes_and_parameters():
    simple, denoising = Convolutional((28, 28)), Convolutional((28, 28), (32, 32), "same")

    def count(model):
        return sum(leaf.size for leaf in jax.tree.leaves(model.init(jax.random.key(0))))

    assert simple.code_shape == (4, 4, 8)
    assert code_size(simple, 784) == 128
    # (9 in + 1) out of each convolution: 1-16-8-8 and 8-8-8-16-1.
    assert count(simple) == 160 + 1160 + 584 + 584 + 584 + 1168 + 145 == 4385
    assert denoising.code_shape == (7, 7, 32)
    # 1-32-32 and 32-32-32-1.
    assert count(denoising) == 320 + 9248 + 9248 + 9248 + 289 == 28353
    for model in (simple, denoising):
        params = model.init(jax.random.key(0))
        code = model.encoder(params)(jnp.zeros((2, 3, 784)))
        assert code.shape == (2, 3, code_size(model, 784))
        assert model.decoder(params)(code).shape == (2, 3, 784)


def test_valid_padding_leaves_out_the_border():
    model = Convolutional((28, 28))
    layer = model.decoder(random_params(model)).convolutions[2]
    x = jnp.asarray(normal(2, 8, 8, 8), jnp.float32)
    same = layer.replace(padding="same")(x)
    np.testing.assert_array_equal(layer(x), same[:, 1:-1, 1:-1])
    assert layer(x).shape == (2, 14, 14, 16)


@pytest.mark.slow
def test_colours_are_channels_of_the_picture():
    model = Convolutional((8, 8, 3), (4,), "same")
    params = model.init(jax.random.key(0))
    assert params["encoder"][0]["weight"].shape == (3, 3, 3, 4)
    assert model.decoder(params)(model.encoder(params)(jnp.zeros((2, 192)))).shape == (2, 192)


@pytest.mark.slow
def test_training_lowers_the_loss():
    x = jnp.asarray(RNG.uniform(size=(64, 1, 4, 1, 4, 1)) > 0.5, jnp.float32)
    x = jnp.broadcast_to(x, (64, 2, 4, 2, 4, 1)).transpose(0, 2, 1, 4, 3, 5).reshape(64, 64)
    recipe = Recipe(loss=configure(losses.binary_cross_entropy), optimizer=configure(optax.adam, learning_rate=0.01))
    curve = fit(Convolutional((8, 8), (4,), "same"), recipe, x, epochs=20, batch_size=16).curve["loss"]
    assert curve[-1] < 0.5 * curve[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (28, 28), "decoder_padding": "same"}, "from 28 x 28 pixels the decoder comes back to 32 x 32"),
        ({"shape": (30, 28)}, "30 x 28"),
        ({"shape": (784,)}, "shape is"),
        ({"shape": (28, 28), "channels": (16, 0, 8)}, "model.channels is"),
        ({"shape": (28, 28), "decoder_padding": ("same", "valid")}, "each of the 3 layers"),
        ({"shape": (28, 28), "activation": "swoosh"}, "model.activation is 'swoosh': it must be one of linear"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(options, words):
    with pytest.raises(ValueError, match=words) as caught:
        Convolutional(**options)
    assert "\n" not in str(caught.value)


WAYS = {"products": convolution._by_products, "xla": convolution._by_xla, "chosen": convolve}


@pytest.mark.slow
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(5, 4, 3, 2), (3, 40, 4, 3)])
def test_both_ways_of_a_convolution_are_the_definition_with_its_derivatives(way, up, size):
    height, width, inward, outward = size
    x, dx = normal(2, 2, height, width, inward)
    kernel, dk = normal(2, 3, 3, inward, outward)

    def loop(x, kernel):
        return correlated(repeated(x) if up else x, kernel)

    function = jax.jit(functools.partial(WAYS[way], up=up))
    x32, kernel32, dx32, dk32 = (jnp.asarray(a, jnp.float32) for a in (x, kernel, dx, dk))
    y = loop(x, kernel)
    np.testing.assert_allclose(function(x32, kernel32), y, rtol=1e-4, atol=1e-4)
    # Linear in each: the derivative along a change is the convolution of the change.
    forward = jax.jvp(function, (x32, kernel32), (dx32, dk32))[1]
    np.testing.assert_allclose(forward, loop(dx, kernel) + loop(x, dk), rtol=1e-4, atol=1e-4)
    c = normal(*y.shape)
    gradient = jax.grad(lambda x, kernel: jnp.sum(jnp.asarray(c, jnp.float32) * function(x, kernel)), (0, 1))
    of_x, of_kernel = gradient(x32, kernel32)
    assert np.sum(of_x * dx) == pytest.approx(np.sum(c * loop(dx, kernel)), rel=1e-4, abs=1e-2)
    assert np.sum(of_kernel * dk) == pytest.approx(np.sum(c * loop(x, dk)), rel=1e-4, abs=1e-2)
    # Runs side by side, as fit_grid has them: kernels of their own, the data shared in the first layer and not in others.
    kernels, xs = jnp.stack([kernel32, dk32]), jnp.stack([x32, dx32])
    np.testing.assert_allclose(jax.vmap(function, (None, 0))(x32, kernels), [y, loop(x, dk)], rtol=1e-4, atol=1e-4)
    together = jax.jit(jax.vmap(gradient))(xs, kernels)
    for run, alone in enumerate((gradient(x32, kernel32), gradient(dx32, dk32))):
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[run], b, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("transform", [lambda f: f, jax.grad, jax.jacfwd])
@pytest.mark.parametrize(
    ("width", "platform", "products"),
    [(8, "cpu", True), (8, "cuda", False), (8, "rocm", False), (8, "tpu", False), (1300, "cpu", False)],
)
def test_accelerators_and_wide_pictures_are_convolved_by_xla(width, platform, products, transform, up):
    x, kernel = jnp.ones((2, 8, width, 4)), jnp.ones((3, 3, 4, 4))

    def function(x):
        return jnp.sum(jnp.sin(convolve(x, kernel, up=up)))

    text = jax.jit(transform(function)).trace(x).lower(lowering_platforms=(platform,)).as_text()
    assert ("stablehlo.convolution" in text) is not products
    assert ("stablehlo.dot_general" in text) is products
