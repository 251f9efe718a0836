"""Every choice of every group with every choice of every other: it trains and is drawn, or is refused in one sentence."""

import itertools
import os
import re
from pathlib import Path

import hydra
import jax
import numpy as np
import pytest

from experiments.engine import identity
from experiments.engine.checks import ConfigurationError, check_penalty_weights
from experiments.engine.configuration import setup
from experiments.engine.trial import execute
from jaxae.data import prepared

ROOT = Path(__file__).parents[2]
GROUPS = ("data", "model", "corruption", "code", "loss", "penalty", "optimizer")
CHOICES = {g: sorted(path.stem for path in (ROOT / "conf" / g).glob("*.yaml")) for g in GROUPS}
START = {"data": "digits", "model": "dense", "corruption": "clean", "code": "identity", "loss": "binary_cross_entropy",
         "penalty": "none", "optimizer": "adam"}  # fmt: skip
SMALL = ["scale=smoke", "train.epochs=1", "train.batch_size=20", "figure.filters=4", "figure.images=2", "figure.runs=1"]
DRAWN = (
    "colour_patches",
    "curves",
    "features",
    "mixture",
    "patches",
    "photograph_patches",
    "spiral",
)  # whose number of examples is chosen
SIZES = {
    ("data", "by_scale"): [],
    **{("data", name): ["data.limit=40", "data.count=40"] for name in DRAWN},
    ("model", "dense"): ["model.hidden=6"],
    ("model", "linear"): ["model.hidden=6"],
    ("model", "flax"): ["model.encoder=flax.linen.Dense", "model.decoder=flax.linen.Dense"],
    ("code", "first"): ["code.count=3"],
    ("code", "top_k"): ["code.k=3"],
    ("code", "top_k_absolute"): ["code.k=3"],
    ("code", "top_k_scheduled"): ["code.k.init_value=4", "code.k.end_value=2"],
    ("code", "noisy_sigmoid"): ["model.activation=linear"],
}


@pytest.fixture
def prepared_sets(monkeypatch):
    """Pictures of the shapes of the sets that TFDS prepares, which a test must not need."""
    shapes = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}

    def decoded(name, split, dir, cache, limit):
        chance = np.random.default_rng(len(name))
        return chance.integers(0, 256, (limit or 40, *shapes[name]), np.uint8), chance.integers(0, 10, limit or 40)

    monkeypatch.setattr(prepared, "decoded", decoded)


def words_of(row):
    words = [*SMALL, *(f"{group}={name}" for group, name in row.items())]
    for choice in row.items():
        words += SIZES.get(choice, ["data.limit=40"] if choice[0] == "data" else [])
    return [*words, "weight=0.1"] if row["penalty"] != "none" else words


def refusal(words):
    """The sentence by which a configuration is refused, or None."""
    try:
        _, cfgs = identity.compose(words)
        for cfg in cfgs.values():
            setup(cfg)
        check_penalty_weights(cfgs)
    except ConfigurationError as error:
        return str(error)
    return None


def pairs_of(row):
    return set(itertools.combinations(sorted(row.items()), 2))


def cannot_meet(pair):
    """Why two choices cannot be in one run, whichever loss the data may need; None where they can."""
    losses = [START["loss"]] if "loss" in dict(pair) else [START["loss"], "squared_error"]
    said = [refusal(words_of(START | {"loss": loss} | dict(pair))) for loss in losses]
    return None if None in said else said[-1]


def filled(pair, left, refused):
    """A row with a pair and, for each other group, the choice with which most pairs are left, none of them refused."""
    row = dict(pair)
    for group in sorted(set(GROUPS) - row.keys()):
        news = {}
        for name in [START[group], *CHOICES[group]]:
            pairs = pairs_of(row | {group: name}) - pairs_of(row)
            if not pairs & refused:
                news[name] = len(pairs & left)
        row[group] = max(news, key=news.get, default=START[group])
    return row


@pytest.mark.skipif("JAXAE_PAIRS" not in os.environ, reason="takes many minutes: JAXAE_PAIRS=1 runs it")
def test_all_pairs_of_choices_end_well_or_are_refused_in_one_sentence(prepared_sets, tmp_path):
    left = {pair for a, b in itertools.combinations(sorted(GROUPS), 2)
            for pair in itertools.product(((a, x) for x in CHOICES[a]), ((b, y) for y in CHOICES[b]))}  # fmt: skip
    number, refused, trained = len(left), {}, 0
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        while left:
            pair = min(left)
            row = filled(pair, left, refused.keys())
            if refusal(words_of(row)) is not None:
                known = {p: why for p in pairs_of(row) - refused.keys() if (why := cannot_meet(p)) is not None}
                refused |= known
                left -= known.keys()
                if known:
                    continue
                loss = {} if refusal(words_of(START | dict(pair))) is None else {"loss": "squared_error"}
                row = START | loss | dict(pair)  # three that cannot meet: this pair alone
            directory = tmp_path / str(trained)
            execute(words_of(row), directory)
            assert (directory / "figure.png").stat().st_size > 5000, row
            left -= pairs_of(row)
            trained += 1
            jax.clear_caches()  # as many programs as pairs would exceed the memory maps of a process
    assert all("\n" not in why and re.search(r"\w+ ", why) for why in refused.values())
    print(f"\n{number} pairs: {len(refused)} refused, the others met in {trained} runs")
    for pair, why in sorted(refused.items()):
        print(" + ".join(f"{group}={name}" for group, name in pair), "-", why)
    assert len(refused) < number / 4
