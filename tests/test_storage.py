import json
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from jaxae import codes, corruptions, losses, penalties, storage
from jaxae.files.atomic import replacing
from jaxae.files.schema import FORMAT, Missing, describe_model
from jaxae.functions import configure
from jaxae.models import Convolutional, Dense
from jaxae.objective import Recipe
from jaxae.schedules import Schedule, at
from jaxae.sweeps import expand

ROOT = Path(__file__).parents[1]
MODEL = Dense(6, (5, 4), ("relu", "linear"), tied=False, code_at="every")


def theirs(encoder, x, *, strength):
    return strength * x.sum(axis=-1)


def recipe(**fields):
    return Recipe(
        **{
            "loss": configure(losses.gaussian_nll, std=0.5),
            "optimizer": configure(optax.lbfgs, memory_size=3),
            "corruption": configure(
                corruptions.masking,
                rate=Schedule(
                    configure(optax.linear_schedule, init_value=[0.2, 0.3], end_value=0.0, transition_steps=0.8)
                ),
            ),
            "code": configure(codes.top_k, k=[2, 3]),
            "penalty": configure(penalties.contractive_hutchinson, samples=2),
            "weight": 0.1,
        }
        | fields
    )


def save(path, model=MODEL, **fields):
    recipes, seeds, _ = expand(recipe(**fields), [0, 7])
    shapes, random = (
        jax.eval_shape(jax.vmap(model.init), jax.random.split(jax.random.key(0), len(seeds))),
        np.random.default_rng(0),
    )
    params = jax.tree.map(lambda leaf: random.normal(size=leaf.shape).astype(np.float32), shapes)
    curve = {"loss": np.arange(2.0 * len(seeds)).reshape(-1, 2)}
    more = {"metadata": {"data": "none"}, "diverged": np.full(len(seeds), -1)}
    storage.save(path, model=model, recipes=recipes, seeds=seeds, params=params, curve=curve, **more)
    return recipes, seeds, params, curve


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("storage") / "run.npz"
    return path, *save(path)


