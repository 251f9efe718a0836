"""Seconds of calls by a clock of our own."""

from functools import partial

import numpy as np
import pytest

from experiments.common import timing


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only where a call adds them."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def wait(durations):
        now[0] += durations.pop(0)
        return "done"

    return wait


def test_seconds_of_one_call_and_the_least_of_several(clock):
    assert timing.timed(partial(clock, [2.0])) == ("done", 2.0)
    assert timing.seconds(partial(clock, [3.0])) == 3.0
    assert timing.least_seconds(partial(clock, [3.0, 1.0, 2.0])) == 1.0


def test_measures_are_taken_in_turn():
    order = []

    def measure(name, values):
        order.append(name)
        return values.pop(0)

    measures = {name: partial(measure, name, values) for name, values in (("a", [3, 1, 5]), ("b", [2, 9, 4]))}
    assert timing.in_turn(measures, 3) == {"a": 1.0, "b": 2.0}
    assert order == ["a", "b"] * 3
    measures = {"a": partial(measure, "a", [3, 1, 5])}
    assert timing.in_turn(measures, 3, np.median) == {"a": 3.0}
