"""Faults at random into a sweep: killed, its files cut and flipped, the disk full; nothing is lost and nothing is wrong.

JAXAE_FAULTS sets the number of rounds, JAXAE_FAULT_SEED where they begin; the counts are printed (pytest -s).
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jaxae import storage

ROOT = Path(__file__).parents[1]
ROUNDS = int(os.environ.get("JAXAE_FAULTS", 4))
SEED = int(os.environ.get("JAXAE_FAULT_SEED", 0))
WEIGHTS = (0, 0.1, 0.2)
SIZES = ["scale=smoke", "data=digits", "model.hidden=3", "figure.runs=0", "train.epochs=12", "train.checkpoint=1"]
GRID = ["seed=[0,1]", "penalty=contractive_closed_form", f"weight={','.join(map(str, WEIGHTS))}"]
COMMAND = [sys.executable, "-m", "experiments.run", "-m", *SIZES, *GRID]


def sweep(directory, *, resume="refuse", limit=None):
    """The process of the sweep; limit: bytes that a file may have, which is how a full disk looks to the one that writes."""

    def smaller():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [*COMMAND, f"hydra.sweep.dir={directory}", f"resume={resume}"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=smaller if limit else None,
    )


def finish(process):
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def status_of(path):
    """A cell's status, {"status": None} where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except ValueError:
        return {"status": None}


def results(directory):
    """{weight: parameters, curves and metrics} of the cells that say that they are complete."""
    found = {}
    for path in directory.glob("*/status.json"):
        status = status_of(path)
        if status["status"] == "completed":
            try:
                run = storage.load(path.parent / "run.npz")
            except ValueError:  # damaged, which the next command has to notice
                continue
            metrics = np.frombuffer((path.parent / "metrics.csv").read_bytes(), np.uint8)
            leaves = storage.named_leaves({"params": run.params, "curve": run.curve, "metrics": metrics})
            found[status["configuration"]["weight"]] = leaves
    return found


def same(cell, other):
    return cell.keys() == other.keys() and all(np.array_equal(cell[name], other[name]) for name in cell)


def unfinished(directory):
    """The files of cells that are not complete, and are not Hydra's own, and the results of those that are."""
    cells = [path.parent for path in directory.glob("*/status.json") if status_of(path)["status"] != "completed"]
    files = [path for cell in cells for path in cell.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    files = [path for path in files if path.name not in (".lock", "run.log") and path.stat().st_size]
    return sorted({*files, *directory.glob("*/run.npz"), *directory.glob("*/metrics.csv")})


def kill(directory, chance):
    """Kill the sweep some time after its first cell has begun."""
    process = sweep(directory)
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < 60 and not any(directory.glob("*/status.json")):
        time.sleep(0.05)
    time.sleep(chance.uniform(0, 3))
    process.send_signal(signal.SIGKILL)
    process.communicate()


def cut(directory, chance):
    """Kill the sweep and cut one of its files."""
    kill(directory, chance)
    files = unfinished(directory)
    if files:
        path = chance.choice(files)
        os.truncate(path, chance.randrange(path.stat().st_size))


def flip(directory, chance):
    """Kill the sweep and flip a bit of one of its files."""
    kill(directory, chance)
    files = unfinished(directory)
    if files:
        path = chance.choice(files)
        content = bytearray(path.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)


def fill(directory, chance):
    """Let the sweep run where no file can grow beyond a few kilobytes."""
    finish(sweep(directory, limit=chance.choice([0, 500, 2000, 5000, 20000])))


FAULTS = {"killed": kill, "cut": cut, "bit flipped": flip, "disk full": fill}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The results of a sweep that nothing happens to."""
    directory = tmp_path_factory.mktemp("undisturbed")
    code, said = finish(sweep(directory))
    assert code == 0, said
    found = results(directory)
    assert sorted(found) == sorted(WEIGHTS)
    return found


def test_random_faults_lose_no_cell_and_change_no_result(undisturbed, tmp_path):
    chance = random.Random(SEED)
    tried, lost, wrong, started_anew = {}, 0, 0, 0
    names = [list(FAULTS)[i % len(FAULTS)] for i in range(ROUNDS)]
    for number, name in enumerate(names):
        directory = tmp_path / str(number)
        directory.mkdir()
        FAULTS[name](directory, chance)
        tried[name] = tried.get(name, 0) + 1
        before = results(directory)
        code, said = finish(sweep(directory))
        if code:  # a status that cannot be read is refused, and the words say what to do
            assert "resume=fresh" in said, said
            started_anew += 1
            code, said = finish(sweep(directory, resume="fresh"))
        assert code == 0, said
        after = results(directory)
        lost += len(undisturbed.keys() - after.keys()) + len(before.keys() - after.keys())
        wrong += sum(not same(cell, undisturbed[weight]) for weight, cell in after.items())
        table = pd.read_csv(directory / "table.csv")
        lost += abs(len(table) - 2 * len(WEIGHTS))
        wrong += int((table["status"] != "completed").sum())
    print(f"\nfaults tried: {tried}; cells lost: {lost}; wrong results: {wrong}; sweeps started anew: {started_anew}")
    assert (lost, wrong) == (0, 0)
