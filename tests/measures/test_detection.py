"""Units as detectors of known features, and absorption, against loops over examples and cases that are known."""

import numpy as np
import pytest

from jaxae.measures import detection

RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=(5, 6)).astype(np.float32)
FOUND = (TRUE[[0, 1, 2, 3, 3, 4, 0]] + 0.5 * RNG.normal(size=(7, 6))).astype(np.float32)
ON = np.where(RNG.random((60, 5)) < 0.4, RNG.uniform(0.5, 2, (60, 5)), 0).astype(np.float32)
CODES = np.where(RNG.random((60, 7)) < 0.4, RNG.uniform(0.5, 2, (60, 7)), 0).astype(np.float32)
X = ON @ TRUE
PARENT, CHILD = np.eye(2)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_f1_against_a_loop_over_examples():
    expected = []
    for latent in range(7):
        feature = max(range(5), key=lambda f, latent=latent: abs(cosine(FOUND[latent], TRUE[f])))
        hits = false = missed = 0
        for z, c in zip(CODES, ON, strict=True):
            hits += z[latent] > 0 and c[feature] > 0
            false += z[latent] > 0 and c[feature] == 0
            missed += z[latent] == 0 and c[feature] > 0
        precision, recall = hits / (hits + false), hits / (hits + missed)
        expected.append(2 * precision * recall / (precision + recall))
    np.testing.assert_allclose(detection.f1_per_latent(CODES, ON, FOUND, TRUE), expected)
    np.testing.assert_allclose(detection.f1(CODES, ON, FOUND, TRUE), np.mean(expected))


def test_f1_of_the_truth_is_1_and_of_silence_0():
    order = RNG.permutation(5)
    assert detection.f1(ON[:, order], ON, TRUE[order], TRUE) == 1
    assert detection.f1(0 * ON, ON, TRUE, TRUE) == 0
    assert detection.f1(0 * ON, 0 * ON, TRUE, TRUE) == 0  # undefined


@pytest.mark.parametrize(("least", "share"), [(0.025, 0.4), (0.3, 0.4), (0.025, 0.1), (-1.0, 0.0)])
def test_absorption_against_a_loop_over_examples(least, share):
    expected = []
    for f in TRUE.astype(float):
        on = ON[:, len(expected)] > 0
        main = max(range(7), key=lambda j, f=f: cosine(FOUND[j], f))
        unit, absorbed = f / np.linalg.norm(f), 0
        for z, x in zip(CODES[on].astype(float), X[on].astype(float), strict=True):
            others = [z[j] * (FOUND[j] @ unit) for j in range(7) if j != main and cosine(FOUND[j], f) >= least]
            absorbed += z[main] == 0 and x @ unit > 0 and max(others, default=-np.inf) >= share * (x @ unit)
        expected.append(absorbed / on.sum())
    found = detection.absorption(CODES, ON, X, FOUND, TRUE, cosine=least, share=share)
    np.testing.assert_allclose(found, expected)
    assert share != 0.1 or found.max() > 0


def test_a_child_that_stands_for_its_parent_too_has_absorbed_it():
    coefficients = np.array([[1, 0], [1, 1], [1, 1], [1, 1]])  # a child is on with its parent alone
    x = coefficients @ np.stack([PARENT, CHILD])
    true, latents = np.stack([PARENT, CHILD]), np.stack([PARENT, PARENT + CHILD])
    codes = np.array([[1, 0], [0, 1], [0, 1], [0, 1]])
    np.testing.assert_array_equal(codes @ latents, x)
    np.testing.assert_allclose(detection.absorption(codes, coefficients, x, latents, true), [0.75, 0])
    np.testing.assert_allclose(detection.absorption(coefficients, coefficients, x, true, true), [0, 0])
    # Less than 0.4 of the projection is no absorption.
    latents = np.stack([PARENT, 0.39 * PARENT + CHILD])
    np.testing.assert_allclose(detection.absorption(codes, coefficients, x, latents, true), [0, 0])


def test_a_feature_that_is_never_on_has_no_absorption():
    on = ON.copy()
    on[:, 2] = 0
    assert np.isnan(detection.absorption(CODES, on, X, FOUND, TRUE)).tolist() == [False, False, True, False, False]
