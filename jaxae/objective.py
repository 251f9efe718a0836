"""One objective for plain, sparse, k-sparse, denoising and contractive autoencoders, and their combinations."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Float, Shaped

from jaxae import codes, corruptions, losses, penalties
from jaxae.arrays import Array, Decoder, Encoder, Key
from jaxae.functions import as_partial, takes, takes_key, unset_keywords

__all__ = ["Recipe", "Terms", "encode", "learned", "objective", "per_example", "reconstruct", "terms_of"]


class _Roles(NamedTuple):
    loss: Partial
    optimizer: Partial
    corruption: Partial = Partial(corruptions.clean)
    code: Partial = Partial(codes.identity)
    penalty: Partial = Partial(penalties.none)
    weight: Any = 0.0


class Recipe(_Roles):
    """An experiment but for its model: five configured functions and the weight (lambda) of the penalty.

    Each function is a jax.tree_util.Partial, as `jaxae.functions.configure` makes it, so that a recipe is a pytree of numbers.
    A function, a functools.partial of one by keywords, or an optax optimizer as it stands, becomes one.
    """

    __slots__ = ()

    def __new__(cls, *roles: Any, **named: Any) -> "Recipe":
        """The roles in order or by name; raises TypeError for a penalty without a weight."""
        given = [*_Roles._fields[: len(roles)], *named]
        if "penalty" in given and "weight" not in given:
            raise TypeError(
                "the recipe has a penalty and no weight: give one, as weight=0.1, or weight=0 to measure it"
            )
        return cls._make(_Roles(*roles, **named))

    @classmethod
    def _make(cls, roles):  # what `_replace` calls
        *functions, weight = roles
        return super()._make([*map(as_partial, functions), weight])


def encode(
    recipe: Recipe, encoder: Encoder, x: Float[Array, "*batch features"], key: Key | None = None
) -> Float[Array, "*batch code"]:
    """The code of x, code(f(x)), or code(f_l(...code(f_1(x)))) where the encoder says that its code is at "every" layer.

    key: for a random code, another draw at every layer, which is without noise where it is None. A code is given by keyword
    what the encoder has among its `parameters`, unless the recipe gives it. Raises ValueError where the code changes the
    shape, TypeError where it needs a parameter that neither has.
    """
    parameters = learned(recipe.code, encoder)

    def code(z, key):
        kept = recipe.code(z, **parameters, **({"key": key} if takes_key(recipe.code) else {}))
        return _shaped("code", recipe.code, kept, jnp.shape(z), "the shape of what it is given")

    if getattr(encoder, "code_at", "last") == "every":
        for index, layer in enumerate(encoder.layers):
            x = code(layer(x), None if key is None else jax.random.fold_in(key, index))
        return x
    return code(encoder(x), key)


class Terms(NamedTuple):
    """What the objective is the mean of: the error and the penalty of each example, [batch]; and the code that was decoded."""

    error: jax.Array
    penalty: jax.Array
    code: jax.Array


def objective(
    recipe: Recipe, encoder: Encoder, decoder: Decoder, key: Key, x: Float[Array, "batch ..."], state: Any = None
) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
    """The mean over the batch of loss(g(code(f(x~))), x) + weight * penalty(f, x), with the clean x as target.

    Arguments and errors as in `terms_of`. With the mean come those of both terms, "error" and "penalty".
    """
    error, penalty, _ = terms_of(recipe, encoder, decoder, key, x, state)
    return jnp.mean(error + recipe.weight * penalty), {"error": jnp.mean(error), "penalty": jnp.mean(penalty)}


def terms_of(
    recipe: Recipe, encoder: Encoder, decoder: Decoder, key: Key, x: Float[Array, "batch ..."], state: Any = None
) -> Terms:
    """The loss, the penalty and the code of each example of a batch.

    key: for the corruption, a random code and a random penalty; state: what training keeps from step to step, a
    jaxae.training.activity.Activity. A penalty is given by keyword what it has a parameter for: `key`, the `decoder`, `code`,
    the code of the clean x, `error`, the loss [batch], and `state`. Raises ValueError where the loss or the penalty is not
    [batch], or corruption or code change the shape, TypeError where a penalty asks for a state and there is none.
    """
    corruption_key, penalty_key = jax.random.split(key)
    corrupted = recipe.corruption(corruption_key, x)
    corrupted = _shaped("corruption", recipe.corruption, corrupted, x.shape, "the shape of what it is given")
    if corrupted is x and hasattr(encoder, "at"):  # the penalty shares the forward pass, and so its gradient
        encoder = encoder.at(x)
    code_key = jax.random.fold_in(key, 2)
    code = encode(recipe, encoder, corrupted, code_key)
    error = per_example("loss", recipe.loss, recipe.loss(decoder(code), x), x)
    offered = {"key": penalty_key, "decoder": decoder, "error": error, "state": state}
    if takes(recipe.penalty, "code"):
        offered["code"] = code if corrupted is x else encode(recipe, encoder, x, code_key)
    asked = {name: offered[name] for name in offered if takes(recipe.penalty, name)}
    if "state" in asked and state is None:
        raise TypeError(f"the penalty {_name(recipe.penalty)} needs the state of training, and none is given")
    penalty = per_example("penalty", recipe.penalty, recipe.penalty(encoder, x, **asked), x)
    return Terms(error, penalty, code)


def per_example(role: str, function: Callable, values: Any, x: Shaped[Array, "batch ..."]) -> Float[Array, " batch"]:
    """The values of a loss or a penalty, once they are [batch]; raises ValueError where they are not one number per example."""
    return _shaped(role, function, values, x.shape[:1], "one number per example")


def _shaped(role, function, values, shape, meaning):
    """What a function of a role gives, once it has the shape; raises ValueError that names the function and both shapes."""
    if jnp.shape(values) != shape:
        raise ValueError(f"the {role} {_name(function)} gives shape {jnp.shape(values)}: it must be {meaning}, {shape}")
    return values


def learned(code: Callable, encoder: Encoder) -> dict[str, Any]:
    """What a configured code asks for beyond its numbers, from the encoder's `parameters`; TypeError where one is missing."""
    parameters = getattr(encoder, "parameters", {})
    open_keywords = unset_keywords(code)
    missing = [name for name, needed in open_keywords.items() if needed and name not in parameters]
    if missing:
        raise TypeError(
            f"the code {_name(code)} needs {' and '.join(missing)}: give numbers, or a model that has them, as "
            "jaxae.models.Sparse with code_parameters"
        )
    return {name: parameters[name] for name in open_keywords if name in parameters}


def _name(function):
    function = getattr(function, "func", function)
    return getattr(getattr(function, "function", function), "__name__", "")


def reconstruct(
    recipe: Recipe, encoder: Encoder, decoder: Decoder, x: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """The reconstruction of x without corruption, the mean of the decoder's distribution, in units of the data.

    A recipe with schedules is resolved first, by `jaxae.schedules.at`.
    """
    return losses.mean_prediction(recipe.loss, decoder(encode(recipe, encoder, x)))
