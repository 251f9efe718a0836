"""Progress while a grid trains: runs, epoch, loss, samples per second, time left."""

import contextlib
import time

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.common.console import console
from experiments.engine import interrupt, trial_names


@contextlib.contextmanager
def training_progress(label, runs, epochs, samples):
    """A bar for one grid on a terminal, one line at the end elsewhere; gives the callback for fit_grid's on_epoch.

    samples: examples that one epoch of all runs goes through.
    """
    columns = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn(
            "epoch {task.completed}/{task.total}  loss {task.fields[loss]:.4g}  {task.fields[rate]:,.0f} samples/s"
        ),
        TimeRemainingColumn(),
    ]
    label = ": ".join(filter(None, [trial_names.of_this_job(), label if label != "run" else ""])) or label
    title = f"{label} ({runs} run{'s' if runs > 1 else ''})"
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=epochs, loss=float("nan"), rate=0.0)
        started = before = time.perf_counter()
        rates = []

        def on_epoch(index, row):
            nonlocal before
            interrupt.check()
            losses = np.asarray(row["loss"])  # waits for the epoch
            loss = float(np.mean(losses[np.isfinite(losses)])) if np.any(np.isfinite(losses)) else float("nan")
            now = time.perf_counter()
            rates.append(samples / (now - before))
            before = now
            progress.update(task, completed=index + 1, loss=loss, rate=rates[-1])

        yield on_epoch
    seconds = time.perf_counter() - started
    rate = f", {np.median(rates):,.0f} samples/s" if rates else ""
    console.print(f"{title}: {len(rates)} of {epochs} epochs in {seconds:.1f} s{rate}", highlight=False)
