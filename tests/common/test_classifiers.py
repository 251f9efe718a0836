"""Codes as classifiers take them, and errors beside published ones."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.common import classifiers
from jaxae import codes, corruptions, losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.probes import Probe

MODEL = Dense(5, 4, "linear")
PARAMS = MODEL.init(jax.random.key(0))
X = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 5)), jnp.float32)


def recipe(**roles):
    return Recipe(configure(losses.squared_error), configure(optax.adam, learning_rate=0.1), **roles)


def test_a_k_sparse_code_keeps_alpha_times_as_many_units_and_another_code_what_it_kept():
    sparse = recipe(code=configure(codes.top_k, k=2))
    assert classifiers.alphas_of(sparse, [1, 2]) == [1, 2] and classifiers.alphas_of(recipe(), [1, 2]) == [None]
    for alpha, units in ((None, 2), (1, 2), (2, 4)):
        code = classifiers.clean_code(MODEL, classifiers.kept(sparse, alpha), PARAMS, X)
        np.testing.assert_array_equal(np.sum(code != 0, axis=1), units)


def test_of_equal_validation_the_first_alpha_counts_and_else_the_best():
    def probe(*accuracies):
        return Probe(0.0, None, {}, dict(enumerate(accuracies)), 0.0, 0.0, None)

    assert classifiers.most_valid({1: probe(0.5, 0.6), 2: probe(0.7, 0.1), 3: probe(0.7)})[0] == 2


def test_the_noisy_code_is_corrupted_and_dropped_out_with_a_key_and_clean_without():
    noisy = recipe(corruption=configure(corruptions.masking, rate=0.4), code=configure(codes.dropout, rate=0.5))
    z = np.asarray(X @ PARAMS["encoder"][0]["weight"] + PARAMS["encoder"][0]["bias"])
    np.testing.assert_allclose(classifiers.noisy_code(MODEL, noisy, PARAMS, X), z, rtol=1e-5, atol=1e-6)
    first, second = jax.random.split(jax.random.key(1))
    masked = np.where(jax.random.uniform(first, X.shape) < 0.4, 0, X)
    expected = np.where(jax.random.uniform(second, z.shape) < 0.5, 0, 2 * (masked @ PARAMS["encoder"][0]["weight"]))
    code = classifiers.noisy_code(MODEL, noisy, PARAMS, X, key=jax.random.key(1))
    np.testing.assert_allclose(code, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("error", "holds"), [(1.40, True), (1.62, True), (1.18, True), (1.64, False), (1.16, False)])
def test_an_error_is_as_published_within_the_interval_that_the_paper_prints(error, holds):
    # Vincent et al. 2010, table 3, print 1.40 with an interval of 0.23 either way over 10,000 digits.
    verdict = classifiers.as_published("SAE-3", error, 1.40, 10_000, how=" after fine-tuning", source="table 3")
    assert verdict.holds is holds and verdict.measured == f"SAE-3 {error - 1.40:+.2f} %"
