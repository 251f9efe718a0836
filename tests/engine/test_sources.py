"""What a result was made of: the user's modules and pictures count, installed packages do not."""

import shutil
import sys
from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf

from experiments.engine import sources
from experiments.engine.checks import ConfigurationError
from experiments.engine.trial import execute
from jaxae import storage
from jaxae.models import FlaxModules

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1", "figure.runs=0"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


@pytest.fixture
def user(tmp_path, monkeypatch):
    """A folder of modules of a user's own, which are read anew in every process, and so after each `changed`."""
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "own_penalty.py").write_text("from own_factor import FACTOR\n\n\ndef own(encoder, x):\n"
                                           "    return FACTOR * (encoder(x) ** 2).sum(axis=-1)\n")  # fmt: skip
    (folder / "own_factor.py").write_text("FACTOR = 1.0\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    forget()


def forget():
    for name in ("own_penalty", "own_factor", "own_nets"):
        sys.modules.pop(name, None)
    sources._source.cache_clear()


def changed(path, text):
    path.write_text(text)
    shutil.rmtree(
        path.parent / "__pycache__", ignore_errors=True
    )  # a change within a second has the same time and size
    forget()


def test_the_code_of_training_is_what_it_imports_and_the_figure_is_apart():
    cfg = hydra.compose("config", [])
    names = set(sources.of_training([cfg]))
    assert {"jaxae.training", "jaxae.penalties", "jaxae.data.cache", "experiments.engine.configuration", "jax"} <= names
    assert (
        not {"experiments.figures.spectrum", "experiments.report", "experiments.common.plotting", "optax", "numpy"}
        & names
    )
    drawing = set(sources.of_drawing("capacity"))
    assert {
        "experiments.figures.capacity",
        "experiments.figures.capacity_drawing",
        "experiments.figures.capacity_linear",
        "experiments.common.plotting",
    } <= drawing


def test_a_users_module_counts_with_all_that_it_imports(user):
    cfg = hydra.compose("config", ["penalty=none", "penalty._target_=own_penalty.own"])
    first = sources.of_training([cfg])
    assert {"own_penalty", "own_factor"} <= first.keys()
    changed(user / "own_factor.py", "FACTOR = 100.0\n")
    second = sources.of_training([cfg])
    assert {name for name in first if first[name] != second[name]} == {"own_factor"}


@pytest.mark.parametrize(
    "line", ["import own_factor", "from own_factor import FACTOR", "def f():\n    from own_factor import FACTOR"]
)
def test_every_form_of_import_is_followed(user, line):
    changed(user / "own_penalty.py", line)
    assert set(sources.of(["own_penalty"])) == {"own_factor", "own_penalty"}


def test_relative_imports_and_packages_are_followed(user):
    for name, text in {"__init__": "", "first": "from . import second\nfrom ..own_pair.third import x", "second": "",
                       "third": "x = 1"}.items():  # fmt: skip
        (user / "own_pair").mkdir(exist_ok=True)
        (user / "own_pair" / f"{name}.py").write_text(text)
    assert set(sources.of(["own_pair.first"])) >= {"own_pair", "own_pair.first", "own_pair.second"}


def test_targets_within_schedules_and_lists_count():
    cfg = OmegaConf.create(
        {"a": {"_target_": "x.y", "k": {"_target_": "u.v"}}, "b": [{"_target_": "p.q"}], "c": "${a}"}
    )
    assert set(sources._targets(cfg)) == {"x.y", "u.v", "p.q"}


@pytest.mark.slow
def test_a_run_with_a_changed_formula_is_refused_and_begun_anew_gives_the_new_numbers(user, tmp_path):
    words = [*SMALL, "penalty._target_=own_penalty.own", "weight=1"]
    execute(words, tmp_path / "run")

    def penalty():
        return storage.load(tmp_path / "run" / "run.npz").curve["penalty"].mean()

    before, bytes_before = penalty(), (tmp_path / "run" / "run.npz").read_bytes()
    changed(user / "own_factor.py", "FACTOR = 100.0\n")
    with pytest.raises(ConfigurationError, match="before a change of own_factor; resume=force keeps"):
        execute(words, tmp_path / "run")
    assert (tmp_path / "run" / "run.npz").read_bytes() == bytes_before
    execute([*words, "resume=fresh"], tmp_path / "run")
    assert penalty() > 2 * before


@pytest.mark.slow
def test_changed_pictures_are_noticed(tmp_path):
    from skimage import data, io

    folder = tmp_path / "pictures"
    folder.mkdir()
    io.imsave(folder / "one.png", data.camera())
    words = [*SMALL, "data=patches", "data.count=200", f"data.path={folder}", "loss=squared_error"]
    execute(words, tmp_path / "run")
    assert execute(words, tmp_path / "run").outcome is None
    io.imsave(folder / "one.png", data.camera()[::-1])
    with pytest.raises(ConfigurationError, match=f"before a change of data.path={folder}"):
        execute(words, tmp_path / "run")


@pytest.mark.slow
def test_a_model_of_the_users_own_is_found_again(user, tmp_path):
    changed(user / "own_penalty.py", "from dataclasses import dataclass\n\nfrom jaxae.models import Dense\n\n\n"
                                     "@dataclass(frozen=True)\nclass Own(Dense):\n    depth: int = 1\n\n\n"
                                     "def make(**fields):\n    class Hidden(Own):\n        pass\n"
                                     "    return Hidden(**fields)\n")  # fmt: skip
    words = [*SMALL, "model._target_=own_penalty.Own", "+model.depth=2"]
    first = execute(words, tmp_path / "run")
    again = execute([*words, "figure.runs=1"], tmp_path / "run")  # drawn again, not trained
    assert again.grids["run"].model == first.grids["run"].model and again.grids["run"].seconds == 0
    with pytest.raises(ConfigurationError, match="model is a Hidden, which could not be read again"):
        execute([*SMALL, "model._target_=own_penalty.make", "+model.depth=2"], tmp_path / "other")
    assert not (tmp_path / "other").exists()


NETS = """from flax import linen, nnx


class Encoder(linen.Module):
    width: int

    @linen.compact
    def __call__(self, x):
        return linen.sigmoid(linen.Dense(self.width)(x))


class Decoder(linen.Module):
    features: int

    @linen.compact
    def __call__(self, z):
        return linen.Dense(self.features)(z)


class Picture(nnx.Module):
    def __init__(self, shape, channels=2, width=3, *, rngs):
        self.shape = (*shape, 1)
        self.convolution = nnx.Conv(1, channels, (3, 3), strides=4, rngs=rngs)
        self.code = nnx.Linear(-(-shape[0] // 4) * -(-shape[1] // 4) * channels, width, rngs=rngs)

    def __call__(self, x):
        h = nnx.tanh(self.convolution(x.reshape(*x.shape[:-1], *self.shape)))
        return self.code(h.reshape(*x.shape[:-1], -1))
"""
FLAX = ["scale=smoke", "data=digits", "model=flax", "model.decoder=own_nets.Decoder", "train.epochs=1", "figure.runs=0"]


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["Encoder", "Picture"])
def test_flax_modules_of_the_users_own_train_are_found_again_and_count_as_code(encoder, user, tmp_path):
    changed(user / "own_nets.py", NETS)
    words = [
        *FLAX,
        f"model.encoder=own_nets.{encoder}",
        "+model.width=3",
        "penalty=contractive_exact",
        "weight=[0,0.1]",
    ]
    first = execute(words, tmp_path / "run")
    again = execute([*words, "figure.runs=1"], tmp_path / "run")  # drawn again, not trained
    assert again.grids["run"].model == first.grids["run"].model and again.grids["run"].seconds == 0
    assert first.grids["run"].code_size == 3
    stored = storage.load(tmp_path / "run" / "run.npz", models=[FlaxModules])
    assert stored.model == first.grids["run"].model
    changed(user / "own_nets.py", NETS + "\n")
    with pytest.raises(ConfigurationError, match="before a change of own_nets"):
        execute(words, tmp_path / "run")
    with pytest.raises(
        ConfigurationError, match=rf"model.wdth is no parameter of own_nets.{encoder} or own_nets.Decoder"
    ):
        execute([*words, "+model.wdth=3"], tmp_path / "other")
    with pytest.raises(ConfigurationError, match="weight_decay needs an encoder with"):
        execute([*words, "penalty=weight_decay"], tmp_path / "other")
    with pytest.raises(ConfigurationError, match="is 1: only a model with layers of its own"):
        execute([*words, "train.pretrain=1"], tmp_path / "other")
    with pytest.raises(ConfigurationError, match="encoder is None: it must name a Flax module"):
        execute([*FLAX, "+model.width=3"], tmp_path / "other")
    assert not (tmp_path / "other").exists()
