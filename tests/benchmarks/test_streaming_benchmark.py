"""Streaming is measured beside memory: the same examples, ratios taken round by round."""

import numpy as np

from experiments.benchmarks import streaming


def test_both_ways_are_timed_on_the_same_examples(tmp_path):
    x = np.random.default_rng(0).random((2000, 6), np.float32)
    np.save(tmp_path / "x.npy", x)
    cases = streaming.cases(tmp_path / "x.npy", hidden=4)
    assert list(cases) == [(100, "in memory"), (100, "from its file"), (1000, "in memory"), (1000, "from its file")]
    for case in cases.values():
        given, size, hidden = case.measure.args
        np.testing.assert_array_equal(given[:], x)
        assert (hidden, size) in ((4, 100), (4, 1000))
        assert case.measure() > 0


def test_the_ratio_is_that_of_the_same_round():
    table = streaming.rows({(100, "in memory"): [10.0, 20.0, 40.0], (100, "from its file"): [9.0, 20.0, 30.0]})
    assert table[1]["samples per second"] == 20
    assert table[1]["of the speed in memory"] == 0.9
    assert (table[1]["of the speed in memory, min"], table[1]["of the speed in memory, max"]) == (0.75, 1.0)
