"""What TensorBoard and MLflow read back is what was trained; without a tracker none is imported."""

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import hydra
import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from experiments.engine import tracking
from experiments.engine.checks import ConfigurationError
from experiments.engine.trial import execute

ROOT = Path(__file__).parents[2]
CURVE = {"loss": np.array([[3.0, 2.0, 1.0], [5.0, 4.5, np.nan]])}
RUN = SimpleNamespace(
    table={"weight": np.array([0.0, 0.5])},
    seeds=np.array([3, 3]),
    curve=CURVE,
    labels=lambda: ["weight 0", "weight 0.5"],
)
CFG = {"weight": [0, 0.5], "seed": 3, "model": {"hidden": [3, 2], "tied": True}, "at": {"smoke": {"epochs": 1}}}


@pytest.fixture
def directory(tmp_path):
    Image.fromarray(np.full((20, 30, 3), 7, np.uint8)).save(tmp_path / "figure.png")
    return tmp_path


def write(track, directory):
    tracking.check(track)
    tracking.write(track, directory, "overview", {"run": RUN}, {"run": OmegaConf.create(CFG)})


def events(path):
    """The events of a file of TensorBoard's: records of a length, its checksum, a message and its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content = path.read_bytes()
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        yield Event.FromString(content[12 : 12 + length])
        content = content[16 + length :]


def test_tensorboard_reads_back_curves_final_numbers_parameters_and_figure(directory):
    pytest.importorskip("tensorboardX")
    write("tensorboard", directory)
    write("tensorboard", directory)  # a second time in the place of the first
    place = directory / "tensorboard"
    assert sorted(path.name for path in place.iterdir() if path.is_dir()) == ["run-0-weight_0", "run-1-weight_0.5"]
    points, parameters = {}, ""
    for path in (place / "run-1-weight_0.5").iterdir():
        for event in events(path):
            for value in event.summary.value:
                parameters += str(value.metadata) if "hparams" in str(value.metadata) else ""
                if not value.metadata.plugin_data.plugin_name:
                    points.setdefault(value.tag, []).append((event.step, value.simple_value))
    assert points == {"loss": [(1, 5.0), (2, 4.5)], "final/loss": [(0, 4.5)]}  # until it became NaN
    assert "weight" in parameters and "model.hidden" in parameters and "smoke" not in parameters
    (image,) = [
        value.image for path in place.glob("events*") for event in events(path) for value in event.summary.value
    ]
    assert (image.height, image.width) == (20, 30)


@pytest.mark.slow
def test_mlflow_reads_back_curves_final_numbers_parameters_and_figure(directory):
    for name in tracking.PACKAGES["mlflow"]:
        pytest.importorskip(name)
    for _ in range(2):  # a second time in the place of the first
        write("mlflow", directory)
    from mlflow.telemetry.utils import is_telemetry_disabled
    from mlflow.tracking import MlflowClient

    assert is_telemetry_disabled()
    client = MlflowClient(f"sqlite:///{directory}/mlflow/mlflow.db")
    found = {
        run.info.run_name: run
        for run in client.search_runs([client.get_experiment_by_name("overview").experiment_id], max_results=50)
    }
    assert set(found) == {"overview", "run-0-weight_0", "run-1-weight_0.5"}
    assert all(run.info.status == "FINISHED" for run in found.values())
    run = found["run-1-weight_0.5"]
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss")] == [(1, 5.0), (2, 4.5)]
    assert found["run-0-weight_0"].data.metrics == {"loss": 1.0}
    assert run.data.params == {"weight": "0.5", "seed": "3", "model.hidden": "[3, 2]", "model.tied": "True"}
    assert [file.path for file in client.list_artifacts(found["overview"].info.run_id)] == ["figure.png"]
    assert [path.name for path in directory.rglob("figure.png")] == ["figure.png"] * 3  # its own and one per writing


def test_an_unknown_tracker_and_a_missing_package_are_refused(monkeypatch):
    with pytest.raises(ConfigurationError, match="track is 'wandb': it must be null, tensorboard or mlflow"):
        tracking.check("wandb")
    with pytest.raises(ConfigurationError, match="track is True"):
        tracking.check(True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for track in tracking.PACKAGES:
        with pytest.raises(ConfigurationError, match=rf"track={track} needs .*: pip install 'jaxae\[{track}\]'"):
            tracking.check(track)


def test_a_refused_tracker_trains_nothing(tmp_path):
    with (
        hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"),
        pytest.raises(ConfigurationError, match="track is 'wandb'"),
    ):
        execute(["scale=smoke", "track=wandb"], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_tracker_is_imported_where_none_is_asked_for():
    program = (
        "import sys; from experiments.engine import trial, tracking; tracking.check(None); "
        "tracking.write(None, None, None, None, None); print([n for n in ('tensorboardX', 'mlflow') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


class Stopped(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("track", ["tensorboard", "mlflow"])
def test_curves_are_there_while_a_grid_trains(track, tmp_path, monkeypatch):
    pytest.importorskip("tensorboardX" if track == "tensorboard" else "mlflow")
    seen = []

    def look(*arguments):
        seen.append(list(points(track, tmp_path)))
        raise Stopped

    monkeypatch.setattr("experiments.figures.overview.outcome", look)
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"), pytest.raises(Stopped):
        execute(
            ["scale=smoke", "model.hidden=3", "train.epochs=2", "penalty=l1", "weight=[0,0.5]", f"track={track}"],
            tmp_path,
        )
    assert sorted(seen[0]) == [
        ("run-0-weight_0", 1),
        ("run-0-weight_0", 2),
        ("run-1-weight_0.5", 1),
        ("run-1-weight_0.5", 2),
    ]


def points(track, directory):
    """(run, epoch) of every test error that the tracker has."""
    place = directory / track
    if track == "tensorboard":
        for path in place.glob("*/*"):
            for event in events(path):
                for value in event.summary.value:
                    if value.tag == "test_error":
                        yield path.parent.name, event.step
        return
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{place / 'mlflow.db'}")
    for run in client.search_runs([client.get_experiment_by_name("overview").experiment_id]):
        for metric in client.get_metric_history(run.info.run_id, "test_error"):
            yield run.info.run_name, metric.step
