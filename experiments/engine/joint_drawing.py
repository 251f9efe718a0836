"""The joint figure of a sweep: the test error over the swept number, a line per other combination."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from experiments.common import plotting

ERROR = "test_error"
MARKS = ["o-", "s--", "^:", "D-."]
LEGEND = 14  # lines that a legend can still tell apart


def draw(means: pd.DataFrame, parameters: list[str]):
    """The figure of a summary with columns "test_error mean" and "test_error std" (bars), or None where it has no row."""
    if means.empty or f"{ERROR} mean" not in means:
        return None
    swept = [name for name in parameters if means[name].nunique(dropna=False) > 1]
    x = _axis(means, swept)
    others = [name for name in swept if name != x]
    names = [name.removesuffix(".name") for name in others]
    with plotting.style():
        figure, ax = plt.subplots(figsize=(8, 5))
        ticks = {} if x is None or _numeric(means, x) else {v: i for i, v in enumerate(means[x].drop_duplicates())}
        groups = means.groupby(others, dropna=False, sort=False) if others else [((), means)]
        for i, (values, rows) in enumerate(groups):
            at = np.zeros(len(rows)) if x is None else np.array([ticks.get(v, v) for v in rows[x]], float)
            order = np.argsort(at)
            mean, std = (rows[f"{ERROR} {what}"].to_numpy(float)[order] for what in ("mean", "std"))
            ax.errorbar(
                at[order],
                mean,
                np.nan_to_num(std),
                fmt=MARKS[i // len(plotting.COLORS) % len(MARKS)],
                color=plotting.COLORS[i % len(plotting.COLORS)],
                capsize=3,
                label=", ".join(f"{name} {_word(value)}" for name, value in zip(names, values, strict=True)),
            )
        if ticks:
            ax.set_xticks(list(ticks.values()), [_word(value) for value in ticks], rotation=30, ha="right")
        elif x is None:
            ax.set_xticks([])
        else:
            _scale(ax, means[x].dropna().to_numpy(float))
        ax.set(xlabel=x or "", ylabel="test error per example")
        ax.set_title("Mean over seeds, bars of one standard deviation")
        if others and i < LEGEND:
            ax.legend()
    return figure


def _axis(means, swept):
    """The swept number with the most values, else the choice with the most."""
    ranks = {name: (_numeric(means, name), means[name].nunique()) for name in swept}
    return max(ranks, key=ranks.get, default=None)


def _numeric(means, name):
    return pd.api.types.is_numeric_dtype(means[name]) and means[name].notna().all()


def _scale(ax, values):
    positive = values[values > 0]
    if len(positive) and values.min() >= 0 and positive.max() / positive.min() >= 50:
        if values.min() > 0:
            ax.set_xscale("log")
        else:
            ax.set_xscale("symlog", linthresh=float(positive.min()))


def _word(value):
    if pd.isna(value):
        return "none"
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
