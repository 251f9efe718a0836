"""Depth one to four, greedy against joint training, and what each layer of a regularised stack knows of the class."""

import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae import codes, losses
from jaxae.models import Dense, Layers
from jaxae.objective import encode
from jaxae.probes import fine_tuned, linear_probe
from jaxae.sweeps import take
from jaxae.training import fit_grid

RAW, FRESH = "pixels", "no pretraining"
STRENGTHS = (0.01, 0.1, 1.0)


class _Stack(NamedTuple):
    """Linear-probe errors from the pixels up, the error of the fine-tuned classifier, and the alpha of a k-sparse code."""

    layers: list[float]
    fine_tuned: float
    alpha: float | None


def outcome(runs, cfg):
    """Reconstruction error and seconds per epoch over depth; classification errors of stacks, by layer and fine-tuned."""
    deep = {name: run for name, run in runs.items() if name.startswith("depth")}
    stacks = {name.removesuffix(" stack"): run for name, run in runs.items() if name.endswith("stack")}
    plain = next(iter(deep.values()))
    errors = {name: _squared_error(run) for name, run in deep.items()}
    seconds = _seconds_per_epoch(
        {name: run for name, run in deep.items() if name.endswith("joint")}, cfg.train.batch_size
    )
    size = plain.code_size
    pca = PCA(size, svd_solver="covariance_eigh").fit(plain.train.x)
    pca_error = float(np.square(pca.inverse_transform(pca.transform(plain.test.x)) - plain.test.x).sum(axis=1).mean())
    raw = _linear(plain.train.x, plain.test.x, plain, cfg).accuracy
    probed = {name: _classified(run, 1 - raw, cfg) for name, run in stacks.items()}
    fresh = _fresh(stacks["plain"], cfg)
    table = [
        {
            "model": name,
            "test squared error per image": errors[name],
            "seconds per epoch": seconds.get(name),
            "linear probe error, top layer": None,
            "fine-tuned error": None,
            "alpha": None,
        }
        for name in deep
    ]
    table.append(dict.fromkeys(table[0]) | {"model": f"PCA, {size}", "test squared error per image": pca_error})
    table += [
        dict.fromkeys(table[0])
        | {
            "model": f"{name} stack",
            "linear probe error, top layer": stack.layers[-1],
            "fine-tuned error": stack.fine_tuned,
            "alpha": stack.alpha,
        }
        for name, stack in probed.items()
    ]
    table.append(dict.fromkeys(table[0]) | {"model": FRESH, "fine-tuned error": fresh})
    table.append(dict.fromkeys(table[0]) | {"model": RAW, "linear probe error, top layer": 1 - raw})
    rows = [{"panel": "reconstruction", "model": name, "layer": "", "value": value} for name, value in errors.items()]
    rows += [
        {"panel": "seconds per epoch", "model": name, "layer": "", "value": value} for name, value in seconds.items()
    ]
    rows += [
        {"panel": "linear probe error", "model": name, "layer": layer, "value": value}
        for name, stack in probed.items()
        for layer, value in enumerate(stack.layers)
    ]
    rows += [
        {"panel": "fine-tuned error", "model": name, "layer": "", "value": value}
        for name, value in {FRESH: fresh, **{name: stack.fine_tuned for name, stack in probed.items()}}.items()
    ]
    remark = (
        f"All codes of the deep autoencoders have {size} linear units. The stacks are pretrained by layers, with "
        "noise at each layer's input, the contractive penalty on each layer's map, or k units kept in each layer; layer 0 is "
        "the pixels. Published for MNIST (Makhzani & Frey, table 3), fine-tuned on 50,000 digits: no pretraining 1.60 %, "
        "denoising 1.20 %, k-sparse 1.08 %, two k-sparse layers 0.97 %."
    )
    figure = _draw(errors, pca_error, seconds, probed, fresh, size)
    return Outcome(figure, rows, table, _verdicts(errors, seconds, probed, fresh), remark)


def _depth(name):
    """The number of layers in a variant's name, as "depth 2, greedy"."""
    return int(name.split()[1].strip(","))


def _squared_error(run):
    return float(losses.squared_error(run.reconstructions(run.test.x), run.test.x).mean())


def _seconds_per_epoch(runs, batch_size, rounds=3):
    """The least seconds of an epoch in rounds that take the models in turn; the first epoch of each compiles."""
    best = {}
    for _ in range(rounds):
        for name, run in runs.items():
            times = [time.perf_counter()]
            wait = lambda index, row, times=times: (jax.block_until_ready(row), times.append(time.perf_counter()))  # noqa: E731
            fit_grid(
                run.model,
                run.recipes,
                run.train.x,
                seeds=run.seeds,
                epochs=2,
                batch_size=batch_size,
                x_test=run.test.x,
                on_epoch=wait,
                params=run.params,
            )
            best[name] = min(best.get(name, np.inf), times[2] - times[1])
    return best


def _classified(run, raw, cfg):
    """The errors of one stack; the alpha of a k-sparse one is chosen by its linear probe's validation accuracy."""
    recipe = take(run.recipes, 0)
    candidates = cfg.figure.alphas if "k" in recipe.code.keywords else [None]
    probes = {alpha: _linear_at(run, _kept(recipe, alpha), len(run.model.hidden), cfg) for alpha in candidates}
    alpha = max(probes, key=lambda alpha: max(probes[alpha].validation.values()))
    recipe = _kept(recipe, alpha)
    below = [_linear_at(run, recipe, depth, cfg).accuracy for depth in range(1, len(run.model.hidden))]
    layers = [raw, *(1 - accuracy for accuracy in (*below, probes[alpha].accuracy))]
    params = {"encoder": take(run.params, 0)["encoder"]}
    return _Stack(layers, 1 - _fine_tuned(run, recipe, params, cfg), alpha)


