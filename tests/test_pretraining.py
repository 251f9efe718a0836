import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe, encode, objective
from jaxae.pretraining import layers_of, pretrain

X = jax.random.uniform(jax.random.key(0), (40, 12))
ADAM = configure(optax.adam, learning_rate=1e-2)
ENTROPY, SQUARED = configure(losses.binary_cross_entropy), configure(losses.squared_error)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_the_unrolled_parameters_are_those_of_the_deep_model(tied):
    model = Dense(12, (8, 5, 3), tied=tied)
    trained = pretrain(model, Recipe(ENTROPY, ADAM), X, epochs=1, batch_size=10)
    expected = jax.eval_shape(model.init, jax.random.key(0))
    assert jax.tree.map(jnp.shape, trained.params) == jax.tree.map(jnp.shape, expected)
    assert len(trained.curves) == 3


@pytest.mark.slow
def test_a_layer_is_trained_on_the_clean_codes_of_the_layer_below():
    recipe = Recipe(ENTROPY, ADAM, corruption=configure(corruptions.masking, rate=0.3))
    trained = pretrain(Dense(12, (8, 5)), recipe, X, seed=3, epochs=2, batch_size=10)
    first = training.fit(Dense(12, 8), recipe, X, seed=3, epochs=2, batch_size=10)
    codes_below = Dense(12, 8).encoder(first.params)(X)
    second = training.fit(Dense(8, 5), recipe, codes_below, seed=3, epochs=2, batch_size=10)
    pairs = zip(trained.params["encoder"], (*first.params["encoder"], *second.params["encoder"]), strict=True)
    for ours, reference in pairs:
        np.testing.assert_allclose(ours["weight"], reference["weight"], atol=1e-5)
    # The decoder's layers stand in the order in which they decode.
    np.testing.assert_allclose(trained.params["decoder"][0]["bias"], second.params["decoder"][0]["bias"], atol=1e-5)


def test_unrolled_sigmoid_layers_decode_as_their_own_decoders_did():
    model = Dense(12, (8, 5))
    params = pretrain(model, Recipe(ENTROPY, ADAM), X, epochs=2, batch_size=10).params
    lower = {"encoder": params["encoder"][:1], "decoder": params["decoder"][1:]}
    upper = {"encoder": params["encoder"][1:], "decoder": params["decoder"][:1]}
    code = Dense(8, 5).encoder(upper)(Dense(12, 8).encoder(lower)(X))
    hidden = losses.mean_prediction(ENTROPY, Dense(8, 5).decoder(upper)(code))
    np.testing.assert_allclose(model.decoder(params)(code), Dense(12, 8).decoder(lower)(hidden), atol=1e-5)


def test_layers_on_codes_that_are_not_sigmoid_are_trained_by_the_squared_error():
    pairs = layers_of(Dense(12, (8, 5), ("relu", "linear"), tied=False), Recipe(ENTROPY, ADAM))
    assert [recipe.loss.func for _, recipe in pairs] == [losses.binary_cross_entropy, losses.squared_error]
    assert [layer.output for layer, _ in pairs] == ["linear", "relu"]
    pairs = layers_of(Dense(12, (8, 5)), Recipe(ENTROPY, ADAM))
    assert [recipe.loss.func for _, recipe in pairs] == [losses.binary_cross_entropy] * 2


@pytest.mark.slow
def test_the_penalty_is_that_of_each_layers_own_map():
    recipe = Recipe(ENTROPY, ADAM, penalty=configure(penalties.contractive_closed_form), weight=1.0)
    strong = pretrain(Dense(12, (8, 5)), recipe, X, epochs=5, batch_size=10)  # a closed form knows one layer only
    plain = pretrain(Dense(12, (8, 5)), recipe._replace(weight=0.0), X, epochs=5, batch_size=10)
    for contracted, free in zip(strong.curves, plain.curves, strict=True):
        assert contracted["penalty"][-1] < free["penalty"][-1]


@pytest.mark.slow
def test_a_code_at_every_layer_keeps_k_units_in_each():
    model = Dense(12, (8, 6), "linear", code_at="every")
    recipe = Recipe(SQUARED, ADAM, code=configure(codes.top_k, k=2))
    params = pretrain(model, recipe, X, epochs=1, batch_size=10).params
    encoder = model.encoder(params)
    hidden = codes.top_k(encoder.layers[0](X), k=2)
    np.testing.assert_allclose(encode(recipe, encoder, X), codes.top_k(encoder.layers[1](hidden), k=2), atol=1e-6)
    twice = recipe._replace(code=codes.scaled(recipe.code, 2))
    assert np.all(np.count_nonzero(encode(twice, encoder, X), axis=1) == 4)
    loss, _ = objective(recipe, encoder, model.decoder(params), jax.random.key(0), X)
    expected = losses.squared_error(model.decoder(params)(encode(recipe, encoder, X)), X).mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="code_at is 'first'"):
        Dense(12, 8, code_at="first")


def test_only_a_code_with_k_is_scaled():
    with pytest.raises(ValueError, match="has no k"):
        codes.scaled(configure(codes.identity), 2)


@pytest.mark.slow
def test_training_goes_on_from_given_parameters_and_leaves_them_alone():
    model, recipe = Dense(12, (8, 5)), Recipe(ENTROPY, ADAM)
    start = pretrain(model, recipe, X, epochs=2, batch_size=10).params
    stacked = jax.tree.map(lambda leaf: leaf[None], start)
    recipes = jax.tree.map(lambda number: jnp.asarray(number, jnp.float32)[None], recipe)
    grid = training.fit_grid(model, recipes, X, seeds=[1], epochs=2, batch_size=10, params=stacked)
    single = training.fit(model, recipe, X, seed=1, epochs=2, batch_size=10, params=start)
    np.testing.assert_allclose(grid.curve["loss"][0], single.curve["loss"], rtol=1e-5)
    np.testing.assert_array_equal(stacked["encoder"][0]["weight"][0], start["encoder"][0]["weight"])
    # the first epoch starts where pretraining ended, not at random weights
    random = training.fit(model, recipe, X, seed=1, epochs=2, batch_size=10)
    assert single.curve["loss"][0] < random.curve["loss"][0]
