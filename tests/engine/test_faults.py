"""Faults at random into a sweep: nothing is lost, nothing is wrong, and nothing that is shown is of other code or data.

Killed, files cut and flipped, a full disk, a module and a picture of the user's changed, commands that are refused, figures
deleted, two commands at once. JAXAE_FAULTS sets the number of rounds, JAXAE_FAULT_SEED where they begin; the counts are
printed (pytest -s).
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.engine.status import FIGURE
from jaxae import storage
from jaxae.files import npz

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("JAXAE_FAULTS", 9))
SEED = int(os.environ.get("JAXAE_FAULT_SEED", 0))
WEIGHTS = (0, 0.1, 0.2)
SIZES = ["scale=smoke", "model.hidden=3", "figure.runs=0", "train.epochs=12", "train.checkpoint=1",
         "train.checkpoint_share=1"]  # fmt: skip
DATA = ["data=patches", "data.size=6", "data.count=200", "loss=squared_error"]
GRID = ["seed=[0,1]", "penalty._target_=own_penalty.own", f"weight={','.join(map(str, WEIGHTS))}"]
FORMULAS = ["(encoder(x) ** 2).sum(axis=-1)", "100 * (encoder(x) ** 2).sum(axis=-1)"]


class User:
    """A folder with the penalty and the picture of a user's own, each in a first and a second state."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "pictures").mkdir(parents=True)
        self.formula(0)
        self.picture(0)

    def formula(self, state):
        """Write the module; without its compiled form, which a change within the same second would leave in use."""
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)
        (self.folder / "own_penalty.py").write_text(f"def own(encoder, x):\n    return {FORMULAS[state]}\n")

    def picture(self, state):
        """Write the picture."""
        from PIL import Image

        levels = np.random.default_rng(state).integers(0, 256, (80, 80), np.uint8)
        Image.fromarray(levels).save(self.folder / "pictures" / "one.png")

    def start(self, directory, *words, sweep=True, limit=None):
        """The process of the sweep, or of a run; limit: bytes that a file may have, which is how a full disk looks."""

        def smaller():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        place = [*GRID, f"hydra.sweep.dir={directory}"] if sweep else [f"hydra.run.dir={directory}"]
        command = [
            sys.executable,
            "-m",
            "experiments.run",
            *(["-m"] if sweep else []),
            *SIZES,
            *DATA,
            f"data.path={self.folder / 'pictures'}",
            *place,
        ]
        return subprocess.Popen(
            [*command, *words],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=smaller if limit is not None else None,
        )

    def finish(self, directory, *words, **options):
        """The exit code of a command and what it said."""
        process = self.start(directory, *words, **options)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said


def status_of(path):
    """A trial's status, {"status": None} where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except ValueError:
        return {"status": None}


def results(directory):
    """{weight: parameters, curves, metrics and tables} of the trials that say that they are complete."""
    found = {}
    for path in directory.glob("*/status.json"):
        status = status_of(path)
        if status.get("status") == "completed":
            try:
                run = storage.load(path.parent / "run.npz")
                texts = {name: np.frombuffer((path.parent / name).read_bytes(), np.uint8)
                         for name in ("metrics.csv", "figure.csv", "table.csv")}  # fmt: skip
            except (ValueError, OSError):  # damaged, which the next command has to notice
                continue
            leaves = npz.named_leaves({"params": run.params, "curve": run.curve, **texts})
            found[status["configuration"]["weight"]] = leaves
    return found


def same(trial, other):
    return trial.keys() == other.keys() and all(np.array_equal(trial[name], other[name]) for name in trial)


def contents(directory):
    """The bytes of every file of the trials but locks."""
    return {path: path.read_bytes() for path in directory.glob("*/**/*") if path.is_file() and path.name != ".lock"}


def damageable(directory):
    """The files that a fault may meet: everything that a trial has but locks and what only describes it."""
    return sorted(path for path in contents(directory) if ".hydra" not in path.parts and path.stat().st_size)


def begun(directory):
    """The trials in which something is trained or half-trained."""
    return sorted({path.parent for name in ("run.npz", "checkpoints") for path in directory.glob(f"*/{name}")})


def kill(world, directory, chance):
    """Kill the sweep some time after its first trial has begun."""
    process = world.user.start(directory)
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < 60 and not any(directory.glob("*/status.json")):
        time.sleep(0.02)
    time.sleep(chance.uniform(0, 2))
    process.send_signal(signal.SIGKILL)
    process.communicate()


def either(world, directory, chance):
    """Kill the sweep, or take one that is through."""
    if chance.random() < 0.5:
        kill(world, directory, chance)
    else:
        copy(world, directory, chance)


def copy(world, directory, chance):
    """A sweep that is through."""
    shutil.copytree(world.complete, directory, symlinks=True, dirs_exist_ok=True)


def cut(world, directory, chance):
    """Cut one of the files of a sweep."""
    either(world, directory, chance)
    path = chance.choice(damageable(directory))
    os.truncate(path, chance.randrange(path.stat().st_size))


def flip(world, directory, chance):
    """Flip a bit of one of the files of a sweep."""
    either(world, directory, chance)
    path = chance.choice(damageable(directory))
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def fill(world, directory, chance):
    """Let the sweep run where no file can grow beyond a few kilobytes."""
    world.user.finish(directory, limit=chance.choice([0, 500, 2000, 5000, 20000]))


def delete(world, directory, chance):
    """Delete some figures and tables of a sweep that is through."""
    copy(world, directory, chance)
    there = [path for path in directory.glob("*/*") if path.name in FIGURE] + [directory / "joint.png"]
    for path in chance.sample(there, chance.randint(1, len(there))):
        path.unlink()


def refuse(world, directory, chance):
    """Give commands that are refused in a sweep; they change nothing."""
    either(world, directory, chance)
    before = contents(directory)
    trials = begun(directory)
    run = [
        "penalty._target_=own_penalty.own",
        "weight=9",
        "seed=[0,1]",
        chance.choice(["resume=force", "resume=refuse"]),
    ]
    sweep = chance.choice(["weight=-1", "+epochs=3", "penalty=[l1,kl_sparsity]", "model.hidden=1.5"])
    for words, place in [([sweep], directory), *((run, trial) for trial in chance.sample(trials, min(1, len(trials))))]:
        code, said = world.user.finish(place, *words, sweep=place is directory)
        assert code == 1 and "Traceback" not in said, said
    world.changed += contents(directory) != before


def change(world, directory, chance, alter):
    """Change what a sweep was made of: the same command is refused where anything was begun and shows nothing as current."""
    either(world, directory, chance)
    before, there = results(directory), begun(directory)
    alter(1)
    try:
        code, said = world.user.finish(directory)
        after = results(directory)
        world.stale += sum(same(after[weight], before[weight]) for weight in before if code == 0)
        world.lost += sum(weight not in after or not same(after[weight], before[weight]) for weight in before)
        assert not there or (code == 1 and "before a change of" in said), said
    finally:
        alter(0)
    for path in directory.glob("*/status.json"):  # trials that were begun with the change in the meantime
        if status_of(path).get("configuration", {}).get("weight") not in before:
            shutil.rmtree(path.parent)


def module(world, directory, chance):
    """Change the user's penalty."""
    change(world, directory, chance, world.user.formula)


