"""Results to keep: the table and the verdicts of a finished run, as csv files in experiments/results.

python -m experiments.report.collect outputs/NAME
"""

import argparse
from pathlib import Path

from omegaconf import OmegaConf

from experiments.common.tables import aligned, read_csv, write_csv
from experiments.engine.checks import ConfigurationError
from experiments.engine.over_seeds import place_of
from experiments.engine.status import read_status

RESULTS = Path(__file__).resolve().parents[1] / "results"
EXPERIMENTS = RESULTS.parents[1] / "conf" / "experiment"  # their configurations
VERDICTS = "_verdicts"
WITHIN = ", "  # between the seeds that are an axis of one grid, whose table is over them already
ABOUT = ("commit", "machine", "seconds")  # of a seed's run, the last columns of a table


def collect(directory: Path, results: Path = RESULTS, commit: str | None = None, machine: str | None = None) -> str:
    """Write results/NAME.csv, every row with its seed, commit, machine and seconds, and NAME_verdicts.csv -> NAME.

    NAME is the experiment's, and EXPERIMENT_DATA where the data are not those of scale=paper. commit, machine: for a run that
    does not say its own. Raises ConfigurationError for a directory without a completed run,
    or whose run says neither.
    """
    status = _completed(directory)
    experiment, rows = status["experiment"], []
    for seed, place in _places(status, directory).items():
        run = _completed(place)
        name = _named(experiment, run["configuration"]["data"]["name"])
        about = {"commit": run.get("commit", commit), "machine": run.get("machine", machine)}
        if missing := [key for key, value in about.items() if not value]:
            raise ConfigurationError(
                f"{place}/status.json does not say its {' and '.join(missing)}: give it as an option"
            )
        about["seconds"] = round(run["seconds"]["total"])
        rows += [{"seed": seed} | row | about for row in read_csv(place / "table.csv")]
    write_csv(results / f"{name}.csv", aligned(rows))
    if (directory / "verdicts.csv").exists():
        write_csv(results / f"{name}{VERDICTS}.csv", read_csv(directory / "verdicts.csv"))
    return name


def of_experiment(name: str) -> tuple[str, str | None]:
    """The experiment of a table's name, and its data where they are not those of scale=paper."""
    known = [path.stem for path in EXPERIMENTS.glob("*.yaml") if f"{name}_".startswith(f"{path.stem}_")]
    experiment = max(known, key=len)
    return experiment, name[len(experiment) + 1 :] or None


def _named(experiment, data):
    paper = OmegaConf.load(EXPERIMENTS / f"{experiment}.yaml").at.paper.get("data", data)
    return experiment if data == paper else f"{experiment}_{data}"


def _places(status, directory):
    """{seed: directory} of the runs that a status.json speaks of; all seeds are one key where a table is over them."""
    if "seeds" in status:
        return {seed: place_of(seed, directory) for seed in status["seeds"]}
    seed = status["configuration"]["seed"]
    return {WITHIN.join(map(str, seed)) if isinstance(seed, list) else seed: directory}


def _completed(directory):
    status = read_status(directory)
    if status.get("status") != "completed":
        raise ConfigurationError(
            f"{directory} holds no completed run: {status.get('status', 'there is no status.json')}"
        )
    return status


def main(arguments=None):
    """Collect the runs of the command line."""
    parser = argparse.ArgumentParser(prog="python -m experiments.report.collect", description=__doc__.splitlines()[0])
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIR", help="hydra.run.dir of a finished run")
    parser.add_argument("--commit", help="the commit of runs that do not say theirs")
    parser.add_argument("--machine", help="the machine of runs that do not say theirs")
    chosen = parser.parse_args(arguments)
    for directory in chosen.directories:
        try:
            print(collect(directory, commit=chosen.commit, machine=chosen.machine))
        except (ConfigurationError, OSError) as error:
            parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
