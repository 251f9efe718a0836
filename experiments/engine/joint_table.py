"""One table of all trials below some directories, its means over seeds, and one figure.

python -m experiments.table sweeps/lambda
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.common.console import console
from experiments.engine import identity, joint_drawing, locks
from experiments.engine.checks import ConfigurationError
from experiments.engine.numbers import decides_numbers
from experiments.engine.status import read_status
from experiments.engine.trial_names import LINKS
from jaxae.files.atomic import replacing

FIRST = ["status", "experiment", "variant", "trial"]
WRITTEN = ("table.csv", "table.parquet", "summary.csv", "joint.png")
NUMBERS_AT_THE_END = (
    "loss",
    "error",
    "penalty",
    "test_error",
    "validation_error",
    "test_error_float32",
    "active_units",
    "dead_units",
    "explained_variance",
)  # columns of metrics.csv


def write(places: list[Path], target: Path | None = None) -> pd.DataFrame:
    """Leave table.csv, table.parquet, summary.csv and joint.png of all trials below the places in `target`, else in the first.

    A trial whose files are damaged is named, and the others are written.
    Raises ConfigurationError where there is no trial, or where `target` is one.
    """
    target = target or places[0]
    check_target(target)
    with locks.lock(target, wait=True):  # of two sweeps over one directory, the later one reads what both have done
        table, damaged = collect(places)
        for what in damaged:
            console.print(what, highlight=False, soft_wrap=True, markup=False)
        means = summary(table)
        with replacing(target / "table.csv") as file:
            table.to_csv(file, index=False, mode="wb")
        with replacing(target / "table.parquet") as file:
            table.to_parquet(file, index=False)
        with replacing(target / "summary.csv") as file:
            means.to_csv(file, index=False, mode="wb")
        figure = joint_drawing.draw(means, parameters(means))
        if figure:
            with replacing(target / "joint.png") as file:
                figure.savefig(file, format="png", dpi=140)
            plt.close(figure)
    counts = ", ".join(f"{n} {status}" for status, n in table.groupby("status")["trial"].nunique().items())
    console.print(f"{target / 'table.csv'}: {len(table)} rows; trials: {counts}", highlight=False, soft_wrap=True)
    return table


def check_target(target: Path):
    """Refuse a directory that is a run, or that has files of the names of ours which `write` has not written."""
    if (target / "status.json").exists():
        raise ConfigurationError(f"{target} is a run with a table.csv of its own: choose another directory by --output")
    others = [name for name in WRITTEN if (target / name).exists()]
    if others and not _is_ours(target / "table.csv"):
        raise ConfigurationError(
            f"{target} has {', '.join(others)} and no table.csv of this command: choose another directory, or move it away"
        )


def _is_ours(path):
    try:
        return path.read_text(encoding="utf-8").startswith(",".join(FIRST))
    except (OSError, ValueError):
        return False


def collect(places: list[Path]) -> tuple[pd.DataFrame, list[str]]:
    """The rows of all trials, and a sentence for each trial whose files cannot be read; a trial without numbers is one row.

    A row says its status (completed, running, interrupted or failed), experiment, variant, trial, every overridden number or
    choice that decides the trained grids, seed and metrics at the end of training.
    """
    found, damaged = [], []
    for path in sorted({path for place in places for path in place.rglob("status.json")}):
        if any(part.startswith("process_") or part == LINKS for part in path.parts):
            continue  # of the further processes of one run, which write the same, or a copy of a link to a trial
        try:
            found.append((path.parent, read_status(path.parent)))
        except ConfigurationError as error:
            damaged.append(str(error))
    found = [(place, status) for place, status in found if "trial" in status and "seeds" not in status]
    if not found:
        raise ConfigurationError(f"{', '.join(map(str, places))}: no run of experiments.run lies there")
    keys = sorted({key for _, status in found for key in _overridden(status)})
    rows = []
    for place, status in found:
        for label, directory in _grids(place, status):
            about = _about(place, status, label, keys)
            try:
                metrics = _metrics(directory / "metrics.csv")
            except (OSError, ValueError) as error:
                metrics = []
                if status["status"] == "completed":
                    damaged.append(f"{directory / 'metrics.csv'} cannot be read: {error}")
            rows += [about | row for row in metrics] or [about]
    return _ordered(pd.DataFrame(rows)), damaged


def parameters(table: pd.DataFrame) -> list[str]:
    """The columns that tell trials apart but for the seed: experiment, variant, and all that was overridden or swept."""
    measured = {f"{name} {what}" for name in NUMBERS_AT_THE_END for what in ("mean", "std")}
    other = {*measured, *NUMBERS_AT_THE_END, "status", "trial", "seed", "shard", "diverged", "count"}
    return [name for name in table.columns if name not in other]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean, standard deviation and count over the seeds of completed trials; diverged runs are counted beside, not averaged."""
    table = table[(table["status"] == "completed") & table.get("test_error", pd.Series(index=table.index)).notna()]
    by = parameters(table)
    gone = table["diverged"].fillna(-1) >= 0 if "diverged" in table else pd.Series(False, index=table.index)
    measured = [name for name in NUMBERS_AT_THE_END if name in table]
    kept = table[measured].mask(gone)
    groups = kept.groupby([table[name] for name in by], dropna=False, sort=False)
    means = {f"{name} {what}": getattr(groups[name], what)() for name in measured for what in ("mean", "std")}
    means["count"] = groups[measured[0]].count() if measured else groups.size()
    if gone.any():
        means["diverged"] = gone.groupby([table[name] for name in by], dropna=False, sort=False).sum()
    return pd.DataFrame(means).reset_index()


