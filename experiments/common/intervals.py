"""Intervals of measured errors and of means."""

import numpy as np

Z = 1.96  # standard deviations to either side of a 95 % interval


def half_interval(error, count):
    """Half the 95 % interval of an error in percent over so many examples, of a binomial."""
    share = error / 100
    return 100 * Z * float((share * (1 - share) / count) ** 0.5)


def mean_with_error(values):
    """The mean of values [n] and its standard error, their standard deviation over the root of n; 0 where n is 1."""
    values = np.asarray(values, float)
    return float(values.mean()), float(values.std(ddof=min(1, len(values) - 1)) / np.sqrt(len(values)))
