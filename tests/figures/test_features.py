"""The verdicts on features can come out both ways, and compare with the paper on its data alone."""

import pytest
from named_rightly import named_rightly

from experiments.common import published
from experiments.figures import features

PAPER = dict(published.FEATURES["mnist"])
TUNED = dict(published.FEATURES_TUNED["mnist"])


def held_of(verdicts, errors):
    return [verdict.holds for verdict in verdicts({name: named_rightly(error) for name, error in errors.items()})]


def test_the_published_tables_hold_their_own_claims():
    assert held_of(features._of_fixed, PAPER) + held_of(features._of_tuned, TUNED) == [True] * 5


@pytest.mark.parametrize(
    ("name", "error", "held"),
    [
        ("dropout", 7.3, [False, True, True]),
        ("k = 10", 1.5, [True, False, True]),
        ("k = 25", 1.6, [True, False, False]),
        (features.DEEP, 9.0, [True, True, True]),  # of two layers, which table 1 does not have
    ],
)
def test_each_verdict_on_fixed_features_has_an_error_that_fails_it(name, error, held):
    assert held_of(features._of_fixed, PAPER | {name: error}) == held


@pytest.mark.parametrize(
    ("name", "error", "held"), [("denoising", 1.7, [False, True]), (features.DEEP, 1.1, [True, False])]
)
def test_each_verdict_on_fine_tuned_features_has_an_error_that_fails_it(name, error, held):
    assert held_of(features._of_tuned, TUNED | {name: error}) == held
