"""What jaxae costs on this machine: steps beside PyTorch's, their growth, sweeps, and sparse autoencoders beside others'.

python -m experiments.benchmark [--sections steps growth sweeps sparse] [--models NAME ...] [--kinds NAME ...] [--rounds N]
    [--peers PYTHON] [--output DIRECTORY]

Synthetic data, tied sigmoid units, batches of 100, cross-entropy, Adam, float32; about fifteen minutes on two cores, and under
one for a single row: --sections steps --models 784-500 --kinds plain --rounds 2. The section sparse says what it has itself
(experiments.benchmarks.sparse). The rows are on the disk as they come.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

from experiments.benchmarks import drawing, growth, sparse, steps, sweeps
from experiments.benchmarks.kinds import CONVOLUTIONAL, KINDS
from experiments.benchmarks.peer import PyTorch
from experiments.benchmarks.rounds import measure
from experiments.benchmarks.sparse_peers import MISSING, Peers
from experiments.benchmarks.timing import describe
from experiments.common.console import console as messages
from experiments.common.tables import write_csv
from experiments.engine import interrupt
from jaxae.files.atomic import replacing

SECTIONS = {"steps": steps, "growth": growth, "sweeps": sweeps, "sparse": sparse}
MODELS = {"steps": steps.MODELS, "sweeps": sweeps.SIZES, "sparse": sparse.SIZES}
STEPS = {"steps": (steps.PRODUCTS, *KINDS), "growth": growth.KINDS}
SHOWN = {
    "steps": ("model", "step", "library", "ms per step", "ratio to plain", "times PyTorch eager", "relative error"),
    "growth": ("axis", "point", "step", "ms per step", "ms per epoch", "MiB"),
    "sweeps": ("model", "runs", "way", "seconds", "samples per second", "compilations", "MiB", "parallel_runs"),
    "sparse": (
        *("model", "models", "library", "way", "samples per second", "seconds", "seconds / jaxae's"),
        *("explained variance", "MCC"),
    ),
}


def cases(name, others, *, models=None, kinds=None):
    """The cases of a section, {names: Case}, with the models and kinds asked for where it has any; None for all.

    others: the PyTorch of the steps, the Peers of sparse, or None.
    """
    if name == "growth":
        return growth.cases(kinds=[kind for kind in growth.KINDS if kinds is None or kind in kinds])
    chosen = {model: sizes for model, sizes in MODELS[name].items() if models is None or model in models}
    if name == "sparse":
        return sparse.cases(others, names=chosen)
    return sweeps.cases(names=chosen) if name == "sweeps" else steps.cases(others, models=chosen, kinds=kinds)


def refusal(option, names, known, sections):
    """What is wrong with the names of an option in one sentence, or None; known: {section: its names}."""
    allowed = list(dict.fromkeys(name for section in sections for name in known.get(section, ())))
    unknown = [name for name in names or () if name not in allowed]
    if not unknown:
        return None
    if not allowed:
        return f"--{option} is {', '.join(unknown)}: it chooses rows of {', '.join(known)}, not of {sections[0]}"
    return f"--{option} is {', '.join(unknown)}: it must be among {', '.join(map(repr, allowed))}"


def record(name, section, rounds, output):
    """Measure the cases of a section and leave its csv, whole after every case, and its picture -> the table."""
    table = []

    def keep(values):
        nonlocal table
        table = SECTIONS[name].rows(values)
        write_csv(output / f"{name}.csv", table)
        (output / f"{name}.png").unlink(missing_ok=True)  # of other rows

    try:
        measure(name, section, rounds, keep)
    except KeyboardInterrupt:
        with contextlib.suppress(Exception):  # the rows are on the disk, and the picture is of a part of them
            draw(name, table, output)
        raise
    draw(name, table, output)
    return table


def draw(name, table, output):
    """Leave the picture of a section's rows."""
    figure = getattr(drawing, f"draw_{name}")(table)
    with replacing(output / f"{name}.png") as file:
        figure.savefig(file, format="png")
    plt.close(figure)


def record_steps(rounds, output, console, **chosen):
    """`record` of the steps beside PyTorch's; a line for every case of PyTorch without a time."""
    if not any(model != CONVOLUTIONAL for model, *_ in cases("steps", None, **chosen)):
        return record("steps", cases("steps", None, **chosen), rounds, output)
    with PyTorch() as torch:
        console.print(f"PyTorch {torch.about}" if torch else torch.missing, highlight=False)
        table = record("steps", cases("steps", torch, **chosen), rounds, output)
        for (kind, sizes, _, _, mode), reason in torch.reasons.items():
            console.print(f"PyTorch {mode}, {kind}, {'-'.join(map(str, sizes))}: {reason}", highlight=False)
    return table