def same(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    jax.tree.map(np.testing.assert_array_equal, first, second)


def test_a_file_gives_back_recipes_parameters_curves_and_model(saved):
    path, recipes, seeds, params, curve = saved
    stored = storage.load(path)
    same(stored.recipes, recipes)  # functions included: they are structure
    same((stored.params, stored.curve), (params, curve))
    np.testing.assert_array_equal(stored.seeds, seeds)
    assert stored.model == MODEL
    np.testing.assert_array_equal(stored.more["diverged"], -np.ones(8))
    assert stored.metadata["format"] == FORMAT and stored.metadata["data"] == "none"
    half = at(stored.recipes, 0.4).corruption.keywords["rate"]
    np.testing.assert_allclose(half, np.repeat([0.1, 0.15], 4), rtol=1e-6)


def test_the_arrays_lie_under_readable_names(saved):
    names = {"params/encoder/0/weight", "params/decoder/1/bias", "recipe/code/k", "recipe/weight", "seed", "curve/loss"}
    with np.load(saved[0], allow_pickle=False) as archive:
        assert names < set(archive.files)
        assert archive["recipe/corruption/rate/schedule/init_value"].shape == (8,)


def test_the_same_runs_give_the_same_bytes(saved, tmp_path):
    save(tmp_path / "run.npz")
    assert (tmp_path / "run.npz").read_bytes() == saved[0].read_bytes()


def test_every_model_of_the_library_is_described(tmp_path):
    model = Convolutional((4, 4), (2,), "same", activation="tanh")
    save(tmp_path / "run.npz", model)
    assert storage.load(tmp_path / "run.npz").model == model


def test_a_fresh_process_reads_it_without_hydra(saved):
    program = (
        "import sys; from jaxae import storage; s = storage.load(sys.argv[1]); "
        "print(s.recipes.code.func.__name__, s.model.hidden, 'hydra' in sys.modules, 'omegaconf' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(saved[0])], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "top_k (5, 4) False False\n", done.stderr


def test_a_function_of_the_users_is_given_or_refuses_to_be_called(tmp_path):
    recipes, *_ = save(tmp_path / "run.npz", penalty=configure(theirs, strength=2.0))
    same(storage.load(tmp_path / "run.npz", functions=[theirs]).recipes, recipes)
    penalty = storage.load(tmp_path / "run.npz").recipes.penalty
    with pytest.raises(ValueError, match=r"test_storage:theirs is no function of jaxae or optax: give it"):
        penalty(None, np.ones((2, 3)))


@pytest.mark.parametrize(
    "name", ["os:system", "jaxae.data.cache:os", "jaxae.storage:_read", "jaxae.none:such", "optax:nothing"]
)
def test_a_function_from_elsewhere_is_never_looked_up(name, saved, tmp_path):
    rewrite(saved[0], tmp_path / "run.npz", lambda d: d["recipe"]["loss"].update(function=name))
    assert storage.load(tmp_path / "run.npz").recipes.loss.func == Missing(name)


def rewrite(source, target, change):
    with np.load(source) as archive:
        arrays = dict(archive)
    description = json.loads(str(arrays["description"]))
    change(description)
    np.savez(target, **arrays | {"description": json.dumps(description)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(format=FORMAT + 1), f"has format {FORMAT + 1}: this jaxae reads formats up to {FORMAT}"),
        (lambda d: d.pop("format"), "names no format"),
        (lambda d: d.pop("recipe"), "is not a whole run.npz: KeyError 'recipe'"),
        (lambda d: d["model"].update({"class": "Unknown"}), "the model .* cannot be made: 'Unknown'"),
        (lambda d: d["model"]["fields"].update(hidden=0), "model.hidden is .0,.: it must be a width"),
        (lambda d: d["recipe"]["code"]["numbers"].update(j=None), "is not a whole run.npz: KeyError 'j'"),
    ],
)
def test_a_description_that_cannot_be_is_refused_in_one_sentence(change, words, saved, tmp_path):
    rewrite(saved[0], tmp_path / "run.npz", change)
    with pytest.raises(ValueError, match=words) as caught:
        storage.load(tmp_path / "run.npz")
    assert "\n" not in str(caught.value)


def test_damage_anywhere_is_seen(saved, tmp_path):
    content, path = saved[0].read_bytes(), tmp_path / "run.npz"
    with zipfile.ZipFile(saved[0]) as archive:
        place = archive.getinfo("params/encoder/0/weight.npy").header_offset + 200
    flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    for damaged in (b"", b"not an npz", content[: len(content) // 2], content[:-10], flipped):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"run.npz cannot be read as a run.npz") as caught:
            storage.load(path)
        assert "\n" not in str(caught.value)
    np.savez(path, x=np.ones(3))
    with pytest.raises(ValueError, match=r"has no description: it is not a run.npz"):
        storage.load(path)
    with pytest.raises(FileNotFoundError, match=r"none.npz does not exist"):
        storage.load(tmp_path / "none.npz")


def test_no_pickle_is_read(tmp_path):
    np.savez(tmp_path / "run.npz", description=np.array([print], object))
    with pytest.raises(ValueError, match="allow_pickle"):
        storage.load(tmp_path / "run.npz")


def test_a_write_that_fails_leaves_the_file_that_was(saved, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match=r"run.npz cannot be written: No space left"), replacing(path) as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_stored_is_refused(tmp_path):
    recipes, seeds, _ = expand(recipe())
    rest = {"model": MODEL, "recipes": recipes, "seeds": seeds, "params": {}, "curve": {}}
    with pytest.raises(ValueError, match="description is a name of the file's own"):
        storage.save(tmp_path / "run.npz", **rest, description=1)
    with pytest.raises(
        TypeError, match=r"cannot be described: a recipe's functions come from jaxae.functions.configure"
    ):
        storage.save(tmp_path / "run.npz", **rest | {"recipes": recipes._replace(weight=len)})
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True)
class Wide(Dense):
    """A model of the user's own."""

    factors: tuple[float, ...] = (1.0, 2.0)


def test_a_model_of_another_class_is_read_where_it_is_named_and_nothing_is_imported_for_it(tmp_path):
    recipes, seeds, _ = expand(recipe())
    model = Wide(6, 4, factors=(3.0, (1.5, ("a", None))))
    storage.save(tmp_path / "run.npz", model=model, recipes=recipes, seeds=seeds, params={"w": np.zeros(2)}, curve={})
    assert storage.load(tmp_path / "run.npz", models=[Wide]).model == model != Wide(6, 4)
    assert storage.load(tmp_path / "run.npz").model is None

    @dataclass(frozen=True)
    class Hidden(Dense):
        pass

    main = dataclass(frozen=True)(type("Main", (Dense,), {"__module__": "__main__"}))
    locked = Wide(6, 4, factors=threading.Lock())
    for other in (
        Hidden(6, 4),
        main(6, 4),
        object(),
        Wide(6, 4, factors={"a": Wide(6, 4)}),
        Wide(6, 4, factors=len),
        locked,
    ):
        assert describe_model(other) is None


def test_an_optimizer_as_it_stands_is_missing_when_it_is_read(tmp_path):
    recipes, seeds, _ = expand(recipe(optimizer=optax.adam(1e-3)))
    storage.save(tmp_path / "run.npz", model=MODEL, recipes=recipes, seeds=seeds, params={"w": np.zeros(2)}, curve={})
    stored = storage.load(tmp_path / "run.npz").recipes
    with pytest.raises(ValueError, match=r"an optimizer as it stands, which no file holds: give it by recipe._replace"):
        stored.optimizer()
