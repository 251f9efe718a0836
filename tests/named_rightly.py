"""Which of many examples a classifier of a given error names rightly."""

import numpy as np


def named_rightly(percent, examples=10_000):
    """[examples], of which the first `percent` are wrong, so that a classifier of less errors is right wherever another is."""
    return np.arange(examples) >= round(examples * percent / 100)
