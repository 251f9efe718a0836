"""Launchers give the numbers of a multirun in one process, and their workers share its compiled programs."""

import os
import subprocess
import sys
from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[2]
TRIALS = [
    "data=digits",
    "data.limit=100",
    "scale=smoke",
    "model.hidden=8",
    "train.epochs=1",
    "penalty=l1",
    "weight=0,0.1",
]


def sweep(folder, cache, *overrides):
    """The files of metrics that a sweep of two trials leaves, by directory."""
    command = [sys.executable, "-m", "experiments.run", "-m", *TRIALS, *overrides, f"hydra.sweep.dir={folder}"]
    settings = {"JAXAE_CACHE": str(cache), "JAX_COMPILATION_CACHE_DIR": "", "NPROC": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {path.parent.name: path.read_text() for path in folder.glob("*/metrics.csv")}


def programs(cache):
    """The names of the compiled programs that are kept."""
    return {path.name for path in (cache / "compiled").iterdir() if path.name.endswith("-cache")}


@pytest.fixture(scope="module")
def basic(tmp_path_factory):
    """The metrics of the basic launcher's sweep, its cache and its compiled programs."""
    folder = tmp_path_factory.mktemp("basic")
    metrics = sweep(folder / "jobs", folder / "cache")
    return metrics, folder / "cache", programs(folder / "cache")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "overrides"),
    [
        ("hydra_joblib_launcher", ["hydra/launcher=cores", "hydra.launcher.n_jobs=2"]),
        ("hydra_submitit_launcher", ["hydra/launcher=processes"]),
    ],
)
def test_a_launcher_gives_the_numbers_of_one_process_and_compiles_nothing_again(plugin, overrides, basic, tmp_path):
    pytest.importorskip(f"hydra_plugins.{plugin}")
    metrics, cache, compiled = basic
    assert len(metrics) == 2 and len(compiled) > 5
    assert sweep(tmp_path, cache, *overrides) == metrics
    assert programs(cache) == compiled


@pytest.mark.parametrize(
    ("name", "plugin", "launcher", "environment"),
    [
        ("cores", "joblib", "JoblibLauncher", {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "NPROC": "3"}),
        ("processes", "submitit", "LocalLauncher", {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}),
        ("slurm", "submitit", "SlurmLauncher", {}),
        ("cluster", "ray", "RayLauncher", {"NPROC": "1"}),
    ],
)
def test_a_launcher_is_its_plugin_with_what_jax_needs(name, plugin, launcher, environment, monkeypatch):
    pytest.importorskip(f"hydra_plugins.hydra_{plugin}_launcher")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # as joblib sets it in its workers
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = hydra.compose("config", [f"hydra/launcher={name}"], return_hydra_config=True).hydra
    assert composed.launcher["_target_"].endswith(f".{launcher}")
    assert OmegaConf.to_container(composed.job.env_set, resolve=True) == environment
    assert composed.launcher.get("timeout_min", 1440) == 1440  # the plugin's own 60 end a longer training
