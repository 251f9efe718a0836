"""An experiment over seeds: a trial for each, resumed like any other, and one outcome of all."""

import csv
from pathlib import Path

import hydra
import pytest

from experiments.engine import over_seeds, trial_names
from experiments.engine.checks import ConfigurationError
from experiments.engine.joint_table import collect
from experiments.engine.status import read_status

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "data=digits", "data.limit=200", "model.hidden=3", "train.epochs=1", "penalty=l1", "weight=0.1"]


@pytest.fixture(autouse=True)
def _hydra():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_seeds_are_trials_of_their_own_and_one_outcome(tmp_path):
    result = over_seeds.execute([*SMALL, "seeds=2"], tmp_path / "run")
    alone = over_seeds.execute([*SMALL, "seed=1"], tmp_path / "alone")
    each = [float(rows(tmp_path / f"run/seed_{seed}/metrics.csv")[0]["test_error"]) for seed in (0, 1)]
    assert each[1] == float(rows(tmp_path / "alone/metrics.csv")[0]["test_error"]) == alone.value or each[0] != each[1]
    assert result.value == pytest.approx(sum(each) / 2, rel=1e-5)
    assert float(rows(tmp_path / "run/table.csv")[0]["test_error"]) == pytest.approx(sum(each) / 2, rel=1e-5)
    assert {row["seed"] for row in rows(tmp_path / "run/figure.csv")} == {"0", "1"}
    assert (tmp_path / "run/figure.png").exists()
    table, damaged = collect([tmp_path / "run"])
    assert sorted(table["seed"]) == [0, 1] and not damaged


def test_a_finished_run_is_not_done_again_and_more_seeds_are_added(tmp_path):
    over_seeds.execute([*SMALL, "seeds=2"], tmp_path)
    trained = (tmp_path / "seed_0/run.npz").stat().st_mtime_ns
    assert over_seeds.execute([*SMALL, "seeds=2"], tmp_path).outcome is None
    assert over_seeds.execute([*SMALL, "seeds=[0,1,4]"], tmp_path).outcome is not None
    assert (tmp_path / "seed_0/run.npz").stat().st_mtime_ns == trained
    assert read_status(tmp_path)["seeds"] == [0, 1, 4]
    (tmp_path / "table.csv").write_text("damaged")
    assert over_seeds.execute([*SMALL, "seeds=[0,1,4]"], tmp_path).outcome is not None
    assert "±" not in (tmp_path / "table.csv").read_text() and len(rows(tmp_path / "table.csv")) == 1


def test_the_trials_of_a_sweep_over_seeds_have_names(tmp_path):
    for rate in (0.01, 0.02):
        over_seeds.execute([*SMALL, f"optimizer.learning_rate={rate}", "seeds=1"], tmp_path / f"overview-{rate}")
    trial_names.link(tmp_path)
    assert {path.name: path.resolve().name for path in (tmp_path / "by_name").iterdir()} == {
        "optimizer.learning_rate=0.01": "overview-0.01",
        "optimizer.learning_rate=0.02": "overview-0.02",
    }


def test_a_directory_of_another_run_is_refused(tmp_path):
    over_seeds.execute([*SMALL, "seeds=1"], tmp_path / "seeds")
    over_seeds.execute(SMALL, tmp_path / "one")
    with pytest.raises(ConfigurationError, match="holds a run of one seed"):
        over_seeds.execute([*SMALL, "seeds=2"], tmp_path / "one")
    with pytest.raises(ConfigurationError, match="holds a run over seeds"):
        over_seeds.execute(SMALL, tmp_path / "seeds")
    with pytest.raises(ConfigurationError, match=r"another run over seeds: weight: 0.1 -> 0.2"):
        over_seeds.execute([*SMALL, "weight=0.2", "seeds=1"], tmp_path / "seeds")


@pytest.mark.parametrize("value", ["0", "-1", "true", "[]", "[1,1]", "[a]", "1.5", "two"])
def test_seeds_that_are_none_are_refused(tmp_path, value):
    with pytest.raises(ConfigurationError, match="seed"):
        over_seeds.execute([*SMALL, f"seeds={value}"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_seed_beside_seeds_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="one of them is given"):
        over_seeds.execute([*SMALL, "seed=3", "seeds=2"], tmp_path / "run")
