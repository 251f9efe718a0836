"""How good a code is: the test accuracy of a classifier on it, every choice made on a validation split.

One protocol for all three probes. The last sixth of the training examples of each class, in a seeded random order, is the
validation split. Every candidate is fitted on the rest and scored on the split; of equal scores the first counts. The chosen
one is fitted anew on all training examples, the split included, and scored on the test set, which is touched this once.
`linear_probe` and `fine_tuned` may be given validation examples instead, and then fit on all training examples throughout.
"""

import collections
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial
from jaxtyping import Int, Num, Shaped

from jaxae.arrays import Array, Number, Params
from jaxae.extras import imported
from jaxae.functions import takes_key

__all__ = ["Probe", "fine_tuned", "k_nearest", "linear_probe", "validation_split"]

CHUNK = 1000  # examples encoded at once where nothing is differentiated


class Probe(NamedTuple):
    """What a probe measures.

    accuracy: on the test set, in [0, 1]; chosen: the chosen values by name; validation: {candidate: accuracy on the
    validation split}; fit_seconds: of the fit that is tested, on all training examples; test_seconds: of predicting the test
    labels (both on one core where scikit-learn computes); fitted: the scikit-learn classifier, or the fine-tuned parameters.
    """

    accuracy: float
    chosen: dict[str, float]
    validation: dict[float, Any]
    fit_seconds: float
    test_seconds: float
    fitted: Any


def validation_split(
    labels: Shaped[Array, " n"] | Sequence, *, seed: int = 0
) -> tuple[Int[np.ndarray, " fit"], Int[np.ndarray, " validation"]]:
    """Indices of the examples to fit on and of those to choose by: the last sixth of each class in a seeded order.

    About 5n/6 and n/6, disjoint, in ascending order. Raises ValueError where no class has six examples.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    members = [order[labels[order] == label] for label in np.unique(labels)]
    validation = np.sort(np.concatenate([m[len(m) - len(m) // 6 :] for m in members]))
    if len(validation) == 0:
        raise ValueError(f"labels has {len(labels)} examples: a class must have six for one of them to be validation")
    return np.setdiff1d(np.arange(len(labels)), validation), validation


def linear_probe(
    train_codes: Num[Array, "..."],
    train_labels: Shaped[Array, " n"] | Sequence,
    test_codes: Num[Array, "..."],
    test_labels: Shaped[Array, " m"] | Sequence,
    *,
    strengths: Iterable[Number] = (0.0001, 0.001, 0.01, 0.1, 1.0, 10.0),
    seed: int = 0,
    iterations: int = 1000,
    validation: tuple[Num[Array, "..."], Shaped[Array, " v"] | Sequence] | None = None,
) -> Probe:
    """The accuracy of multinomial logistic regression, min_w |w|^2 / 2 + C sum_i -log p(label_i | code_i), C chosen.

    train_codes: [n, code]; test_codes: [m, code]; strengths: the candidates C;
    iterations: at most, of L-BFGS; validation: codes [v, code] and labels to choose by, in the place of a split of the training
    codes, which copies of the same example would fool -> Probe with chosen["strength"]. The codes are shifted by the mean
    and divided by one number, the root of the mean variance of a unit, both of the examples that are fitted on: C then means
    the same for every code, and the units keep their relative sizes. Raises ValueError for codes of other shapes.
    """
    LogisticRegression = imported("sklearn.linear_model").LogisticRegression
    make_pipeline = imported("sklearn.pipeline").make_pipeline
    FunctionTransformer = imported("sklearn.preprocessing").FunctionTransformer

    def candidate(strength, codes):
        shift = codes.mean(axis=0)
        scale = np.sqrt(codes.var(axis=0).mean()) or 1.0
        standardise = FunctionTransformer(_standardised, kw_args={"shift": shift, "scale": scale})
        return make_pipeline(standardise, LogisticRegression(C=strength, max_iter=iterations))

    splits = (train_codes, train_labels), (test_codes, test_labels), validation
    return _probe(candidate, "strength", strengths, *splits, seed)


def k_nearest(
    train_codes: Num[Array, "..."],
    train_labels: Shaped[Array, " n"] | Sequence,
    test_codes: Num[Array, "..."],
    test_labels: Shaped[Array, " m"] | Sequence,
    *,
    neighbours: Iterable[int] = (1, 3, 5, 9, 15),
    seed: int = 0,
) -> Probe:
    """The accuracy of the vote of the k nearest training codes by Euclidean distance, k chosen.

    train_codes: [n, code]; test_codes: [m, code]; neighbours: the candidates k ->
    Probe with chosen["neighbours"]. Raises ValueError for codes of other shapes.
    """
    KNeighborsClassifier = imported("sklearn.neighbors").KNeighborsClassifier

    def candidate(k, codes):
        del codes
        return KNeighborsClassifier(n_neighbors=k)

    splits = (train_codes, train_labels), (test_codes, test_labels), None
    return _probe(candidate, "neighbours", neighbours, *splits, seed)


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

    encode: (params, x [batch, ...features]) -> [batch, code], differentiable, with a keyword `key` where training is random, as
    by dropout, and without it None, and any function of jaxae composes one: a deep
    encoder, a k-sparse code with alpha * k units kept, a contractive encoder; params: where it starts, any pytree; V and c
    start at 0. labels: from 0 on; optimizer: learning rate -> optax transformation; learning_rates:
    the candidates; epochs: at most, of n // batch_size steps each; encode_test: takes the place of encode for validation
    and test, where they keep more of the code than training does; validation: examples and labels to choose by, none of them
    in x -> Probe with chosen["learning_rate"], chosen["epochs"],
    validation {learning rate: accuracy after each epoch, [epochs]} and fitted {"encoder": like params, "softmax": {"weight",
    "bias"}}. Without `validation` the last fit starts anew from params, on all examples, for the chosen number of epochs; with
    it the parameters of the chosen epoch are those that are tested. Raises ValueError for sizes that do not fit the data.
    """
    x, labels = jnp.asarray(x), np.asarray(labels)
    if epochs < 1:
        raise ValueError(f"epochs is {epochs}: it must be a whole number from 1 on")
    encode = _as_leaves(encode)
    encode_test = encode if encode_test is None else _as_leaves(encode_test)
    optimizer = _as_leaves(optimizer)
    if validation is None:
        fit, held_out = validation_split(labels, seed=seed)
        x_chosen_by, labels_chosen_by = x[held_out], labels[held_out]
    else:
        fit, (x_chosen_by, labels_chosen_by) = np.arange(len(x)), map(jnp.asarray, validation)
    if not 1 <= batch_size <= len(fit):
        raise ValueError(f"batch_size is {batch_size}: it must be between 1 and the number of examples, {len(fit)}")
    start, y = _start(encode, params, x, int(labels.max()) + 1), jnp.asarray(labels)

    def train(rate, chosen, count):
        """Parameters after each epoch on the chosen examples."""
        state = (start, optimizer(rate).init(start))
        for index in range(count):
            order = np.random.default_rng((seed, index)).permutation(chosen)
            # Of one length for every choice of examples, so that one program serves them all.
            order = np.pad(order, (0, len(x) - len(chosen)))
            steps = len(chosen) // batch_size
            key = jax.random.fold_in(jax.random.key(seed), index)
            state = _epoch(encode, optimizer, np.float32(rate), state, x, y, order, steps, key, batch_size=batch_size)
            yield state[0]

    scores, best = {}, (-1.0,)
    for rate in learning_rates:
        started, scores[rate] = time.perf_counter(), np.zeros(epochs)
        for index, fitted in enumerate(train(rate, fit, epochs)):
            scores[rate][index] = score = _accuracy(encode_test, fitted, x_chosen_by, labels_chosen_by)
            if score > best[0]:
                best = score, rate, index + 1, fitted, time.perf_counter() - started
    _, rate, count, fitted, fit_seconds = best
    if validation is None:
        started = time.perf_counter()
        fitted = collections.deque(train(rate, np.arange(len(x)), count), maxlen=1).pop()
        jax.block_until_ready(fitted)
        fit_seconds = time.perf_counter() - started
    started = time.perf_counter()
    accuracy = _accuracy(encode_test, fitted, x_test, labels_test)
    chosen = {"learning_rate": rate, "epochs": count}
    return Probe(accuracy, chosen, scores, fit_seconds, time.perf_counter() - started, fitted)


