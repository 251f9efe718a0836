"""The trials of a sweep are told apart by words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.engine import trial_names
from experiments.engine.status import write_status

ROOT = Path(__file__).parents[2]


def links(sweep):
    return {path.name: Path(os.readlink(path)).name for path in sweep.glob("by_name/*")}


def trial(sweep, name, *overrides):
    (sweep / name).mkdir()
    write_status(sweep / name, "completed", overrides=overrides)


def test_a_link_says_what_differs_and_is_renamed_when_more_does(tmp_path):
    trial(tmp_path, "overview-a", "code=top_k", "code.k=10", "seed=[0,1]")
    trial(tmp_path, "overview-b", "code=top_k", "code.k=25", "seed=[0,1]")
    for _ in range(2):
        trial_names.link(tmp_path)
        assert links(tmp_path) == {"code.k=10": "overview-a", "code.k=25": "overview-b"}
    trial(tmp_path, "overview-c", "code=top_k", "code.k=25", "+data.path=/a b/c")
    trial_names.link(tmp_path)
    assert links(tmp_path) == {
        "code.k=10,seed=[0,1]": "overview-a",
        "code.k=25,seed=[0,1]": "overview-b",
        "code.k=25,+data.path=_a_b_c": "overview-c",
    }


def test_a_single_trial_and_a_damaged_one_have_no_link(tmp_path):
    trial(tmp_path, "overview-a", "code.k=10")
    trial_names.link(tmp_path)
    trial(tmp_path, "overview-b", "code.k=25")
    (tmp_path / "overview-b" / "status.json").write_text("{")
    trial_names.link(tmp_path)
    assert list(tmp_path.rglob("by_name")) == []


@pytest.mark.slow
def test_the_progress_of_a_sweeps_job_begins_with_what_is_swept(tmp_path):
    words = ["scale=smoke", "model.hidden=4", "train.epochs=1", "penalty=l1,kl_sparsity", "weight=0.1"]
    command = [sys.executable, "-m", "experiments.run", "-m", f"hydra.sweep.dir={tmp_path}", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = done.stdout + done.stderr
    assert "penalty=l1 (1 run): 1 of 1 epochs" in printed and "penalty=kl_sparsity (1 run): 1 of 1 epochs" in printed
    assert set(links(tmp_path)) == {"penalty=l1", "penalty=kl_sparsity"}
