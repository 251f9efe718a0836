"""Classifiers on codes that stay as they are: logistic regression and nearest neighbours."""

import time
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Num, Shaped

from jaxae.arrays import Array, Number
from jaxae.extras import imported
from jaxae.probes.protocol import Probe, validation_split

__all__ = ["k_nearest", "linear_probe"]


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
        correct = classifier.predict(test_codes) == test_labels
        test_seconds = time.perf_counter() - started
    return Probe(float(correct.mean()), correct, {name: best}, scores, fit_seconds, test_seconds, classifier)


def _standardised(codes, shift, scale):
    return (codes - shift) / scale
