"""What decides a trial's results, and what a run does with a directory in which it finds another's work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import hydra
import numpy as np
import pytest
from omegaconf import OmegaConf

from experiments.common.tables import write_csv
from experiments.engine import identity as identities
from experiments.engine import locks, trial
from experiments.engine.checks import ConfigurationError

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "model.hidden=3", "train.epochs=1"]
TWO = ["+variants.first=['penalty=l1','weight=0.1']", "+variants.second=['penalty=weight_decay','weight=0.1']"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


@pytest.fixture
def work(monkeypatch):
    """What is trained, read back and drawn, by label; nothing is computed. The label in `breaks` raises its error."""
    done = SimpleNamespace(trained=[], reused=[], drawn=0, breaks={})
    grid = SimpleNamespace(score=np.array([1.5]), seconds=0.5)

    def train(setup, label, directory, watch):
        if label in done.breaks:
            raise done.breaks[label]
        done.trained.append(label)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "run.npz").write_text("whole")
        return grid

    def load(path):
        if path.read_text() != "whole":
            raise ValueError(f"{path} cannot be read")

    def outcome(grids, cfg):
        if "drawing" in done.breaks:
            raise done.breaks["drawing"]
        done.drawn += 1
        return SimpleNamespace(write=lambda directory: (directory / "figure.png").write_text("drawn"))

    monkeypatch.setattr(trial, "train", train)
    monkeypatch.setattr(trial.stored_grid, "load", lambda setup, directory: done.reused.append(directory.name) or grid)
    monkeypatch.setattr(trial.stored_grid.storage, "load", load)
    rows = [{"seed": 0, "test_error": 1.5}]
    monkeypatch.setattr(trial.metrics, "write", lambda setup, grid, path: write_csv(path, rows))
    monkeypatch.setattr(trial, "setup", lambda cfg: None)
    monkeypatch.setattr("experiments.figures.overview.outcome", outcome)
    return done


def identity(*overrides):
    return identities.identify(*identities.compose([*SMALL, *overrides]))


def execute(directory, *overrides, **options):
    return trial.execute([*SMALL, *overrides], directory, **options)


def contents(directory):
    """Every file below a directory with its bytes."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def status(directory):
    return json.loads((directory / "status.json").read_text())


@pytest.mark.slow
def test_a_trial_is_its_configuration_in_whatever_words():
    name = identity().trial
    assert identity("weight=0.0").trial == identity("seed=0", "weight=0").trial == name
    for same in ("resume=force", "reuse=elsewhere", "train.parallel_runs=1", "+data.dir=/tmp"):
        assert identity(same).trial == name
    for other in ("weight=0.1", "seed=[0]", "train.epochs=2", "penalty=l1"):
        assert identity(other).trial != name
    assert len({name, identity(*TWO).trial, identity(*TWO, "weight=1").trial}) == 3
    drawn = identity("figure.runs=2")
    assert drawn.trial == name and drawn.drawn != identity().drawn


def test_a_scale_counts_by_what_it_chooses():
    assert identity("scale=quick").configuration["at"]["epochs"] == 20
    assert identity("scale=quick").trial != identity().trial
    config = identity().configuration
    assert "scale" not in config and "claim" not in config and "hydra" not in config


def test_words_on_how_the_rules_of_a_scale_were_settled_train_nothing_new():
    assert identity("+at.smoke.settled=here").trial == identity().trial


def test_a_sweep_names_its_directories_by_experiment_and_trial():
    base = hydra.compose("config", [*SMALL, "model.activation=tanh"], return_hydra_config=True)
    name = OmegaConf.select(base, "hydra.sweep.subdir")
    assert OmegaConf.select(base, "hydra.sweep.dir").startswith("multirun/overview/")
    assert name == f"overview-{identity('model.activation=tanh').trial}" and name.isascii() and " " not in name


def test_a_complete_trial_is_not_done_again_but_drawn_where_asked(tmp_path, work):
    first = execute(tmp_path)
    again = execute(tmp_path, "train.parallel_runs=1")
    assert (work.trained, work.drawn, again.outcome) == (["run"], 1, None)
    assert again.value == first.value == status(tmp_path)["value"] == 1.5
    assert execute(tmp_path, redraw=True).outcome is not None
    assert (work.trained, work.reused, work.drawn) == (["run"], [tmp_path.name], 2)
    stored = status(tmp_path)
    assert (stored["status"], stored["trial"], stored["overrides"]) == ("completed", identity().trial, SMALL)
    assert stored["configuration"]["model"]["hidden"] == 3 and stored["code"] == identity().code