def record_sparse(peers, rounds, output, console, **chosen):
    """`record` of sparse autoencoders beside the peers'; a line for every one of theirs without a time."""
    if not peers:
        console.print(MISSING, highlight=False)
    table = record("sparse", cases("sparse", peers, **chosen), rounds, output)
    for (library, model), reason in peers.reasons.items() if peers else ():
        console.print(f"{library}, {model}: {reason}", highlight=False)
    return table


def show(name, table, console):
    """Print a table: medians, with the least and the greatest of the rounds in brackets where they were taken."""
    shown = Table(box=None, header_style="bold")
    columns = [column for column in SHOWN[name] if column in table[0]]  # without PyTorch there is no ratio to it
    for column in columns:
        shown.add_column(column, justify="left" if isinstance(table[0][column], str) else "right")
    for row in table:
        shown.add_row(*(_cell(row, column) for column in columns))
    console.print(shown)


def bars(table):
    """The best of PyTorch beside jaxae, {what: times}, where the table of steps has both."""
    ms = {(row["model"], row["step"], row["library"]): row["ms per step"] for row in table}
    found = {}
    for model in dict.fromkeys(row["model"] for row in table):
        exact = ms.get((model, "CAE exact", steps.JAXAE))
        peers = {key: value for key, value in ms.items() if key[0] == model and key[2].startswith("PyTorch")}
        generic = {k: v for k, v in peers.items() if k[1] in ("CAE jacrev", "CAE jacfwd", "CAE loop")}
        written = {k: v for k, v in peers.items() if k[1] in ("CAE exact", "CAE closed form")}
        for what, ways in (("automatic differentiation", generic), ("hand-written way", written)):
            if exact and ways:
                best = min(ways, key=ways.get)
                found[f"{model}: CAE exact against the fastest {what} ({best[1]}, {best[2]})"] = ways[best] / exact
    return found


def main(arguments=None):
    """Measure the sections asked for, print them and write a csv and a picture of each."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sections", nargs="+", choices=tuple(SECTIONS), default=list(SECTIONS), help="what to measure"
    )
    parser.add_argument("--models", nargs="+", metavar="NAME", help=f"only these models' rows of {', '.join(MODELS)}")
    parser.add_argument("--kinds", nargs="+", metavar="NAME", help="only these steps' rows of steps and growth")
    parser.add_argument(
        "--rounds", type=int, default=5, help="times that a case is measured, at most 2 where it is slow"
    )
    parser.add_argument(
        "--peers", default=os.environ.get("JAXAE_PEERS"), metavar="PYTHON", help="Python of sparse's other libraries"
    )
    parser.add_argument("--output", type=Path, default=Path("benchmark"), help="directory to write to")
    options = parser.parse_args(arguments)
    sections = list(dict.fromkeys(options.sections))
    chosen = {"models": options.models, "kinds": options.kinds}
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}: it must be a whole number from 1 on")
    for option, known in (("models", MODELS), ("kinds", STEPS)):
        if reason := refusal(option, chosen[option], known, sections):
            parser.error(reason)
    empty = [name for name in sections if not cases(name, None, **chosen)]
    if empty == sections:
        parser.error(f"--models and --kinds leave no rows of {', '.join(sections)}")
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(describe(), highlight=False)
    for name in empty:
        console.print(f"{name}: no rows of these models and kinds", highlight=False)
    try:
        for name in sections:
            if name not in empty:
                peers = Peers(options.peers) if options.peers else None
                run(name, options.rounds, options.output, console, peers, **chosen)
    except KeyboardInterrupt:
        messages.print(f"interrupted: rows measured so far are in {options.output}", soft_wrap=True)
        sys.exit(130)


def run(name, rounds, output, console, peers, **chosen):
    """Measure a section, leave its files and print its table."""
    if name == "steps":
        table = record_steps(rounds, output, console, **chosen)
    elif name == "sparse":
        table = record_sparse(peers, min(3, rounds), output, console, **chosen)  # these take minutes each
    else:
        table = record(name, cases(name, None, **chosen), min(2, rounds), output)  # these take minutes each
    show(name, table, console)
    for what, times in bars(table).items() if name == "steps" else ():
        console.print(f"{what}: {times:.2f} times", highlight=False)


def _cell(row, column):
    value = row[column]
    if value is None:
        return ""
    if isinstance(value, str | int):
        return str(value)
    if f"{column}, min" in row and row[f"{column}, min"] is not None:
        return f"{value:.3g} ({row[f'{column}, min']:.3g} - {row[f'{column}, max']:.3g})"
    return f"{value:.3g}"


if __name__ == "__main__":
    interrupt.listen()
    main()
