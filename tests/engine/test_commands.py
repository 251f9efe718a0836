"""Commands as a user gives them: what is refused leaves nothing, what lies in a directory describes what lies there."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from signals import heard

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1", "figure.runs=0"]


def start(place, *words, module="experiments.run"):
    """A process of a command that runs in a folder of its own."""
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(place)])}
    return subprocess.Popen([sys.executable, "-m", module, *words], cwd=place, env=settings, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip


def run(place, *words, code=0, module="experiments.run"):
    process = start(place, *words, module=module)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    return said


def contents(place):
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["weight=0.1"], "weight is 0.1 and penalty is none: choose one, as penalty=l1"),
        (["penalty=l1"], "penalty l1 has no weight: give one, as in weight=0.1, or weight=0"),
        (["+epochs=3"], "epochs is not a key"),
    ],
)
def test_a_refused_command_is_one_sentence_and_leaves_no_file(tmp_path, words, sentence):
    said = run(tmp_path, *SMALL, *words, code=1)
    lines = [line for line in said.splitlines() if not line.endswith("from cache")]
    assert sentence in said and len(lines) == 1, said
    assert not contents(tmp_path) and not list(tmp_path.glob("outputs/overview/*/*"))


@pytest.mark.slow
def test_a_directory_describes_its_run_whatever_is_refused_there_later(tmp_path):
    run(tmp_path, *SMALL, "seed=1", "hydra.run.dir=D")
    before = contents(tmp_path)
    for words in (["seed=2"], ["seed=2", "resume=force"], ["weight=1"], ["model.activation=none"]):
        run(tmp_path, *SMALL, *words, "hydra.run.dir=D", code=1)
    assert "D is complete" in run(tmp_path, *SMALL, "seed=1", "hydra.run.dir=D")
    assert contents(tmp_path) == before
    kept = yaml.safe_load((tmp_path / "D" / ".hydra" / "overrides.yaml").read_text())
    assert "seed=1" in kept and yaml.safe_load((tmp_path / "D" / ".hydra" / "config.yaml").read_text())["seed"] == 1


@pytest.mark.slow
def test_commands_that_start_at_once_have_directories_of_their_own(tmp_path):
    three = [start(tmp_path, *SMALL, f"seed={seed}") for seed in range(3)]
    said = [process.communicate(timeout=120)[0] for process in three]
    assert [process.returncode for process in three] == [0, 0, 0], said
    seeds = [pd.read_csv(path)["seed"].item() for path in tmp_path.glob("outputs/*/*/*/metrics.csv")]
    assert sorted(seeds) == [0, 1, 2]


@pytest.mark.slow
def test_a_penalty_of_the_users_own_by_searchpath(tmp_path):
    (tmp_path / "conf" / "penalty").mkdir(parents=True)
    (tmp_path / "conf" / "penalty" / "mine.yaml").write_text("_target_: mine.penalty\nfactor: 2.0\n")
    (tmp_path / "mine.py").write_text("def penalty(encoder, x, *, factor):\n"
                                      "    return factor * encoder(x).sum(axis=-1)\n")  # fmt: skip
    search = "hydra.searchpath=[conf]"
    run(tmp_path, *SMALL, search, "penalty=mine", "weight=0.1", "hydra.run.dir=D")
    assert (pd.read_csv(tmp_path / "D" / "metrics.csv")["penalty"] > 0).all()
    said = run(tmp_path, "-m", *SMALL, search, "penalty=mine", "penalty.factor=1,2", "weight=0.1", "hydra.sweep.dir=S")
    assert said.count("figure.png") == 2
    assert pd.read_csv(tmp_path / "S" / "table.csv")["penalty.factor"].tolist() == [1, 2]
    (tmp_path / "mine.py").write_text("def penalty(encoder, x, *, factor):\n    return encoder(x)\n")
    before = contents(tmp_path / "D")
    said = run(tmp_path, *SMALL, search, "penalty=mine", "weight=0.1", "hydra.run.dir=D", code=1)
    assert "before a change of mine; resume=force" in said and contents(tmp_path / "D") == before
    said = run(tmp_path, *SMALL, search, "penalty=mine", "weight=0.1", code=1)
    assert "penalty" in said and "[100, 3]" in said.replace("(", "[").replace(")", "]") and "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("module", ["run", "reproduce"])
@pytest.mark.parametrize("after", [0, 0.5, 1.5])
def test_ctrl_c_while_a_command_begins_is_one_line(tmp_path, after, module):
    settings = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", "-m", f"experiments.{module}", "scale=smoke"]
    with subprocess.Popen(command, cwd=tmp_path, env=settings, text=True, preexec_fn=heard,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:  # fmt: skip
        while not process.stdout.readline().rstrip().endswith("| experiments"):  # its modules come next
            assert process.poll() is None
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    said = [line for line in said.splitlines() if not line.startswith("import time:")]
    assert process.returncode in (1, 130) and len(said) <= 3 and said[-1].startswith("interrupted"), said


def test_a_sweep_leaves_the_tables_of_others_alone(tmp_path):
    (tmp_path / "S").mkdir()
    (tmp_path / "S" / "table.csv").write_text("mine\n")
    said = run(tmp_path, "-m", *SMALL, "seed=0,1", "hydra.sweep.dir=S", code=1)
    assert "S has table.csv and no table.csv of this command" in said and "Traceback" not in said
    assert [path.name for path in contents(tmp_path)] == ["table.csv"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts are Linux's")
def test_a_read_only_disk_is_one_sentence(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root mounts a disk, and not everywhere")
    try:
        for words in (["hydra.run.dir=disk/D"], ["hydra.run.dir=disk"], ["-m", "hydra.sweep.dir=disk/S"]):
            said = run(tmp_path, *words, *SMALL, code=1)
            assert re.search("disk.* cannot be (made|written)", said) and "Traceback" not in said, said
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.slow
def test_two_equal_sweeps_at_once_end_when_every_cell_is_complete(tmp_path):
    words = ["-m", *SMALL, "seed=0,1", "train.epochs=300", "hydra.sweep.dir=S"]
    both = [start(tmp_path, *words) for _ in range(2)]
    ended = both[0] if both[0].poll() is not None else None
    while ended is None:
        ended = next((process for process in both if process.poll() is not None), None)
        time.sleep(0.02)
    states = pd.Series([path.read_text() for path in tmp_path.glob("S/*/status.json")])
    assert len(states) == 2 and states.str.contains('"status": "completed"').all()  # the moment the first one ends
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum(text.count("figure.png") for text in said) == 2
