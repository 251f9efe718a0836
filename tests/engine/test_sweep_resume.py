"""Sweeps from the command line: run twice, extended, with failing trials, killed, interrupted, and by two processes at once."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from signals import heard

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1", "figure.runs=0", "penalty=l1"]


def start(sweep, *overrides):
    command = [sys.executable, "-m", "experiments.run", "-m", *SMALL, *overrides, f"hydra.sweep.dir='{sweep}'"]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=heard
    )


def run(sweep, *overrides, code=0):
    process = start(sweep, *overrides)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    return said


def statuses(sweep):
    """{weight: (status, time of run.npz)} of the trials."""
    trials = [json.loads(path.read_text()) | {"place": path.parent} for path in sweep.glob("*/status.json")]

    def when(place):
        return (place / "run.npz").stat().st_mtime_ns if (place / "run.npz").exists() else None

    return {trial["configuration"]["weight"]: (trial["status"], when(trial["place"])) for trial in trials}


@pytest.mark.slow
def test_a_sweep_run_again_and_extended_does_only_what_is_missing(tmp_path):
    sweep = tmp_path / "wéights and more"
    said = run(sweep, "weight=0.1,-1,0", code=1)
    assert "failed: overview-" in said and "weight is -1: it must be a number from 0 on" in said
    first = statuses(sweep)
    assert {weight: status for weight, (status, _) in first.items()} == {0.1: "completed", 0: "completed"}
    assert pd.read_csv(sweep / "table.csv")["status"].tolist() == ["completed"] * 2  # what was refused is no trial
    assert not list(sweep.glob(".failed*")) and len(list(sweep.glob("overview-*"))) == 2
    said = run(sweep, "weight=0,0.1,0.2")  # in another order; the trial that failed is no part of it
    assert said.count("is complete") == 2 and "failed:" not in said
    again = statuses(sweep)
    assert {weight: again[weight] for weight in first} == first and again[0.2][0] == "completed"
    table = pd.read_csv(sweep / "table.csv").dropna(subset="test_error")
    assert table["weight"].tolist() == [0, 0.1, 0.2] and (sweep / "joint.png").exists()


@pytest.mark.slow
def test_two_processes_share_a_sweep_and_one_takes_up_what_was_killed(tmp_path):
    overrides = ["weight=0,0.1,0.2,0.3", "train.epochs=3"]
    killed = start(tmp_path, *overrides)
    while not any(tmp_path.glob("*/status.json")):
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert [status for status, _ in statuses(tmp_path).values()] == ["running"]
    both = [start(tmp_path, *overrides) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    trained = [text.count("figure.png") for text in said]
    assert sum(trained) == 4, said
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["weight"].tolist() == [0, 0.1, 0.2, 0.3] and set(table["status"]) == {"completed"}


@pytest.mark.slow
def test_an_interrupted_sweep_says_how_to_go_on(tmp_path):
    process = start(tmp_path, "weight=0", "train.epochs=1000000", "train.checkpoint=0")
    while not any(tmp_path.glob("*/status.json")):
        time.sleep(0.02)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert (
        process.returncode == 130 and f"interrupted: the same command with hydra.sweep.dir={tmp_path} goes on" in said
    )
    (path,) = tmp_path.glob("*/status.json")
    status = json.loads(path.read_text())
    assert (status["status"], status["error"]) == ("failed", "interrupted")