@pytest.mark.slow
@pytest.mark.parametrize(("error", "words"), [(RuntimeError("out of paper"), "RuntimeError: out of paper"),
                                              (KeyboardInterrupt(), "interrupted")])  # fmt: skip
def test_what_was_finished_before_a_failure_is_kept(tmp_path, work, error, words):
    work.breaks["second"] = error
    with pytest.raises(type(error)):
        execute(tmp_path, *TWO)
    assert (status(tmp_path)["status"], status(tmp_path)["error"]) == ("failed", words)
    assert (tmp_path / "traceback.txt").read_text().splitlines()[-1] == words
    work.breaks.clear()
    execute(tmp_path, *TWO)
    assert (work.trained, work.reused) == (["first", "second"], ["first"])
    assert status(tmp_path)["status"] == "completed" and not (tmp_path / "traceback.txt").exists()


@pytest.mark.parametrize("damage", ["checkpoints", "run.npz"])
def test_a_variant_that_is_not_whole_is_trained(tmp_path, work, damage):
    work.breaks["drawing"] = RuntimeError()
    with pytest.raises(RuntimeError):
        execute(tmp_path)
    path = tmp_path / damage
    if damage == "checkpoints":
        path.mkdir()
    else:
        path.write_text("wh")
    work.breaks.clear()
    execute(tmp_path)
    assert (work.trained, work.reused) == (["run", "run"], [])


@pytest.mark.slow
def test_another_configuration_is_refused_with_the_difference_even_by_force(tmp_path, work):
    execute(tmp_path, *TWO)
    before = contents(tmp_path)
    for words in ((), ("resume=force",)):
        with pytest.raises(
            ConfigurationError, match=r"weight: 0 -> 0.5; choose another directory, or resume=fresh"
        ) as caught:
            execute(tmp_path, *TWO, "weight=0.5", *words)
        assert (
            "\n" not in str(caught.value) and "variants" not in str(caught.value) and "force" not in str(caught.value)
        )
    with pytest.raises(ConfigurationError, match="experiment: overview -> filters_noise"):
        execute(tmp_path, "experiment=filters_noise", "resume=force")
    assert contents(tmp_path) == before and len(work.trained) == 2


def test_another_code_is_refused_by_file_forced_or_begun_anew(tmp_path, work, monkeypatch):
    execute(tmp_path)
    before = contents(tmp_path)
    code = identities.sources.of_training([])
    monkeypatch.setattr(identities.sources, "of_training", lambda cfgs: code | {"jaxae.losses": "0", "jax": "9"})
    with pytest.raises(ConfigurationError, match=r"a change of .*jax, jaxae.losses.*; resume=force keeps"):
        execute(tmp_path)
    assert contents(tmp_path) == before
    execute(tmp_path, "resume=force")
    assert (work.trained, work.reused) == (["run"], [tmp_path.name])
    assert status(tmp_path)["sources"]["jax"] == "9"
    execute(tmp_path, "resume=fresh")
    assert work.trained == ["run", "run"]


def test_a_refused_configuration_leaves_no_directory_and_hinders_nothing(tmp_path, work, monkeypatch):
    def refuse(cfg):
        raise ConfigurationError("weight is -1")

    monkeypatch.setattr(trial, "setup", refuse)
    with pytest.raises(ConfigurationError):
        execute(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    monkeypatch.setattr(trial, "setup", lambda cfg: None)
    execute(tmp_path / "run", "seed=3")
    assert status(tmp_path / "run")["configuration"]["seed"] == 3
    assert (tmp_path / "run" / ".hydra" / "overrides.yaml").read_text().splitlines()[-1] == "- seed=3"


@pytest.mark.parametrize("words", [("figure.runs=2",), ("track=tensorboard",)])
def test_other_figure_keys_and_trackers_train_nothing_again(tmp_path, work, monkeypatch, words):
    monkeypatch.setattr(trial.tracking, "check", lambda track: None)
    monkeypatch.setattr(trial.tracking, "write", lambda track, directory, *_: track and (directory / track).mkdir())
    execute(tmp_path)
    execute(tmp_path, *words)
    execute(tmp_path, *words)
    assert (work.trained, work.reused, work.drawn) == (["run"], [tmp_path.name], 2)


def test_a_changed_figure_script_is_drawn_again(tmp_path, work, monkeypatch):
    execute(tmp_path)
    monkeypatch.setattr(identities.sources, "of_drawing", lambda experiment: {"experiments.figures.overview": "0"})
    execute(tmp_path)
    assert (work.trained, work.drawn) == (["run"], 2)


def test_a_deleted_figure_comes_back_without_training(tmp_path, work, capsys):
    execute(tmp_path)
    (tmp_path / "figure.png").unlink()
    execute(tmp_path)
    assert (work.trained, work.drawn) == (["run"], 2) and (tmp_path / "figure.png").read_text() == "drawn"
    assert "figure.png damaged or deleted, drawn again" in " ".join(capsys.readouterr().err.split())


def test_fresh_deletes_what_runs_write_and_nothing_else(tmp_path, work):
    execute(tmp_path, *TWO)
    (tmp_path / "first" / "checkpoints").mkdir()
    (tmp_path / "first" / "checkpoints" / "3").touch()
    (tmp_path / "figure.png").touch()
    for note in ("notes.txt", "second/notes.txt"):
        (tmp_path / note).write_text("mine")
    execute(tmp_path, "resume=fresh")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "figure.png", "metrics.csv", "notes.txt", "run.npz", "second", "status.json"]  # fmt: skip
    assert (tmp_path / "second" / "notes.txt").read_text() == "mine"


