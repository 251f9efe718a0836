import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial
from scipy.optimize import minimize

from jaxae import codes, corruptions, losses, penalties, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe, encode, objective, reconstruct

MODEL = Dense(6, 4, activation="sigmoid", tied=False)
SGD = configure(optax.sgd, learning_rate=0.1)
KEY = jax.random.key(0)


def numbers(seed=0):
    leaves, structure = jax.tree.flatten(jax.eval_shape(MODEL.init, KEY))
    rng = np.random.default_rng(seed)
    params = jax.tree.unflatten(structure, [jnp.asarray(rng.normal(size=leaf.shape), jnp.float32) for leaf in leaves])
    x = jnp.asarray(rng.uniform(0.1, 0.9, (5, 6)), jnp.float32)
    return params, x


@jax.jit
def evaluate(recipe, params, key, x):
    return objective(recipe, MODEL.encoder(params), MODEL.decoder(params), key, x)


@jax.jit
def rebuild(recipe, params, x):
    return reconstruct(recipe, MODEL.encoder(params), MODEL.decoder(params), x)


def recipe(**choices):
    return Recipe(**{"loss": configure(losses.squared_error), "optimizer": SGD, **choices})


def numpy_pass(params, x):
    """The code and the output of MODEL in double precision."""
    W, b, V, c = (np.asarray(params[p][0][n], np.float64) for p in ("encoder", "decoder") for n in ("weight", "bias"))
    h = 1 / (1 + np.exp(-(np.asarray(x, np.float64) @ W + b)))
    return h, h @ V + c


def test_a_plain_autoencoder_has_the_mean_of_its_errors():
    params, x = numbers()
    value, terms = evaluate(recipe(), params, KEY, x)
    expected = np.mean(np.sum((numpy_pass(params, x)[1] - np.asarray(x)) ** 2, axis=1))
    np.testing.assert_allclose([value, terms["error"]], [expected] * 2, rtol=1e-5)
    assert terms["penalty"] == 0


def test_the_target_is_the_clean_input():
    # All of the input is masked: the output is that of x = 0, and it is still compared with x.
    params, x = numbers()
    masked = recipe(corruption=configure(corruptions.masking, rate=1.0))
    from_zero = numpy_pass(params, np.zeros_like(x))[1]
    expected = np.mean(np.sum((from_zero - np.asarray(x)) ** 2, axis=1))
    wrong = np.mean(np.sum(from_zero**2, axis=1))
    assert abs(expected - wrong) > 0.1 * expected
    np.testing.assert_allclose(evaluate(masked, params, KEY, x)[0], expected, rtol=1e-5)


def test_the_objective_is_the_error_and_the_weighted_penalty():
    params, x = numbers()
    combined = recipe(
        loss=configure(losses.binary_cross_entropy),
        code=configure(codes.top_k, k=2),
        penalty=configure(penalties.contractive),
        weight=0.3,
    )
    value, terms = evaluate(combined, params, KEY, x)
    h, _ = numpy_pass(params, x)
    W, V, c = (
        np.asarray(params[p][0][n], np.float64)
        for p, n in [("encoder", "weight"), ("decoder", "weight"), ("decoder", "bias")]
    )
    kept = np.where(h >= np.sort(h, axis=1)[:, [-2]], h, 0)
    p = 1 / (1 + np.exp(-(kept @ V + c)))
    t = np.asarray(x, np.float64)
    error = np.mean(-np.sum(t * np.log(p) + (1 - t) * np.log(1 - p), axis=1))
    # The penalty is on the encoder, at the clean input: the code that is dropped is contracted too.
    penalty = np.mean((h * (1 - h)) ** 2 @ np.sum(W**2, axis=0))
    np.testing.assert_allclose(terms["error"], error, rtol=1e-5)
    np.testing.assert_allclose(terms["penalty"], penalty, rtol=1e-5)
    np.testing.assert_allclose(value, error + 0.3 * penalty, rtol=1e-5)


@pytest.mark.parametrize("corruption", [corruptions.clean, Partial(corruptions.gaussian, std=1.0)])
def test_the_l1_penalty_is_on_what_the_code_function_keeps_of_the_clean_input(corruption):
    params, x = numbers()
    choices = {
        "penalty": penalties.l1,
        "code": configure(codes.soft_threshold, threshold=0.4),
        "corruption": corruption,
    }
    _, terms = evaluate(recipe(**choices, weight=1.0), params, KEY, x)
    kept = np.maximum(numpy_pass(params, x)[0] - 0.4, 0)
    assert 0 < np.mean(kept == 0) < 1
    np.testing.assert_allclose(terms["penalty"], np.mean(kept.sum(axis=1)), rtol=1e-5)


