"""What experiments need of their data: each need accepts what has it and refuses what lacks it in one sentence."""

import contextlib
import csv
from pathlib import Path

import hydra
import jax
import numpy as np
import pytest
from omegaconf import OmegaConf

from experiments.engine import configuration, datasets, identity, needs, trial
from experiments.engine.checks import ConfigurationError
from experiments.engine.configuration import setup
from experiments.engine.trial import execute
from jaxae.data import Data
from jaxae.models import Convolutional, Dense, code_size

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1", "train.batch_size=1"]
ELSEWHERE = ("sets", "dense", "validation")  # needs that are not of CHECKS
NEEDS = {name: OmegaConf.load(ROOT / "conf" / "experiment" / f"{name}.yaml").needs for name in NAMES}


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def images(count=200, shape=(28, 28), classes=10, scale=1.0):
    x = np.random.default_rng(count).uniform(0, scale, (count, int(np.prod(shape)))).astype(np.float32)
    return Data(x, None if classes is None else np.arange(count, dtype=np.int32) % classes, shape)


GOOD = images(200), images(60)
LACK = {  # the data without what is needed, and words of the sentence
    "labels": (images(200, classes=None), images(60), "no labels, which this experiment needs"),
    "pictures": (images(200, (784,)), images(60, (784,)), "examples of shape 784, this experiment needs grey pictures"),
    "square": (images(200, (14, 56)), images(60, (14, 56)), "pictures of 14 x 56, this experiment needs square ones"),
    "side": (images(200, (6, 50)), images(60, (6, 50)), "pictures of 6 x 50, this experiment needs 7 pixels or more"),
    "shape": (images(200, (8, 8)), images(60, (8, 8)), "examples of 8 x 8, this experiment needs 28 x 28"),
    "unit": (images(200), images(60, scale=1.5), "values from .*, this experiment needs them in .0, 1."),
    "features": (images(200, (1, 1)), images(60, (1, 1)), "1 numbers per example, this experiment needs .* or more"),
    "examples": (images(1), images(1), "1 (train|test) examples, this experiment needs .* or more"),
    "compresses": (images(200, (1, 2)), images(60, (1, 2)), "200 training examples of 2 numbers, .* units of its code"),
    "world": (*GOOD, "no known features, this experiment needs data.world="),
    "code": (*GOOD, "a code of 31 units with this model, this experiment needs"),
    "beside": (
        images(200, (20, 20)),
        images(60, (20, 20)),
        "examples of 20 x 20 and digits, the further set, of 8 x 8",
    ),
}


def given(monkeypatch, train, test):
    monkeypatch.setattr(datasets, "_load", lambda name, split, *options: train if split == "train" else test)


def test_every_experiment_says_what_it_needs():
    assert {need for found in NEEDS.values() for need in found} | {"shape"} == {*ELSEWHERE, *needs.CHECKS}
    assert LACK.keys() == needs.CHECKS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_takes_labelled_grey_pictures_of_digits(name):
    base, cfgs = identity.compose([f"experiment={name}", "scale=smoke"])
    for label, cfg in cfgs.items():
        cfg = needs.check_choice(cfg)
        size = code_size(configuration.model_of(cfg, GOOD[0]), GOOD[0].x.shape[1])
        needs.check_data(cfg, *GOOD, lambda size=size: size)
        assert cfg.data.name == (cfg.get("fixed_data", {}).get("name") or base.data.name), label


@pytest.mark.parametrize(
    ("name", "need"),
    [(name, need) for name in NAMES for need in NEEDS[name] if need not in (*ELSEWHERE, "beside", "world")],
)
def test_every_experiment_refuses_data_without_what_it_needs(name, need):
    cfg = hydra.compose("config", [f"experiment={name}", "scale=smoke"])
    train, test, words = LACK[need]
    cfg.needs = {need: cfg.needs[need]}
    with pytest.raises(ConfigurationError, match=f"data=mnist5k has {words}|data=patches has {words}") as caught:
        needs.check_data(cfg, train, test, lambda: 31)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in NAMES if "world" in NEEDS[name]])
