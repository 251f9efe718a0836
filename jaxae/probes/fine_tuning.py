"""A classifier on a code, both trained together."""

import collections
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial
from jaxtyping import Int, Num

from jaxae.arrays import Array, Number, Params
from jaxae.functions import takes_key
from jaxae.probes.protocol import Probe, validation_split

__all__ = ["fine_tuned"]

CHUNK = 1000  # examples encoded at once where nothing is differentiated


def fine_tuned(
    encode: Callable,
    params: Params,
    x: Num[Array, "n ..."],
    labels: Int[Array, " n"] | Sequence[int],
    x_test: Num[Array, "m ..."],
    labels_test: Int[Array, " m"] | Sequence[int],
    *,
    optimizer: Callable = optax.adam,
    learning_rates: Iterable[Number] = (0.0003, 0.001, 0.003),
    epochs: int,
    batch_size: int = 100,
    seed: int = 0,
    encode_test: Callable | None = None,
    validation: tuple[Num[Array, "v ..."], Int[Array, " v"] | Sequence[int]] | None = None,
) -> Probe:
    """The accuracy of softmax(encode(params, x) V + c) after training params, V and c together by cross-entropy.

    encode: (params, x [batch, ...features]) -> [batch, code], differentiable: any encoder and code of jaxae. Where training is
    random, as by dropout, it takes a keyword `key`, None for the code without noise. params: where the encoder starts, any
    pytree; V and c start at 0. labels: from 0 on. optimizer: learning rate -> optax transformation. learning_rates: the
    candidates. epochs: at most, of n // batch_size steps each. encode_test: takes the place of encode for validation and
    test, where these keep more of the code than training does. validation: examples and labels to choose by, none of them
    in x.

    -> Probe with chosen["learning_rate"], chosen["epochs"], validation {learning rate: accuracy after each epoch, [epochs]}
    and fitted {"encoder": like params, "softmax": {"weight", "bias"}}. Without `validation` a part of x chooses, and the last
    fit starts anew from params on all examples, for the chosen number of epochs; with it the parameters of the chosen epoch
    are those that are tested. Raises ValueError for sizes that do not fit the data.
    """
    x, labels = jnp.asarray(x), np.asarray(labels)
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}: it must be a whole number from 1 on")
    encode = _as_leaves(encode)
    encode_test = encode if encode_test is None else _as_leaves(encode_test)
    if validation is None:
        fit, held_out = validation_split(labels, seed=seed)
        choosing = x[held_out], labels[held_out]
    else:
        fit, choosing = np.arange(len(x)), tuple(map(jnp.asarray, validation))
    if not 1 <= batch_size <= len(fit):
        raise ValueError(f"batch_size is {batch_size}: it must be between 1 and the number of examples, {len(fit)}")
    start = _start(encode, params, x, int(labels.max()) + 1)
    training = _Training(encode, _as_leaves(optimizer), start, x, jnp.asarray(labels), batch_size, seed)
    scores, best = _search(training, fit, learning_rates, epochs, encode_test, choosing)
    if validation is None:
        best = _again(training, best)
    started = time.perf_counter()
    correct = _correct(encode_test, best.params, x_test, labels_test)
    chosen = {"learning_rate": best.rate, "epochs": best.epochs}
    return Probe(
        float(correct.mean()), correct, chosen, scores, best.seconds, time.perf_counter() - started, best.params
    )


class _Training(NamedTuple):
    """What all fits share: the functions, where they start, the examples, and the size and the seed of their batches."""

    encode: Partial
    optimizer: Partial
    start: Params
    x: Array
    labels: Array
    batch_size: int
    seed: int

    def after_each_epoch(self, rate, chosen, count):
        """The parameters after each of `count` epochs on the chosen examples."""
        state = (self.start, self.optimizer(rate).init(self.start))
        steps = len(chosen) // self.batch_size
        for index in range(count):
            order = np.random.default_rng((self.seed, index)).permutation(chosen)
            # Of one length for every choice of examples, so that one program serves them all.
            order = np.pad(order, (0, len(self.x) - len(chosen)))
            key = jax.random.fold_in(jax.random.key(self.seed), index)
            examples = self.x, self.labels, order, steps, key
            state = _epoch(self.encode, self.optimizer, np.float32(rate), state, *examples, batch_size=self.batch_size)
            yield state[0]


class _Fit(NamedTuple):
    """A fit by one learning rate for so many epochs, and what it took."""

    rate: Number
    epochs: int
    params: Params
    seconds: float


def _search(training, fit, rates, count, encode, choosing):
    """The accuracy on the examples to choose by, {rate: [epochs]}, and the first fit of the largest."""
    scores, best, most = {}, None, -1.0
    for rate in rates:
        started, scores[rate] = time.perf_counter(), np.zeros(count)
        for index, params in enumerate(training.after_each_epoch(rate, fit, count)):
            scores[rate][index] = score = _correct(encode, params, *choosing).mean()
            if score > most:
                most, best = score, _Fit(rate, index + 1, params, time.perf_counter() - started)
    return scores, best


def _again(training, fit):
    """The same fit on all examples."""
    started = time.perf_counter()
    every = np.arange(len(training.x))
    params = collections.deque(training.after_each_epoch(fit.rate, every, fit.epochs), maxlen=1).pop()
    jax.block_until_ready(params)
    return fit._replace(params=params, seconds=time.perf_counter() - started)


def _as_leaves(function):
    """The function as a pytree that jit takes, its arrays as leaves."""
    return function if isinstance(function, Partial) else Partial(function)


def _start(encode, params, x, classes):
    size = jax.eval_shape(encode, params, x[:1]).shape[1]
    return {"encoder": params, "softmax": {"weight": jnp.zeros((size, classes)), "bias": jnp.zeros(classes)}}


def _logits(encode, params, x, key=None):
    random = {} if key is None or not takes_key(encode) else {"key": key}
    return encode(params["encoder"], x, **random) @ params["softmax"]["weight"] + params["softmax"]["bias"]


@functools.partial(jax.jit, static_argnames="batch_size")
def _epoch(encode, optimizer, rate, state, x, labels, order, steps, key, *, batch_size):
    """(params, moments) after `steps` steps on the examples in their order."""

    def mean_loss(params, batch, key):
        logits = _logits(encode, params, x[batch], key)
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels[batch]))

    def step(index, state):
        params, moments = state
        batch = jax.lax.dynamic_slice(order, (index * batch_size,), (batch_size,))
        gradient = jax.grad(mean_loss)(params, batch, jax.random.fold_in(key, index))
        update, moments = optimizer(rate).update(gradient, moments, params)
        return optax.apply_updates(params, update), moments

    return jax.lax.fori_loop(0, steps, step, state)


@jax.jit
def _named(encode, params, x):
    return jnp.argmax(_logits(encode, params, x), axis=-1)


def _correct(encode, params, x, labels):
    """Whether each example is named rightly, bool [examples]."""
    named = [_named(encode, params, x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]
    return np.concatenate(named) == np.asarray(labels)
