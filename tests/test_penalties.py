import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from encoders import FEATURES, batch, numpy_code, stack, with_weights
from jax.test_util import check_grads

from jaxae import penalties
from jaxae.models import ACTIVATIONS, Layer, Layers

STACKS = [("sigmoid",), ("relu",), ("tanh", "sigmoid"), ("gelu", "linear"), ("sigmoid", "softplus", "elu")]


def jacobian_by_loops(encoder, names, x, h=1e-5):
    """dh_j / dx_i by central differences, entry by entry: the error is O(h^2) = 1e-10, the rounding 1e-16 / h."""
    x = np.asarray(x, np.float64)
    code = encoder.layers[-1].bias.shape[0]
    J = np.zeros((len(x), code, FEATURES))
    for row in range(len(x)):
        for i in range(FEATURES):
            up, down = x[row].copy(), x[row].copy()
            up[i] += h
            down[i] -= h
            for j in range(code):
                J[row, j, i] = (numpy_code(encoder, names, up)[j] - numpy_code(encoder, names, down)[j]) / (2 * h)
    return J


EXACT = {
    "contractive": penalties.contractive,
    "closed_form": penalties.contractive_closed_form,
}
CONTRACTIVE = {  # functions of encoder and x
    **EXACT,
    "finite_difference": functools.partial(penalties.contractive_finite_difference, epsilon=1e-3),
    "hutchinson": functools.partial(penalties.contractive_hutchinson, key=jax.random.key(0), samples=3),
    "hessian": functools.partial(penalties.contractive_hessian, key=jax.random.key(0), gamma=0.5, std=0.3, samples=2),
}
ALL = {
    **CONTRACTIVE,
    "none": penalties.none,
    "l1": penalties.l1,
    "kl_sparsity": functools.partial(penalties.kl_sparsity, rho=0.1),
    "weight_decay": penalties.weight_decay,
}
COMPILED = {name: jax.jit(method) for name, method in ALL.items()}  # for encoders that are pytrees


@pytest.mark.parametrize("name", ALL)
def test_a_penalty_is_one_finite_number_per_example(name):
    values = COMPILED[name](stack(("sigmoid",), dtype=np.float32), batch(5, dtype=np.float32))
    assert values.shape == (5,)
    assert values.dtype == jnp.float32
    assert np.all(np.isfinite(values))
    assert np.all(values == 0) if name == "none" else np.all(values > 0)


