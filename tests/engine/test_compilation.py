"""A second process loads what the first has compiled."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import hydra
import jax
import pytest

from experiments.engine import compilation
from experiments.engine.checks import ConfigurationError
from experiments.engine.configuration import setup

ROOT = Path(__file__).parents[2]
RUN = ["scale=smoke", "model.hidden=8", "train.epochs=1"]


def run(tmp_path, *arguments, **environment):
    """The counts of a process of experiments.run, and what it prints."""
    command = [sys.executable, "-m", "experiments.run", *arguments, *RUN, "resume=fresh"]
    settings = {"JAXAE_CACHE": str(tmp_path / "cache"), "JAX_COMPILATION_CACHE_DIR": "", **environment}
    done = subprocess.run(
        [*command, f"hydra.run.dir={tmp_path}/run", f"hydra.sweep.dir={tmp_path}/jobs"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    compiled, loaded = map(int, re.search(r"(\d+) programs compiled, (\d+) from cache", done.stderr).groups())
    return compiled, loaded, done.stderr


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    compiled, loaded, _ = run(tmp_path)
    assert compiled > 5 and loaded == 0
    kept = list((tmp_path / "cache" / "compiled").iterdir())
    assert len(kept) == compiled
    again, from_cache, printed = run(tmp_path)
    assert (again, from_cache) == (0, compiled)
    assert not re.search("machine|feature|SIGILL|warning", printed, re.IGNORECASE)
    again, _, _ = run(tmp_path, "--multirun", "seed=0,1")  # also the jobs of a multirun, which share a process
    assert again == 0


@pytest.mark.slow
def test_another_precision_stands_beside_the_error_in_float32(tmp_path):
    run(tmp_path, "train.precision=bfloat16", "train.parallel_runs=auto")
    with open(tmp_path / "run" / "metrics.csv") as file:
        (row,) = csv.DictReader(file)
    assert row["precision"] == "bfloat16"
    assert float(row["test_error_float32"]) == pytest.approx(float(row["test_error"]), rel=0.01)
    run(tmp_path)
    with open(tmp_path / "run" / "metrics.csv") as file:
        assert not {"precision", "test_error_float32"} & set(csv.DictReader(file).fieldnames)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["train.parallel_runs=0"], "train.parallel_runs is 0: it must be a whole number from 1 on, or auto"),
        (["train.parallel_runs=fast"], "train.parallel_runs is 'fast': it must be a whole number from 1 on, or auto"),
        (["train.precision=half"], "train.precision is 'half': it must be one of float32, tf32, bfloat16"),
        (["train.precision=bfloat16", "train.pretrain=1", "train.epochs=0"], "train.precision is bfloat16: .* float32"),
    ],
)
def test_a_width_or_precision_that_cannot_be_is_refused(overrides, words):
    with (
        hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"),
        pytest.raises(ConfigurationError, match=words),
    ):
        setup(hydra.compose("config", [*RUN, *overrides]))


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    compiled, loaded, printed = run(tmp_path, JAXAE_CACHE=str(tmp_path / "file"))
    assert compiled > 5 and loaded == 0
    assert [line for line in printed.splitlines() if "not kept" in line] == [
        f"Compiled programs are not kept: [Errno 20] Not a directory: '{tmp_path}/file/compiled'"
    ]


@pytest.mark.slow
def test_a_folder_that_the_user_has_chosen_stays(tmp_path):
    run(tmp_path, JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own"), JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0")
    assert list((tmp_path / "own").iterdir())
    assert not (tmp_path / "cache" / "compiled").exists()


def test_only_the_first_process_writes_the_directory_itself(tmp_path, monkeypatch):
    assert compilation.process_directory(tmp_path) == tmp_path
    monkeypatch.setattr(jax, "process_index", lambda: 3)
    assert compilation.process_directory(tmp_path) == tmp_path / "process_3"
