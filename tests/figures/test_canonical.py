import pytest

from experiments.figures.canonical import _of_tying


@pytest.mark.parametrize(("weights", "entropy", "holds"), [(50, 0.105, True), (50, 0.106, False), (51, 0.09, False)])
def test_tying_holds_with_half_the_weights_and_a_twentieth_more_cross_entropy(weights, entropy, holds):
    untied = {"weights": 100, "cross-entropy": 0.1}
    assert _of_tying(untied, {"weights": weights, "cross-entropy": entropy}).holds is holds
