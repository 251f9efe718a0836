import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from jaxae import penalties
from jaxae.contractive import exact, layer_products
from jaxae.contractive.operation_counts import multiplications
from jaxae.models import Convolutional, Dense, Layer, Layers

ACTIVATIONS = ("tanh", "sigmoid", "gelu", "softplus")
SHAPES = [(6, 4), (6, 9), (7, 5, 3), (9, 3, 8), (4, 6, 7, 9), (8, 7, 6, 5, 2)]


def encoder_of(sizes, seed=0):
    names = tuple(ACTIVATIONS[i % 4] for i in range(len(sizes) - 1))
    model = Dense(sizes[0], sizes[1:], names, init_weights="normal_0.1")
    params = jax.tree.map(lambda leaf: 5 * leaf, model.init(jax.random.key(seed)))
    return model.encoder(params)


def data(sizes, n=7):
    return jnp.asarray(np.random.default_rng(1).normal(size=(n, sizes[0])), jnp.float32)


def value_and_gradient(penalty, encoder, x):
    weights = jnp.linspace(
        0.5, 2, len(x)
    )  # a different weight for every example, so that none can stand in for another
    return jax.value_and_grad(lambda e: jnp.sum(weights * penalty(e, x)))(encoder)


def close(a, b, rtol=2e-5):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=rtol * float(jnp.max(jnp.abs(right))) + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", SHAPES)
def test_every_way_and_its_gradient_are_those_of_jacfwd(sizes):
    encoder, x = encoder_of(sizes), data(sizes)
    expected = value_and_gradient(penalties.contractive, encoder, x)
    ways = exact.ways(encoder)
    assert set(ways) == ({"closed_form"} if len(sizes) == 2 else {"from_code", "from_code_gram", "from_data"})
    for way in ways.values():
        for chunk in (len(x), 3):  # 3 leaves a remainder
            close(value_and_gradient(lambda e, x, w=way, c=chunk: w(e, x, c), encoder, x), expected)
    close(value_and_gradient(penalties.contractive_exact, encoder, x), expected)


@pytest.mark.parametrize(
    ("sizes", "way"),
    [
        ((784, 500), "closed_form"),
        (
            (784, 1000, 500, 250, 30),
            "from_code",
        ),  # 1000 units are more than 784 pixels: their Gram matrix saves nothing
        ((784, 256, 64), "from_code_gram"),
        ((784, 64, 1000), "from_code_gram"),
        ((20, 500, 500, 500), "from_data"),
    ],
)
def test_the_way_is_that_with_the_fewest_operations(sizes, way):
    shapes = jax.eval_shape(lambda key: Dense(sizes[0], sizes[1:]).init(key), jax.random.key(0))
    x = jax.ShapeDtypeStruct((128, sizes[0]), jnp.float32)
    plan = exact.plan(Dense(sizes[0], sizes[1:]).encoder(shapes), x)
    assert plan.way == way
    assert plan.operations == min(plan.considered.values())
    assert plan.way in str(plan) and f"{plan.chunk} examples" in str(plan)


def test_the_counted_operations_are_the_sizes_of_the_chain():
    # From the code: per layer one product forward and two backward; the first rows are the weights themselves. The
    # forward pass has one product per layer, the backward pass of the pre-activations two, but for the data's.
    b, n0, n1, n2, n3 = 10, 12, 8, 6, 2
    encoder = encoder_of((n0, n1, n2, n3))
    chain = 3 * b * n3 * (n2 * n1 + n1 * n0)
    slopes = b * (3 * (n0 * n1 + n1 * n2 + n2 * n3) - n0 * n1)
    plan = exact.plan(encoder, data((n0,), b))
    assert plan.considered["from_code"] == chain + slopes
    # W_1^T W_1 and the two products of its gradient are once per batch; R G serves the value and its derivative.
    gram = 3 * b * n3 * n2 * n1 + 2 * b * n3 * n1 * n1 + 3 * n1 * n1 * n0
    assert plan.considered["from_code_gram"] == gram + slopes


@pytest.mark.slow
def test_a_convolutional_encoder_is_differentiated_in_chunks_of_bounded_memory():
    model = Convolutional((8, 8), (4, 2), "same")
    encoder = model.encoder(model.init(jax.random.key(0)))
    x = jax.random.uniform(jax.random.key(1), (40, 64))
    plan = exact.plan(encoder, x, memory=1)
    assert plan.way == "jacrev"  # 8 numbers from 64 pixels
    assert 1 < plan.chunk < 40 and plan.bytes <= 2**20
    got = value_and_gradient(lambda e, x: exact.penalty(e, x, memory=1), encoder, x)
    close(got, value_and_gradient(penalties.contractive, encoder, x))