@pytest.mark.parametrize("names", STACKS, ids="-".join)
def test_contractive_is_the_squared_frobenius_norm_at_any_depth(names, x64):
    encoder, x = stack(names), batch()
    expected = np.sum(jacobian_by_loops(encoder, names, x) ** 2, axis=(1, 2))
    np.testing.assert_allclose(COMPILED["contractive"](encoder, x), expected, rtol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_closed_form_is_contractive_for_every_activation(name, x64):
    encoder, x = stack((name,)), batch(20)
    definition, closed = (COMPILED[method](encoder, x) for method in EXACT)
    np.testing.assert_allclose(closed, definition, rtol=1e-12)
    assert np.all(np.isfinite(closed)) and np.any(closed > 0)


def test_the_closed_form_is_contractive_in_single_precision():
    encoder, x = stack(("sigmoid",), dtype=np.float32), batch(20, dtype=np.float32)
    np.testing.assert_allclose(COMPILED["closed_form"](encoder, x), COMPILED["contractive"](encoder, x), rtol=1e-5)


def test_a_sigmoid_layer_has_the_penalty_of_rifai_et_al():
    # ||J||^2 = sum_j (h_j (1 - h_j))^2 sum_i W_ij^2 (Rifai et al. 2011).
    encoder, x = stack(("sigmoid",), dtype=np.float32), batch(dtype=np.float32)
    h = numpy_code(encoder, ("sigmoid",), np.asarray(x, np.float64))
    squares = np.sum(np.asarray(encoder.layers[0].weight, np.float64) ** 2, axis=0)
    for method in EXACT:
        np.testing.assert_allclose(COMPILED[method](encoder, x), (h * (1 - h)) ** 2 @ squares, rtol=1e-5)


def test_the_mean_is_the_mean_of_squared_norms_and_no_norm_of_the_mean():
    # pylearn2's first CAE took the norm of the mean Jacobian.
    encoder, x = stack(("tanh",), dtype=np.float32), batch(8, dtype=np.float32)
    h = numpy_code(encoder, ("tanh",), np.asarray(x, np.float64))
    W = np.asarray(encoder.layers[0].weight, np.float64)
    jacobians = [np.diag(1 - row**2) @ W.T for row in h]
    expected = np.mean([np.linalg.norm(J, "fro") ** 2 for J in jacobians])
    for method in EXACT:
        np.testing.assert_allclose(np.mean(COMPILED[method](encoder, x)), expected, rtol=1e-5)
    assert np.linalg.norm(np.mean(jacobians, axis=0), "fro") ** 2 < 0.9 * expected


@pytest.mark.parametrize("name", CONTRACTIVE)
def test_units_with_opposite_weights_do_not_cancel(name):
    # h = (x.w, -x.w): the gradient of the sum of the units is 0, the penalty is 2 ||w||^2.
    w = np.arange(1.0, 7.0, dtype=np.float32)
    encoder = Layers((Layer(jnp.stack([w, -w], axis=1), jnp.zeros(2), ACTIVATIONS["linear"]),))
    if name == "hutchinson":  # one random sign vector may see the sum of the units; the mean over many keys does not
        keys = jax.random.split(jax.random.key(1), 4000)
        draws = jax.jit(
            jax.vmap(lambda key: penalties.contractive_hutchinson(encoder, batch(dtype=np.float32), key=key))
        )(keys)
        # Either (w + w) or 0, each with probability a half: mean 2 ||w||^2, standard deviation 2 ||w||^2.
        assert abs(np.mean(draws[:, 0]) / 182 - 1) < 4 / np.sqrt(4000)
    else:
        values = COMPILED[name](encoder, 0.1 * batch(dtype=np.float32))
        np.testing.assert_allclose(values, 2 * np.sum(w**2), rtol=2e-3 if name == "finite_difference" else 1e-6)


def test_a_deep_encoder_is_not_penalised_as_its_last_layer(x64):
    first, last = stack(("linear", "linear")).layers
    W1, W2 = np.asarray(first.weight), np.asarray(last.weight)
    got = penalties.contractive(Layers((first, last)), batch())
    np.testing.assert_allclose(got, np.sum((W1 @ W2) ** 2), rtol=1e-12)
    assert np.all(np.abs(got - np.sum(W2**2)) > 1)


@pytest.mark.parametrize("name", CONTRACTIVE)
def test_a_constant_encoder_has_penalty_0_and_a_finite_gradient(name):
    def penalty(W, x):
        return CONTRACTIVE[name](Layers((Layer(W, jnp.full(4, 0.3), jnp.tanh),)), x)

    x = batch(dtype=np.float32)
    zero = jnp.zeros((FEATURES, 4))
    values, gradient = jax.jit(lambda W: (penalty(W, x), jax.grad(lambda W: jnp.sum(penalty(W, x)))(W)))(zero)
    assert np.all(values == 0)
    assert np.all(gradient == 0)  # a root of the square would give NaN


@pytest.mark.parametrize("name", CONTRACTIVE)
def test_doubling_the_weights_of_a_linear_encoder_quadruples_the_penalty(name, x64):
    encoder, x = stack(("linear",)), batch()
    doubled = with_weights(encoder, [2 * encoder.layers[0].weight])
    rounding = 1e-9 if name == "finite_difference" else 1e-14
    np.testing.assert_allclose(COMPILED[name](doubled, x), 4 * COMPILED[name](encoder, x), rtol=rounding)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("contractive", ("sigmoid",)),
        ("contractive", ("tanh", "softplus")),
        ("closed_form", ("sigmoid",)),
        ("closed_form", ("gelu",)),
        ("finite_difference", ("sigmoid",)),
        ("hutchinson", ("sigmoid",)),
        ("hessian", ("sigmoid",)),
        ("hessian", ("tanh", "softplus")),
    ],
)
def test_the_gradient_is_that_of_finite_differences_and_not_0(name, names, x64):
    encoder, x = stack(names), batch(2)
    penalty = jax.jit(lambda encoder: jnp.mean(CONTRACTIVE[name](encoder, x)))
    # The reverse mode is the one that trains. A penalty of a frozen copy of W, or an integer division, has gradient 0.
    check_grads(penalty, (encoder,), order=1, modes=["rev"], atol=1e-6, rtol=1e-6)
    gradient = jax.jit(jax.grad(penalty))(encoder)
    for layer in gradient.layers:
        assert np.all(np.abs(layer.weight) > 1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_the_gradient_of_a_linear_encoder_is_twice_its_weights(name):
    # sum_ij W_ij^2 is the penalty of every example, whatever x is.
    encoder, x = stack(("linear",), dtype=np.float32), batch(4, dtype=np.float32)
    gradient = jax.grad(lambda encoder: jnp.mean(EXACT[name](encoder, x)))(encoder).layers[0]
    np.testing.assert_allclose(gradient.weight, 2 * encoder.layers[0].weight, rtol=1e-6)
    assert np.all(gradient.bias == 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTRACTIVE)
def test_the_value_is_the_same_plain_jitted_and_beside_a_gradient(name):
    # A library for PyTorch gives 0 where gradients are off.
    encoder, x = stack(("sigmoid",), dtype=np.float32), batch(dtype=np.float32)

    def total(encoder):
        return jnp.sum(CONTRACTIVE[name](encoder, x))

    plain, jitted, beside = total(encoder), jax.jit(total)(encoder), jax.value_and_grad(total)(encoder)[0]
    assert plain > 0.01
    rounding = 1e-3 if name == "finite_difference" else 1e-5  # differences of 2e-3 of numbers with an error of 6e-8
    np.testing.assert_allclose([jitted, beside], [plain, plain], rtol=rounding)


@pytest.mark.parametrize("name", ["contractive", "finite_difference", "hutchinson"])
def test_images_and_image_codes_give_the_penalty_of_their_flat_values(name, x64):
    encoder, x = stack(("sigmoid",)), batch()

    def on_images(image):
        return encoder(image.reshape(len(image), FEATURES)).reshape(-1, 2, 2, 1)

    method = CONTRACTIVE[name]
    if name == "hutchinson":  # another shape of the code draws other signs: keep the code flat

        def on_images(image):
            return encoder(image.reshape(len(image), FEATURES))

    np.testing.assert_allclose(
        jax.jit(lambda x: method(on_images, x))(x.reshape(3, 3, 2, 1)), COMPILED[name](encoder, x), rtol=1e-10
    )


@pytest.mark.parametrize(
    ("encoder", "reason"),
    [
        (lambda x: x, "function"),
        (stack(("sigmoid", "sigmoid"), dtype=np.float32), "one layer, not 2"),
        (Layers((Layer(jnp.ones((FEATURES, 3)), jnp.zeros(3), jax.nn.softmax),)), "elementwise"),
        (Layers((Layer(jnp.ones((FEATURES, 3)), jnp.zeros(3), jnp.cumsum),)), "elementwise"),
        (Layers((Layer(jnp.ones((FEATURES, 4)), jnp.zeros(4), lambda a: a[..., ::-1]),)), "elementwise"),
    ],
    ids=["lambda", "two layers", "softmax", "cumsum", "reversal"],
)
def test_the_closed_form_refuses_what_is_not_one_elementwise_layer(encoder, reason):
    with pytest.raises(TypeError, match=f"contractive_closed_form.*{reason}"):
        penalties.contractive_closed_form(encoder, batch(dtype=np.float32))


@pytest.mark.parametrize("name", ["contractive", "finite_difference", "hutchinson", "l1"])
def test_penalties_of_the_code_alone_take_any_function(name):
    values = jax.jit(lambda x: ALL[name](lambda x: 3 * x, x))(0.1 * batch(dtype=np.float32))
    if name == "l1":
        expected = np.sum(np.abs(0.3 * np.asarray(batch(dtype=np.float32))), axis=1)
    else:
        expected = np.full(3, 9.0 * FEATURES)  # J = 3 I; its J J^T is diagonal, so that every sign vector is exact
    np.testing.assert_allclose(values, expected, rtol=2e-3 if name == "finite_difference" else 1e-6)


def test_finite_differences_converge_with_the_square_of_epsilon(x64):
    encoder, x = stack(("sigmoid",)), batch()
    exact = COMPILED["contractive"](encoder, x)
    method = jax.jit(lambda epsilon: penalties.contractive_finite_difference(encoder, x, epsilon=epsilon))
    errors = [np.abs(method(epsilon) - exact) for epsilon in (0.04, 0.02, 0.01)]
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.02)
    np.testing.assert_allclose(errors[1] / errors[2], 4, rtol=0.005)
    np.testing.assert_allclose(method(1e-4), exact, rtol=1e-6)


