"""RESULTS.md: the tables of experiments/results beside the published values, with a list of what falls short.

python -m experiments.report.results
"""

import argparse
import csv
from pathlib import Path

from omegaconf import OmegaConf

from experiments.common.tables import as_text
from experiments.report.compared import SECTIONS, number, table
from jaxae.files.atomic import replacing

EXPERIMENTS = Path(__file__).resolve().parents[1]
CONF = EXPERIMENTS.parent / "conf"
NO_EXPERIMENT = "benchmark_"  # what the names of tables begin with that BENCHMARKS.md shows
SEARCH = "_search"  # what the names of tables end with by which an experiment's settings were chosen

HEAD = """# Results on the papers' data

Full data sets at `scale=paper`, on two cores of an Intel Xeon virtual machine with other work on it, so the minutes are
upper bounds. Every row is one run and one seed. The rules are those of the experiments' own verdicts; "-" is no rule. A
published value in brackets was computed by the paper's protocol and is not printed in it.

Written from the tables in [results](results) and `experiments/common/published.py` by `python -m experiments.report.results`.
What it costs to train is in [BENCHMARKS.md](BENCHMARKS.md), all figures and the results at `scale=quick` are in the
[gallery](README.md).
"""


def page(results: Path = EXPERIMENTS / "results") -> str:
    """The text of RESULTS.md for the tables in a folder; a table without a section here is shown as it is."""
    names = [path.stem for path in sorted(results.glob("*.csv"))]
    found = [name for name in names if not (name.startswith(NO_EXPERIMENT) or name.endswith(SEARCH))]
    names = [name for name in SECTIONS if name in found] + [name for name in found if name not in SECTIONS]
    parts, short = [HEAD], []
    for name in names:
        with (results / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        section = SECTIONS[name]() if name in SECTIONS else None
        parts.append(_section(name, section, rows))
        short += _falling_short(name, section, rows) if section else []
    parts.append("## What falls short\n\n" + "".join(f"- {line}\n" for line in short))
    return "\n".join(parts)


def write(target: Path, results: Path = EXPERIMENTS / "results"):
    """Leave RESULTS.md at a path."""
    with replacing(target) as file:
        file.write(page(results).encode())


def _section(name, section, rows):
    about = OmegaConf.load(CONF / "experiment" / f"{name}.yaml")
    text = f"## {name}\n\n{about.paper}. Table: [results/{name}.csv](results/{name}.csv).\n\n"
    if section is None:
        return text + table(rows[0], [[_short(value) for value in row.values()] for row in rows])
    words = " ".join(filter(None, [f"experiment={name}", "scale=paper", section.words]))
    text += f"    python -m experiments.run {words}    # {section.minutes} minutes\n\n"
    if section.compared:
        body = [_compared(each, rows) for each in section.compared]
        text += table(("quantity (test set)", "measured", "published", "rule", ""), body)
    text += section.more(rows)
    return text + (f"\n{section.notes}\n" if section.notes else "")


def _compared(each, rows):
    value, holds = each.value(rows), each.holds(rows)
    return (
        each.what,
        number(value, each.form),
        each.paper,
        each.rule,
        {None: "", True: "holds", False: "falls short"}[holds],
    )


def _falling_short(name, section, rows):
    missed = [each for each in section.compared if each.holds(rows) is False]
    lines = [f"`{name}`: {each.what}: {number(each.value(rows), each.form)}, wanted {each.rule}." for each in missed]
    return lines + section.short(rows)


def _short(value):
    """A value of a csv as a table shows it."""
    try:
        return as_text(float(value))
    except ValueError:
        return value


def main(arguments=None):
    """Write RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m experiments.report.results", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=EXPERIMENTS / "RESULTS.md", help="where to write"
    )
    write(parser.parse_args(arguments).output)


if __name__ == "__main__":
    main()