def _kept(recipe, alpha):
    return recipe if alpha is None else recipe._replace(code=codes.scaled(recipe.code, alpha))


def _linear_at(run, recipe, depth, cfg):
    """The linear probe of the clean codes at a layer, from 1 on."""
    encoder = run.encoder()
    cut = Layers(encoder.layers[:depth], encoder.code_at)
    return _linear(
        *(np.asarray(encode(recipe, cut, jnp.asarray(split.x))) for split in (run.train, run.test)), run, cfg
    )


def _linear(train, test, run, cfg):
    count = cfg.figure.probed
    labels = run.train.labels[:count]
    return linear_probe(train[:count], labels, test, run.test.labels, strengths=STRENGTHS, iterations=300)


def _fresh(run, cfg):
    """The error of the same network of sigmoid units, fine-tuned from random weights."""
    model = Dense(run.model.features, run.model.hidden)
    params = {"encoder": model.init(jax.random.key(0))["encoder"]}
    return 1 - _fine_tuned(run, take(run.recipes, 0), params, cfg)


def _fine_tuned(run, recipe, params, cfg):
    result = fine_tuned(
        lambda params, x: encode(recipe, run.model.encoder(params), x),
        params,
        run.train.x,
        run.train.labels,
        run.test.x,
        run.test.labels,
        learning_rates=tuple(cfg.figure.rates),
        epochs=cfg.figure.classifier,
        batch_size=min(100, len(run.train.x) - len(run.train.x) // 6),  # the validation split leaves no fewer
    )
    return result.accuracy


def _draw(errors, pca_error, seconds, probed, fresh, size):
    with plotting.style():
        figure, ((left, right), (below, last)) = plt.subplots(2, 2, figsize=(11, 7.6))
        for way, marker in (("joint", "o-"), ("greedy", "s--")):
            values = {_depth(name): error for name, error in errors.items() if name.endswith(way)}
            label = "pretrained by layers, then joint" if way == "greedy" else "joint from random weights"
            left.plot(list(values), list(values.values()), marker, label=label)
        left.axhline(pca_error, color=plotting.COLORS[3], ls=":", label="PCA of the same size")
        left.set(xlabel="depth of the encoder (layers)", ylabel="test squared error per image", xticks=range(1, 5))
        left.set(title=f"Reconstruction from {size} units", ylim=(0, None))
        right.bar(range(1, 1 + len(seconds)), list(seconds.values()), color=plotting.COLORS[1], width=0.6)
        right.set(xlabel="depth of the encoder (layers)", ylabel="seconds per epoch", xticks=range(1, 1 + len(seconds)))
        right.set(title="Cost of joint training")
        lines = {name: 100 * np.array(stack.layers) for name, stack in probed.items()}
        depth = np.arange(len(next(iter(lines.values()))))
        for (name, values), marker in zip(lines.items(), "os^D", strict=True):
            below.plot(depth, values, marker + "-", label=name)
        below.set(xlabel="layer of the stack (0: pixels)", ylabel="linear probe, test error (%)", xticks=depth)
        below.set(title="What a layer says of the class")
        names = [FRESH, *probed]
        last.barh(
            names, [100 * fresh, *(100 * stack.fine_tuned for stack in probed.values())], color=plotting.COLORS[1]
        )
        last.invert_yaxis()
        last.set(xlabel="test error of the fine-tuned classifier (%)", title="Fine-tuning the whole stack")
        for ax in (left, below):
            ax.legend()
    return figure


def _verdicts(errors, seconds, probed, fresh):
    deepest = max(_depth(name) for name in errors)
    joint, greedy = errors[f"depth {deepest}, joint"], errors[f"depth {deepest}, greedy"]
    shallow = errors["depth 1, joint"]
    deep_best = min(error for name, error in errors.items() if not name.startswith("depth 1"))
    top = {name: (stack.layers[1], stack.layers[-1]) for name, stack in probed.items()}
    tuned = {name: stack.fine_tuned for name, stack in probed.items()}
    return [
        Verdict(
            "layer-wise pretraining helps where depth makes training hard",
            f"at depth {deepest} the pretrained autoencoder has the smaller test error",
            f"{greedy:.2f} against {joint:.2f}",
            greedy < joint,
        ),
        Verdict(
            "a deep autoencoder reconstructs better from a code of the same size",
            "the best of depth 2 and more has a smaller test error than depth 1",
            f"{deep_best:.2f} against {shallow:.2f}",
            deep_best < shallow,
        ),
        Verdict(
            "deeper is slower",
            "the seconds per epoch rise at every step in depth",
            ", ".join(f"{value:.2f}" for value in seconds.values()),
            bool(np.all(np.diff(list(seconds.values())) > 0)),
        ),
        Verdict(
            "deeper layers are more abstract",
            "in every stack a linear probe errs less on the top layer than on the first",
            ", ".join(f"{name} {last:.1%} against {first:.1%}" for name, (first, last) in top.items()),
            all(last < first for first, last in top.values()),
        ),
        Verdict(
            "pretraining helps classification",
            "every fine-tuned stack errs less than the network without pretraining",
            f"{FRESH} {fresh:.1%}, " + ", ".join(f"{name} {error:.1%}" for name, error in tuned.items()),
            all(error < fresh for error in tuned.values()),
        ),
    ]