def _overridden(status):
    """The keys that the command line set, as columns: a number's own, a choice's with ".name"."""
    overrides = OverridesParser.create().parse_overrides(status.get("overrides", []))
    keys = [override.key_or_group for override in overrides if not override.is_delete()]
    keys = [key for key in keys if key == "scale" or (decides_numbers(key) and key != "experiment")]
    return [f"{key}.name" if key in status["choices"] and key != "scale" else key for key in keys]


def _grids(place, status):
    labels = list(status["configuration"]["variants"])
    return [(label, place / label) for label in labels] if len(labels) > 1 else [("", place)]


def _about(place, status, label, keys):
    state = status["status"]
    if state == "running" and not locks.busy(place):
        state = "interrupted"
    about = {"status": state, "experiment": status["experiment"], "variant": label, "trial": status["trial"]}
    configuration = status["configuration"]
    values = identity.flat(configuration["variants"].get(label, configuration))
    values |= {f"{group}.name": name for group, name in status["choices"].items() if group != "scale"}
    values["scale"] = status["choices"].get("scale")
    for key in ["seed", *keys]:
        value = values.get(key)
        about[key] = json.dumps(value) if isinstance(value, list) else value
    return about


def _metrics(path):
    """The rows of a metrics.csv; raises ValueError for one that is not whole."""
    table = pd.read_csv(path)
    if (
        table.empty
        or not {"seed", "test_error"} <= set(table.columns)
        or not pd.api.types.is_numeric_dtype(table["test_error"])
    ):
        raise ValueError("it is not a table of runs with seed and test_error")
    if not path.read_text(encoding="utf-8").endswith("\n") or table["seed"].isna().any():
        raise ValueError("its last line is cut off")
    return table.to_dict("records")


def _ordered(table):
    """The columns in reading order, each of one kind: numbers, or words where some value is none."""
    measured = [name for name in (*NUMBERS_AT_THE_END, "diverged") if name in table]
    middle = [name for name in table.columns if name not in (*FIRST, *measured, "seed")]
    table = table[[*FIRST, *middle, "seed", *measured]].copy()
    for name in [*middle, "seed"]:
        kinds = {type(value) for value in table[name] if not pd.isna(value)}
        if kinds & {str, bool}:
            table[name] = table[name].map(lambda value: None if pd.isna(value) else str(value))
        unfinished = table["test_error"].isna() if "test_error" in table else pd.Series(True, index=table.index)
        numbers = pd.to_numeric(table[name], errors="coerce")
        if kinds and numbers[~unfinished].notna().any() and (numbers.notna() | unfinished | table[name].isna()).all():
            table[name] = numbers  # the list of a grid that is not finished is no number
    table["seed"] = table["seed"].astype("Int64") if pd.api.types.is_numeric_dtype(table["seed"]) else table["seed"]
    return table.sort_values([*FIRST[1:3], *middle, "seed", "trial"], ignore_index=True)
