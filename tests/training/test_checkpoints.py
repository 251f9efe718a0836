"""A grid that is killed, or whose checkpoints are damaged, ends with the bits of one that never stopped."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from jaxae import corruptions, losses
from jaxae.functions import as_partial, configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand
from jaxae.training import fit_grid, parallel_runs
from jaxae.training.checkpoints import Checkpoints, identity

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)


def grid(model=None, x=X, rates=(0.01, 0.02, 0.03), seed=0, **options):
    optimizer = configure(optax.adam, learning_rate=list(rates))
    noise = configure(corruptions.masking, rate=0.3)
    recipes, seeds, _ = expand(Recipe(configure(losses.squared_error), optimizer, noise), seed)
    return fit_grid(
        model or Dense(8, 4), recipes, x, seeds=seeds, **{"epochs": 5, "batch_size": 20, "x_test": X[:9]} | options
    )


def identical(a, b):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(left, right)


def every(directory, epochs=1):
    """Checkpoints that are all written, whatever they cost."""
    return Checkpoints(directory, epochs, share=1)


class Unplugged(Exception):
    pass


def stop_at(epoch):
    def on_epoch(index, row):
        if index == epoch:
            raise Unplugged

    return on_epoch


@pytest.fixture(scope="module")
def whole():
    return grid()


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A directory as a training leaves it that was stopped after four of five epochs."""
    directory = tmp_path_factory.mktemp("begun") / "checkpoints"
    with pytest.raises(Unplugged):
        grid(checkpoints=every(directory), on_epoch=stop_at(3))
    return directory


@pytest.fixture
def copy(begun, tmp_path):
    return Path(shutil.copytree(begun, tmp_path / "checkpoints"))


PROGRAM = """
import sys
import numpy as np
from test_checkpoints import every, grid
assert "orbax.checkpoint" not in sys.modules
run = grid(epochs=24, checkpoints=every(sys.argv[1]), on_epoch=lambda index, row: print(index, flush=True))
np.savez(sys.argv[2], *__import__("jax").tree.leaves(run))
"""


@pytest.mark.slow
def test_a_process_killed_at_random_moments_ends_with_the_same_bits(tmp_path):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "checkpoints"), str(tmp_path / "run.npz")]
    rng = np.random.default_rng(0)
    firsts = []
    while not (tmp_path / "run.npz").exists():
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        firsts.append(int(process.stdout.readline() or 24))
        if len(firsts) < 4:  # a checkpoint takes most of an epoch's time here: the moments lie within and between them
            for _ in range(rng.integers(1, 4)):
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=100)
        assert process.returncode in (0, -signal.SIGKILL), errors
    assert len(firsts) == 4 and firsts[0] == 0 and np.all(np.diff(firsts) > 0)
    with np.load(tmp_path / "run.npz") as stored:
        identical([stored[name] for name in stored.files], grid(epochs=24))


def test_a_stopped_grid_goes_on_where_it_was(copy, whole):
    seen = []
    again = grid(checkpoints=every(copy), on_epoch=lambda index, row: seen.append(index))
    assert seen == [4]
    identical(again, whole)
    assert sorted(path.name for path in copy.iterdir()) == ["epoch_4", "epoch_5"]
    identical(grid(checkpoints=every(copy), on_epoch=lambda index, row: seen.append(index)), whole)
    assert seen == [4]


def test_checkpoints_come_every_so_many_epochs(tmp_path, whole):
    identical(grid(checkpoints=every(tmp_path / "a", 2)), whole)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["epoch_2", "epoch_4"]
    identical(grid(checkpoints=every(tmp_path / "b", 6)), whole)
    assert not (tmp_path / "b").exists()
    with pytest.raises(ValueError, match="every is 0: it must be a whole number of epochs from 1 on"):
        Checkpoints(tmp_path, 0)


def damage(path, rng):
    """Truncate, flip a bit of, or remove one file of a checkpoint."""
    file = rng.choice(sorted(file for file in path.rglob("*") if file.is_file()))
    content = bytearray(file.read_bytes())
    kind = rng.choice(["truncate", "flip", "remove"])
    if kind == "truncate":
        del content[rng.integers(len(content)) :]
    elif kind == "flip":
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    file.write_bytes(content)
    if kind == "remove":
        file.unlink()


class Asking(Checkpoints):
    def newest(self, identity, like):
        raise Unplugged(identity, like)


@pytest.mark.filterwarnings("ignore:The checkpoint")
def test_a_damaged_checkpoint_is_never_taken_for_a_whole_one(begun, tmp_path):
    with pytest.raises(Unplugged) as asked:
        grid(checkpoints=Asking(begun))
    whole = Checkpoints(begun).newest(*asked.value.args)
    shutil.move(shutil.copytree(begun, tmp_path / "one") / "epoch_4", tmp_path / "gone")
    before = Checkpoints(tmp_path / "one").newest(*asked.value.args)
    assert (before.epoch, whole.epoch) == (3, 4)
    rng = np.random.default_rng(1)
    passed_over = 0
    for trial in range(60):
        directory = Path(shutil.copytree(begun, tmp_path / str(trial)))
        damage(directory / "epoch_4", rng)
        found = Checkpoints(directory).newest(*asked.value.args)
        identical(found, whole if found.epoch == 4 else before)  # the files hold more than the content
        passed_over += found.epoch == 3
    assert passed_over > 10


