"""A shard of a grid is those rows of it, and the estimate of its memory follows the compiled program's."""

import functools
from pathlib import Path
from types import SimpleNamespace

import hydra
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.engine import metrics, shards
from experiments.engine.checks import ConfigurationError
from experiments.engine.configuration import setup
from experiments.engine.training import train
from jaxae.training.grid import Grid
from jaxae.training.state import initial_state

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "data.limit=100", "model.hidden=8", "train.epochs=2"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def compose(*overrides):
    return setup(hydra.compose("config", [*SMALL, *overrides]))


@given(st.integers(1, 40), st.data())
def test_the_parts_of_a_grid_are_its_rows_in_order_in_even_shares(runs, data):
    count = data.draw(st.integers(1, runs))
    rows = np.arange(runs)
    table = {"weight": rows, "code.k": rows}
    pieces = [shards.shard_of(f"{i}/{count}", {"weight": rows}, rows, table) for i in range(1, count + 1)]
    for seeds in zip(*((piece[0]["weight"], piece[1], *piece[2].values()) for piece in pieces), strict=True):
        np.testing.assert_array_equal(np.concatenate(seeds), rows)
    sizes = {len(piece[1]) for piece in pieces}
    assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1
    assert list(pieces[0][2]) == ["weight", "code.k"]  # the order of the columns of metrics.csv


@pytest.mark.slow
def test_the_parts_of_a_grid_give_the_numbers_of_the_whole(tmp_path):
    grid = ["penalty=l1", "weight=[0,0.1]", "seed=[0,1]"]

    def trained(setup, directory):
        run = train(setup, "", directory)
        metrics.write(setup, run, directory / "metrics.csv")
        return run

    whole = trained(compose(*grid), tmp_path / "whole")
    halves = [trained(compose(*grid, f"shard={i}/2"), tmp_path / str(i)) for i in (1, 2)]
    header, *lines = (tmp_path / "whole" / "metrics.csv").read_text().splitlines()
    for i, rows in ((1, lines[:2]), (2, lines[2:])):
        assert (tmp_path / str(i) / "metrics.csv").read_text().splitlines() == [header, *rows]
    curves = np.concatenate([half.curve["test_error"] for half in halves])
    np.testing.assert_allclose(curves, whole.curve["test_error"], rtol=1e-6)


@pytest.mark.parametrize("shard", ["0/4", "5/4", "a", "1/0", "-1/4", "1.5/4", "2", "[1/2]"])
def test_a_shard_that_cannot_be_is_refused(shard):
    with pytest.raises(ConfigurationError, match=r"shard is .*: it must be i/n with i from 1 to n"):
        compose("seed=[0,1,2,3]", f"shard={shard}")


def test_more_parts_than_runs_are_refused():
    with pytest.raises(ConfigurationError, match="shard is '1/4': the grid has 3 runs"):
        compose("seed=[0,1,2]", "shard=1/4")


@pytest.mark.slow
def test_another_run_takes_the_memory_that_it_takes_in_the_compiled_program():
    needed = {}
    for runs in (3, 6):
        s = compose("train.batch_size=10", "model.tied=false", f"seed={list(range(runs))}")
        x, x_test, seeds = jnp.asarray(s.train.x), jnp.asarray(s.test.x), jnp.asarray(s.seeds)
        states = jax.vmap(functools.partial(initial_state, s.model, params=None, shape=s.train.x.shape[1:]))(
            s.recipes, seeds
        )
        grid = Grid(s.model, s.recipes, seeds, x, x_test, epochs=2, batch_size=10, precision="float32")
        program = grid.compiled_epoch(states, 0, 1).memory_analysis()
        needed[runs] = program.argument_size_in_bytes + program.temp_size_in_bytes  # outputs take the place of states
    assert (needed[6] - needed[3]) / 3 == pytest.approx(shards.memory(s).run, rel=0.03)
    assert shards.memory(s).shared + 6 * shards.memory(s).run < needed[6]  # activations are not counted


def test_a_grid_that_does_not_fit_is_told_the_parts_that_do(monkeypatch):
    s = compose("seed=[0,1,2,3,4,5,6,7]")
    need = shards.memory(s)

    def free(runs):
        return need.shared + runs * need.run

    assert [shards.fits(s, free(runs)) for runs in (0, 1, 3, 8)] == [0, 1, 3, 8]
    assert shards.advice(s, free(8)) is None
    assert shards.advice(s, free(3)).endswith("3 would fit, as with -m shard=1/3,2/3,3/3")
    assert shards.advice(s, free(1)).endswith("1 would fit, as with -m shard=1/8,2/8,...,8/8")
    assert shards.advice(s, free(0)).endswith("not even one run fits")
    monkeypatch.setattr(jax, "local_devices", lambda: [SimpleNamespace()] * 2)
    assert shards.advice(s, free(4)) is None
    assert shards.advice(s, free(2)).endswith("2 would fit, as with -m shard=1/2,2/2")
