"""Cases measured in turn, round by round: what is measured is handed on as it comes, and a bar or lines show how far it is."""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments.common.console import console
from experiments.engine import interrupt

# The time that is left is not shown: cases differ a thousandfold.
COLUMNS = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())


class Case(NamedTuple):
    """What is measured once in a round: a function without arguments -> a value or None; rounds: at most so many."""

    measure: Callable
    rounds: int | None = None


def measure(section, cases, rounds, keep=None):
    """Measure every case once in each round -> {names: [values]}.

    In turn, so that the drift of a shared machine meets all alike. cases: {names: Case}, the names a tuple of what the case
    is; a case that gives None has no value in that round; keep: called after each value with all that there are so far.
    """
    turns = [
        (number, names)
        for number in range(rounds)
        for names, case in cases.items()
        if case.rounds is None or number < case.rounds
    ]
    values = {}
    with _progress(section, len(turns)) as show:
        for done, (number, names) in enumerate(turns):
            show(done, f"{', '.join(map(str, names))}, round {number + 1} of {rounds}")
            value = cases[names].measure()
            interrupt.check()
            if value is not None:
                values.setdefault(names, []).append(value)
                if keep is not None:
                    keep(values)
    return values


@contextlib.contextmanager
def _progress(section, total):
    """A function of the number of finished cases and the next one's name: a bar on a terminal, a line elsewhere."""
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(section, total=total)

        def show(done, name):
            progress.update(task, completed=done, description=f"{section}: {name}")
            if not console.is_terminal:
                words = f"{section} {done + 1}/{total}: {name}"
                console.print(words, highlight=False, soft_wrap=True, markup=False)

        yield show
