"""What is stored or asked for under an old name is still read."""

import json

import jax
import numpy as np
import optax
import pytest

from experiments.engine import former_names
from experiments.engine.status import read_status, write_status
from jaxae import codes, losses, storage
from jaxae.export import export, load_exported
from jaxae.files import npz
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand, take
from jaxae.training import fit_grid
from jaxae.training.checkpoints import Checkpoint, Checkpoints, identity

OLD = {"jaxae.codes:identity": "jaxae.codes:dense", "jaxae.codes:noisy_sigmoid": "jaxae.hashing:noisy_sigmoid"}
X = np.random.default_rng(0).uniform(size=(20, 6)).astype(np.float32)


def trained(code):
    recipe = Recipe(configure(losses.squared_error), configure(optax.sgd, learning_rate=0.1), code=code)
    recipes, seeds, _ = expand(recipe, seed=[0, 1])
    return recipes, fit_grid(Dense(6, 3, "linear"), recipes, X, seeds=seeds, epochs=1, batch_size=10)


@pytest.mark.slow
@pytest.mark.parametrize("code", [configure(codes.identity), configure(codes.noisy_sigmoid, std=0.5)])
def test_a_run_that_names_functions_as_they_were_is_the_same_run(tmp_path, code):
    recipes, run = trained(code)
    path = tmp_path / "run.npz"
    storage.save(path, model=Dense(6, 3, "linear"), recipes=recipes, seeds=[0, 1], params=run.params, curve=run.curve)
    with np.load(path) as archive:
        arrays = dict(archive)
    text = str(arrays["description"])
    for new, old in OLD.items():
        text = text.replace(new, old)
    assert text != str(arrays["description"])
    npz.write(path, arrays | {"description": np.asarray(text)})
    stored = storage.load(path)
    assert stored.recipes.code.func is code.func
    assert stored.metadata["recipe"]["code"]["function"] in OLD
    jax.tree.map(np.testing.assert_array_equal, stored.params, jax.tree.map(np.asarray, run.params))


def test_an_export_that_names_the_code_as_it_was_gives_the_same_codes(tmp_path):
    recipes, run = trained(configure(codes.noisy_sigmoid, std=0.5))
    export(tmp_path / "encoder", Dense(6, 3, "linear"), take(run.params, 1), recipe=take(recipes, 1))
    before = load_exported(tmp_path / "encoder").encode(X)
    text = tmp_path / "encoder.json"
    text.write_text(text.read_text().replace("jaxae.codes:noisy_sigmoid", "jaxae.hashing:noisy_sigmoid"))
    np.testing.assert_array_equal(load_exported(tmp_path / "encoder").encode(X), before)


def test_a_checkpoint_with_the_names_that_its_leaves_had_goes_on(tmp_path, monkeypatch):
    states = {"opt_state": np.arange(6, dtype=np.float32).reshape(2, 3), "params": np.ones((2, 4), np.float32)}
    named = npz.named_leaves

    def as_before(tree):
        names = {"parallel_runs": "width", "states/opt_state": "states/moments"}
        return {names.get(name, name): leaf for name, leaf in named(tree).items()}

    training = identity(model=Dense(6, 3))
    checkpoints = Checkpoints(tmp_path, every=1)
    monkeypatch.setattr("jaxae.training.checkpoints.named_leaves", as_before)
    checkpoints.save(Checkpoint(3, 2, states, {"loss": np.zeros((2, 3))}), training)
    monkeypatch.undo()
    kept = checkpoints.newest(training, states)
    assert (kept.epoch, kept.parallel_runs) == (3, 2)
    jax.tree.map(np.testing.assert_array_equal, kept.states, states)


def test_a_status_of_before_is_read_under_the_names_of_now(tmp_path):
    variant = {"part": None, "code": {"_target_": "jaxae.codes.dense"}}
    write_status(tmp_path, "completed", cell="abc", configuration=variant | {"variants": {"a": variant}})
    found = read_status(tmp_path)
    now = {"shard": None, "code": {"_target_": "jaxae.codes.identity"}}
    assert found["trial"] == "abc" and found["configuration"] == now | {"variants": {"a": now}}
    assert "cell" in json.loads((tmp_path / "status.json").read_text())


def test_words_of_before_are_said_and_taken_as_those_of_now(capsys):
    words = ["part=1/2,2/2", "train.width=4", "code=top_k,dense", "seed=3", "++train.width=2", "department=x"]
    now = ["shard=1/2,2/2", "train.parallel_runs=4", "code=top_k,identity", "seed=3", "++train.parallel_runs=2"]
    assert former_names.present_words(words) == [*now, "department=x"]
    told = capsys.readouterr().err
    assert "part=1/2,2/2 is called shard=1/2,2/2 now" in told and "seed" not in told and "department" not in told