def test_finite_differences_have_the_stated_error_in_single_precision():
    encoder, x = stack(("sigmoid",), dtype=np.float32), batch(dtype=np.float32)
    exact = COMPILED["contractive"](encoder, x)
    got = penalties.contractive_finite_difference(encoder, x, epsilon=1e-2)
    np.testing.assert_allclose(got, exact, rtol=1e-3)  # 1e-4 from epsilon^2, 1e-7 / epsilon = 1e-5 per difference


def test_hutchinson_is_unbiased_with_the_variance_of_random_signs():
    encoder, x = stack(("tanh",), dtype=np.float32), 0.3 * batch(dtype=np.float32)
    keys = jax.random.split(jax.random.key(2), 4000)

    def estimate(key, samples):
        return penalties.contractive_hutchinson(encoder, x, key=key, samples=samples)

    h = numpy_code(encoder, ("tanh",), np.asarray(x, np.float64))
    J = (1 - h**2)[:, :, None] * np.asarray(encoder.layers[0].weight, np.float64).T
    gram = J @ J.transpose(0, 2, 1)
    exact = np.trace(gram, axis1=1, axis2=2)
    # For signs, var(v^T A v) = 2 sum_(i != j) A_ij^2 (Hutchinson 1990), divided by the number of samples.
    variance = 2 * (np.sum(gram**2, axis=(1, 2)) - np.sum(np.diagonal(gram, axis1=1, axis2=2) ** 2, axis=1))
    for samples in (1, 4):
        draws = np.asarray(jax.jit(jax.vmap(functools.partial(estimate, samples=samples)))(keys), np.float64)
        assert np.all(np.abs(draws.mean(axis=0) - exact) < 4 * np.sqrt(variance / samples / 4000))
        spread = (draws - draws.mean(axis=0)) ** 2
        assert np.all(np.abs(spread.mean(axis=0) - variance / samples) < 4 * spread.std(axis=0) / np.sqrt(4000))


