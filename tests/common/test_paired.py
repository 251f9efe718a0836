"""A classifier errs less than another by more than chance where the examples that tell them apart say so."""

import numpy as np
import pytest
from named_rightly import named_rightly
from scipy import stats

from experiments.common import over_seeds
from experiments.common.intervals import mean_with_error
from experiments.common.paired import errs_less


def verdict(**right):
    return errs_less("claim", "a errs less than b", right, [("a", "b")])


@pytest.mark.parametrize(
    ("won", "lost", "holds"), [(30, 10, True), (28, 15, False), (3, 0, False), (5, 0, True), (10, 30, False)]
)
def test_the_examples_that_one_alone_names_rightly_decide(won, lost, holds):
    a, b = np.ones(1000, bool), np.ones(1000, bool)
    b[:won], a[won : won + lost] = False, False
    found = verdict(a=a, b=b)
    error = 100 * np.sqrt(won + lost - (won - lost) ** 2 / 1000) / 1000  # McNemar's, of the difference of two shares
    assert found.margins == pytest.approx([(won - lost) / 10])
    assert found.holds is holds is bool((won - lost) / 10 > 2 * error)
    assert f"a {(won - lost) / 10:.2f} ahead of b, standard error {error:.2f}" in found.measured


def test_the_least_certain_pair_is_told():
    right = {"a": named_rightly(1), "b": named_rightly(2), "c": named_rightly(1.1)}
    found = errs_less("claim", "rule", right, [("a", "b"), ("a", "c")])
    assert (
        "a 1.00 %, b 2.00 %, c 1.10 %; least certain: a 0.10 ahead of c, standard error 0.03" in found.measured
        and found.holds
    )
    assert "two standard errors" in found.rule


def test_over_seeds_a_lead_is_one_in_every_seed():
    """Leads of two or three images are within the noise of the test examples, which all seeds share, however alike they are."""
    leads = [verdict(a=named_rightly(1), b=named_rightly(1 + lead / 100)) for lead in (2, 3, 2, 3, 2)]
    assert not any(each.holds for each in leads)
    together = over_seeds._verdict(leads)
    assert not together.holds and "holds in 0 of 5" in together.measured


def test_the_standard_error_of_a_mean_is_that_of_scipy():
    values = np.random.default_rng(0).normal(size=30)
    assert mean_with_error(values) == pytest.approx((values.mean(), stats.sem(values)))
    assert mean_with_error([3.0]) == (3.0, 0.0)
