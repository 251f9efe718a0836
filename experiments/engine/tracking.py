"""Curves, final numbers, parameters and figures for TensorBoard or MLflow, in the run's own directory; nothing leaves it."""

import contextlib
import importlib.util
import logging
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from experiments.common.trained_grid import label as run_label
from experiments.engine.checks import ConfigurationError
from experiments.engine.identity import flat
from experiments.engine.numbers import decides_numbers

PACKAGES = {"tensorboard": ("tensorboardX",), "mlflow": ("mlflow", "sqlalchemy", "alembic")}
ELSEWHERE = ("at", "variants", "shard")  # keys whose values stand under other keys, or that choose runs


def check(track):
    """Refuse a tracker that is unknown or not installed; null is none."""
    if track is None:
        return
    if track not in PACKAGES:
        raise ConfigurationError(f"track is {track!r}: it must be null, {' or '.join(PACKAGES)}")
    if any(importlib.util.find_spec(name) is None for name in PACKAGES[track]):
        raise ConfigurationError(f"track={track} needs packages that are not installed: pip install 'jaxae[{track}]'")


@contextlib.contextmanager
def watched(track, directory: Path, name, variant, setup):
    """A function of an epoch's index and curve values, each [runs], that shows them in the tracker while a grid trains.

    name: of the experiment; setup: of the variant's grid. What it writes gives way to what `write` leaves in the end; without
    a tracker there is None.
    """
    if track is None:
        yield None
        return
    place = directory / track
    place.mkdir(parents=True, exist_ok=True)
    titles = [_title(variant, run, run_label(setup.table, run)) for run in range(len(setup.seeds))]
    with {"tensorboard": _watched_tensorboard, "mlflow": _watched_mlflow}[track](place, name, titles) as show:

        def on_epoch(index, row):
            for quantity, values in row.items():
                for run, value in enumerate(np.asarray(values, np.float64)):
                    if np.isfinite(value):
                        show(run, quantity, value.item(), index + 1)

        yield on_epoch


def write(track, directory: Path, name, grids, cfgs):
    """Leave trained grids in DIRECTORY/tensorboard or DIRECTORY/mlflow, in the place of what an earlier call left.

    track: null writes nothing; name: of the experiment; grids, cfgs: the trained grids and their configurations by variant; the
    directory's figure.png is taken in.
    """
    if track is None:
        return
    place = directory / track
    place.mkdir(parents=True, exist_ok=True)
    records = [
        _record(label, run, grid, cfgs[label]) for label, grid in grids.items() for run in range(len(grid.seeds))
    ]
    {"tensorboard": _tensorboard, "mlflow": _mlflow}[track](place, name, records, directory / "figure.png")


def _record(label, run, grid, cfg):
    """One run of a grid: its name, parameters, and curves of finite values, {name: [(epoch, value), ...]}."""
    axes = {key: column[run].item() for key, column in grid.table.items()} | {"seed": int(grid.seeds[run])}
    settings = {key: value for key, value in OmegaConf.to_container(cfg, resolve=True).items() if key not in ELSEWHERE}
    parameters = {
        key: value if isinstance(value, bool | int | float) else str(value)
        for key, value in flat(settings).items()
        if decides_numbers(key)
    }
    curves = {key: np.asarray(values[run], np.float64) for key, values in grid.curve.items()}
    points = {
        key: [(epoch, v.item()) for epoch, v in enumerate(c, start=1) if np.isfinite(v)] for key, c in curves.items()
    }
    return _title(label, run, grid.labels()[run]), parameters | axes, points


def _title(variant, run, words):
    """The name of a run, which is that of a directory, too."""
    return re.sub(r"[^\w.-]+", "_", f"{variant}-{run}-{words}").strip("-")


@contextlib.contextmanager
def _watched_tensorboard(place, name, titles):
    from tensorboardX import SummaryWriter

    with contextlib.ExitStack() as stack:
        opened = {"filename_suffix": ".watched", "flush_secs": 1}
        writers = [stack.enter_context(SummaryWriter(str(place / title), **opened)) for title in titles]

        def show(run, quantity, value, epoch):
            writers[run].add_scalar(quantity, value, epoch)
            writers[run].flush()

        yield show


@contextlib.contextmanager
def _watched_mlflow(place, name, titles):
    client, experiment = _mlflow_experiment(place, name)
    runs = [client.create_run(experiment, run_name=title).info.run_id for title in titles]

    def show(run, quantity, value, epoch):
        client.log_metric(runs[run], quantity, value, step=epoch)

    yield show


def _tensorboard(place, name, records, figure):
    from PIL import Image
    from tensorboardX import SummaryWriter

    shutil.rmtree(place)
    with SummaryWriter(str(place)) as writer, Image.open(figure) as picture:
        writer.add_image(name, np.asarray(picture.convert("RGB")), dataformats="HWC")
    for title, parameters, curves in records:
        # two writers of one directory within a second would share a file but for the suffix
        with SummaryWriter(str(place / title), filename_suffix=".curves") as writer:
            for key, points in curves.items():
                for epoch, value in points:
                    writer.add_scalar(key, value, epoch)
            final = {f"final/{key}": points[-1][1] for key, points in curves.items() if points}
            writer.add_hparams(parameters, final, name=".")


def _mlflow_experiment(place, name):
    """A client of the store in a folder, and the experiment of this name there."""
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}  # read when mlflow is imported
    from mlflow.tracking import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of every table that it makes
    client = MlflowClient(f"sqlite:///{(place / 'mlflow.db').resolve()}")
    if known := client.get_experiment_by_name(name):
        return client, known.experiment_id
    artifacts = (place / "artifacts").resolve().as_uri()
    return client, client.create_experiment(name, artifact_location=artifacts)


def _mlflow(place, name, records, figure):
    client, experiment = _mlflow_experiment(place, name)
    from mlflow.entities import Metric, Param

    # a store stays open for the length of the process, so that earlier runs are deleted, not their file
    for earlier in client.search_runs([experiment]):
        client.delete_run(earlier.info.run_id)
    whole = client.create_run(experiment, run_name=name).info.run_id
    client.log_artifact(whole, str(figure))
    client.set_terminated(whole)
    now = int(time.time() * 1000)
    for title, parameters, curves in records:
        run = client.create_run(experiment, run_name=title, tags={"mlflow.parentRunId": whole}).info.run_id
        params = [Param(key, str(value)) for key, value in parameters.items()]
        metrics = [Metric(key, value, now, epoch) for key, points in curves.items() for epoch, value in points]
        for start in range(0, len(params), 100):  # what one batch may hold
            client.log_batch(run, params=params[start : start + 100])
        for start in range(0, len(metrics), 1000):
            client.log_batch(run, metrics=metrics[start : start + 1000])
        client.set_terminated(run)
