import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties, sweeps, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe, objective, reconstruct

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

    identity = lambda v: v  # noqa: E731
    chosen = recipe(
        corruption=configure(recorded), penalty=configure(penalty), loss=configure(lambda output, x: output[:, 0])
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


def test_a_recipe_is_a_pytree_of_its_numbers():
    chosen = recipe(
        corruption=configure(corruptions.masking, rate=0.2),
        code=configure(codes.top_k, k=7),
        penalty=configure(penalties.kl_sparsity, rho=0.05),
        weight=0.4,
    )
    assert sorted(jax.tree.leaves(chosen)) == [0.05, 0.1, 0.2, 0.4, 7]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"penalty": configure(lambda encoder, x: encoder(x))}, r"the penalty .* gives shape \(\d+, \d+\)"),
        ({"penalty": configure(lambda encoder, x: jnp.sum(encoder(x)))}, r"the penalty .* gives shape \(\)"),
        (
            {"loss": configure(lambda prediction, target: jnp.mean((prediction - target) ** 2))},
            "the loss .* one number",
        ),
        ({"corruption": configure(lambda key, x: x[:, :-1])}, "the corruption gives shape"),
    ],
)
def test_what_is_not_one_number_per_example_is_refused(change, words):
    params, x = numbers()
    with pytest.raises(ValueError, match=words):
        evaluate(recipe(**change), params, KEY, x)


def test_an_optimizer_as_it_stands_trains_as_the_configured_one_and_compiles_once():
    x = jax.random.uniform(jax.random.key(3), (40, 6))
    adam = optax.adam(1e-3)
    given = Recipe(losses.squared_error, adam, penalty=lambda encoder, x: jnp.sum(encoder(x) ** 2, axis=-1), weight=0.1)
    results = [training.fit(MODEL, given._replace(optimizer=optimizer), x, epochs=2, batch_size=10)
               for optimizer in (adam, configure(optax.adam, learning_rate=1e-3))]  # fmt: skip
    for one, other in zip(*(jax.tree.leaves(result.params) for result in results), strict=True):
        np.testing.assert_array_equal(one, other)
    recipes, seeds, _ = sweeps.expand(given._replace(weight=[0, 0.1]))
    assert isinstance(recipes, Recipe)
    grid = training.fit_grid(MODEL, recipes, x, seeds=seeds, epochs=2, batch_size=10)
    np.testing.assert_allclose(grid.curve["loss"][1], results[0].curve["loss"], rtol=1e-5)
    before = training._epoch_grid._cache_size()
    training.fit_grid(MODEL, recipes._replace(optimizer=adam), x, seeds=seeds, epochs=2, batch_size=10)
    assert training._epoch_grid._cache_size() == before
