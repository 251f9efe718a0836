"""Trials, running, failed and complete, in one table, its means and its figure."""

import csv
import json

import pandas as pd
import pytest

from experiments import table as command
from experiments.engine import joint_table as table
from experiments.engine import locks
from experiments.engine.checks import ConfigurationError
from experiments.engine.status import write_status


def trial(sweep, name, metrics=None, *, status="completed", overrides=(), choices=None, **configuration):
    """A directory as a run leaves it; metrics: rows of metrics.csv."""
    place = sweep / name
    place.mkdir(parents=True)
    configuration = {"seed": 0, "weight": 0, "model": {"hidden": 8}, "variants": {}} | configuration
    choices = {"scale": "smoke", "experiment": "overview", "penalty": "none"} | (choices or {})
    about = {"experiment": "overview", "trial": name, "code": "c", "overrides": list(overrides)}
    write_status(place, status, choices=choices, configuration=configuration, **about)
    if metrics:
        grid(place, metrics)
    return place


def grid(place, rows):
    place.mkdir(exist_ok=True)
    with open(place / "metrics.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def row(error, **axes):
    return {"seed": 0} | axes | {"loss": 2 * error, "test_error": error}


@pytest.fixture
def sweep(tmp_path):
    """Two weights of three seeds each, one of them as a grid, with another penalty at the second."""
    grid_of_seeds = [row(1.0 + seed, seed=seed) for seed in (0, 1, 2)]
    trial(tmp_path, "a", grid_of_seeds, overrides=["weight=0", "seed=[0,1,2]"], seed=[0, 1, 2])
    for seed in (0, 1, 2):
        trial(tmp_path, f"b{seed}", [row(5.0, seed=seed)], overrides=["weight=0.5", f"seed={seed}", "penalty=l1"],
             weight=0.5, seed=seed, choices={"penalty": "l1"})  # fmt: skip
    return tmp_path


def test_every_trial_is_a_row_with_its_overrides_choices_and_metrics(sweep):
    rows = table.write([sweep])
    stored = pd.read_csv(sweep / "table.csv")
    assert list(stored) == [
        "status",
        "experiment",
        "variant",
        "trial",
        "penalty.name",
        "weight",
        "seed",
        "loss",
        "test_error",
    ]
    assert len(stored) == 6 and set(stored["status"]) == {"completed"}
    assert stored.groupby("weight")["seed"].apply(list).to_dict() == {0.0: [0, 1, 2], 0.5: [0, 1, 2]}
    assert dict(zip(stored["trial"], stored["penalty.name"], strict=True))["b2"] == "l1"
    parquet = pd.read_parquet(sweep / "table.parquet")
    pd.testing.assert_frame_equal(parquet, rows)
    assert parquet["weight"].dtype.kind == "f" and parquet["seed"].dtype == "Int64"


def test_means_are_over_seeds(sweep):
    table.write([sweep])
    means = pd.read_csv(sweep / "summary.csv").set_index("weight")
    assert means["count"].tolist() == [3, 3]
    assert means.loc[0, ["test_error mean", "test_error std"]].tolist() == [2.0, 1.0]  # of 1, 2, 3
    assert means.loc[0.5, ["loss mean", "loss std"]].tolist() == [10.0, 0.0]
    assert (sweep / "joint.png").stat().st_size > 5000


def test_a_trial_that_is_not_through_is_marked_and_not_averaged(sweep):
    about = {"overrides": ["weight=[1,2]"], "weight": [1, 2]}
    with locks.lock(trial(sweep, "now", status="running", **about)):
        trial(sweep, "killed", status="running", **about)
        trial(sweep, "bad", status="failed", **about)
        rows = table.write([sweep]).set_index("trial")
    assert rows.loc[["a", "now", "killed", "bad"], "status"].drop_duplicates(keep="last").to_dict() == {
        "a": "completed", "now": "running", "killed": "interrupted", "bad": "failed"}  # fmt: skip
    assert rows["weight"].dtype.kind == "f" and pd.isna(rows.loc["now", "weight"])
    assert sorted(pd.read_csv(sweep / "summary.csv")["weight"]) == [0, 0.5]


@pytest.mark.parametrize(
    "text", ["", "seed,loss\n0,1\n", "seed,test_error\n0,wide\n", "seed,test_error\n0,1\n1,2.3", "\0\0"]
)
def test_a_damaged_trial_is_named_and_the_rest_is_written(sweep, capsys, text):
    (sweep / "b1" / "metrics.csv").write_text(text)
    (trial(sweep, "torn") / "status.json").write_text("{")
    rows = table.write([sweep])
    said = capsys.readouterr().err
    assert "b1/metrics.csv cannot be read" in said and "torn/status.json cannot be read" in said
    assert rows["test_error"].notna().sum() == 5 and len(pd.read_csv(sweep / "table.csv")) == 6


def test_variants_are_rows_of_their_own_values(tmp_path):
    variants = {"plain": {"weight": 0, "seed": 0}, "sparse": {"weight": 0.3, "seed": 0}}
    place = trial(tmp_path, "a", overrides=["model.hidden=8"], variants=variants)
    grid(place / "plain", [row(1.0)])
    grid(place / "sparse", [row(3.0, weight=0.3)])
    rows = table.write([tmp_path]).set_index("variant")
    assert rows["test_error"].to_dict() == {"plain": 1.0, "sparse": 3.0}
    assert set(pd.read_csv(tmp_path / "summary.csv")["count"]) == {1}


def test_diverged_runs_are_counted_apart(tmp_path):
    trial(
        tmp_path,
        "a",
        [row(1.0, seed=0) | {"diverged": -1}, row(9e9, seed=1) | {"diverged": 3}],
        overrides=["seed=[0,1]"],
    )
    table.write([tmp_path])
    (means,) = pd.read_csv(tmp_path / "summary.csv").to_dict("records")
    assert (means["test_error mean"], means["count"], means["diverged"]) == (1.0, 1, 1)


def test_words_and_numbers_share_no_column(tmp_path):
    for i, width in enumerate([8, [16, 8]]):
        trial(
            tmp_path, str(i), [row(1.0)], overrides=[f"model.hidden={width}".replace(" ", "")], model={"hidden": width}
        )
    assert sorted(table.write([tmp_path])["model.hidden"]) == ["8", "[16, 8]"]


def test_directories_join_and_the_command_refuses_what_holds_no_run(sweep, tmp_path_factory, monkeypatch, capsys):
    other, empty = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("empty")
    trial(other, "z", [row(7.0)])
    monkeypatch.setattr("sys.argv", ["table", str(sweep), str(other), "--output", str(empty)])
    command.main()
    assert len(pd.read_csv(empty / "table.csv")) == 7 and not (sweep / "table.csv").exists()
    with pytest.raises(ConfigurationError, match=r"no run of experiments.run"):
        table.write([empty])
    with pytest.raises(ConfigurationError, match=r"a run with a table.csv of its own"):
        table.write([sweep / "a"])
    monkeypatch.setattr("sys.argv", ["table", "nowhere"])
    with pytest.raises(SystemExit, match="1"):
        command.main()
    assert "nowhere is not a directory" in capsys.readouterr().err


def test_files_of_others_are_left_alone(sweep):
    for name in ("table.csv", "joint.png"):
        (sweep / name).write_text("mine")
        with pytest.raises(ConfigurationError, match=f"has {name} and no table.csv of this command"):
            table.write([sweep])
        assert (sweep / name).read_text() == "mine"
        (sweep / name).unlink()
    table.write([sweep])
    assert len(table.write([sweep])) == 6  # its own are written again


def test_keys_that_decide_no_number_are_no_column(tmp_path):
    words = ["figure.runs=2", "train.checkpoint=1", "hydra.searchpath=[/x]", "weight=0.5"]
    trial(tmp_path, "a", [row(1.0)], overrides=words, weight=0.5)
    assert list(table.write([tmp_path]))[4:] == ["weight", "seed", "loss", "test_error"]


def test_further_processes_of_a_run_add_no_rows(sweep):
    trial(sweep / "a", "process_1", [row(1.0)])
    assert len(table.write([sweep])) == 6
    assert json.loads((sweep / "a" / "status.json").read_text())["trial"] == "a"
