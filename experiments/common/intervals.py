"""Intervals of measured errors."""

Z = 1.96  # standard deviations to either side of a 95 % interval


def half_interval(error, count):
    """Half the 95 % interval of an error in percent over so many examples, of a binomial."""
    share = error / 100
    return 100 * Z * float((share * (1 - share) / count) ** 0.5)
