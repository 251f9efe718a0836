import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jaxae import codes, corruptions, losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.pretraining import pretrain
from jaxae.schedules import Schedule
from jaxae.sweeps import expand, take
from jaxae.training import fit, fit_grid


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


@pytest.mark.parametrize("kind", [list, tuple, np.array, jnp.array, lambda values: range(values[0], 4)])
def test_an_axis_is_a_list_a_tuple_a_range_or_an_array_of_numbers(kind):
    recipes, seeds, table = expand(recipe(k=kind([1, 2, 3]), weight=kind([1, 2, 3])), seed=kind([1, 2, 3]))
    listed, listed_seeds, listed_table = expand(recipe(k=[1, 2, 3], weight=[1, 2, 3]), seed=[1, 2, 3])
    assert jax.tree.structure(recipes) == jax.tree.structure(listed)
    jax.tree.map(np.testing.assert_array_equal, recipes, listed)
    np.testing.assert_array_equal(seeds, listed_seeds)
    assert list(table) == list(listed_table) == ["code.k", "weight", "seed"]
    jax.tree.map(np.testing.assert_array_equal, table, listed_table)


def test_numbers_of_any_kind_are_numbers_and_arguments_by_position_no_axis():
    for weight in (2, 2.0, np.float32(2), np.array(2), jnp.array(2.0)):
        recipes, seeds, table = expand(recipe(weight=weight), seed=np.int64(3))
        assert recipes.weight.tolist() == [2.0] and seeds.tolist() == [3] and table == {}
    recipes, _, table = expand(recipe()._replace(optimizer=Partial(optax.sgd, 0.5, momentum=(0.1, 0.2))))
    assert list(table) == ["optimizer.momentum"]
    np.testing.assert_array_equal(recipes.optimizer.args[0], [0.5, 0.5])


@pytest.mark.parametrize(
    "values",
    [
        [],
        (),
        range(0),
        np.zeros(0),
        [1.0, [2.0, 3.0]],
        ((1.0, 2.0),),
        np.ones((2, 2)),
        jnp.ones((1, 2)),
        "0.1",
        [0.1, "0.2"],
        np.array(["a"]),
        True,
        [1.0, False],
        np.array([True]),
        None,
        [None],
        1j,
    ],
)
def test_what_is_no_number_and_no_axis_of_numbers_is_refused_by_name(values):
    for path, arguments in {"weight": (recipe(weight=values),), "seed": (recipe(), values)}.items():
        with pytest.raises(
            ValueError, match=rf"^{path} is .*: it must be a number, or as an axis of a grid a flat list of"
        ) as e:
            expand(*arguments)
        assert "\n" not in str(e.value)
    if values is not None:  # a keyword that is None is none
        with pytest.raises(ValueError, match=r"^code\.k is .*: it must be a number, or as an axis"):
            expand(recipe()._replace(code=Partial(codes.top_k, k=values)))


def test_seeds_are_whole_numbers_of_32_bits_without_a_sign():
    _, seeds, _ = expand(recipe(), seed=[0, 2**32 - 1])
    assert seeds.dtype == np.uint32
    np.testing.assert_array_equal(seeds, [0, 2**32 - 1])
    np.testing.assert_array_equal(expand(recipe(), seed=3.0)[1], [3])


@pytest.mark.parametrize("seed", [-1, 2**32, 2**40, 2**70, 0.5, float("nan"), float("inf")])
def test_other_seeds_are_refused_wherever_one_is_given(seed):
    x = np.zeros((4, 3), np.float32)
    sizes = {"epochs": 1, "batch_size": 2}
    calls = {
        "expand": lambda: expand(recipe(), seed=seed),
        "expand of a list": lambda: expand(recipe(), seed=[1, seed]),
        "fit": lambda: fit(Dense(3, 2), recipe(), x, seed=seed, **sizes),
        "fit_grid": lambda: fit_grid(Dense(3, 2), expand(recipe(weight=[0, 1]))[0], x, seeds=[0, seed], **sizes),
        "pretrain": lambda: pretrain(Dense(3, 2), recipe(), x, seed=seed, **sizes),
    }
    for call in calls.values():
        with pytest.raises(ValueError, match=rf"^seed is {seed}: it must be a whole number from 0 to 4294967295$"):
            call()


def test_take_is_one_run_of_all():
    recipes, _, table = expand(recipe(k=[1, 5, 9]))
    one = take(recipes, 1)
    assert one.code.keywords["k"] == 5
    assert one.weight == 0 and one.weight.shape == ()
    assert jax.tree.structure(one) == jax.tree.structure(recipe())
    assert take(table, 2) == {"code.k": 9}
