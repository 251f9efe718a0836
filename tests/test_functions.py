import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure, is_axis, keywords_of, takes_key
from jaxae.schedules import Schedule


def scaled(x, *, scale, times: int = 1, negative: bool = False, unit: str = "one"):
    """A function with a number and one structural keyword of each type."""
    assert type(times) is int and type(negative) is bool and type(unit) is str
    return x * scale * times * (-1 if negative else 1)


def anything(x, **numbers):
    return x + sum(numbers.values())


def test_a_configured_function_is_the_function_with_its_keywords():
    z = np.array([3.0, 1.0, 2.0], np.float32)
    np.testing.assert_array_equal(configure(codes.top_k, k=2)(z), [3, 0, 2])
    assert configure(scaled, scale=2.0, times=3, negative=True, unit="m")(5.0) == -30
    assert configure(anything, a=1, b=2)(5) == 8


def test_numbers_are_leaves_and_shapes_switches_and_words_are_structure():
    configured = configure(scaled, scale=2.0, times=3, negative=True, unit="m")
    assert jax.tree.leaves(configured) == [2.0]
    assert jax.jit(lambda f: f(5.0))(configured) == -30  # the asserts of `scaled` hold while it is traced
    assert jax.tree.leaves(configure(penalties.contractive_hutchinson, samples=4)) == []
    assert jax.tree.leaves(configure(optax.sgd, learning_rate=0.1, nesterov=True, momentum=None)) == [0.1]
    assert jax.tree.leaves(configure(codes.top_k, k=5)) == [5]


def test_lists_and_schedules_are_leaves():
    schedule = Schedule(configure(optax.linear_schedule, init_value=9.0, end_value=1.0, transition_steps=1))
    configured = configure(codes.top_k, k=schedule)
    assert jax.tree.leaves(configured, is_leaf=lambda leaf: isinstance(leaf, Schedule)) == [schedule]
    for values in ([1, 2, 3], (1, 2, 3), range(1, 4), np.arange(1, 4), jnp.arange(1, 4)):
        axis = configure(codes.top_k, k=values)
        assert axis.func is codes.top_k and axis.keywords["k"] is values


def test_equal_structures_compile_once_whatever_the_numbers():
    traces = 0

    @jax.jit
    def call(function, x):
        nonlocal traces
        traces += 1
        return function(x)

    configured = [configure(scaled, scale=float(i), times=2, unit="m", negative=False) for i in range(3)]
    configured.append(configure(scaled, negative=False, unit="m", times=2, scale=7.0))  # in another order
    assert len({jax.tree.structure(one) for one in configured}) == 1
    assert [float(call(one, 1.0)) for one in configured] == [0, 2, 4, 14]
    assert traces == 1
    assert call(configure(scaled, scale=1.0, times=3, unit="m", negative=False), 1.0) == 3
    assert traces == 2


@pytest.mark.parametrize(
    ("function", "keyword", "known"),
    [
        (codes.top_k, "size", "k"),
        (corruptions.masking, "std", "rate"),
        (losses.squared_error, "std", "none"),
        (optax.adam, "lr", "learning_rate"),
        (scaled, "factor", "scale, times, negative, unit"),
    ],
)
def test_an_unknown_keyword_is_named_with_those_that_exist(function, keyword, known):
    with pytest.raises(TypeError, match=f"^{keyword} is not a keyword of {function.__name__}; .*{known}"):
        configure(function, **{keyword: 1.0})


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (corruptions.masking, "key"),
        (codes.top_k, "z"),
        (penalties.kl_sparsity, "encoder"),
        (losses.gaussian_nll, "target"),
    ],
)
def test_an_argument_of_the_role_is_not_a_keyword(function, argument):
    assert argument not in keywords_of(function)
    with pytest.raises(TypeError, match=f"^{argument} is not a keyword"):
        configure(function, **{argument: 1.0})


@pytest.mark.parametrize(
    ("function", "keyword", "values"),
    [
        (penalties.contractive_hutchinson, "samples", [1, 2]),
        (optax.sgd, "nesterov", [True, False]),
        (penalties.contractive_hutchinson, "samples", (1, 2)),
        (penalties.contractive_hutchinson, "samples", range(1, 3)),
        (penalties.contractive_hutchinson, "samples", np.array([1, 2])),
        (penalties.contractive_hutchinson, "samples", jnp.array([[1, 2], [3, 4]])),
        (optax.sgd, "momentum", (None, 0.9)),
        (optax.sgd, "nesterov", np.array([True, False])),
        (scaled, "unit", ["m", "s"]),
        (anything, "unit", np.array(["m", "s"])),
    ],
)
def test_a_list_is_refused_where_the_keyword_fixes_the_structure(function, keyword, values):
    with pytest.raises(ValueError, match=f"{keyword} of {function.__name__} is .*one value, not a list") as error:
        configure(function, **{keyword: values})
    assert "\n" not in str(error.value)


def test_an_axis_has_a_length_and_a_named_tuple_is_none():
    assert all(map(is_axis, ([], (1,), range(2), np.zeros(1), jnp.zeros((1, 2)))))
    assert not any(map(is_axis, (1, "ab", None, np.zeros(()), np.float32(1), jnp.zeros(()), optax.sgd(0.1))))


def test_the_keywords_of_a_function():
    assert keywords_of(codes.identity) == []
    assert keywords_of(scaled) == ["scale", "times", "negative", "unit"]
    assert keywords_of(anything) is None


def test_a_function_is_random_where_it_takes_a_key_also_when_configured():
    assert takes_key(penalties.contractive_hutchinson)
    assert takes_key(configure(penalties.contractive_hutchinson))
    assert takes_key(configure(penalties.contractive_hutchinson, samples=2))  # a Structured one
    assert not takes_key(configure(penalties.kl_sparsity, rho=0.1))
    assert not takes_key(configure(penalties.contractive))
