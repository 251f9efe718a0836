"""One epoch of one run: its order, its steps and the values of its curves."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Sharding
from jaxtyping import Float, Int, Num

from jaxae.arrays import Array, Number, Params
from jaxae.models import Autoencoder
from jaxae.objective import Recipe, encode, per_example, terms_of
from jaxae.schedules import at
from jaxae.training.activity import next_activity
from jaxae.training.best import updated
from jaxae.training.state import State, key_of

__all__ = ["end_epoch", "epoch_order", "evaluation_error", "train_epoch", "train_steps"]


def train_epoch(
    model: Autoencoder,
    recipe: Recipe,
    state: State,
    *,
    x: Num[Array, " n *features"],
    x_test: Num[Array, " m *features"] | None,
    seed: Number,
    index: Number,
    epochs: Number,
    batch_size: int,
    batches: Sharding | None = None,
    x_validation: Num[Array, " v *features"] | None = None,
    patience: Number | None = None,
) -> tuple[State, dict[str, Num[Array, ""]]]:
    """One epoch of a run: its state and by name the values of its curves.

    index: of the epoch, of `epochs`; batches: a sharding of the batch over devices; other arguments as in jaxae.training.fit.
    """
    order = epoch_order(seed, index, examples=len(x), batch_size=batch_size)

    def examples(batch):
        return x[batch] if batches is None else jax.lax.with_sharding_constraint(x[batch], batches)

    steps = len(order)
    sizes = {"seed": seed, "index": index, "epochs": epochs}
    state, values = train_steps(model, recipe, state, examples, jnp.arange(steps), order, steps=steps, **sizes)
    sets = {"x_test": x_test, "x_validation": x_validation, "patience": patience}
    return end_epoch(model, recipe, state, values, index=index, epochs=epochs, **sets)


def epoch_order(seed: Number, index: Number, *, examples: int, batch_size: int) -> Int[Array, "steps batch"]:
    """Which examples each step of an epoch sees: all in random order, the last `examples` mod `batch_size` left out."""
    steps = examples // batch_size
    order = jax.random.permutation(key_of(seed, 1, index), examples)
    return order[: steps * batch_size].reshape(steps, batch_size)


def train_steps(
    model: Autoencoder,
    recipe: Recipe,
    state: State,
    examples: Callable,
    numbers: Int[Array, " some"],
    batches: Num[Array, "some ..."],
    *,
    seed: Number,
    index: Number,
    epochs: Number,
    steps: int,
) -> tuple[State, dict[str, Num[Array, " some"]]]:
    """Some consecutive steps of an epoch of `steps`: the state after them and by name the values of each.

    examples: gives the examples [batch, ...] of an element of `batches`; numbers: of the steps in their epoch.
    """

    def step(state, inputs):
        number, batch = inputs
        time = (index * steps + number) / (epochs * steps)
        now = at(recipe, time)
        x = examples(batch)

        key = key_of(seed, 2, index * steps + number)

        def mean_loss(params):
            terms = terms_of(now, model.encoder(params), model.decoder(params), key, x, state.activity)
            return jnp.mean(terms.error + now.weight * terms.penalty), terms

        (loss, terms), gradient = jax.value_and_grad(mean_loss, has_aux=True)(state.params)
        optimizer = optax.with_extra_args_support(now.optimizer())
        more = {"value": loss, "grad": gradient, "value_fn": lambda p: mean_loss(p)[0]}
        if state.activity is not None:
            more |= {
                "activity": state.activity,
                "examples": x,
                "errors": terms.error,
                "key": jax.random.fold_in(key, 3),
            }
        update, opt_state = optimizer.update(gradient, state.opt_state, state.params, **more)
        values = {"loss": loss, "error": jnp.mean(terms.error), "penalty": jnp.mean(terms.penalty)}
        searched = optax.tree_utils.tree_get(opt_state, "num_linesearch_steps")
        if searched is not None:
            values["evaluations"] = 1 + searched
        params = optax.apply_updates(state.params, update)
        state_after = state._replace(params=params, opt_state=opt_state)
        if state.activity is not None:
            state_after = _with_activity(model, state_after, next_activity(state.activity, terms.code))
        return state_after, values

    return jax.lax.scan(step, state, (numbers, batches))


def end_epoch(
    model: Autoencoder,
    recipe: Recipe,
    state: State,
    values: dict[str, Num[Array, " steps"]],
    *,
    x_test: Num[Array, " m *features"] | None,
    index: Number,
    epochs: Number,
    x_validation: Num[Array, " v *features"] | None = None,
    patience: Number | None = None,
) -> tuple[State, dict[str, Num[Array, ""]]]:
    """The state after an epoch, with its best one where there is validation, and by name the epoch's curve values.

    values: of the epoch's steps; other arguments as in `train_epoch`.
    """
    row = {name: (jnp.sum if name == "evaluations" else jnp.mean)(column) for name, column in values.items()}
    if x_test is not None:
        row["test_error"] = evaluation_error(model, at(recipe, (index + 1) / epochs), state.params, x_test)
    if x_validation is not None:
        row["validation_error"] = evaluation_error(model, at(recipe, 1.0), state.params, x_validation)
        state = state._replace(best=updated(state.best, state.params, row["validation_error"], index, patience))
        row["best_epoch"] = state.best.epoch + 1
    return state, row


def evaluation_error(model: Autoencoder, recipe: Recipe, params: Params, x: Num[Array, "n ..."]) -> Float[Array, ""]:
    """The mean over x of the loss of the clean input's reconstruction, in units of the loss per example."""
    errors = recipe.loss(model.decoder(params)(encode(recipe, model.encoder(params), x)), x)
    return jnp.mean(per_example("loss", recipe.loss, errors, x))


def _with_activity(model, state, activity):
    """The state after a step that made this activity, of which a model keeps the threshold that its code asks for."""
    params = state.params
    if hasattr(model, "with_running_threshold"):
        params = model.with_running_threshold(params, activity.threshold)
    return state._replace(params=params, activity=activity)
