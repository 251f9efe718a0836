"""The labelled examples are as many of each class as asked for, and the verdicts look at few labels only."""

import numpy as np

from experiments.figures import few_labels

METHODS = (few_labels.PIXELS, few_labels.PCA, few_labels.CODE, few_labels.NETWORK, few_labels.STARTED)


def test_every_draw_has_the_same_number_of_each_class_and_other_examples():
    labels = np.random.default_rng(0).integers(3, size=60)
    draws = few_labels._draws(labels, 4, 3, seed=0)
    for rows in draws:
        assert len(set(rows)) == 12
        np.testing.assert_array_equal(np.bincount(labels[rows]), [4, 4, 4])
    assert len({tuple(rows) for rows in draws}) == 3
    (everything,) = few_labels._draws(labels, None, 3, seed=0)
    np.testing.assert_array_equal(everything, np.arange(60))
    np.testing.assert_array_equal(draws, few_labels._draws(labels, 4, 3, seed=0))
    assert not np.array_equal(draws, few_labels._draws(labels, 4, 3, seed=1))


def held(spread=1.0, **changed):
    means = dict(
        zip(METHODS, ([50.0, 30, 10], [50.0, 30, 10], [40.0, 20, 7], [52.0, 31, 8], [45.0, 25, 6]), strict=True)
    )
    draws = spread * np.array([-1.0, 0, 0, 1])
    found = {}
    for place, count in enumerate((1, 10, 100)):
        # The draws of the code are in another order, so that differences have a spread.
        tests = {m: v[place] + np.roll(draws, m == few_labels.CODE) for m, v in (means | changed).items()}
        found[count] = few_labels.Errors(tests, {})
    return [verdict.holds for verdict in few_labels._verdicts(found, 10)]


def test_each_verdict_is_of_few_labels_and_has_errors_that_fail_it():
    assert held() == [True] * 5
    assert held(pixels=[50.0, 19, 10]) == [False, True, True, True, True]
    assert held(PCA=[39.0, 30, 10]) == [True, False, True, True, True]
    assert held(pixels=[50.0, 30, 5], PCA=[50.0, 30, 5]) == [True] * 5  # with many labels pixels may be ahead
    assert held(**{few_labels.NETWORK: [52.0, 19, 8]}) == [True, True, False, False, True]
    assert held(**{few_labels.STARTED: [53.0, 25, 6]}) == [True, True, True, False, True]
    assert held(**{few_labels.NETWORK: [52.0, 31, 30]}) == [True, True, True, True, False]


def test_a_lead_within_two_standard_errors_of_the_draws_is_none():
    assert held(20) == [False, False, False, True, False]