def picture(world, directory, chance):
    """Change the user's picture."""
    change(world, directory, chance, world.user.picture)


def twice(world, directory, chance):
    """Give the command twice at once; sometimes one of them is killed."""
    both, killed = [world.user.start(directory) for _ in range(2)], chance.random() < 0.5
    if killed:
        time.sleep(chance.uniform(2, 5))
        both[0].send_signal(signal.SIGKILL)
    said = [process.communicate(timeout=300)[0] for process in both]
    left = killed and "another process was at work there and left it running" in " ".join(said[1].split())
    assert both[1].returncode == (1 if left else 0), said  # it says so where it waited for a trial in vain


FAULTS = {"killed": kill, "cut": cut, "bit flipped": flip, "disk full": fill, "figures deleted": delete,
          "command refused": refuse, "module changed": module, "picture changed": picture, "two at once": twice}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The user's files, a sweep that nothing happened to and its results, and the counts of what went wrong."""
    folder = tmp_path_factory.mktemp("world")
    user, complete = User(folder / "user"), folder / "complete"
    code, said = user.finish(complete)
    assert code == 0, said
    found = results(complete)
    assert sorted(found) == sorted(WEIGHTS)
    return SimpleNamespace(
        user=user, complete=complete, undisturbed=found, lost=0, wrong=0, stale=0, changed=0, forced=0
    )


@pytest.mark.slow
@pytest.mark.long
def test_random_faults_lose_no_trial_and_change_no_result(world, tmp_path):
    chance = random.Random(SEED)
    tried = {}
    for number in range(ROUNDS):
        name = list(FAULTS)[(SEED + number) % len(FAULTS)]
        directory = tmp_path / "sweep"
        directory.mkdir()
        FAULTS[name](world, directory, chance)
        tried[name] = tried.get(name, 0) + 1
        before = results(directory)
        code, said = world.user.finish(directory)
        if code:  # a status that is not as it was written is refused, and the words say what keeps the grids
            assert "resume=force keeps" in said, said
            world.forced += 1
            code, said = world.user.finish(directory, "resume=force")
        assert code == 0, said
        after = results(directory)
        world.lost += len(world.undisturbed.keys() - after.keys()) + len(before.keys() - after.keys())
        world.wrong += sum(not same(trial, world.undisturbed[weight]) for weight, trial in after.items())
        missing = [
            trial / file for trial in directory.glob("overview-*") for file in FIGURE[:4] if not (trial / file).exists()
        ]
        world.lost += len(missing) + (not (directory / "joint.png").exists())
        table = pd.read_csv(directory / "table.csv")
        world.lost += abs(len(table) - 2 * len(WEIGHTS))
        world.wrong += int((table["status"] != "completed").sum())
        shutil.rmtree(directory)
        print(f"{number + 1} {name}: lost {world.lost}, wrong {world.wrong}, stale {world.stale}", flush=True)
    print(
        f"\nfaults tried: {tried}; lost: {world.lost}; wrong: {world.wrong}; stale: {world.stale}; directories changed by "
        f"a refused command: {world.changed}; taken up by resume=force: {world.forced}"
    )
    assert (world.lost, world.wrong, world.stale, world.changed) == (0, 0, 0, 0)
