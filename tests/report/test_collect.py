"""What is kept of a finished run."""

import csv

import pytest

from experiments.common.tables import OverSeeds, numbers, write_csv
from experiments.engine.checks import ConfigurationError
from experiments.engine.status import write_status
from experiments.report.collect import collect, main, of_experiment

DONE = {
    "experiment": "spectrum",
    "seconds": {"total": 61.4},
    "configuration": {"seed": 7, "data": {"name": "cifar10_bw"}},
}


def run(directory, ratio, **facts):
    directory.mkdir(parents=True, exist_ok=True)
    write_csv(directory / "table.csv", [{"model": "AE", "ratio": ratio}, {"model": "CAE", "ratio": ratio / 2}])
    write_csv(directory / "verdicts.csv", [{"claim": "c", "holds": True}])
    write_status(directory, "completed", **DONE | facts)
    return directory


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_rows_of_every_seed_are_kept_with_what_they_were_made_by(tmp_path):
    place = tmp_path / "run"
    for seed, commit in ((0, "abc"), (3, "def")):
        run(place / f"seed_{seed}", 0.5 + seed, commit=commit, machine="a machine")
    run(place, 9.0, seeds=[0, 3])
    assert collect(place, tmp_path) == "spectrum"
    rows = read(tmp_path / "spectrum.csv")
    assert [(row["seed"], row["model"], row["ratio"]) for row in rows] == [
        ("0", "AE", "0.5"), ("0", "CAE", "0.25"), ("3", "AE", "3.5"), ("3", "CAE", "1.75"),
    ]  # fmt: skip
    assert [(row["commit"], row["machine"], row["seconds"]) for row in rows[1:3]] == [
        ("abc", "a machine", "61"), ("def", "a machine", "61"),
    ]  # fmt: skip
    assert read(tmp_path / "spectrum_verdicts.csv") == [{"claim": "c", "holds": "True"}]


def test_a_run_of_one_seed_is_its_own(tmp_path):
    collect(run(tmp_path / "run", 0.5, commit="abc", machine="a machine"), tmp_path)
    assert [row["seed"] for row in read(tmp_path / "spectrum.csv")] == ["7", "7"]


def test_seeds_that_are_an_axis_of_one_grid_are_told_together(tmp_path):
    place = run(
        tmp_path / "run", 0.5, commit="abc", machine="m", configuration=DONE["configuration"] | {"seed": [0, 1]}
    )
    write_csv(place / "table.csv", [{"model": "AE", "ratio": OverSeeds(0.5, 0.1)}])
    collect(place, tmp_path)
    (row,) = read(tmp_path / "spectrum.csv")
    assert row["seed"] == "0, 1" and numbers(row)["ratio"] == OverSeeds(0.5, 0.1)


def test_a_run_that_does_not_say_its_commit_is_told_it(tmp_path):
    place = run(tmp_path / "run", 0.5, machine="a machine")
    with pytest.raises(ConfigurationError, match=r"status\.json does not say its commit: give it as an option"):
        collect(place, tmp_path)
    collect(place, tmp_path, commit="abc", machine="another")
    assert {(row["commit"], row["machine"]) for row in read(tmp_path / "spectrum.csv")} == {("abc", "a machine")}


def test_a_run_on_other_data_than_the_papers_has_a_table_of_its_own(tmp_path):
    other = {"seed": 7, "data": {"name": "mnist"}}
    place = run(tmp_path / "run", 0.5, commit="abc", machine="a machine", configuration=other)
    assert collect(place, tmp_path) == "spectrum_mnist"
    assert {path.name for path in tmp_path.glob("*.csv")} == {"spectrum_mnist.csv", "spectrum_mnist_verdicts.csv"}
    assert of_experiment("spectrum_mnist") == ("spectrum", "mnist")
    assert of_experiment("filters_ksparse_patches") == ("filters_ksparse_patches", None)
    assert of_experiment("filters_ksparse_fashion_mnist") == ("filters_ksparse", "fashion_mnist")


def test_only_completed_runs_are_kept(tmp_path, capsys):
    write_status(tmp_path, "running", **DONE)
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "holds no completed run: running" in capsys.readouterr().err
