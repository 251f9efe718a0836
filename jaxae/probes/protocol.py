"""What every probe has: its result, and the examples that it chooses by."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from jaxae.arrays import Array

__all__ = ["Probe", "validation_split"]


class Probe(NamedTuple):
    """What a probe measures.

    accuracy: on the test set, in [0, 1]; correct: whether each test example is named rightly, bool [m], by which classifiers
    are compared in pairs; chosen: the chosen values by name; validation: {candidate: accuracy on the
    validation split}; fit_seconds: of the fit that is tested, on all training examples; test_seconds: of predicting the test
    labels (both on one core where scikit-learn computes); fitted: the scikit-learn classifier, or the fine-tuned parameters.
    """

    accuracy: float
    correct: np.ndarray
    chosen: dict[str, float]
    validation: dict[float, Any]
    fit_seconds: float
    test_seconds: float
    fitted: Any


def validation_split(
    labels: Shaped[Array, " n"] | Sequence, *, seed: int = 0
) -> tuple[Int[np.ndarray, " fit"], Int[np.ndarray, " validation"]]:
    """Indices of the examples to fit on and of those to choose by: the last sixth of each class in a seeded order.

    About 5n/6 and n/6, disjoint, in ascending order. Raises ValueError where no class has six examples.
    """
    labels = np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    members = [order[labels[order] == label] for label in np.unique(labels)]
    validation = np.sort(np.concatenate([m[len(m) - len(m) // 6 :] for m in members]))
    if len(validation) == 0:
        raise ValueError(f"labels has {len(labels)} examples: a class must have six for one of them to be validation")
    return np.setdiff1d(np.arange(len(labels)), validation), validation
