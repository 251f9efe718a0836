"""The values of a figure's settings: of their kind and within limits, in every experiment, before anything trains."""

import math
from pathlib import Path

import hydra
import pytest
from omegaconf import OmegaConf, open_dict

from experiments.engine import settings, trial
from experiments.engine.checks import ConfigurationError

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
WRONG = {  # by the kind of the value in the experiment's file
    int: [-1, 1.5, 2.0, "word", [], [1], True, None, 10**12, math.nan],
    float: [-1.0, "word", [], [0.5], True, None, math.inf, math.nan, 1e12],
    str: [3, 0.5, [], ["word"], True],
    bool: [0, 1, "word", [], [True], None],
    list: [[], 3, 0.5, "word", ["word"], [1, "word"], [-1], [math.nan], None, [[1]]],
}


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def changed(cfg, key, value):
    cfg = cfg.copy()
    with open_dict(cfg):
        OmegaConf.update(cfg, f"figure.{key}", value)
    return cfg


def refused(cfg, key, value):
    with pytest.raises(ConfigurationError) as caught:
        settings.check_figure(changed(cfg, key, value))
    sentence = str(caught.value)
    assert sentence.startswith(f"figure.{key} is ") and "it must be" in sentence and "\n" not in sentence
    return sentence


def own(name, scale="smoke"):
    cfg = hydra.compose("config", [f"experiment={name}", f"scale={scale}"])
    return cfg, OmegaConf.to_container(cfg.figure, resolve=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_the_settings_of_every_experiment_are_allowed(name, scale):
    cfg, values = own(name, scale)
    settings.check_figure(cfg)
    assert settings._defaults(cfg.claim, scale) == values  # the file is found, so that its kinds are known


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_of_another_kind_or_beyond_its_limits_is_refused(name):
    cfg, values = own(name)
    for key, default in values.items():
        kind = str if default is None else type(default)
        for value in WRONG[kind]:
            refused(cfg, key, value)
        if kind in (int, float) and key not in ("runs", "seed", "example", "shown"):
            refused(cfg, key, 0)


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("overview", "runs", [0, 1, 200]),
        ("overview", "filters", [1, 1000]),
        ("capacity", "shown", [0, 10**9]),
        ("capacity", "other", [None, "fashion_mnist"]),
        ("capacity", "share", [0.5, 1, 1.0]),
        ("tangents", "example", [0, 10**9]),
        ("manifold", "seed", [0, 2**32 - 1]),
        ("sparse_l1", "densities", [[0], [0.5, 1]]),
        ("sparse_coding", "ks", [[2], [3, 10**6]]),
        ("sparse_coding", "features", [4, 2048]),
        ("dimensionality", "strengths", [[1], [0.1, 1]]),
    ],
)
def test_what_may_be_0_a_position_or_a_name_is_allowed(name, key, values):
    cfg, _ = own(name)
    for value in values:
        settings.check_figure(changed(cfg, key, value))


def test_limits_say_what_is_allowed():
    cfg, _ = own("overview")
    assert refused(cfg, "filters", 0) == "figure.filters is 0: it must be a whole number from 1 to 1000"
    assert refused(own("capacity")[0], "share", 0) == "figure.share is 0: it must be a finite number above 0, at most 1"
    assert "a list, each value a whole number from 2 to" in refused(own("sparse_coding")[0], "ks", [2, 1])
    assert refused(own("sparse_coding")[0], "features", 100).endswith("that is a power of 2")
    assert refused(own("sparse_l1")[0], "banks", []).endswith("it must be a list of one value or more")


def test_settings_of_a_figure_from_another_folder_keep_their_kinds():
    cfg = OmegaConf.create(
        {"claim": "mine", "scale": "smoke", "figure": {"std": 0.0, "names": ["a"], "nested": {"a": 1}}}
    )
    settings.check_figure(cfg)
    for key, value in (("std", math.nan), ("std", []), ("names", [1, "a"]), ("names", [1.5, True])):
        refused(cfg, key, value)


def test_a_setting_that_refers_to_nothing_is_refused():
    with pytest.raises(ConfigurationError, match=r"figure: .*nothing"):
        settings.check_figure(hydra.compose("config", ["figure.runs=${nothing}"]))


@pytest.mark.parametrize("words", ["figure.filters=0", "figure.images=0", "figure.runs=-1", "figure.images=1.5"])
def test_a_refused_setting_trains_nothing_and_leaves_nothing(words, monkeypatch, tmp_path):
    monkeypatch.setattr(trial, "train", lambda *_: pytest.fail("trained"))
    with pytest.raises(ConfigurationError, match="figure"):
        trial.execute(["scale=smoke", "data=digits", "model.hidden=3", words], tmp_path / "run")
    assert not (tmp_path / "run").exists()
