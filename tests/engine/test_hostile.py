"""Data and directories that a run cannot use: one sentence that names them, before anything is trained or lost."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hydra import initialize_config_dir

from experiments.engine import datasets
from experiments.engine.checks import ConfigurationError
from experiments.engine.trial import execute
from jaxae.data import Data

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1", "train.batch_size=1", "figure.runs=1"]


@pytest.fixture(autouse=True)
def hydra():
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def given(monkeypatch, x, labels=None):
    x = np.asarray(x, np.float32)
    monkeypatch.setattr(datasets, "_load", lambda *_: Data(x, labels, (2, 2)))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.full((3, 4), np.nan), "data=digits has values that are not finite numbers"),
        ([[0, 1, np.inf, 0]], "not finite"),
        (np.zeros((0, 4)), "data=digits has a split without examples"),
    ],
)
def test_data_that_nothing_can_be_learnt_from_are_refused(x, words, monkeypatch, tmp_path):
    given(monkeypatch, x)
    with pytest.raises(ConfigurationError, match=words):
        execute(SMALL, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("x", [np.full((3, 4), 0.5), np.zeros((2, 4)), [[0.1, 0.2, 0.3, 0.4]]])
def test_constant_data_and_a_single_example_are_trained_on(x, monkeypatch, tmp_path):
    given(monkeypatch, x)
    result = execute(SMALL, tmp_path / "é run")
    assert np.isfinite(result.value) and (tmp_path / "é run" / "figure.png").exists()


def test_an_experiment_on_classes_refuses_data_without(monkeypatch, tmp_path):
    given(monkeypatch, np.full((3, 4), 0.5))
    with pytest.raises(ConfigurationError, match="data=digits has no labels, which this experiment needs"):
        execute(["experiment=codes_2d", "data=digits", "scale=smoke"], tmp_path / "run")


@pytest.mark.slow
def test_a_full_disk_is_said_and_what_was_finished_stays(tmp_path):
    if os.name != "posix" or os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root on Linux mounts a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this machine does not let a small disk be mounted")
    try:
        finished = execute([*SMALL, "data.limit=20"], disk / "small")
        before = (disk / "small" / "run.npz").read_bytes()
        with pytest.raises(OSError, match="No space left"):
            execute([*SMALL, "data.limit=20", "model.hidden=3000"], disk / "large")
        assert (disk / "small" / "run.npz").read_bytes() == before and np.isfinite(finished.value)
        assert not (disk / "large" / "run.npz").exists()  # whole or not at all
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="file/run cannot be written: Not a directory"):
        execute(SMALL, tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("share", ["-0.1", "1.5", ".nan", "[0.1,0.2]", "a", "1", "0.001"])
def test_a_validation_share_that_cannot_be_is_refused(share, monkeypatch, tmp_path):
    given(monkeypatch, np.full((10, 4), 0.5))
    with pytest.raises(ConfigurationError, match="validation is"):
        execute([*SMALL, f"validation={share}"], tmp_path / "run")