def test_the_soft_threshold_at_half_the_weight_minimises_error_and_l1_penalty_over_all_codes():
    # With orthonormal columns one proximal step from 0 ends at argmin_h |x - W h|^2 + weight |h|_1.
    rng = np.random.default_rng(0)
    W, x, weight = np.linalg.qr(rng.normal(size=(6, 4)))[0], rng.normal(size=(5, 6)), 0.8
    model = Dense(6, 4, activation="linear")
    params = {"encoder": [{"weight": W, "bias": np.zeros(4)}], "decoder": [{"bias": np.zeros(6)}]}
    params = jax.tree.map(lambda values: jnp.asarray(values, jnp.float32), params)
    proximal = recipe(penalty=penalties.l1, code=configure(codes.soft_threshold, threshold=weight / 2), weight=weight)
    value, _ = objective(proximal, model.encoder(params), model.decoder(params), KEY, jnp.asarray(x, jnp.float32))

    def cost(split):  # of a code h = positive - negative, both from 0 on, which is smooth
        return np.sum((x - (split[0] - split[1]) @ W.T) ** 2) / len(x) + weight * np.sum(split) / len(x)

    shape = (2, *(x @ W).shape)
    found = minimize(
        lambda flat: cost(flat.reshape(shape)), np.ones(shape).ravel(), bounds=[(0, None)] * np.prod(shape), tol=1e-12
    )
    np.testing.assert_allclose(value, found.fun, rtol=1e-5)


def test_a_penalty_is_given_by_keyword_what_it_asks_for():
    params, x = numbers()
    decoder = MODEL.decoder(params)

    def penalty(encoder, x, *, decoder, code, times):
        return times * jnp.sum(decoder(code), axis=1)

    chosen = recipe(penalty=configure(penalty, times=2.0), weight=0.0, code=configure(codes.top_k, k=2))
    _, terms = objective(chosen, MODEL.encoder(params), decoder, KEY, x)
    h, _ = numpy_pass(params, x)
    kept = np.where(h >= np.sort(h, axis=1)[:, [-2]], h, 0)
    np.testing.assert_allclose(terms["penalty"], np.mean(2 * np.sum(decoder(kept), axis=1)), rtol=1e-5)
    with pytest.raises(TypeError, match=r"^code is not a keyword of penalty; its keywords are: times"):
        configure(penalty, code=1.0)


def test_the_penalty_sees_the_clean_input():
    params, x = numbers()
    choices = {"penalty": configure(penalties.contractive), "weight": 1.0}
    clean = evaluate(recipe(**choices), params, KEY, x)[1]
    noisy = evaluate(recipe(**choices, corruption=configure(corruptions.gaussian, std=1.0)), params, KEY, x)[1]
    np.testing.assert_allclose(noisy["penalty"], clean["penalty"], rtol=1e-6)
    assert abs(noisy["error"] - clean["error"]) > 1e-3


@pytest.mark.parametrize(
    "choices",
    [
        {"corruption": configure(corruptions.gaussian, std=0.5)},
        {"corruption": configure(corruptions.masking, rate=0.5)},
        {"corruption": configure(corruptions.salt_and_pepper, rate=0.5)},
        {"penalty": configure(penalties.contractive_hutchinson, samples=2), "weight": 1.0},
    ],
)
def test_a_fresh_key_draws_fresh_noise_and_the_same_key_repeats(choices):
    params, x = numbers()
    first, again, other = (evaluate(recipe(**choices), params, jax.random.key(seed), x)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_corruption_and_random_penalty_draw_from_different_keys():
    # With a common key, the noise of the input and the signs of the penalty would be one and the same draw.
    def recorded(key, x):
        return jnp.broadcast_to(jax.random.uniform(key), x.shape)

    def penalty(encoder, x, *, key):
        return jnp.broadcast_to(jax.random.uniform(key), x.shape[:1])

    def identity(v):
        return v

    chosen = recipe(
        corruption=configure(recorded),
        penalty=configure(penalty),
        weight=0.0,
        loss=configure(lambda output, x: output[:, 0]),
    )
    _, terms = objective(chosen, identity, identity, KEY, jnp.zeros((3, 2)))
    assert terms["error"] != terms["penalty"]


def test_weight_0_is_the_plain_loss_in_value_and_gradient():
    params, x = numbers()
    contracted = recipe(penalty=configure(penalties.contractive), weight=0.0)
    slope = jax.jit(jax.value_and_grad(lambda params, recipe: evaluate(recipe, params, KEY, x)[0]))
    plain, off = slope(params, recipe()), slope(params, contracted)
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(off), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    assert evaluate(contracted, params, KEY, x)[1]["penalty"] > 0.01  # measured although it does not count


def test_the_gradient_is_linear_in_the_weight():
    params, x = numbers()
    slope = jax.jit(jax.grad(lambda params, recipe: evaluate(recipe, params, KEY, x)[0]))
    at_0, at_1, at_3 = (
        slope(params, recipe(penalty=configure(penalties.contractive), weight=w)) for w in (0.0, 1.0, 3.0)
    )
    for zero, one, three in zip(*(jax.tree.leaves(tree["encoder"]) for tree in (at_0, at_1, at_3)), strict=True):
        np.testing.assert_allclose(three - zero, 3 * (one - zero), rtol=1e-4, atol=1e-5)
        assert np.max(np.abs(one - zero)) > 0.01


def test_a_reconstruction_is_the_mean_of_the_decoder_without_corruption():
    params, x = numbers()
    noise = configure(corruptions.masking, rate=1.0)
    output = numpy_pass(params, x)[1]
    np.testing.assert_allclose(rebuild(recipe(corruption=noise), params, x), output, rtol=1e-5, atol=1e-5)
    probabilities = rebuild(recipe(loss=configure(losses.binary_cross_entropy), corruption=noise), params, x)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-output)), rtol=1e-5)