def test_an_experiment_on_one_world_refuses_another(name):
    cfg = hydra.compose("config", [f"experiment={name}", "scale=smoke", "data.world=challenge"])
    with pytest.raises(ConfigurationError, match="data=features has the world challenge, this experiment"):
        needs.check_data(cfg, *GOOD, lambda: 31)


@pytest.mark.parametrize("need", needs.CHECKS)
def test_each_need_is_checked_before_anything_trains(need, monkeypatch, tmp_path):
    wanted = {"side": 7, "shape": "[28,28]", "features": 5, "examples": "{train:5}", "code": 4, "beside": "digits"}
    train, test, words = LACK[need]
    given(monkeypatch, train, test)
    monkeypatch.setattr(trial, "train", lambda *_: pytest.fail("trained"))
    words = words.replace("31", "3")
    with pytest.raises(ConfigurationError, match=f"data=digits has {words}"):
        execute([*SMALL, f"+needs.{need}={wanted.get(need, 'true')}"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            ["experiment=vector_field", "data=digits"],
            "data=digits is not what this experiment is about: it takes spiral",
        ),
        (["experiment=vector_field", "data=mixture"], "data=mixture is not what this experiment is about"),
        (["experiment=sparse_coding", "data=digits"], "data=digits has 64 numbers per example, .* needs 70 or more"),
        (["experiment=canonical", "data=digits"], "data=digits has examples of 8 x 8, this experiment needs 28 x 28"),
        (
            ["experiment=deep_30d", "data=spiral", "data.count=300"],
            "data=spiral has examples of shape 2, .* grey pictures",
        ),
        (["experiment=codes_2d", "data=digits", "data.limit=50"], "0 classes of 6 or more among 50 training examples"),
        (
            ["experiment=stacked", "data=digits", "figure.probed=50"],
            "0 classes of 6 or more among 50 training examples",
        ),
        (
            ["experiment=capacity", "data=digits", "figure.other=mnist5k"],
            "examples of 8 x 8 and mnist5k, .* of 28 x 28",
        ),
        (["experiment=capacity", "data=digits", "figure.other=nothing"], "data: Data set 'nothing' is not known"),
        (["experiment=likelihood", "data=digits", "model.hidden=[100,64]"], "64 numbers, .* more of both than the 64"),
        (["experiment=codes_2d", "data=digits", "model.hidden=[9,9,9,3]"], "a code of 3 units with this model, .* 2"),
        (["++needs.side=${nothing}"], "needs: .*nothing"),
        (
            ["++needs.colour=true"],
            "needs.colour is not a need: it must be one of sets, dense, validation, labels, pictures",
        ),
    ],
)
def test_foreign_data_are_refused_in_one_sentence(overrides, words, monkeypatch, tmp_path):
    monkeypatch.setattr(trial, "train", lambda *_: pytest.fail("trained"))
    with pytest.raises(ConfigurationError, match=words) as caught:
        execute(["scale=smoke", *overrides], tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def classes(train, test):
    return Data(np.zeros((len(train), 4)), np.array(train), (2, 2)), Data(
        np.zeros((len(test), 4)), np.array(test), (2, 2)
    )


@pytest.mark.parametrize(
    ("train", "test", "wanted", "words"),
    [
        ([0] * 6 + [1] * 6, [0, 1], "true", None),
        ([0] * 6 + [1] * 6 + [2], [0, 1, 2], "true", None),
        ([0] * 12, [0], "true", "1 classes of 6 or more among 12 training examples, this experiment needs two"),
        ([0] * 6 + [1] * 5, [0, 1], "true", "1 classes of 6 or more among 11"),
        (
            [0] * 6 + [1] * 6,
            [0, 7],
            "true",
            "test examples of class 7, of which this experiment needs training examples",
        ),
        ([0, 1] * 6, [0, 1], 12, None),
        ([0, 1] * 6, [0, 1], 11, "1 classes of 6 or more among 11"),
    ],
)
def test_classes_leave_something_to_a_validation_split(train, test, wanted, words):
    cfg = hydra.compose("config", [*SMALL, f"+needs.labels={wanted}"])
    if words is None:
        needs.check_data(cfg, *classes(train, test), lambda: 1)
    else:
        with pytest.raises(ConfigurationError, match=words):
            needs.check_data(cfg, *classes(train, test), lambda: 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        (
            ["experiment=deep_30d", "data=digits"],
            {"digits": (8, 8), "curves": (28, 28), "curves_logistic_pca_18": (28, 28)},
        ),
        (["experiment=capacity", "data=patches", "data.limit=200"], {"linear, tied": (8, 8)}),
        (["experiment=vector_field", "data.count=300"], {"spiral": (2,), "mixture": (1,), "three points": (1,)}),
    ],
)
def test_a_variant_with_data_of_its_own_keeps_them_whatever_data_are_chosen(overrides, names):
    _, cfgs = identity.compose(["scale=smoke", *overrides])
    for label, shape in names.items():
        assert setup(cfgs[label]).train.shape == shape
    if "data.count=300" in overrides:
        assert len(setup(cfgs["mixture"]).train.x) == 300


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["quick", "paper"])
@pytest.mark.parametrize("name", ["capacity", "deep_30d", "vector_field"])
def test_data_of_a_variant_have_whole_options_at_every_scale(name, scale):
    _, cfgs = identity.compose([f"experiment={name}", f"scale={scale}"])
    fixed = [needs.check_choice(cfg).data for cfg in cfgs.values() if cfg.fixed_data.name]
    for found in fixed:
        assert {"limit", "count"} & found.keys() and all(found.get(key) != "None" for key in found)
    assert len(fixed) >= 2


