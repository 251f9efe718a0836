"""Atoms that were found against true features: loops, all permutations, and dictionaries whose measures are known."""

from itertools import permutations

import numpy as np
import pytest

from jaxae.measures import matched_features as measures

RNG = np.random.default_rng(0)
TRUE = (RNG.normal(size=(5, 8)) * RNG.uniform(0.2, 3, (5, 1))).astype(np.float32)
FOUND = (RNG.normal(size=(7, 8)) * RNG.uniform(0.2, 3, (7, 1))).astype(np.float32)


def loop(found, true):
    return np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in true] for a in found.astype(float)])


def best_match(found, true):
    """The largest mean |cosine| of all one-to-one matches."""
    table = np.abs(loop(found, true))
    table = table if len(table) <= len(table.T) else table.T
    chosen = permutations(range(table.shape[1]), len(table))
    return max(table[np.arange(len(table)), list(columns)].mean() for columns in chosen)


@pytest.mark.parametrize(("latents", "features"), [(7, 5), (5, 5), (3, 5), (1, 1)])
def test_every_measure_against_loops(latents, features):
    found, true = FOUND[:latents], TRUE[:features]
    table = loop(found, true)
    np.testing.assert_allclose(measures.cosines(found, true), table, atol=1e-6)
    np.testing.assert_allclose(measures.mcc(found, true), best_match(found, true), rtol=1e-5)
    np.testing.assert_allclose(measures.mmcs(found, true), np.mean([max(column) for column in table.T]), rtol=1e-5)
    best = [max(range(features), key=lambda j, row=row: abs(row[j])) for row in table]
    assert measures.best_features(found, true).tolist() == best
    assert measures.uniqueness(found, true) == len(set(best)) / latents
    for least in (0.0, 0.3, 0.5):
        assert measures.recovered(found, true, least=least) == np.mean([max(column) > least for column in table.T])


def test_the_match_is_one_to_one_and_by_rising_feature():
    latents, features = measures.matched(FOUND, TRUE)
    assert features.tolist() == [0, 1, 2, 3, 4] and len(set(latents.tolist())) == 5
    np.testing.assert_allclose(
        measures.matched_cosines(FOUND, TRUE), np.abs(loop(FOUND, TRUE))[latents, features], rtol=1e-5
    )
    latents, features = measures.matched(FOUND[:3], TRUE)
    assert sorted(latents.tolist()) == [0, 1, 2] and (np.diff(features) > 0).all()


def test_the_true_dictionary_in_another_order_and_scale_is_perfect():
    order = RNG.permutation(5)
    found = TRUE[order] * RNG.uniform(0.1, 9, (5, 1)).astype(np.float32)
    for measure in (measures.mcc, measures.mmcs, measures.uniqueness, measures.recovered):
        np.testing.assert_allclose(measure(found, TRUE), 1, rtol=1e-6)
    latents, features = measures.matched(found, TRUE)
    np.testing.assert_array_equal(order[latents], features)
    assert measures.best_features(found, TRUE).tolist() == order.tolist()


def test_order_and_length_of_rows_change_nothing():
    found, true = FOUND[RNG.permutation(7)] * 2, TRUE[RNG.permutation(5)] * 3
    for measure in (measures.mcc, measures.mmcs, measures.uniqueness, measures.recovered):
        np.testing.assert_allclose(measure(found, true), measure(FOUND, TRUE), rtol=1e-5)


def test_the_opposite_of_a_feature_matches_it_and_does_not_recover_it():
    np.testing.assert_allclose(measures.mcc(-TRUE, TRUE), 1, rtol=1e-6)
    assert measures.uniqueness(-TRUE, TRUE) == 1
    assert measures.recovered(-TRUE, TRUE) == 0 and measures.mmcs(-np.eye(4), np.eye(4)) == 0


def test_copies_of_one_feature_are_not_unique():
    copies = np.eye(4)[[0, 0, 0, 0]]
    assert measures.uniqueness(copies, np.eye(4)) == measures.mcc(copies, np.eye(4)) == 0.25
    assert measures.recovered(copies, np.eye(4)) == measures.mmcs(copies, np.eye(4)) == 0.25


def test_atoms_of_zeros_match_nothing():
    assert measures.mcc(np.zeros((3, 4)), np.eye(4)) == measures.mmcs(np.zeros((3, 4)), np.eye(4)) == 0


def test_random_atoms_are_as_near_as_chance_brings_them():
    found, true = RNG.normal(size=(50, 400)), RNG.normal(size=(50, 400))
    # A cosine of random directions has the deviation 1 / sqrt(400) = 0.05; the largest of 50 is about 2.25 deviations.
    assert 0.09 < measures.mmcs(found, true) < 0.14
    assert 0.05 < measures.mcc(found, true) < 0.14
    assert measures.recovered(found, true) == 0
    # 50 draws of 50 features meet 1 - (1 - 1 / 50)^50 = .64 of them.
    assert 0.45 < measures.uniqueness(found, true) < 0.8
