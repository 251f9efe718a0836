"""What jaxae costs on this machine: steps beside PyTorch's, their growth, and sweeps, measured in one run.

python -m experiments.benchmark [--sections steps growth sweeps] [--rounds N] [--output DIRECTORY]

Synthetic data, tied sigmoid units, batches of 100, cross-entropy, Adam, float32; about fifteen minutes on two cores.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

from experiments.benchmarks import drawing, growth, steps, sweeps
from experiments.benchmarks.peer import PyTorch
from experiments.benchmarks.timing import describe
from experiments.runs import write_csv

SHOWN = {
    "steps": ("model", "step", "library", "ms per step", "ratio to plain", "times PyTorch eager", "relative error"),
    "growth": ("axis", "point", "step", "ms per step"),
    "sweeps": ("model", "runs", "way", "seconds", "samples per second", "compilations", "MiB", "width"),
}


def measure_steps(rounds, console):
    """The table of steps; a line for every case of PyTorch without a time."""
    with PyTorch() as torch:
        console.print(f"PyTorch {torch.about}" if torch else torch.missing, highlight=False)
        seconds = steps.measure(rounds, torch)
        for (kind, sizes, _, _, mode), reason in torch.reasons.items():
            console.print(f"PyTorch {mode}, {kind}, {'-'.join(map(str, sizes))}: {reason}", highlight=False)
    return steps.rows(seconds)


def show(name, table, console):
    """Print a table: medians, with the least and the greatest of the rounds in brackets where they were taken."""
    shown = Table(box=None, header_style="bold")
    for column in SHOWN[name]:
        shown.add_column(column, justify="left" if isinstance(table[0][column], str) else "right")
    for row in table:
        shown.add_row(*(_cell(row, column) for column in SHOWN[name]))
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
    parser.add_argument("--sections", nargs="+", choices=tuple(SHOWN), default=list(SHOWN), help="what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="times that every case is measured")
    parser.add_argument("--output", type=Path, default=Path("benchmark"), help="directory to write to")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}: it must be a whole number from 1 on")
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(describe(), highlight=False)
    for name in options.sections:
        few = min(2, options.rounds)  # these take minutes each
        table = {
            "steps": lambda: measure_steps(options.rounds, console),
            "growth": lambda few=few: growth.measure(few),
            "sweeps": lambda few=few: sweeps.measure(few),
        }[name]()
        write_csv(options.output / f"{name}.csv", table)
        figure = getattr(drawing, f"draw_{name}")(table)
        figure.savefig(options.output / f"{name}.png")
        plt.close(figure)
        show(name, table, console)
        if name == "steps":
            for what, times in bars(table).items():
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
    main()
