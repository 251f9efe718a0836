"""Recipes and examples that cannot be trained are refused in one sentence, by fit and by fit_grid."""

import functools
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.tree_util import Partial

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.schedules import Schedule
from jaxae.sweeps import expand
from jaxae.training import fit, fit_grid

X = np.random.default_rng(0).random((20, 6), np.float32)
SGD = configure(optax.sgd, learning_rate=0.1)
SIZES = {"epochs": 1, "batch_size": 5}
AXIS = configure(codes.top_k, k=[1, 2])


@dataclass(frozen=True)
class Scaled:
    """A function that is an object."""

    scale: float

    def __call__(self, z):
        return self.scale * z


@pytest.mark.parametrize(
    ("features", "x", "message"),
    [
        (7, X, r"the model Dense does not take examples of shape \[6\]: .*\(6,\) and \(7,\)"),
        (6, np.where(np.arange(20)[:, None] == 3, np.nan, X), r"x\[3, 0\] is nan: every number must be finite"),
        (6, np.full_like(X, np.inf), r"x\[0, 0\] is inf: every number must be finite"),
        (6, np.full(X.shape, 1e300), r"x\[0, 0\] is 1e\+300: every number must be finite in float32"),
    ],
)
def test_examples_that_the_model_does_not_take_are_refused(features, x, message):
    one = Recipe(losses.squared_error, SGD)
    recipes, seeds, _ = expand(one)
    with pytest.raises(ValueError, match=message):
        fit(Dense(features, 3), one, x, **SIZES)
    with pytest.raises(ValueError, match=message):
        fit_grid(Dense(features, 3), recipes, x, seeds=seeds, **SIZES)


@pytest.mark.parametrize("name", ["x_test", "x_validation"])
def test_further_examples_must_be_finite_too(name):
    one = Recipe(losses.squared_error, SGD)
    recipes, seeds, _ = expand(one)
    others = np.where(np.arange(20)[:, None] == 3, np.nan, X)
    with pytest.raises(ValueError, match=rf"{name}\[3, 0\] is nan: every number must be finite"):
        fit(Dense(6, 3), one, X, **{name: others}, **SIZES)
    with pytest.raises(ValueError, match=rf"{name}\[3, 0\] is nan: every number must be finite"):
        fit_grid(Dense(6, 3), recipes, X, seeds=seeds, **{name: others}, **SIZES)


@pytest.mark.parametrize(
    ("role", "value", "message"),
    [
        ("weight", None, "weight of the recipe is None: it must be a number, or a jaxae.schedules.Schedule"),
        ("weight", optax.constant_schedule(1.0), "weight of the recipe is <function .*: it must be a number"),
        ("weight", "1", "weight of the recipe is '1': it must be a number"),
        (
            "penalty",
            Partial(penalties.kl_sparsity, rho=optax.constant_schedule(0.1)),
            "penalty.rho of the recipe is <function .*: it must be a number, or a jaxae.schedules.Schedule",
        ),
        (
            "loss",
            "squared_error",
            "loss of the recipe is 'squared_error': it must be a function, as those of jaxae.losses",
        ),
        ("optimizer", 0.1, "optimizer of the recipe is 0.1: it must be a function that gives an optax optimizer"),
        ("code", None, "code of the recipe is None: it must be a function, as those of jaxae.codes"),
    ],
)
def test_a_role_that_is_no_function_is_refused(role, value, message):
    with pytest.raises(TypeError, match=message):
        fit(Dense(6, 3), Recipe(losses.squared_error, SGD)._replace(**{role: value}), X, **SIZES)


def test_an_axis_is_for_a_grid_and_a_grid_has_a_number_for_every_seed():
    one = Recipe(losses.squared_error, SGD, code=AXIS)
    with pytest.raises(
        ValueError, match=r"code.k is \[1, 2\]: fit trains one run; jaxae.sweeps.expand makes runs of it"
    ):
        fit(Dense(6, 3), one, X, **SIZES)
    with pytest.raises(
        ValueError, match=r"learning_rate has the shape \[\]: it must be \[2\], a number for every seed"
    ):
        fit_grid(Dense(6, 3), one, X, seeds=[0, 0], **SIZES)
    recipes, seeds, _ = expand(one)
    with pytest.raises(ValueError, match=r"learning_rate has the shape \[2\]: it must be \[1\]"):
        fit_grid(Dense(6, 3), recipes, X, seeds=seeds[:1], **SIZES)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"code": configure(codes.top_k, k=-1)}, "code.k is -1.0: it must be a whole number from 1 on"),
        ({"code": configure(codes.top_k, k=1.5)}, "code.k is 1.5: it must be a whole number"),
        (
            {"corruption": configure(corruptions.masking, rate=1.2)},
            "corruption.rate is 1.2: it must be a number between 0 and 1",
        ),
        ({"weight": np.nan}, "weight is nan: it must be a number from 0 on"),
    ],
)
def test_numbers_beyond_their_range_are_refused(roles, message):
    one = Recipe(losses.squared_error, SGD)._replace(**roles)
    recipes, seeds, _ = expand(one)
    with pytest.raises(ValueError, match=message):
        fit(Dense(6, 3), one, X, **SIZES)
    with pytest.raises(ValueError, match=message):
        fit_grid(Dense(6, 3), recipes, X, seeds=seeds, **SIZES)


@pytest.mark.parametrize("package", ["mine", "jaxae_mine"])
def test_the_numbers_of_ones_own_functions_are_ones_own(package):
    def spread(z, *, k):
        return k * z

    spread.__module__ = f"{package}.codes"
    fit(Dense(6, 3), Recipe(losses.squared_error, SGD, code=configure(spread, k=-0.5)), X, **SIZES)


def test_the_ends_of_a_range_survive_their_rounding_to_float32():
    fit(Dense(6, 3), Recipe(losses.squared_error, SGD, code=configure(codes.dropout, rate=0.99)), X, **SIZES)


@pytest.mark.parametrize(
    "code", [jnp.tanh, functools.partial(codes.top_k, k=2), Scaled(2.0), configure(codes.top_k, k=2)]
)
def test_a_role_may_be_any_function(code):
    trained = fit(Dense(6, 3), Recipe(losses.squared_error, SGD, code=code), X, **SIZES)
    assert np.isfinite(trained.curve["loss"]).all()


def test_a_weight_may_follow_a_schedule():
    weight = Schedule(configure(optax.linear_schedule, init_value=0.0, end_value=1.0, transition_steps=1))
    fit(Dense(6, 3), Recipe(losses.squared_error, SGD, penalty=penalties.l1, weight=weight), X, **SIZES)
