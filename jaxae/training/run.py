"""One run: an autoencoder trained from one recipe and one seed."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Num

from jaxae.arrays import Array, Params
from jaxae.models import check_model
from jaxae.objective import Recipe
from jaxae.sweeps import check_seed
from jaxae.training.arguments import check_examples, check_recipe, check_sizes
from jaxae.training.best import check_patience, with_kept_values
from jaxae.training.divergence import undone_where_divergent
from jaxae.training.epoch import train_epoch
from jaxae.training.precision import check_precision, with_precision
from jaxae.training.state import initial_state

__all__ = ["Fit", "fit"]


class Fit(NamedTuple):
    """What training gives: the parameters, a curve with one value per epoch, and the epoch in which the run diverged, or -1.

    "loss", "error" and "penalty" are means over the epoch's steps, "test_error" is that at the epoch's end; where the optimizer
    searches along a line, "evaluations" is the number of values with gradient that the epoch's steps computed. An epoch that
    makes a run's loss, parameters or optimizer state non-finite is undone and ends the run: the parameters stay those of the
    epoch before, the curve is NaN, with 0 evaluations, from there on.

    With validation examples the parameters are those of the epoch whose "validation_error", of the recipe as at the end of
    training, is the least; "best_epoch" is that of the least so far, counted from 1. Once a run has stopped, and in the last
    epoch, the curves repeat their values of the best epoch.
    """

    params: Any
    curve: dict[str, jax.Array]
    diverged: jax.Array


def fit(
    model: Any,
    recipe: Recipe,
    x: Num[Array, "n ..."],
    *,
    seed: Any = 0,
    epochs: int,
    batch_size: int = 100,
    x_test: Any = None,
    params: Params | None = None,
    precision: Any = "float32",
    x_validation: Any = None,
    patience: int | None = None,
) -> Fit:
    """Train one run by mini-batches without replacement; a pure function, to be jitted or vmapped.

    model: as in jaxae.models; x: its n mod batch_size examples, chosen anew in every
    epoch, are left out; x_test: adds the loss on clean test examples to the curve; params: where to start, random weights if
    None; precision: of the factors of matrix products, "float32", "tf32" or "bfloat16", all else being float32;
    x_validation: examples by which the best epoch is kept; patience: epochs without a better one after which the run stops,
    None for never -> Fit with curves [epochs]. The keys are folded by epoch and step: the same seed draws the same batches
    and noise whatever the other numbers are. An optimizer with a line search, as optax.lbfgs, is given the step's objective
    with its noise held fixed; batch_size=len(x) makes it deterministic where the recipe is.
    """
    check_model(model)
    check_sizes(x, x_test, epochs, batch_size, x_validation)
    check_recipe(recipe)
    check_examples(model, x, x_test, x_validation)
    check_precision(precision)
    check_seed(seed)
    check_patience(patience, x_validation)
    x = jnp.asarray(x)
    x_test = None if x_test is None else jnp.asarray(x_test)
    patience = epochs if patience is None else patience
    held_out = {} if x_validation is None else {"x_validation": jnp.asarray(x_validation), "patience": patience}

    def epoch(state, index):
        train = functools.partial(
            train_epoch,
            model,
            recipe,
            x=x,
            x_test=x_test,
            seed=seed,
            index=index,
            epochs=epochs,
            batch_size=batch_size,
            **held_out,
        )
        return undone_where_divergent(train, state, index)

    state = initial_state(model, recipe, seed, params, shape=x.shape[1:], validated=bool(held_out))
    state, curve = jax.lax.scan(with_precision(precision, epoch), state, jnp.arange(epochs))
    return Fit(state.kept, with_kept_values(curve, patience) if held_out else curve, state.diverged)
