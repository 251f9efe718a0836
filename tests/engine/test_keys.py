"""Words of a command line that the configuration does not have: one sentence each, before Hydra begins."""

import pytest

from experiments.engine import keys
from experiments.engine.checks import ConfigurationError


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("penalty=[l1,kl_sparsity]", r"penalty is \[l1,kl_sparsity\]: it takes one choice; sweep it with -m penalty=l1,kl_sp"),
        ("optimizer=[adam, sgd]", r"sweep it with -m optimizer=adam,sgd"),
        ("experiment=[spectrum,overview]", "experiment is .* it takes one choice"),
        ("penalty=l1,[kl_sparsity,none]", r"penalty is \[kl_sparsity,none\]"),
        ("corruption.rate=0.3", r"corruption.rate is not a key of corruption=clean: corruption=masking, .* "
                                r"corruption=salt_and_pepper have it, as in corruption=masking corruption.rate=0.3"),
        ("-m penalty=glob(k*) penalty.rho=0.1 penalty.k=1", "penalty.k is not a key of penalty=kl_sparsity"),
        ("-m penalty=glob(q*)", r"penalty=glob\(q\*\) is not a choice: penalty has auxk"),
        ("penalty=contractiv weight=1", "penalty=contractiv is not a choice: did you mean contractive. penalty has auxk, "),
        ("-m data=mnist5k,mnist6k", "data=mnist6k is not a choice: did you mean mnist5k"),
        ("experiment=unknown", "experiment=unknown is not a choice: experiment has absorption, canonical"),
        ("code.k=3", r"code.k is not a key of code=identity: code=top_k, .* as in code=top_k code.k=3"),
        ("optimizer=adam optimizer.momentum=0.9", "optimizer=adam: optimizer=sgd has it, as in optimizer=sgd optimizer.mo"),
        ("code=top_k,identity code.k=3", "code.k is not a key of code=identity"),
        ("code=identity,top_k code.k=3", "code.k is not a key of code=identity"),
        ("train.epoch=3", "train.epoch is not a key: train has batch_size, centred, checkpoint"),
        ("model.hidden.x=3", "model.hidden.x is not a key: model.hidden has no keys of its own"),
        ("epochs=30", "epochs is not a key: train.epochs is"),
        ("+epochs=30", "epochs is not a key: train.epochs is"),
        ("lambda=1", "lambda is not a key: the configuration has at, claim"),
        ("++epochs=30", "epochs is not a key"),
        ("+train.foo=1", "train.foo is not a key: train has"),
        ("+figure.foo=1", "figure.foo is not a key: figure has filters, images, runs"),
        ("~weight", "~weight deletes a key that is needed"),
        ("~train.epochs", "~train.epochs deletes a key that is needed: train has"),
        ("~penalty", "~penalty leaves the configuration without penalty"),
    ],
)  # fmt: skip
def test_a_word_that_nothing_reads_is_refused_in_one_sentence(words, sentence):
    words = [words] if ", " in words else words.split()
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        keys.check_arguments(words)
    assert "\n" not in str(caught.value) and "hydra" not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "-m penalty=l1,kl_sparsity weight=0.1 seed=[0,1]",
        "code=top_k code.k=3",
        "code=top_k,top_k_absolute code.k=3,4",
        "-m penalty=glob(contractive_h*) weight=1",
        "code=top_k_scheduled code.k.end_value=[3,4]",
        "++train.epochs=3 +data.dir=/tmp",
        "+variants.sparse=['penalty=l1'] +at.mine={epochs:3} at.smoke.epochs=1",
        "+penalty.rho=0.1",  # a function says itself what it has
        "hydra.run.dir=/tmp/x hydra/launcher=basic",
        "experiment=spectrum figure.examples=4 ~variants.AE",
    ],
)
def test_what_the_configuration_has_or_hydra_answers_for_passes(words):
    keys.check_arguments(words.split())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "hydra.sweep.dir=sweeps/a seed=1",
            "hydra.sweep.dir is of a sweep: add -m, or give the directory as hydra.run.dir",
        ),
        (
            "seed=1,2 -m hydra.run.dir=a",
            "hydra.run.dir is of one run: give the directory of a sweep as hydra.sweep.dir",
        ),
        ("--multirun hydra.run.dir=a", "hydra.run.dir is of one run"),
        ("hydra.mode=MULTIRUN hydra.run.dir=a", "hydra.run.dir is of one run"),
    ],
)
def test_a_directory_that_hydra_would_pass_over_is_refused(words, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        keys.check_arguments(words.split())


def test_the_option_of_a_sweep_may_stand_anywhere():
    assert keys.multirun_first(["seed=1,2", "-m", "-cd", "mine"]) == ["-m", "seed=1,2", "-cd", "mine"]
    assert keys.multirun_first(["seed=1", "-cd", "mine"]) == ["seed=1", "-cd", "mine"]


def test_keys_of_reproduce_are_its_own():
    keys.check_arguments(["experiments=[spectrum,tangents]", "scale=smoke"], "reproduce")
    with pytest.raises(ConfigurationError, match="figure is not a key: the configuration has all, experiments"):
        keys.check_arguments(["figure=3"], "reproduce")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["hydra.searchpath=[{}]", "--config-dir={}"])
def test_configurations_of_the_user_count(tmp_path, option):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.yaml").write_text("_target_: own.code\ndepth: 3\n")
    keys.check_arguments([option.format(tmp_path), "code=mine", "code.depth=4"])
    with pytest.raises(ConfigurationError, match=r"code\.depth is not a key of code=identity: code=mine has it"):
        keys.check_arguments([option.format(tmp_path), "code.depth=4"])
