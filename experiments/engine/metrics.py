"""The rows of metrics.csv: what every run of a grid comes to at the end of its training."""

from pathlib import Path

import numpy as np

from experiments.common.console import console
from experiments.common.sparse_numbers import sparse_numbers
from experiments.common.tables import write_csv
from experiments.engine.training import errors


def write(setup, grid, path: Path):
    """Write one row for each run of a trained grid: its seed, its place on the axes, and the last finite value of each curve.

    Beside them stand what a sparse code comes to, and, where products were not of float32 or examples are held out for
    validation, the errors in float32 and on those examples.
    """
    # The last finite epoch, if there is one; where the best one is kept, the curves end with its values.
    ends = np.where((grid.diverged > 0) & ("best_epoch" not in grid.curve), grid.diverged - 1, -1)
    rows = [
        {"seed": int(seed)}
        | {key: column[run].item() for key, column in grid.table.items()}
        | {name: float(values[run, ends[run]]) for name, values in grid.curve.items()}
        | sparse_numbers(grid, run)
        | ({"diverged": int(grid.diverged[run])} if np.any(grid.diverged >= 0) else {})
        for run, seed in enumerate(grid.seeds)
    ]
    precision = setup.sizes["precision"]
    if precision != "float32":
        exact = errors(setup, grid.params, setup.test.x)[:, 0]
        for row, error in zip(rows, exact, strict=True):
            row |= {"precision": precision, "test_error_float32": float(error)}
        moved = np.max(np.abs(grid.curve["test_error"][range(len(ends)), ends] / exact - 1))
        console.print(f"{precision} products change the test error by at most {moved:.2g} of it", highlight=False)
    if setup.validation is not None:
        for row, error in zip(rows, grid.score, strict=True):
            row |= {"validation_error": float(error)}
    write_csv(path, rows)
