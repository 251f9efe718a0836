"""Dictionaries against loops over atoms and against theorem 3.1 of Makhzani & Frey (2014)."""

from itertools import combinations

import numpy as np
import pytest

from jaxae.measures import dictionaries

RNG = np.random.default_rng(0)
W = (RNG.normal(size=(6, 9)) * RNG.uniform(0.2, 3, 9)).astype(np.float32)
X = RNG.normal(size=(5, 6)).astype(np.float32)


def test_coherence_is_the_largest_cosine_of_two_atoms():
    cosines = [
        abs(W[:, i] @ W[:, j]) / np.linalg.norm(W[:, i]) / np.linalg.norm(W[:, j]) for i, j in combinations(range(9), 2)
    ]
    np.testing.assert_allclose(dictionaries.coherence(W), max(cosines), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(dictionaries.unit_atoms(W), axis=0), 1, rtol=1e-6)
    assert dictionaries.coherence(np.eye(4)) == 0
    assert dictionaries.coherence(np.zeros((3, 2))) == 0
    np.testing.assert_allclose(dictionaries.coherence(np.array([[1.0, -5.0], [2.0, -10.0]])), 1, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_spikes_and_waves_are_two_orthonormal_bases_of_coherence_1_over_root_n(n):
    spikes, waves = np.split(dictionaries.identity_and_hadamard(n), 2, axis=1)
    np.testing.assert_array_equal(spikes, np.eye(n))
    np.testing.assert_allclose(waves.T @ waves, np.eye(n), atol=1e-6)
    np.testing.assert_allclose(np.abs(waves), 1 / np.sqrt(n), rtol=1e-6)
    np.testing.assert_allclose(dictionaries.coherence(np.hstack([spikes, waves])), 1 / np.sqrt(n), rtol=1e-6)


@pytest.mark.parametrize("n", [0, 3, 12])
def test_there_are_no_such_waves_of_another_size(n):
    with pytest.raises(ValueError, match="power of 2"):
        dictionaries.identity_and_hadamard(n)


def test_support_and_overlap_against_sets():
    z = RNG.normal(size=(5, 9)).astype(np.float32)
    chosen = np.asarray(dictionaries.support(z, k=3))
    for row, indices in zip(z, chosen, strict=True):
        assert list(indices) == sorted(range(9), key=lambda i: -row[i])[:3]
    first, second = (np.where(RNG.random((7, 9)) < 0.5, 1.0, 0.0) for _ in range(2))
    expected = [
        len(set(np.flatnonzero(a)) & set(np.flatnonzero(b))) / np.count_nonzero(a)
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(dictionaries.overlap(first, second), expected, rtol=1e-6)
    assert dictionaries.overlap(np.zeros(4), np.ones(4)) == 0


def test_least_squares_is_numpys_on_each_support():
    chosen = np.array([RNG.permutation(9)[:3] for _ in X])
    codes = np.asarray(dictionaries.least_squares(W, X, chosen))
    for x, code, indices in zip(X, codes, chosen, strict=True):
        np.testing.assert_allclose(
            code[indices], np.linalg.lstsq(W[:, indices], x, rcond=None)[0], rtol=1e-3, atol=1e-5
        )
        assert not np.any(np.delete(code, indices))


def test_least_squares_on_equal_atoms_is_finite_and_the_nearest():
    twins = np.column_stack([W[:, 0], W[:, 0], W[:, 1]])
    code = dictionaries.least_squares(twins, X, np.tile([0, 1, 2], (len(X), 1)))
    alone = dictionaries.least_squares(W, X, np.tile([0, 1], (len(X), 1)))
    np.testing.assert_allclose(code @ twins.T, alone @ W.T, atol=1e-4)


def pursuit(W, x, k):
    """Orthogonal matching pursuit by its definition."""
    chosen, residual = [], x
    for _ in range(k):
        chosen.append(int(np.argmax(np.abs(residual @ (W / np.linalg.norm(W, axis=0))))))
        coefficients = np.linalg.lstsq(W[:, chosen], x, rcond=None)[0]
        residual = x - W[:, chosen] @ coefficients
    code = np.zeros(W.shape[1])
    code[chosen] = coefficients
    return code


@pytest.mark.parametrize("k", [1, 2, 4])
def test_matching_pursuit_against_its_definition(k):
    codes = dictionaries.matching_pursuit(W, X, k=k)
    np.testing.assert_allclose(codes, [pursuit(W.astype(float), x, k) for x in X], rtol=1e-4, atol=1e-5)


def test_matching_pursuit_never_takes_an_atom_of_norm_0_and_refuses_an_impossible_k():
    codes = dictionaries.matching_pursuit(np.column_stack([np.zeros(6), W[:, :2]]), X, k=3)
    assert np.all(np.isfinite(codes)) and not codes[:, 0].any()
    with pytest.raises(ValueError, match="k is 10"):
        dictionaries.matching_pursuit(W, X, k=10)


def test_the_coherence_ratio_is_the_condition_of_the_theorem():
    z, mu = np.array([[0.5, 2.0, 1.0], [1.0, 1.0, 1.0]]), 0.1
    np.testing.assert_allclose(dictionaries.coherence_ratio(z, mu), [2 * 3 * mu * 2.0 / 0.5, 2 * 3 * mu], rtol=1e-6)
    np.testing.assert_array_equal(
        dictionaries.coherence_ratio(z, mu) <= 1, [3 * mu <= 0.5 / (2 * 2.0), 3 * mu <= 1 / 2]
    )
    np.testing.assert_array_equal(dictionaries.coherence_ratio([[1.0, 0.0], [1.0, -1.0]], mu), np.inf)


def recovered(codes, k):
    activations = codes @ dictionaries.identity_and_hadamard(64).T @ dictionaries.identity_and_hadamard(64)
    return np.asarray(dictionaries.overlap(codes, np.where(mask(activations, k), 1, 0))) == 1


def mask(z, k):
    chosen = np.zeros(z.shape, bool)
    np.put_along_axis(chosen, np.asarray(dictionaries.support(z, k=k)), True, axis=1)
    return chosen


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_largest_activations_recover_every_support_within_the_theorem(k):
    least = 2 * k / np.sqrt(64)  # k mu = z_k / (2 z_1), the limit of the condition
    codes = dictionaries.random_codes(np.random.default_rng(k), 128, k=k, least=least, count=200)
    assert np.all(np.count_nonzero(codes, axis=1) == k)
    assert np.all(recovered(codes, k))
    assert np.all(recovered(dictionaries.hardest_codes(64, k=k, least=least), k))


@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_hardest_codes_fail_just_beyond_the_theorem(k):
    edge = 2 * (k - 1) / np.sqrt(64)
    assert np.all(recovered(dictionaries.hardest_codes(64, k=k, least=1.01 * edge), k))
    assert not np.any(recovered(dictionaries.hardest_codes(64, k=k, least=0.99 * edge), k))