def test_the_compiled_gradient_keeps_to_its_memory():
    encoder, x = encoder_of((784, 256, 64)), data((784,), 128)

    def held(memory):
        gradient = jax.jit(jax.grad(lambda e: jnp.sum(exact.penalty(e, x, memory=memory))))
        return gradient.lower(encoder).compile().memory_analysis().temp_size_in_bytes / 2**20

    assert held(20) <= 1.5 * 20 < held(1000)  # the plan's bytes are an estimate


@pytest.mark.slow
def test_a_function_that_is_no_layers_is_differentiated_in_the_direction_of_fewer_operations():
    def wide(x):
        return jnp.tanh(x @ jnp.ones((3, 40)))

    narrow = Partial(lambda weight, x: jnp.tanh(x @ weight) @ jnp.ones((40, 2)), jnp.ones((30, 40)) / 40)
    assert exact.plan(wide, jnp.ones((5, 3))).way == "jacfwd"
    assert exact.plan(narrow, jnp.ones((5, 30))).way == "jacrev"
    for encoder, x in ((wide, data((3,))), (narrow, data((30,)))):
        np.testing.assert_allclose(
            penalties.contractive_exact(encoder, x), penalties.contractive(encoder, x), rtol=1e-5
        )


def test_a_function_with_a_gradient_of_its_own_is_differentiated_by_it():
    @jax.custom_vjp
    def tripled(v):
        return 3 * v

    tripled.defvjp(lambda v: (3 * v, None), lambda _, gradient: (3 * gradient,))
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    assert exact.plan(tripled, x).way == "jacrev"  # jacfwd takes no custom_vjp
    np.testing.assert_allclose(penalties.contractive_exact(tripled, x), 9.0 * 5)


def test_an_encoder_without_derivatives_is_refused_as_jax_does():
    def rounded(v):
        return jax.pure_callback(np.round, v, v)

    with pytest.raises(ValueError, match="callback"):
        exact.plan(rounded, np.ones((4, 5), np.float32))


def test_an_activation_that_mixes_units_has_no_slopes():
    layer = Layer(jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)), jnp.float32), jnp.zeros(4), jax.nn.softmax)
    encoder, x = Layers((layer,)), data((5,))
    assert exact.plan(encoder, x).way in ("jacrev", "jacfwd")
    np.testing.assert_allclose(penalties.contractive_exact(encoder, x), penalties.contractive(encoder, x), rtol=1e-5)


@pytest.mark.slow
def test_the_gram_form_has_second_derivatives_in_both_modes():
    encoder, x = encoder_of((7, 5, 3)), data((7,))
    slopes = layer_products.slopes(encoder.layers, encoder.preactivations(x))

    def total(way, scale):
        layers = tuple(layer.replace(weight=scale * layer.weight) for layer in encoder.layers)
        return jnp.sum(way(layers, slopes))

    for twice in (jax.hessian, lambda f: jax.jacrev(jax.jacrev(f)), lambda f: jax.jacfwd(jax.jacfwd(f))):
        got, expected = (
            twice(lambda s, w=way: total(w, s))(1.0)
            for way in (layer_products.from_code_gram, layer_products.from_code)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-4)


@pytest.mark.slow
def test_the_penalty_shares_the_forward_pass_and_one_weight_gradient_with_the_reconstruction():
    from jaxae import losses
    from jaxae.functions import configure
    from jaxae.objective import Recipe, objective

    model = Dense(12, 20)
    params, x = model.init(jax.random.key(0)), jnp.ones((5, 12))

    def products(penalty):
        recipe = Recipe(configure(losses.squared_error), None, penalty=configure(penalty), weight=0.1)

        def step(p):
            return objective(recipe, model.encoder(p), model.decoder(p), jax.random.key(0), x)[0]

        return multiplications(jax.value_and_grad(step), params)

    small = 3 * 5 * 20  # the closed form's own product, [batch, hidden] by [hidden], with its gradient
    assert products(penalties.contractive_closed_form) <= products(penalties.none) + small
    assert products(penalties.l1) == products(penalties.none)
