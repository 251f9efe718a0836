"""What is said of the times of classifiers is how they are measured."""

from types import SimpleNamespace

import numpy as np
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
