"""Wall-clock seconds of calls: the least or the median of several, which other work on the machine disturbs least."""

import time

__all__ = ["in_turn", "least_seconds", "seconds", "timed"]


def timed(call):
    """What a call without arguments returns, and its seconds."""
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def seconds(call):
    """The seconds of one call without arguments."""
    return timed(call)[1]


def least_seconds(call, rounds=3):
    """The least seconds of so many calls."""
    return min(seconds(call) for _ in range(rounds))


def in_turn(measures, rounds, summary=min):
    """{name: summary of its seconds}, measured one after another in every round, so that all see the same machine.

    measures: {name: a function without arguments that returns seconds}.
    """
    found = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: float(summary(values)) for name, values in found.items()}