def test_the_contraction_of_the_reconstruction_has_its_squared_jacobian_as_the_mean():
    encoder, decoder = stack(("tanh",), dtype=np.float32), stack(("tanh", "linear"), (5, FEATURES), dtype=np.float32)
    decoder = decoder.replace(
        layers=(decoder.layers[0].replace(weight=decoder.layers[0].weight[:4]), decoder.layers[1])
    )
    x = batch(dtype=np.float32)
    keys = jax.random.split(jax.random.key(0), 4000)
    penalty = jax.vmap(lambda key: penalties.contractive_reconstruction(encoder, x, decoder=decoder, key=key))
    expected = COMPILED["contractive"](jax.tree_util.Partial(lambda f, g, v: g(f(v)), encoder, decoder), x)
    np.testing.assert_allclose(jnp.mean(jax.jit(penalty)(keys), axis=0), expected, rtol=0.1)


def test_hutchinson_repeats_with_its_key_and_is_exact_for_one_unit(x64):
    encoder, x = stack(("tanh",)), batch()
    method = jax.jit(penalties.contractive_hutchinson)

    def draw(seed):
        return method(encoder, x, key=jax.random.key(seed))

    np.testing.assert_array_equal(draw(3), draw(3))
    assert np.all(draw(3) != draw(4))
    unit = stack(("tanh",), widths=(1,))  # (+-1)^2 ||grad h||^2
    one = method(unit, x, key=jax.random.key(5))
    np.testing.assert_allclose(one, COMPILED["contractive"](unit, x), rtol=1e-12)


def test_l1_of_known_codes():
    code = np.array([[1.0, -2.0, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0], [-1.0, -1.0, -1.0, 7.0]], np.float32)
    x = jnp.zeros((3, FEATURES))
    np.testing.assert_array_equal(penalties.l1(lambda _: jnp.asarray(code), x), [3.5, 0, 10])
    np.testing.assert_array_equal(penalties.l1(lambda _: jnp.asarray(code).reshape(3, 2, 2), x), [3.5, 0, 10])