def of_units(encoder, x):
    return encoder(x) ** 2


def summed(encoder, x, *, scale):
    return scale * jnp.sum(encoder(x))


def averaged(prediction, target):
    return jnp.mean((prediction - target) ** 2)


def of_five(prediction, target):
    return jnp.sum((prediction - target) ** 2, axis=-1)[:5]


def cut(key, x):
    return x[:, :-1]


def halved(z, *, offset: int = 0):
    return z[..., offset::2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"penalty": of_units, "weight": 1.0},
            r"the penalty of_units gives shape \(4, 4\): it must be one number per example, \(4,\)",
        ),
        (
            {"penalty": configure(summed, scale=2.0), "weight": 1.0},
            r"the penalty summed gives shape \(\): it must be one number per",
        ),
        ({"loss": averaged}, r"the loss averaged gives shape \(\): it must be one number per example, \(4,\)"),
        ({"corruption": cut}, r"the corruption cut gives shape \(4, 5\): it must be the shape of .* given, \(4, 6\)"),
        ({"code": halved}, r"the code halved gives shape \(4, 2\): it must be the shape of .* given, \(4, 4\)"),
        (
            {"code": configure(halved, offset=1)},
            r"the code halved gives shape \(4, 2\): it must be",
        ),  # a Structured one
    ],
)
def test_a_function_that_gives_another_shape_is_refused_by_name(change, words):
    params, x = numbers()  # with as many examples as units, a penalty of every unit would broadcast
    with pytest.raises(ValueError, match=words):
        evaluate(recipe(**change), params, KEY, x[:4])


def test_shapes_are_checked_in_training_and_in_testing():
    _, x = numbers()
    for change, words in (
        ({"penalty": of_units, "weight": 1.0}, "of_units"),
        ({"loss": of_five}, r"of_five gives shape \(5,\): .*\(6,\)"),
    ):
        with pytest.raises(ValueError, match=words):
            training.fit(MODEL, recipe(**change), x, epochs=1, batch_size=5, x_test=np.zeros((6, 6), np.float32))


def test_dropout_trains_units_at_random_with_another_mask_at_every_layer_and_reconstructs_with_all():
    model = Dense(6, (6, 6), "linear", code_at="every")
    params = jax.tree.map(jnp.ones_like, model.init(KEY))
    identity = [{"weight": jnp.eye(6), "bias": jnp.zeros(6)}] * 2
    encoder, decoder, x = model.encoder(params | {"encoder": identity}), model.decoder(params), numbers()[1]
    dropping = recipe(code=configure(codes.dropout, rate=0.5))
    masks = [np.asarray(jax.random.uniform(jax.random.fold_in(KEY, layer), x.shape) >= 0.5) for layer in range(2)]
    assert not np.array_equal(*masks)
    np.testing.assert_allclose(encode(dropping, encoder, x, KEY), np.where(masks[0] & masks[1], 4 * x, 0), rtol=1e-6)
    np.testing.assert_array_equal(reconstruct(dropping, encoder, decoder, x), decoder(x))
    first, second = (objective(dropping, encoder, decoder, jax.random.key(seed), x)[0] for seed in (1, 2))
    assert first != second
