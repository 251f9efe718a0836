"""RESULTS.md: every published number beside ours, then the tables and verdicts of experiments/results.

python -m experiments.report.results
"""

import argparse
from pathlib import Path

from omegaconf import OmegaConf

from experiments.common.over_seeds import table_over_seeds
from experiments.common.tables import numbers, read_csv
from experiments.report import papers
from experiments.report.collect import ABOUT, EXPERIMENTS, RESULTS, VERDICTS, WITHIN, of_experiment
from experiments.report.comparison import Left
from experiments.report.markdown import cell, measured, table
from experiments.report.notes import NOTES, WORDS
from jaxae.files.atomic import replacing

OTHERS = ("_search", VERDICTS)  # what the names of tables end with that are no experiment's own
NO_EXPERIMENT = "benchmark_"  # what the names of tables begin with that BENCHMARKS.md shows

HEAD = """# Results on the papers' data

The papers' data at `scale=paper`, or made data of the size that an experiment's file gives. Numbers over several seeds are
mean ± standard deviation. A classification error counts as reproduced within the 95 % interval of the published one over the
test examples, a printed loss within half a unit of its last digit, a curve within a quarter of its sum, a subspace within a
degree, a cosine that is read off a picture within 0.02 of the range and a mean cosine within 0.01, a share of features found
within five points, and other numbers within 5 %; where less is better, less is ahead.

Over several seeds a verdict holds where it does in every seed and each difference that its rule wants above 0 is so by a
one-sided paired t-test at 5 %, or is the same for every seed; the least certain difference is the one with the largest p.
A classifier errs less than another if the difference is more than two of its standard errors over the test examples, taken in
pairs, in every seed. Numbers within a verdict are means of rounded numbers, those of the tables are exact.

Written from the tables in [results](results) by `python -m experiments.report.results`; a table comes from a finished run by
`python -m experiments.report.collect DIRECTORY`. Minutes were taken with other runs beside them; what it costs to train is in
[BENCHMARKS.md](BENCHMARKS.md). Figures and results at `scale=quick` are in the [gallery](README.md).
"""


def page(results: Path = RESULTS) -> str:
    """The text of RESULTS.md for the tables in a folder."""
    files = [path for path in sorted(results.glob("*.csv")) if not path.stem.startswith(NO_EXPERIMENT)]
    kept = {path.stem: read_csv(path) for path in files if not path.stem.endswith(OTHERS)}
    tables = {name: _by_seed(each) for name, each in kept.items()}
    verdicts = {path.stem.removesuffix(VERDICTS): read_csv(path) for path in files if path.stem.endswith(VERDICTS)}
    rows = papers.rows()
    parts = [HEAD, _published(rows, tables), _differing(rows, tables), _claims(verdicts, tables)]
    parts += [_section(name, kept[name], tables[name], verdicts.get(name, [])) for name in tables]
    return "\n".join(filter(None, parts))


def write(target: Path, results: Path = RESULTS):
    """Leave RESULTS.md at a path."""
    with replacing(target) as file:
        file.write(page(results).encode())


def _by_seed(rows):
    """{seed: rows of the experiment's own columns} of a csv."""
    seeds = {}
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in ("seed", *ABOUT)}
        seeds.setdefault(row["seed"], []).append(kept)
    return seeds


def _published(rows, tables):
    body = []
    for row in rows:
        if isinstance(row, Left):
            body.append((row.paper, row.what, row.published, "", row.why))
        else:
            number = measured(row.measured(tables), row.form)
            body.append((row.paper, row.what, row.as_published, number, row.outcome(tables)))
    return "## Published numbers\n\n" + table(
        ("paper", "quantity (test set)", "published", "measured", "outcome"), body
    )


def _differing(rows, tables):
    """Where ours is neither reproduced nor ahead, by what it is due to."""
    found = {}
    for row in rows:
        if not isinstance(row, Left) and row.differs(tables):
            found.setdefault(row.why, []).append(f"{row.what} ({row.outcome(tables)})")
    lines = [f"- {why[:1].upper()}{why[1:]}: {'; '.join(whats)}.\n" for why, whats in found.items()]
    return "## What differs, and why\n\n" + "".join(lines)


def _claims(verdicts, tables):
    """How many of the papers' claims hold over all seeds."""
    published = [row["holds"] == "True" for each in verdicts.values() for row in each if row["claimed by"] != "jaxae"]
    if not published:
        return ""
    words = f"{sum(published)} of the {len(published)} verdicts on claims of papers hold over all seeds"
    others = "" if tables.keys() <= verdicts.keys() else "; the other tables are of runs that kept none"
    return f"## Claims\n\n{words} ({', '.join(verdicts)}{others}).\n"


def _section(name, rows, seeds, verdicts):
    experiment, data = of_experiment(name)
    about = OmegaConf.load(EXPERIMENTS / f"{experiment}.yaml")
    text = f"## {name}\n\n{about.paper}. Table: [results/{name}.csv](results/{name}.csv).\n\n"
    words = [f"experiment={experiment}", "scale=paper", *filter(None, [data and f"data={data}", WORDS.get(name)])]
    if len(seeds) > 1:
        words.append(f"'seeds=[{','.join(seeds)}]'")
    text += f"    python -m experiments.run {' '.join(words)}\n\n{_made(rows, seeds)}\n\n"
    shown = table_over_seeds({seed: [numbers(row) for row in each] for seed, each in seeds.items()})
    text += table(map(cell, shown[0]), [[cell(value) for value in row.values()] for row in shown])
    text += "".join(
        f"{'' if index else chr(10)}- **{'Holds' if row['holds'] == 'True' else 'Falls short'}:** {row['claim']}: "
        f"{row['measured']} ({row['rule']}; {row['claimed by']}, {row['protocol']}).\n"
        for index, row in enumerate(verdicts)
    )
    return text + (f"\n{NOTES[name]}\n" if name in NOTES else "")


def _made(rows, seeds):
    """When and on what the runs were made, in a sentence."""
    seconds = {row["seed"]: float(row["seconds"]) for row in rows}
    commits = sorted({row["commit"] for row in rows if row["commit"]})
    machines = sorted({row["machine"] for row in rows})
    minutes = round(sum(seconds.values()) / len(seconds) / 60)
    together = sum(len(seed.split(WITHIN)) for seed in seeds)
    count = f"{together} seeds" if together > 1 else "One seed"
    count += f", {'a minute' if minutes <= 1 else f'{minutes} minutes'}{' each' if len(seeds) > 1 else ''}"
    at = f", at commit {' and '.join(commits)}" if commits else ""
    return f"{count}, on {' and '.join(machines)}{at}."


def main(arguments=None):
    """Write RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m experiments.report.results", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=RESULTS.parent / "RESULTS.md", help="where to write"
    )
    write(parser.parse_args(arguments).output)


if __name__ == "__main__":
    main()