def _probe(candidate, name, values, train, test, validation, seed):
    """The protocol for a classifier of scikit-learn, candidate(value, codes it will be fitted on)."""
    threadpool_limits = imported("threadpoolctl").threadpool_limits

    (train_codes, train_labels), (test_codes, test_labels) = (tuple(map(np.asarray, split)) for split in (train, test))
    if train_codes.ndim != 2 or test_codes.ndim != 2 or train_codes.shape[1] != test_codes.shape[1]:
        raise ValueError(
            f"codes have the shapes {train_codes.shape} and {test_codes.shape}: they must be [examples, code] of equal code"
        )
    if validation is None:
        fit, held_out = validation_split(train_labels, seed=seed)
        chosen_by = train_codes[held_out], train_labels[held_out]
    else:
        fit, chosen_by = slice(None), tuple(map(np.asarray, validation))
    codes, labels = train_codes[fit], train_labels[fit]
    # The products are small: threads that wait for each other on a busy machine cost twenty times what they bring.
    with threadpool_limits(1):
        scores, most = {}, -1.0
        for value in values:
            started = time.perf_counter()
            fitted = candidate(value, codes).fit(codes, labels)
            seconds = time.perf_counter() - started
            scores[value] = score = fitted.score(*chosen_by)
            if score > most:
                most, best, classifier, fit_seconds = score, value, fitted, seconds
        if validation is None:
            started = time.perf_counter()
            classifier = candidate(best, train_codes).fit(train_codes, train_labels)
            fit_seconds = time.perf_counter() - started
        started = time.perf_counter()
        accuracy = classifier.score(test_codes, test_labels)
        test_seconds = time.perf_counter() - started
    return Probe(float(accuracy), {name: best}, scores, fit_seconds, test_seconds, classifier)


def _standardised(codes, shift, scale):
    return (codes - shift) / scale


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
def _correct(encode, params, x, labels):
    return jnp.sum(jnp.argmax(_logits(encode, params, x), axis=-1) == labels)


def _accuracy(encode, params, x, labels):
    chunks = range(0, len(x), CHUNK)
    return float(sum(_correct(encode, params, x[i : i + CHUNK], labels[i : i + CHUNK]) for i in chunks) / len(x))
