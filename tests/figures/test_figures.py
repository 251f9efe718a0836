"""Every experiment composes, trains, draws; configurations are refused before anything trains; sweeps compile once."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import hydra
import jax
import numpy as np
import pytest
from omegaconf import OmegaConf

from experiments.engine.checks import ConfigurationError
from experiments.engine.configuration import setup
from experiments.engine.trial import execute
from jaxae import losses, storage
from jaxae.sweeps import take

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
IN_THE_REPORT = OmegaConf.load(ROOT / "conf" / "reproduce.yaml").experiments  # .ci/run makes the report at scale=smoke
SMALL = ["scale=smoke", "model.hidden=16", "train.epochs=2"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def compose(*overrides):
    return setup(hydra.compose("config", [*SMALL, *overrides]))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in IN_THE_REPORT])
def test_every_experiment_trains_and_leaves_its_figure_and_numbers(name, tmp_path):
    result = execute([f"experiment={name}", "scale=smoke"], tmp_path)
    assert (tmp_path / "figure.png").stat().st_size > 5000
    assert (tmp_path / "figure.svg").exists()
    for table in ("figure.csv", "table.csv"):
        with open(tmp_path / table) as file:
            rows = list(csv.DictReader(file))
        assert rows and all(value != "nan" for row in rows for value in row.values())
    assert {verdict.holds for verdict in result.outcome.verdicts} <= {True, False}
    for run in result.grids.values():
        assert all(np.all(np.isfinite(values)) for values in run.curve.values())
    jax.clear_caches()  # the programs of twenty experiments together would exceed the memory maps of a process


def test_every_experiment_has_its_script_and_says_its_claim_and_paper():
    for name in NAMES:
        assert (ROOT / "experiments" / "figures" / f"{name}.py").exists()
        cfg = hydra.compose("config", [f"experiment={name}"])
        assert cfg.claim and cfg.paper
        assert set(cfg.at) == {"smoke", "quick", "paper"}


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_a_figure_is_read_by_its_script(name):
    scripts = (ROOT / "experiments" / "figures").glob(f"{name}*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in scripts)
    settings = hydra.compose("config", [f"experiment={name}"]).figure
    assert [key for key in settings if not re.search(rf"\.{key}\b", text)] == []


def test_a_list_is_an_axis_and_lists_multiply():
    run = compose("penalty=l1", "weight=[0,0.1]", "seed=[1,2,3]")
    assert len(run.seeds) == 6
    np.testing.assert_array_equal(run.table["seed"], [1, 2, 3, 1, 2, 3])
    np.testing.assert_allclose(run.table["weight"], [0, 0, 0, 0.1, 0.1, 0.1])


@pytest.mark.slow
def test_a_grid_gives_the_numbers_of_its_single_runs(tmp_path):
    grid = execute([*SMALL, "penalty=contractive_closed_form", "weight=[0,0.5]"], tmp_path / "grid")
    single = execute([*SMALL, "penalty=contractive_closed_form", "weight=0.5"], tmp_path / "single")
    np.testing.assert_allclose(grid.grids["run"].curve["loss"][1], single.grids["run"].curve["loss"][0], rtol=1e-5)


def test_a_second_job_of_the_same_structure_compiles_nothing(tmp_path, compilations):
    execute([*SMALL, "corruption=masking", "corruption.rate=0.1"], tmp_path / "first")
    before = compilations()
    execute([*SMALL, "corruption=masking", "corruption.rate=0.4", "seed=7"], tmp_path / "second")
    assert compilations() == before > 0


@pytest.mark.slow
def test_a_finished_run_is_drawn_again_without_training(tmp_path):
    overrides = [*SMALL, "model.hidden=[16,8]", "train.pretrain=1", "train.epochs=0", "seed=[0,1]"]
    first = execute(overrides, tmp_path / "first")
    assert {values.shape for values in first.grids["run"].curve.values()} == {(2, 1)}
    again = execute([*overrides, f"reuse={tmp_path / 'first'}"], tmp_path / "again")
    np.testing.assert_array_equal(again.grids["run"].curve["test_error"], first.grids["run"].curve["test_error"])
    codes = [result.grids["run"].codes(result.grids["run"].test.x, 1) for result in (first, again)]
    np.testing.assert_array_equal(*codes)
    with pytest.raises(ConfigurationError, match="holds another grid"):
        execute([*SMALL, f"reuse={tmp_path / 'first'}"], tmp_path / "other")
    with pytest.raises(ConfigurationError, match="does not exist"):
        execute([*SMALL, f"reuse={tmp_path / 'nothing'}"], tmp_path / "other")


def test_a_run_that_fails_says_so_in_its_status(tmp_path, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("out of paper")

    monkeypatch.setattr("experiments.figures.overview.outcome", broken)
    with pytest.raises(RuntimeError):
        execute(SMALL, tmp_path)
    status = json.loads((tmp_path / "status.json").read_text())
    assert (status["status"], status["error"]) == ("failed", "RuntimeError: out of paper")


@pytest.mark.slow
def test_a_run_is_stored_by_name(tmp_path):
    result = execute([*SMALL, "code=top_k", "code.k=[2,3]"], tmp_path)
    stored = storage.load(tmp_path / "run.npz")
    np.testing.assert_array_equal(stored.recipes.code.keywords["k"], [2, 3])
    weight = result.grids["run"].params["encoder"][0]["weight"]
    np.testing.assert_array_equal(stored.params["encoder"][0]["weight"], weight)
    assert stored.curve["loss"].shape == (2, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["weight=-1"], "weight is -1: it must be a number from 0 on"),
        (["weight=[0,-1]"], "weight is -1"),
        (["weight=.nan"], "weight"),
        (["weight=abc"], "weight is 'abc'"),
        (["weight=[]"], "weight is an empty list"),
        (
            ["corruption=masking", "corruption.rate=-0.1"],
            "corruption.rate is -0.1: it must be a number between 0 and 1",
        ),
        (["corruption=masking", "corruption.rate=[0.1,1.5]"], "corruption.rate is 1.5"),
        (["corruption=gaussian", "corruption.std=-1"], "corruption.std is -1"),
        (["code=top_k", "code.k=17"], "code.k is 17: it must be a whole number between 1 and 16"),
        (["code=top_k", "code.k=0"], "code.k is 0"),
        (["code=top_k", "code.k=2.5"], "code.k is 2.5"),
        (["code=top_k_scheduled"], "code.k is 100: it must be a whole number between 1 and 16"),
        (["+penalty.rho=0.1"], "penalty.rho is not a keyword of jaxae.penalties.none"),
        (["penalty=kl_sparsity", "penalty.rho=1"], "penalty.rho is 1"),
        (["train.epochs=[1,2]"], "train.epochs is .1, 2.: it fixes a shape"),
        (["train.epochs=0"], "train.epochs is 0: it must be from 1 on unless train.pretrain is"),
        (["train.pretrain=-1"], "train.pretrain is -1: it must be a whole number from 0 on"),
        (["train.batch_size=0"], "train.batch_size is 0"),
        (["train.batch_size=1000"], "train.batch_size is 1000: mnist5k has 200 training examples, and allowed"),
        (["model.tied=[true,false]"], "model.tied"),
        (["model.activation=swoosh"], "model.activation is 'swoosh': it must be one of linear, sigmoid"),
        (["model.output=sigmoid"], "model.output must be linear with loss=binary_cross_entropy"),
        (["+model.depth=3"], "depth"),
        (["penalty=contractive_hutchinson", "penalty.samples=[1,2]"], "penalty.samples"),
        (["seed=0.5"], "seed is 0.5: it must be a whole number"),
        (["scale=huge"], "scale is 'huge': it must be one of smoke, quick, paper"),
        (["data=patches", "data.count=200"], "loss=binary_cross_entropy needs data in .0, 1., and data=patches is not"),
        (["data=mnist5k", "+data.size=3"], "size"),
        (["data.name=mnist6k"], "mnist6k.*mnist5k"),
        (["weight=1"], "weight is 1 and penalty is none: choose one, as penalty=l1"),
        (["penalty=l1"], "penalty l1 has no weight: give one, as in weight=0.1, or weight=0"),
        (
            ["model=sparse", "code=gated", "loss=squared_error"],
            "code gated has a gate that learns by its penalty: choose",
        ),
        (
            ["model=sparse", "code=gated", "penalty=l1", "weight=1", "loss=squared_error"],
            "code gated has a gate that learns by its penalty: choose gated_auxiliary",
        ),
        (
            ["model=sparse", "penalty=gated_auxiliary", "weight=1", "loss=squared_error"],
            "gated_auxiliary trains the gate of",
        ),
        (["experiment=spectrum", "weight=null"], "variant AE.wd: penalty weight_decay has no weight"),
        (["penalty=kl_sparsity", "weight=1", "model.activation=relu"], "kl_sparsity takes .* jax.nn.sigmoid"),
        (
            ["penalty=contractive_closed_form", "weight=1", "model.hidden=[8,4]"],
            "one layer, not 2: use contractive_exact",
        ),
        (["code=top_k_scheduled", "code.k.end_value=${nothing}"], "nothing"),
        (["experiment=spectrum", "train.batch_size=1000"], "variant AE: train.batch_size is 1000"),
        (["code=noisy_sigmoid"], "code=noisy_sigmoid applies a sigmoid itself: model.activation must end in linear"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_before_training(overrides, words, tmp_path):
    with pytest.raises(ConfigurationError, match=words) as caught:
        execute([*SMALL, *overrides], tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_multirun_gives_a_directory_per_value(tmp_path):
    command = [sys.executable, "-m", "experiments.run", "-m", *SMALL, "penalty=l1", "weight=0,0.1"]
    done = subprocess.run([*command, f"hydra.sweep.dir={tmp_path}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("overview-*/run.npz"))) == 2


def test_a_mistyped_key_is_refused_and_named():
    command = [sys.executable, "-m", "experiments.run", "train.epoch=3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert (
        "train.epoch is not a key: train has batch_size, centred, checkpoint, checkpoint_share, epochs, on_divergence, "
        "parallel_runs, patience, precision, pretrain" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_score_of_a_run_is_its_error_on_held_out_examples(tmp_path):
    result = execute([*SMALL, "validation=0.25", "seed=[0,1]"], tmp_path)
    run = result.grids["run"]
    whole = compose("validation=0.25")
    assert len(run.train.x) == 150 and len(whole.validation.x) == 50
    apart = {row.tobytes() for row in run.train.x} & {row.tobytes() for row in whole.validation.x}
    assert not apart  # no example is in both
    x = whole.validation.x
    logits = [run.model.decoder(take(run.params, i))(run.encoder(i)(x)) for i in range(2)]
    errors = [float(losses.binary_cross_entropy(each, x).mean()) for each in logits]
    np.testing.assert_allclose(run.score, errors, rtol=1e-5)
    assert result.value == pytest.approx(np.mean(errors), rel=1e-5)
    with open(tmp_path / "metrics.csv", newline="") as file:
        assert [float(row["validation_error"]) for row in csv.DictReader(file)] == pytest.approx(errors, rel=1e-4)


def test_a_run_that_is_drawn_again_keeps_the_seconds_of_its_training(tmp_path):
    first = execute(SMALL, tmp_path).seconds
    again = execute(SMALL, tmp_path, redraw=True).seconds
    assert again["run"] == first["run"] > 0
    assert again["run"] < again["total"]
