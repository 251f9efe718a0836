import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import codes
from jaxae.functions import configure
from jaxae.schedules import Schedule, at, warmup_cosine, warmup_stable_decay


def makhzani_k(init_value=100.0, end_value=25.0):
    """Makhzani & Frey 2014, section 4.2.1: k falls linearly from 100 to 25 over the first half, then stays."""
    return Schedule(configure(optax.linear_schedule, init_value=init_value, end_value=end_value, transition_steps=0.5))


TIMES = np.array([0.0, 0.1, 0.25, 0.4, 0.5, 0.75, 1.0], np.float32)


def test_k_falls_from_100_to_25_over_the_first_half_and_holds():
    expected = 100 - 75 * np.minimum(TIMES / 0.5, 1)
    np.testing.assert_allclose([makhzani_k()(time) for time in TIMES], expected, rtol=1e-6)


def test_the_time_may_be_traced():
    expected = [makhzani_k()(time) for time in TIMES]
    np.testing.assert_allclose(jax.jit(jax.vmap(makhzani_k()))(TIMES), expected, rtol=1e-6)


def test_the_numbers_of_a_schedule_are_leaves_that_can_be_swept():
    assert sorted(jax.tree.leaves(makhzani_k())) == [25, 100]
    many = jax.tree.map(lambda *values: jnp.array(values), makhzani_k(), makhzani_k(60.0, 10.0))
    np.testing.assert_allclose(jax.vmap(lambda schedule: schedule(0.25))(many), [62.5, 35], rtol=1e-6)
    assert jax.tree.structure(makhzani_k()) == jax.tree.structure(makhzani_k(60.0, 10.0))


def test_at_puts_the_number_in_the_place_of_the_schedule_wherever_it_is():
    recipe = {"code": configure(codes.top_k, k=makhzani_k()), "weight": makhzani_k(1.0, 0.0), "rate": 0.3}
    now = at(recipe, 0.25)
    assert not any(
        isinstance(leaf, Schedule) for leaf in jax.tree.leaves(now, is_leaf=lambda x: isinstance(x, Schedule))
    )
    np.testing.assert_allclose([now["code"].keywords["k"], now["weight"], now["rate"]], [62.5, 0.5, 0.3], rtol=1e-6)
    z = np.arange(1.0, 101.0, dtype=np.float32)
    assert np.count_nonzero(at(recipe, 0.5)["code"](z)) == 25


def test_at_leaves_a_recipe_without_schedules_as_it_is():
    recipe = {"code": configure(codes.top_k, k=3), "weight": 0.5}
    same = at(recipe, 0.7)
    assert jax.tree.structure(same) == jax.tree.structure(recipe)
    assert jax.tree.leaves(same) == jax.tree.leaves(recipe) == [3, 0.5]


@pytest.mark.parametrize("name", ["cosine", "exponential"])
def test_any_optax_schedule_is_a_schedule(name):
    schedules = {
        "cosine": (optax.cosine_decay_schedule, {"init_value": 2.0, "decay_steps": 1}, lambda t: 1 + np.cos(np.pi * t)),
        "exponential": (
            optax.exponential_decay,
            {"init_value": 2.0, "transition_steps": 1, "decay_rate": 0.1},
            lambda t: 2 * 0.1**t,
        ),
    }
    function, numbers, expected = schedules[name]
    schedule = Schedule(configure(function, **numbers))
    np.testing.assert_allclose([schedule(time) for time in TIMES], expected(TIMES), rtol=1e-5, atol=1e-6)


def test_warmup_cosine_is_that_of_optax_and_may_be_traced_over_its_numbers():
    numbers = {"peak_value": 3.0, "end_value": 0.5}
    theirs = optax.warmup_cosine_decay_schedule(0.0, warmup_steps=0.2, decay_steps=1.0, **numbers)
    ours = jax.jit(lambda schedule, time: schedule(time))
    schedule = Schedule(configure(warmup_cosine, warmup=0.2, **numbers))
    times = np.linspace(0, 1, 21)
    np.testing.assert_allclose([ours(schedule, time) for time in times], [theirs(time) for time in times], atol=1e-6)


def test_a_stable_rate_rises_stays_and_falls_in_straight_lines():
    schedule = warmup_stable_decay(peak_value=0.03, warmup=0.01, decay=0.2, end_value=0.003)
    times = np.array([0, 0.005, 0.01, 0.3, 0.8, 0.9, 1], np.float32)
    expected = [0, 0.015, 0.03, 0.03, 0.03, 0.0165, 0.003]
    np.testing.assert_allclose([schedule(time) for time in times], expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(jax.jit(jax.vmap(schedule))(times), expected, rtol=1e-5, atol=1e-9)