def test_a_damaged_checkpoint_is_said_and_the_one_before_gives_the_same_bits(copy, whole):
    for file in (copy / "epoch_4").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-3])
    seen = []
    with pytest.warns(UserWarning, match="epoch_4 is damaged .* and passed over"):
        again = grid(checkpoints=every(copy), on_epoch=lambda index, row: seen.append(index))
    assert seen == [3, 4]
    identical(again, whole)


def test_content_that_is_not_what_was_written_is_noticed_by_its_digest(copy, monkeypatch):
    monkeypatch.setattr("jaxae.training.checkpoints._digest", lambda leaves: np.zeros(32, np.uint8))
    with pytest.warns(UserWarning, match="its digest is not that of its content"):
        assert Checkpoints(copy).newest({}, {}) is None


def test_a_directory_of_garbage_is_passed_over(tmp_path, whole):
    rng = np.random.default_rng(2)
    (tmp_path / "epoch_3").write_bytes(rng.bytes(100))
    for name in ("epoch_2", "epoch_7", "epoch_x", "epoch_4.orbax-checkpoint-tmp-1"):
        (tmp_path / name / "d").mkdir(parents=True)
        for file in ("_METADATA", "manifest.ocdbt", "d/0"):
            (tmp_path / name / file).write_bytes(rng.bytes(200))
    (tmp_path / "epoch_9").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.warns(UserWarning) as said:
        identical(grid(checkpoints=every(tmp_path, 4)), whole)
    assert sorted(str(w.message).split(" is damaged")[0][-7:] for w in said) == [f"epoch_{i}" for i in (2, 3, 7, 9)]
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "epoch_4").is_dir() and not (tmp_path / "epoch_x").exists()


def test_a_checkpoint_that_cannot_be_written_is_a_warning(tmp_path, whole):
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="epoch_5 cannot be written"):
        identical(grid(checkpoints=every(tmp_path / "file", 5)), whole)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"rates": (0.01, 0.02, 0.04)}, "recipes"),
        ({"seed": 1}, "seeds"),
        ({"epochs": 6}, "sizes"),
        ({"batch_size": 30}, "sizes"),
        ({"x": X + 1}, "data"),
        ({"x_test": X[:8]}, "data"),
        ({"model": Dense(8, 4, activation="tanh")}, "model"),
        ({"model": Dense(8, 5)}, "model and parameters or optimizer state"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_by_name(begun, options, name):
    with pytest.raises(ValueError, match=f"epoch_4 is a checkpoint of another training, with other {name}$"):
        grid(checkpoints=every(begun), **options)


def test_an_identity_is_that_of_the_functions_and_numbers_in_any_process():
    function = configure(optax.adam, learning_rate=0.1)
    first = identity(recipe=function)["recipe"].tobytes()
    # SHA-256 is of names, not of addresses: another object of the same name counts as the same
    assert first == identity(recipe=configure(optax.adam, learning_rate=0.1))["recipe"].tobytes()
    assert first != identity(recipe=configure(optax.sgd, learning_rate=0.1))["recipe"].tobytes()
    assert first != identity(recipe=configure(optax.adam, learning_rate=0.2))["recipe"].tobytes()

    # The numbers of an optimizer as it stands are enclosed in its functions.
    def given(rate, **more):
        return identity(recipe=as_partial(optax.adam(rate, **more)))["recipe"].tobytes()

    assert given(0.1) == given(0.1) != given(0.2) and given(0.1) != given(0.1, b1=0.8)
    assert given(optax.cosine_decay_schedule(0.1, 10)) != given(optax.cosine_decay_schedule(0.1, 20))
    program = "import optax; from jaxae.training.checkpoints import identity; from jaxae.functions import as_partial; "
    program += "print(identity(recipe=as_partial(optax.adam(0.1)))['recipe'].tobytes().hex())"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == given(0.1).hex(), done.stderr


def test_a_measured_width_is_kept_and_not_measured_again(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel_runs, "WORTH", 0.0)
    monkeypatch.setattr(parallel_runs, "_MEASURED", {})
    monkeypatch.setattr(parallel_runs, "fastest", lambda runs, seconds, program: 3)
    chosen = []
    checkpoints = every(tmp_path)
    with pytest.raises(Unplugged):
        grid(parallel_runs="auto", checkpoints=checkpoints, on_epoch=stop_at(1), on_parallel_runs=chosen.append)
    monkeypatch.setattr(parallel_runs, "_MEASURED", {})
    monkeypatch.setattr(parallel_runs, "fastest", lambda *a: pytest.fail("measured again"))
    grid(parallel_runs="auto", checkpoints=checkpoints, on_parallel_runs=chosen.append)
    assert chosen == [3, 3]
