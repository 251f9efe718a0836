"""What is asked of a training: each refusal is one sentence, before anything is compiled."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Shaped

from jaxae.arrays import Array
from jaxae.integers import is_count
from jaxae.models import Autoencoder
from jaxae.objective import Recipe
from jaxae.ranges import check_number
from jaxae.rows import Rows
from jaxae.sweeps import numbers_of

__all__ = ["check_examples", "check_recipe", "check_sizes"]

FUNCTIONS = {name: f"a function, as those of jaxae.{module}" for name, module in (
    ("loss", "losses"), ("corruption", "corruptions"), ("code", "codes"), ("penalty", "penalties"))}  # fmt: skip
FUNCTIONS["optimizer"] = "a function that gives an optax optimizer, as optax.adam, or such an optimizer"


def check_sizes(
    x: Shaped[Array | Rows, "n ..."], x_test: Any, epochs: int, batch_size: int, x_validation: Any = None
) -> None:
    """Refuse, by ValueError, sizes and further examples that do not go with the training examples."""
    if not is_count(epochs):
        raise ValueError(f"epochs is {epochs!r}: it must be a whole number from 1 on")
    if not is_count(batch_size) or batch_size > len(x):
        raise ValueError(
            f"batch_size is {batch_size!r}: it must be between 1 and the number of examples, {len(x)}, and whole"
        )
    for name, others in (("x_test", x_test), ("x_validation", x_validation)):
        if others is not None and (not np.size(others) or np.shape(others)[1:] != np.shape(x)[1:]):
            wanted = ", ".join(map(str, ("n", *np.shape(x)[1:])))
            raise ValueError(
                f"{name} has shape {np.shape(others)}: it must be [{wanted}] as x is, with n from 1 on, or None"
            )


def check_examples(
    model: Autoencoder, x: Shaped[Array | Rows, "n ..."], x_test: Any = None, x_validation: Any = None
) -> None:
    """Refuse, by ValueError, examples that are not finite in float32, or of a shape that the model does not take."""
    for name, examples in (("x", x), ("x_test", x_test), ("x_validation", x_validation)):
        if examples is not None and not isinstance(examples, Rows | jax.core.Tracer):
            _check_finite(name, np.asarray(examples))
    example = jax.ShapeDtypeStruct((1, *np.shape(x)[1:]), jnp.float32)
    try:
        jax.eval_shape(_reconstruction_of(model), jax.random.key(0), example)
    except (TypeError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(
            f"the model {type(model).__name__} does not take examples of shape {list(example.shape[1:])}: {why}"
        ) from error


def _check_finite(name, x):
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return
    with np.errstate(over="ignore"):
        wrong = np.argwhere(~np.isfinite(x.astype(np.float32, copy=False)))
    if len(wrong):
        place = tuple(map(int, wrong[0]))
        raise ValueError(f"{name}{list(place)} is {x[place]}: every number must be finite in float32")


def check_recipe(recipe: Recipe, runs: int | None = None) -> None:
    """Refuse a role that is no function and numbers that are none, by TypeError, and those not of so many runs, by ValueError.

    runs: of a grid, whose numbers are [runs]; None for one run, which has no axes.
    """
    for role, wanted in FUNCTIONS.items():
        if not callable(getattr(recipe, role)):
            raise TypeError(f"{role} of the recipe is {getattr(recipe, role)!r}: it must be {wanted}")
    for name, number in numbers_of(recipe).items():
        if number is None or isinstance(number, str) or callable(number):
            raise TypeError(f"{name} of the recipe is {number!r}: it must be a number, or a jaxae.schedules.Schedule")
        if runs is None and isinstance(number, list | tuple | range):
            raise ValueError(
                f"{name} is {number!r}: fit trains one run; jaxae.sweeps.expand makes runs of it, and fit_grid trains them"
            )
        if runs is not None and np.shape(number)[:1] != (runs,):
            raise ValueError(
                f"{name} has the shape {list(np.shape(number))}: it must be [{runs}], a number for every seed, as "
                "jaxae.sweeps.expand gives it"
            )
        _check_range(recipe, name, number)


def _check_range(recipe, name, number):
    """Refuse a number that a function of ours does not take, where it is known before anything is compiled."""
    function = getattr(getattr(recipe, name.partition(".")[0]), "func", None)
    function = getattr(function, "function", function)
    package = getattr(function, "__module__", "jaxae").partition(".")[0]
    if isinstance(number, jax.core.Tracer) or package not in ("jaxae", "optax"):
        return
    values = [float(str(value)) for value in np.asarray(number, np.float32).ravel()]  # 0.1 as it was written
    check_number(name, values, of=getattr(function, "__name__", ""))


def _reconstruction_of(model) -> Callable:
    def reconstruction(key, x):
        params = model.init(key)
        return model.decoder(params)(model.encoder(params)(x))

    return reconstruction
