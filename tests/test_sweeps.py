import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses
from jaxae.functions import configure
from jaxae.objective import Recipe
from jaxae.schedules import Schedule
from jaxae.sweeps import expand, take


def recipe(learning_rate=0.1, k=3, weight=0.0, rate=0.2):
    return Recipe(
        loss=configure(losses.squared_error),
        optimizer=configure(optax.sgd, learning_rate=learning_rate),
        corruption=configure(corruptions.masking, rate=rate),
        code=configure(codes.top_k, k=k),
        weight=weight,
    )


def test_numbers_alone_are_one_run_with_no_axis():
    recipes, seeds, table = expand(recipe(), seed=7)
    assert table == {}
    np.testing.assert_array_equal(seeds, [7])
    assert all(leaf.shape == (1,) and leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(recipes))
    assert jax.tree.structure(recipes) == jax.tree.structure(recipe())
    np.testing.assert_array_equal(recipes.code.keywords["k"], [3])


def test_lists_multiply_and_the_last_axis_varies_fastest():
    recipes, seeds, table = expand(recipe(learning_rate=[0.1, 0.2], k=[1, 5, 9], weight=[0.0, 1.0]), seed=[4, 8])
    assert len(seeds) == 2 * 3 * 2 * 2
    # The order of the fields of a Recipe, and the seed after them.
    rows = [(a, k, w, s) for a in (0.1, 0.2) for k in (1, 5, 9) for w in (0.0, 1.0) for s in (4, 8)]
    got = [recipes.optimizer.keywords["learning_rate"], recipes.code.keywords["k"], recipes.weight, seeds]
    for column, expected in zip(got, zip(*rows, strict=True), strict=True):
        np.testing.assert_allclose(column, expected, rtol=1e-7)
    assert list(table) == ["optimizer.learning_rate", "code.k", "weight", "seed"]
    for column, expected in zip(table.values(), zip(*rows, strict=True), strict=True):
        np.testing.assert_array_equal(column, expected)
    np.testing.assert_allclose(recipes.corruption.keywords["rate"], np.full(24, 0.2), rtol=1e-7)


def test_a_list_of_one_is_an_axis():
    recipes, seeds, table = expand(recipe(k=[3]))
    assert len(seeds) == 1 and recipes.weight.shape == (1,)
    np.testing.assert_array_equal(table["code.k"], [3])
    assert list(table) == ["code.k"]


def test_a_number_within_a_schedule_is_an_axis():
    schedule = Schedule(
        configure(optax.linear_schedule, init_value=[100.0, 50.0], end_value=25.0, transition_steps=0.5)
    )
    recipes, _, table = expand(recipe(k=schedule))
    assert list(table) == ["code.k.init_value"]
    np.testing.assert_array_equal(table["code.k.init_value"], [100, 50])
    starts = jax.vmap(lambda one: one.code.keywords["k"](0.0))(recipes)
    np.testing.assert_allclose(starts, [100, 50])


@pytest.mark.parametrize("values", [[], [1.0, [2.0, 3.0]]])
def test_an_empty_axis_and_an_axis_of_lists_are_refused_by_name(values):
    with pytest.raises(ValueError, match=r"^weight is .*axis"):
        expand(recipe(weight=values))
    with pytest.raises(ValueError, match=r"^code\.k is .*axis"):
        expand(recipe(k=values))
    with pytest.raises(ValueError, match=r"^seed is .*axis"):
        expand(recipe(), seed=values)


def test_seeds_are_whole_numbers_of_32_bits_without_a_sign():
    _, seeds, _ = expand(recipe(), seed=[0, 2**32 - 1])
    assert seeds.dtype == np.uint32
    np.testing.assert_array_equal(seeds, [0, 2**32 - 1])


def test_take_is_one_run_of_all():
    recipes, _, table = expand(recipe(k=[1, 5, 9]))
    one = take(recipes, 1)
    assert one.code.keywords["k"] == 5
    assert one.weight == 0 and one.weight.shape == ()
    assert jax.tree.structure(one) == jax.tree.structure(recipe())
    assert take(table, 2) == {"code.k": 9}
