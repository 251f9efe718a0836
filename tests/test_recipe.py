"""A recipe as a pytree of numbers, made of configured functions or of functions as they stand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jaxae import codes, corruptions, losses, penalties, sweeps, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.pretraining import pretrain

MODEL = Dense(6, 4, activation="sigmoid", tied=False)
SGD = configure(optax.sgd, learning_rate=0.1)


def test_a_recipe_is_a_pytree_of_its_numbers():
    chosen = Recipe(
        configure(losses.squared_error),
        SGD,
        corruption=configure(corruptions.masking, rate=0.2),
        code=configure(codes.top_k, k=7),
        penalty=configure(penalties.kl_sparsity, rho=0.05),
        weight=0.4,
    )
    assert sorted(jax.tree.leaves(chosen)) == [0.05, 0.1, 0.2, 0.4, 7]


def test_functions_and_an_optimizer_as_they_stand_are_partials_whoever_makes_the_recipe():
    adam = optax.adam(1e-3)
    made = Recipe(losses.squared_error, adam, code=codes.identity)
    assert isinstance(made.loss, Partial) and isinstance(made.code, Partial) and made.optimizer() is adam
    plain = Recipe(configure(losses.squared_error), SGD)
    replaced = plain._replace(loss=losses.squared_error, optimizer=adam)
    assert jax.tree.structure(replaced) == jax.tree.structure(made) != jax.tree.structure(plain)
    leaves, structure = jax.tree.flatten(made)
    assert leaves == [0.0] and jax.tree.unflatten(structure, [2.0]).weight == 2.0
    marker = object()  # as JAX's own checks give it
    assert jax.tree.unflatten(structure, [marker]).weight is marker
    nodes = jax.tree.map(lambda node: None, made, is_leaf=lambda node: isinstance(node, Partial))
    assert nodes == Recipe(None, None, None, None, None, None)
    assert jax.tree.structure(Recipe(losses.squared_error, adam)) == structure
    assert jax.tree.structure(Recipe(losses.squared_error, optax.adam(1e-3))) != structure  # of other functions


@pytest.mark.slow
def test_an_optimizer_as_it_stands_trains_as_the_configured_one_and_compiles_once(compilations):
    x = jax.random.uniform(jax.random.key(3), (40, 6))
    adam = optax.adam(1e-3)
    given = Recipe(losses.squared_error, adam, penalty=lambda encoder, x: jnp.sum(encoder(x) ** 2, axis=-1), weight=0.1)
    sizes = {"epochs": 2, "batch_size": 10}
    choices = adam, configure(optax.adam, learning_rate=1e-3)
    results = [training.fit(MODEL, given._replace(optimizer=optimizer), x, **sizes) for optimizer in choices]
    jax.tree.map(np.testing.assert_array_equal, *(result.params for result in results))
    recipes, seeds, _ = sweeps.expand(given._replace(weight=[0, 0.1]))
    assert isinstance(recipes, Recipe)
    grid = training.fit_grid(MODEL, recipes, x, seeds=seeds, **sizes)
    np.testing.assert_allclose(grid.curve["loss"][1], results[0].curve["loss"], rtol=1e-5)
    again = recipes._replace(optimizer=adam)
    before = compilations()
    training.fit_grid(MODEL, again, x, seeds=seeds, **sizes)
    assert compilations() == before > 0
    stacks = [pretrain(Dense(6, (4, 2)), given._replace(optimizer=optimizer), x, **sizes) for optimizer in choices]
    jax.tree.map(np.testing.assert_array_equal, *(stack.params for stack in stacks))


def test_a_penalty_has_a_weight():
    roles = {"loss": losses.squared_error, "optimizer": SGD, "penalty": penalties.l1}
    with pytest.raises(TypeError, match="the recipe has a penalty and no weight: give one, as weight="):
        Recipe(**roles)
    with pytest.raises(TypeError, match="no weight"):
        Recipe(losses.squared_error, SGD, corruptions.clean, codes.identity, penalties.l1)
    assert Recipe(**roles, weight=0).weight == 0
