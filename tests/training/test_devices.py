"""Several devices give the numbers of one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand
from jaxae.training import devices, fit_grid

ROOT = Path(__file__).parents[2]


def grid(weights=0.0, **options):
    recipe = Recipe(
        loss=configure(losses.squared_error),
        optimizer=configure(optax.adam, learning_rate=0.01),
        corruption=configure(corruptions.masking, rate=0.3),
        code=configure(codes.top_k, k=2),
        weight=weights,
    )
    recipes, seeds, _ = expand(recipe, seed=[5, 3, 8, 1, 2, 7, 6, 4][: options.pop("runs", 8)])
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    sizes = {"epochs": 2, "batch_size": 8, "x_test": x[:9]} | (
        {"x_validation": x[::-3]} if "patience" in options else {}
    )
    return fit_grid(Dense(6, 4, activation="tanh"), recipes, x, seeds=seeds, **{**sizes, **options})


ON_FOUR = """
import json, sys
import jax, numpy as np
from jaxae.training import parallel_runs
from test_devices import grid
parallel_runs.WORTH, parallel_runs.SHARE, parallel_runs.ROUNDS = 0.0, 1e6, 1
shown, compiled = {}, []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **details: compiled.append(event) if "backend_compile" in event else None
)
for name, options in json.loads(sys.argv[1]).items():
    run = grid(**options)
    programs = len(compiled)
    grid(**options)
    leaves = jax.tree.leaves(run.params)
    spec = getattr(leaves[0].sharding, "spec", None)
    shown[name] = {
        "leaves": [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(run)],
        "devices": len(leaves[0].sharding.device_set),
        "axis": None if not spec else spec[0],
        "compiled again": len(compiled) - programs,
    }
print(json.dumps(shown))
"""
GRIDS = {
    "eight": {"runs": 8},
    "eight, two side by side": {"runs": 8, "parallel_runs": 2},
    "eight, measured": {"runs": 8, "parallel_runs": "auto"},
    "three": {"runs": 3},
    "five": {"runs": 5},
    "five, patient": {"runs": 5, "epochs": 4, "patience": 1},
    "one": {"runs": 1},
    "one, odd batches": {"runs": 1, "batch_size": 7},
}


@pytest.fixture(scope="module")
def on_four():
    """What the grids give in a process with four devices."""
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent))),
    }
    command = [sys.executable, "-c", ON_FOUR, json.dumps(GRIDS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "devices", "axis"),
    [
        ("eight", 4, "runs"),
        ("eight, two side by side", 4, "runs"),
        ("eight, measured", 4, "runs"),
        ("three", 3, "runs"),
        ("five", 3, None),  # two each, the sixth left out of the result
        ("five, patient", 3, None),
        ("one", 4, None),  # its batches of 8 are divided, its parameters are whole
        ("one, odd batches", 1, None),
    ],
)
def test_four_devices_share_a_grid_and_give_the_numbers_of_one(on_four, name, devices, axis):
    got = on_four[name]
    for left, right in zip(got["leaves"], jax.tree.leaves(grid(**GRIDS[name])), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    assert (got["devices"], got["axis"], got["compiled again"]) == (devices, axis, 0)


TOGETHER = """
import sys
from jaxae.training import devices
index = devices.join()
import jax
print(index, jax.process_index(), jax.process_count())
from test_devices import grid
print(float(grid(runs=2).curve["loss"][0, -1]))
"""


@pytest.mark.slow
def test_two_processes_join_and_each_trains():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}",
        "JAX_NUM_PROCESSES": "2",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, Path(__file__).parent))),
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER],
            env=environment | {"JAX_PROCESS_ID": str(index)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    ends = [process.communicate(timeout=120) for process in running]
    alone = float(grid(runs=2).curve["loss"][0, -1])
    for index, (output, errors) in enumerate(ends):
        assert running[index].returncode == 0, errors
        first, loss = output.splitlines()
        assert first == f"{index} {index} 2"
        np.testing.assert_allclose(float(loss), alone, rtol=1e-5)


def test_without_a_coordinator_nothing_is_joined_and_a_missing_number_is_named(monkeypatch):
    monkeypatch.setattr(jax.distributed, "initialize", lambda *a, **k: pytest.fail("joined"))
    monkeypatch.delenv("JAX_COORDINATOR_ADDRESS", raising=False)
    assert devices.join() == 0
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "localhost:1")
    monkeypatch.setenv("JAX_NUM_PROCESSES", "2")
    monkeypatch.delenv("JAX_PROCESS_ID", raising=False)
    with pytest.raises(ValueError, match="JAX_PROCESS_ID is ''"):
        devices.join()
