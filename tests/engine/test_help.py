"""What a newcomer asks the command: its help, its list, completion, and where its configuration is from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.engine import listing
from jaxae import __main__ as where

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
GROUPS = [path.name for path in CONF.iterdir() if path.is_dir() and path.name not in ("hydra", "experiment")]


def printed(*arguments, **settings):
    command = [sys.executable, "-m", "experiments.run", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_of_a_group_has_a_line(group):
    files = {path.stem for path in (CONF / group).glob("*.yaml")}
    assert {name.removesuffix(" (default)") for name in listing.choices()[group]} == files
    assert all(listing.choices()[group].values())


def test_every_key_has_a_line():
    keys = OmegaConf.load(CONF / "config.yaml")
    nested = {f"train.{key}" for key in keys.train}
    single = {key for key in keys if key not in ("defaults", "hydra", "train", "figure")}
    assert nested | single | {"figure.*"} == set(listing.keys())


def test_every_experiment_has_its_claim_its_data_and_its_time():
    found = {experiment.name: experiment for experiment in listing.experiments()}
    assert set(found) == {path.stem for path in (CONF / "experiment").glob("*.yaml")}
    assert found["filters_patches"].quick == "patches" and found["spectrum"].paper == "cifar10_bw"
    assert [name for name, experiment in found.items() if experiment.time == "not timed"] == ["overview"]
    assert all(experiment.claim for experiment in found.values())


@pytest.mark.slow
def test_help_and_list_are_printed_without_jax():
    assert "train.epochs" in printed("--help") and "top_k_scheduled" in printed("-h")
    assert "codes_2d" in printed("--list")
    program = "import sys; import experiments.engine.listing; sys.exit('jax' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.slow
def test_hydra_tells_the_configuration_and_where_it_is_from():
    assert "epochs: 2" in printed("--cfg", "job", "--resolve", "scale=smoke")
    assert str(CONF) in printed("--info", "searchpath")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="completion is bash's")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("penalty=contractive_hu", ["penalty=contractive_hutchinson"]),
        ("penalty=l1 train.ep", ["train.epochs="]),
        ("experiment=codes_", ["experiment=codes_2d", "experiment=codes_3d"]),
    ],
)
def test_the_tab_key_completes_in_bash(line, words, tmp_path):
    line = f"{sys.executable} -m experiments.run {line}"
    program = f"""
        eval "$({sys.executable} -m experiments.run -sc install=bash)"
        COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=($COMP_LINE); _jaxae; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == words, done.stderr


def test_from_another_directory_one_command_says_where_to_stand(tmp_path, monkeypatch):
    command = [sys.executable, "-m", "jaxae"]
    settings = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=True)
    assert f"cd {ROOT} && python -m experiments.run --help" in done.stdout
    monkeypatch.setattr(where, "ROOT", tmp_path)
    assert where.place() == "This is the library alone: the experiments are run from a clone of its repository"
