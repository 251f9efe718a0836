"""The number of parallel runs is the fastest of those that fit, and 1 where nothing can be gained."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxae import losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand
from jaxae.training import fit_grid, parallel_runs


@pytest.fixture
def machine(monkeypatch):
    """Gives a program for each number that takes seconds(width) by a clock of its own, and the list of the numbers tried."""
    now = [0.0]
    monkeypatch.setattr(parallel_runs, "perf_counter", lambda: now[0])

    def build(seconds, fits=10**9):
        tried = []

        def program(side):
            tried.append(side)
            if side > fits:
                raise MemoryError
            return lambda: now.__setitem__(0, now[0] + seconds(side))

        return program, tried

    return build


def test_the_candidates_double_and_leave_groups_of_like_size():
    assert parallel_runs.candidates(1) == [1]
    assert parallel_runs.candidates(64) == [1, 2, 4, 8, 16, 32, 64]
    assert parallel_runs.candidates(10) == [1, 2, 4, 5, 10]
    for runs in range(1, 40):
        assert all(-(-runs // -(-runs // side)) == side for side in parallel_runs.candidates(runs))


def test_the_fastest_width_is_taken(machine):
    program, tried = machine(lambda side: (1 + side + side**2 / 4) / 2)  # per run 1.125, 1, 1.125, 1.5625
    assert parallel_runs.fastest(64, 1e6, program) == 2
    assert tried == [1, 2, 4, 8]


def test_the_search_goes_on_behind_one_slower_candidate(machine):
    program, tried = machine(lambda side: {1: 1.0, 2: 2.2, 4: 2.0, 8: 3.0, 16: 7.0, 32: 15.0}[side])
    assert parallel_runs.fastest(64, 1e6, program) == 8
    assert tried == [1, 2, 4, 8, 16, 32]


def test_two_slower_candidates_in_a_row_end_the_search_at_1(machine):
    program, tried = machine(lambda side: side * 1.3 ** (side > 1))
    assert parallel_runs.fastest(64, 1e6, program) == 1
    assert tried == [1, 2, 4]


@pytest.mark.parametrize(("gain", "chosen"), [(0.05, 1), (0.15, 2)])
def test_only_a_gain_beyond_the_scatter_of_timings_is_one(machine, gain, chosen):
    program, _ = machine(lambda side: side * (1 - gain * (side > 1)))
    assert parallel_runs.fastest(2, 1e6, program) == chosen


def test_what_does_not_fit_in_memory_is_not_taken(machine):
    program, tried = machine(lambda side: 1.0, fits=4)
    assert parallel_runs.fastest(64, 1e6, program) == 4
    assert tried == [1, 2, 4, 8]


@pytest.mark.parametrize(("gain", "tried_last"), [(0.0, 2), (0.2, 4)])  # a width that saves pays for the next
def test_the_search_ends_with_its_share_of_the_time_or_of_what_it_saves(machine, gain, tried_last):
    program, tried = machine(lambda side: side * (1 - gain * (side > 1)))
    parallel_runs.fastest(
        64, 11 / parallel_runs.SHARE / 1.1, program
    )  # one candidate of 2 is timed in 12 seconds at most, in 10.4 at least
    assert tried[-1] == tried_last


def test_a_program_that_needs_more_than_is_free_does_not_fit(monkeypatch):
    program = jax.jit(lambda x: x @ x).lower(jnp.ones((100, 100))).compile()
    parallel_runs.check_fits(program)
    monkeypatch.setattr(parallel_runs, "free_bytes", lambda: 1000)
    with pytest.raises(MemoryError, match="bytes and the device has 1,000 left"):
        parallel_runs.check_fits(program)


def train(rates, side, epochs=3):
    recipe = Recipe(configure(losses.squared_error), configure(optax.sgd, learning_rate=rates))
    recipes, seeds, _ = expand(recipe, seed=list(range(8)))
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    chosen = []
    run = fit_grid(
        Dense(5, 3),
        recipes,
        x,
        seeds=seeds,
        epochs=epochs,
        batch_size=5,
        parallel_runs=side,
        on_parallel_runs=chosen.append,
        x_test=x,
    )
    return run, chosen


def test_a_short_training_keeps_1_without_trying():
    _, chosen = train(0.01, "auto")
    assert chosen == [1]
    assert not parallel_runs._MEASURED


def test_a_measured_width_gives_the_numbers_of_single_runs_and_is_measured_once(monkeypatch, compilations):
    calls = []

    def fastest(runs, seconds, program):
        calls.append(runs)
        program(4)()
        return 4

    monkeypatch.setattr(parallel_runs, "WORTH", 0.0)
    monkeypatch.setattr(parallel_runs, "fastest", fastest)
    monkeypatch.setattr(parallel_runs, "_MEASURED", {})
    alone, _ = train(0.01, 1)
    for rates in (0.01, 0.01, 0.02):
        together, chosen = train(rates, "auto")
        assert chosen == [4]
        if rates == 0.01:
            for left, right in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
                np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    assert calls == [8]
    before = compilations()
    train(0.03, "auto")
    assert compilations() == before > 0


def test_a_width_that_does_not_fit_as_a_whole_grid_is_halved(monkeypatch):
    fits = parallel_runs.check_fits
    seen = []

    def tight(program):
        seen.append(program)
        if len(seen) == 1:
            raise MemoryError
        fits(program)

    monkeypatch.setattr(parallel_runs, "WORTH", 0.0)
    monkeypatch.setattr(parallel_runs, "fastest", lambda runs, seconds, program: 8)
    monkeypatch.setattr(parallel_runs, "check_fits", tight)
    monkeypatch.setattr(parallel_runs, "_MEASURED", {})
    assert train(0.01, "auto")[1] == [4]
    assert len(seen) == 2