def test_a_full_batch_is_as_large_as_the_limit():
    _, cfgs = identity.compose(["experiment=second_order", "scale=smoke", "data=digits", "data.limit=150"])
    assert setup(cfgs["denoising, CG"]).sizes["batch_size"] == len(setup(cfgs["denoising, CG"]).train.x) == 150


# Those that differ in what they draw and measure, of the quickest.
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["codes_2d", "dimensionality", "filters_ksparse", "linear_pca", "manifold", "tangents"]
)
def test_experiments_train_on_pictures_of_another_size(name, tmp_path):
    result = execute([f"experiment={name}", "scale=smoke", "data=digits", "data.limit=200"], tmp_path)
    assert next(iter(result.grids.values())).train.shape == (8, 8)
    assert (tmp_path / "figure.png").stat().st_size > 5000
    for table in ("figure.csv", "table.csv"):
        with open(tmp_path / table) as file:
            rows = list(csv.DictReader(file))
        assert rows and all(value != "nan" for row in rows for value in row.values())
    jax.clear_caches()


@pytest.mark.parametrize(
    ("shape", "wanted", "words"),
    [
        ((28, 28), "true", None),
        ((28, 28), "coloured", None),
        ((32, 32, 3), "coloured", None),
        ((32, 32, 3), "true", "examples of 32 x 32 x 3|examples of shape 32 x 32 x 3"),
        ((784,), "coloured", "grey pictures, height x width, or coloured ones"),
    ],
)
def test_coloured_pictures_are_taken_where_an_experiment_asks_for_them(shape, wanted, words):
    cfg = hydra.compose("config", ["experiment=tangents", "scale=smoke"])
    cfg.needs = {"pictures": True if wanted == "true" else wanted}
    refused = pytest.raises(ConfigurationError, match=words) if words else contextlib.nullcontext()
    with refused:
        needs.check_data(cfg, images(20, shape), images(5, shape), lambda: 31)


@pytest.mark.parametrize("name", [name for name in NAMES if NEEDS[name].get("dense")])
def test_experiments_that_read_layers_take_no_other_model(name):
    cfg = hydra.compose("config", [f"experiment={name}", "scale=smoke"])
    needs.check_dense(cfg, Dense(4, 2))
    with pytest.raises(ConfigurationError, match="model is a Convolutional: this experiment reads the layers of"):
        needs.check_dense(cfg, Convolutional((8, 8), channels=(2,), decoder_padding="same"))


@pytest.mark.parametrize("name", ["classification", "features", "few_labels"])
def test_experiments_that_choose_by_held_out_examples_ask_for_some(name):
    words = [f"experiment={name}", "scale=smoke", "data=digits", "validation=0"]
    with pytest.raises(ConfigurationError, match="validation is 0: this experiment chooses by held-out examples"):
        setup(hydra.compose("config", words))