def test_a_directory_that_is_no_runs_is_left_alone(tmp_path, work):
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / "figure.png").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"files that no run writes: thesis.tex"):
        execute(tmp_path, "resume=fresh")
    with pytest.raises(ConfigurationError, match=r"has figure.png and no status.json"):
        execute(tmp_path)
    assert (tmp_path / "figure.png").read_text() == "mine" and not work.trained


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", '{"status": "compl', "[]"])
def test_a_damaged_status_is_refused_until_begun_anew(tmp_path, work, text):
    execute(tmp_path)
    (tmp_path / "status.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"status.json .* resume=force keeps .* resume=fresh"):
        execute(tmp_path)
    execute(tmp_path, "resume=force")
    assert status(tmp_path)["status"] == "completed" and work.trained == ["run"] and len(work.reused) == 1
    execute(tmp_path, "resume=fresh")
    assert work.trained == ["run", "run"]


def test_resume_takes_three_words(tmp_path, work):
    with pytest.raises(ConfigurationError, match="resume is 'yes': it must be one of refuse, force, fresh"):
        execute(tmp_path, "resume=yes")


def test_a_lock_excludes_other_processes_and_ends_with_its_own(tmp_path, work):
    program = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, 2); print(flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, tmp_path / ".lock"], stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        assert locks.busy(tmp_path)
        with pytest.raises(locks.Locked, match="another process"):
            execute(tmp_path)
        assert not (tmp_path / "status.json").exists()
    finally:
        os.kill(other.pid, 9)
        other.wait()
        other.stdout.close()
    assert not locks.busy(tmp_path)
    execute(tmp_path)
    assert work.trained == ["run"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "what"), [("run.npz", "done"), ("metrics.csv", "drawn"), ("figure.png", "drawn")])
def test_what_is_damaged_in_a_complete_trial_is_made_again_and_nothing_else(tmp_path, work, capsys, name, what):
    execute(tmp_path)
    kept = status(tmp_path)["files"]
    (tmp_path / name).write_text("cut")
    execute(tmp_path)
    assert (len(work.trained), work.drawn) == (2 if what == "done" else 1, 2)
    assert f"{name} damaged or deleted, {what} again" in " ".join(capsys.readouterr().err.split())
    assert status(tmp_path)["files"] == kept
    execute(tmp_path)
    assert work.drawn == 2


def test_a_flipped_letter_of_a_status_is_noticed(tmp_path, work):
    execute(tmp_path)
    path = tmp_path / "status.json"
    path.write_text(path.read_text().replace('"value": 1.5', '"value": 1.4'))
    with pytest.raises(ConfigurationError, match=r"status\.json is not as it was written: resume=force keeps"):
        execute(tmp_path)
    assert execute(tmp_path, "resume=force").value == 1.5 and work.trained == ["run"]


def test_a_run_is_drawn_again_by_reuse_with_changed_code_of_ours_alone(tmp_path, work, monkeypatch, capsys):
    execute(tmp_path / "trained")
    sources, again = identity().sources, f"reuse={tmp_path / 'trained'}"
    changed = {"jaxae.losses": "0", "my_nets": "0", "data.path=x.csv": "0"}
    monkeypatch.setattr(identities.sources, "of_training", lambda cfgs: sources | changed)
    with pytest.raises(ConfigurationError, match=r"from before a change of data\.path=x\.csv, my_nets$"):
        execute(tmp_path / "drawn", again)
    monkeypatch.setattr(identities.sources, "of_training", lambda cfgs: sources | {"jaxae.losses": "0"})
    execute(tmp_path / "drawn", again)
    assert "was trained before a change of jaxae.losses" in capsys.readouterr().err
    assert (work.trained, work.drawn) == (["run"], 2)
