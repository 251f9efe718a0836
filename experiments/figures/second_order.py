"""Loss against passes over the data for first- and second-order optimizers, on a deterministic and on a sampled objective."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome
from experiments.common.tables import tidy
from experiments.common.verdicts import Verdict, greater, less, listed
from jaxae.objective import objective
from jaxae.sweeps import take

OBJECTIVES = ("contractive", "denoising")


class _Path(NamedTuple):
    """The training loss of one optimizer over seeds [seeds, epochs], after so many passes, and what distinguishes it."""

    loss: np.ndarray
    passes: np.ndarray
    rate: float | None
    falling: float


def outcome(grids, cfg):
    """Loss curves with their spread over seeds, at equal passes over the data, and one line search under the noise."""
    paths = {name: _path(grid, int(np.size(cfg.seed))) for name, grid in grids.items()}
    budget = min(path.passes[:, -1].min() for path in paths.values())
    finals = {name: _at(path, budget) for name, path in paths.items()}
    search = _line_search(grids["denoising, L-BFGS"], cfg.figure)
    table = [_row(name, path, float(budget), finals[name]) for name, path in paths.items()]
    remark = (
        "A pass is one evaluation of value and gradient on every training example: one epoch of mini-batches, or one "
        "evaluation along the line search of a full-batch step. A mini-batch curve shows the mean over its epoch. The line "
        "search's step in figure.csv is a multiple of the negative gradient."
    )
    return Outcome(_draw(paths, budget, search), _rows(paths, search), table, _verdicts(paths, finals, search), remark)


def _rows(paths, search):
    return tidy(
        ("panel", "seed", "passes", "value"),
        (
            (name, seed, float(passes), value)
            for name, path in paths.items()
            for seed in range(len(path.loss))
            for passes, value in zip(path.passes[seed], path.loss[seed], strict=True)
        ),
        (
            (f"line search, {label}", "", step, value)
            for label in ("own noise", "fresh noise")
            for step, values in zip(search["steps"], search[label], strict=True)
            for value in np.atleast_1d(values)
        ),
    )


def _row(name, path, passes, finals):
    return {
        "objective and optimizer": name,
        "learning rate": path.rate,
        "passes": passes,
        "training loss (nats), mean over seeds": float(finals.mean()),
        "standard deviation over seeds": _deviation(finals),
        "steps with a lower loss than the one before": path.falling,
    }


def _path(grid, seeds):
    """The runs of the learning rate whose mean loss at the end is the smallest."""
    loss = grid.curve["loss"]
    evaluations = grid.curve.get("evaluations", np.ones_like(loss))
    rates = grid.table.get("optimizer.learning_rate", np.zeros(len(loss))).reshape(-1, seeds)
    groups = np.arange(len(loss)).reshape(-1, seeds)
    best = int(np.argmin([loss[group, -1].mean() for group in groups]))
    chosen = groups[best]
    falling = float(np.mean(np.diff(loss[chosen], axis=1) < 0))
    # A full-batch step reports the loss where it starts, before the evaluations of its line search.
    passes = np.cumsum(evaluations[chosen], axis=1) - (evaluations[chosen] - 1 if "evaluations" in grid.curve else 0)
    rate = float(rates[best, 0]) if "optimizer.learning_rate" in grid.table else None
    return _Path(loss[chosen], passes, rate, falling)


def _at(path, budget):
    """The loss of every seed after that many passes, interpolated between steps."""
    return np.array([np.interp(budget, p, loss) for p, loss in zip(path.passes, path.loss, strict=True)])


def _deviation(finals):
    """The standard deviation over seeds, 0 of a single one."""
    return float(finals.std(ddof=min(1, len(finals) - 1)))


def _line_search(grid, settings):
    """The objective of one batch along its negative gradient, under the noise of the gradient and under fresh noise."""
    recipe, params = take(grid.recipes, 0), take(grid.params, 0)
    x = jnp.asarray(grid.train.x[: settings.batch])
    value = jax.jit(partial(_value, grid.model, recipe, x))
    own, *fresh = jax.random.split(jax.random.key(1), settings.draws + 1)
    gradient = jax.grad(value)(params, own)
    values = jax.jit(partial(_along, value, params, gradient))
    scan = np.geomspace(1e-4, 1, 41)
    along = np.array([values(step, own[None])[0] for step in scan])
    steps = np.linspace(0, 2 * scan[along.argmin()], 21)
    every = np.array([values(step, jnp.stack([own, *fresh])) for step in steps])
    return {"steps": steps, "own noise": every[:, 0], "fresh noise": every[:, 1:]}


def _value(model, recipe, x, params, key):
    return objective(recipe, model.encoder(params), model.decoder(params), key, x)[0]


def _along(value, params, gradient, step, keys):
    """The objective with each key after a step along the negative gradient."""
    moved = jax.tree.map(partial(_stepped, step), params, gradient)
    return jax.vmap(partial(value, moved))(keys)


def _stepped(step, parameter, slope):
    return parameter - step * slope


def _gains(search):
    """What the step that is best for its own noise lowers the loss by, under that noise and on average under fresh noise."""
    best = int(np.argmin(search["own noise"]))
    fresh = search["fresh noise"]
    return float(search["own noise"][0] - search["own noise"][best]), float((fresh[0] - fresh[best]).mean())


def _draw(paths, budget, search):
    with plotting.style():
        figure, axes = plt.subplots(1, 3, figsize=(12.5, 4.2))
        high = max(np.median(path.loss[:, : max(2, path.loss.shape[1] // 4)]) for path in paths.values())
        for ax, kind in zip(axes, OBJECTIVES, strict=False):
            members = {name: path for name, path in paths.items() if name.startswith(kind)}
            _draw_paths(ax, members)
            low = min(path.loss.min() for path in members.values())
            ax.set(xlabel="passes over the data", ylabel="training loss (nats per image)", title=f"{kind} objective")
            ax.set(xlim=(0, 1.05 * budget), ylim=(0.95 * low, 1.3 * high))
            ax.legend(title="each line is a seed")
        _draw_search(axes[2], search)
    return figure


def _draw_paths(ax, paths):
    for color, (name, path) in zip(plotting.COLORS, paths.items(), strict=False):
        rate = "" if path.rate is None else f", rate {path.rate:g}"
        for seed in range(len(path.loss)):
            label = name.split(", ")[1] + rate if seed == 0 else None
            ax.plot(path.passes[seed], path.loss[seed], color=color, lw=1.3, label=label)


def _draw_search(ax, search):
    fresh, own = search["fresh noise"], search["own noise"]
    steps = np.repeat(search["steps"], fresh.shape[1])
    ax.plot(steps, (fresh - fresh[0]).ravel(), ".", color=plotting.COLORS[5], ms=4, label="fresh noise, each draw")
    ax.plot(search["steps"], (fresh - fresh[0]).mean(axis=1), color=plotting.COLORS[1], label="fresh noise, mean")
    ax.plot(search["steps"], own - own[0], color=plotting.COLORS[2], label="the gradient's own noise")
    ax.set(xlabel="step along the negative gradient", ylabel="change of the denoising loss (nats)")
    ax.set(title="a line search trusts its noise")
    ax.legend()


def _verdicts(paths, finals, search):
    mean = {name: float(values.mean()) for name, values in finals.items()}
    first = {kind: min(mean[f"{kind}, {name}"] for name in ("Adam", "momentum")) for kind in OBJECTIVES}
    second = {kind: min(mean[f"{kind}, {name}"] for name in ("L-BFGS", "CG")) for kind in OBJECTIVES}
    ratio = {kind: second[kind] / first[kind] for kind in OBJECTIVES}
    falling = {name: path.falling for name, path in paths.items() if name.endswith(("L-BFGS", "CG"))}
    own, fresh = _gains(search)
    spread = {kind: _deviation(finals[f"{kind}, L-BFGS"]) for kind in OBJECTIVES}
    return [
        Verdict(
            "the contractive loss falls at every full-batch step, the sampled denoising loss does not",
            "each step of L-BFGS and CG has a lower contractive loss than the one before, and not each has a lower denoising "
            "loss, under its own noise",
            listed(falling, "{name} {value:.0%}"),
            all((share == 1) == name.startswith("contractive") for name, share in falling.items()),
            margins=tuple(1 - share for name, share in falling.items() if name.startswith("denoising")),
        ),
        less(
            "a deterministic gradient makes second-order methods worth their passes",
            "L-BFGS or CG has a smaller contractive loss than Adam and momentum after the same passes",
            second["contractive"],
            first["contractive"],
            "{:.2f} against {:.2f} nats",
        ),
        greater(
            "sampling takes that advantage away",
            "second order over first order is a larger ratio of losses on the denoising objective than on the contractive one",
            ratio["denoising"],
            ratio["contractive"],
            "denoising {:.3f}, contractive {:.3f}",
        ),
        less(
            "a line search trusts its noise",
            "the step that is best under its own noise lowers the loss by less under fresh noise",
            fresh,
            own,
            f"{{:.2f}} against {{:.2f}} nats; L-BFGS over seeds +-{spread['contractive']:.2f} contractive, "
            f"+-{spread['denoising']:.2f} denoising",
        ),
    ]
