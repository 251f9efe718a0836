"""What is said of the times of classifiers is how they are measured."""

from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from experiments.figures import dimensionality


def test_classifiers_are_timed_with_one_blas_thread():
    seen = []

    def encode(x):
        seen.append([pool["num_threads"] for pool in threadpool_info()])
        return x

    rng = np.random.default_rng(0)
    split = SimpleNamespace(x=rng.normal(size=(40, 3)).astype(np.float32), labels=np.arange(40) % 2)
    settings = SimpleNamespace(neighbours=[1], strengths=[1.0])
    dimensionality._measure(encode, None, SimpleNamespace(train=split, test=split), settings)
    untimed, timed = seen[:2], seen[2:]
    assert len(untimed) == 2 and len(timed) == 6  # the least of three, of the fit and of the vote
    assert all(threads == 1 for pools in timed for threads in pools)


@pytest.mark.parametrize(("ahead", "holds"), [(3, False), (40, True)])
def test_a_code_leads_by_more_than_chance_over_the_test_examples(ahead, holds):
    components = [np.random.default_rng(0).random(2000) < 0.8] * 2
    code = [right.copy() for right in components]
    for right in code:
        right[np.flatnonzero(~right)[:ahead]] = True
    kinds = {
        dimensionality.CODE: [_measured(size, right) for size, right in zip((8, 32), code, strict=True)],
        dimensionality.COMPONENTS: [_measured(size, right) for size, right in zip((8, 32), components, strict=True)],
    }
    lead, _ = dimensionality._of_accuracies("logistic regression", "linear", _measured(784, components[0]), kinds)
    assert lead.holds is holds  # three of 2,000 are 1.7 standard errors
    assert lead.margins == (pytest.approx(100 * ahead / 2000),)


def _measured(size, right):
    probe = SimpleNamespace(accuracy=right.mean(), correct=right, validation={1.0: [size / 1000]})
    return SimpleNamespace(size=size, linear=probe)
