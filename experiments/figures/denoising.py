"""Denoising autoencoders against median filter, total variation and PCA, and across the noises that they were trained with."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting
from experiments.common.outcome import Outcome, Verdict
from jaxae import corruptions

KINDS = {
    "masking": lambda key, x, level: corruptions.masking(key, x, rate=level),
    "Gaussian": lambda key, x, level: corruptions.gaussian(key, x, std=level),
    "salt-and-pepper": lambda key, x, level: corruptions.salt_and_pepper(key, x, rate=level),
}
FILTERS = ["median", "total variation", "PCA"]
ORDER = ["noisy", *FILTERS, "dense", "convolutional"]


class Noise(NamedTuple):
    """A kind of noise, its place in KINDS, at one level."""

    kind: int
    level: float

    def __str__(self):
        """The kind and the level."""
        return f"{list(KINDS)[self.kind]} {self.level:g}" if self.level else "no noise"


def noise(key, x, *, kind, level):
    """The corruption of KINDS with the number `kind` at a level, a rate or a standard deviation; x: any shape -> same shape."""
    return jax.lax.switch(jnp.int32(kind), list(KINDS.values()), key, x, level)


def outcome(runs, cfg):
    """The matrix of training noise x test noise, every method at every noise, and examples of three noises."""
    data, settings = runs["dense"], cfg.figure
    trained = {noise: (runs["dense"], i) for i, noise in enumerate(_noises(runs["dense"]))}
    convolutional = {noise: (runs["convolutional"], i) for i, noise in enumerate(_noises(runs["convolutional"]))}
    trainers = {Noise(0, 0.0): (runs["plain"], 0)} | trained
    x, known = np.asarray(data.test.x[: settings.images]), np.asarray(data.train.x[: settings.chosen_on])
    pca = _principal(data.train.x)
    most = min(max(settings.pca), len(pca.components_))
    matrix, quality, estimates, chosen = {}, {}, {}, {}
    for position, real in enumerate(trained):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(settings.seed), position))
        noisy, trial = (np.asarray(noise(k, y, **real._asdict())) for k, y in zip(keys, (x, known), strict=True))
        for trainer, (run, i) in trainers.items():
            matrix[trainer, real] = psnr(run.reconstructions(noisy, i), x)
        pairs, chosen[real] = _filtered(noisy, trial, known, pca, data.test.shape, settings)
        pairs["noisy"] = [noisy, noisy]
        for name, models in (("dense", trained), ("convolutional", convolutional)):
            if real in models:
                run, i = models[real]
                pairs[name] = [run.reconstructions(noisy, i)] * 2
        quality[real] = {name: (psnr(p, x), ssim(s, x, data.test.shape)) for name, (p, s) in pairs.items()}
        estimates[real] = {name: pair[0] for name, pair in pairs.items()}
    plotted = [
        {
            "panel": "matrix",
            "trained with": str(a),
            "tested with": str(b),
            "method": "dense",
            "PSNR": value,
            "SSIM": "",
        }
        for (a, b), value in matrix.items()
    ] + [
        {"panel": "methods", "trained with": "", "tested with": str(noise), "method": name, "PSNR": p, "SSIM": s}
        for noise, numbers in quality.items()
        for name, (p, s) in numbers.items()
    ]
    table = [_row(real, quality[real], chosen[real]) for real in trained]
    return Outcome(
        _draw(matrix, quality, estimates, x, data.test.shape, cfg.figure.columns),
        plotted,
        table,
        _verdicts(matrix, quality),
        f"Means over {len(x)} test images with the same noise for every method; estimates are clipped to [0, 1]. The "
        f"parameters of median filter, total variation and PCA are chosen for each noise on {len(known)} training images, by "
        f"PSNR and by SSIM; PCA has at most {most} components, the dense code {data.code_size} units. The convolutional "
        f"model has {', '.join(map(str, runs['convolutional'].model.channels))} channels and "
        f"{runs['convolutional'].curve['loss'].shape[1]} epochs, Chollet's 32, 32 and 100.",
    )


def psnr(estimate, x):
    """Mean over the images of the peak signal-to-noise ratio, 10 log10(1 / MSE) in dB, of estimates clipped to [0, 1]."""
    from skimage.metrics import peak_signal_noise_ratio

    pairs = zip(x, np.clip(np.asarray(estimate), 0, 1), strict=True)
    return float(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]))


def ssim(estimate, x, shape):
    """Mean over the images of the structural similarity (windows of 7 x 7) of estimates clipped to [0, 1]."""
    from skimage.metrics import structural_similarity

    pairs = zip(x, np.clip(np.asarray(estimate), 0, 1), strict=True)
    return float(np.mean([structural_similarity(a.reshape(shape), b.reshape(shape), data_range=1) for a, b in pairs]))


def _noises(run):
    """The noises of a grid's runs."""
    keywords = run.recipes.corruption.keywords
    levels = np.asarray(keywords["level"], np.float64).round(6)  # stored as float32
    return [Noise(int(kind), float(level)) for kind, level in zip(keywords["kind"], levels, strict=True)]


def _principal(x):
    from sklearn.decomposition import PCA

    return PCA(svd_solver="full").fit(x)


def _filtered(noisy, trial, known, pca, shape, settings):
    """Each filter's estimates with the parameters best in PSNR and best in SSIM on training images, and the former's value."""
    from skimage.filters import median
    from skimage.restoration import denoise_tv_chambolle

    def by_median(images, size):
        return median(images.reshape(-1, *shape), np.ones((1, size, size))).reshape(images.shape)

    def by_total_variation(images, weight):
        stack = images.reshape(-1, *shape)
        return denoise_tv_chambolle(stack, weight=weight, channel_axis=0).reshape(images.shape)

    def by_pca(images, size):
        axes = pca.components_[:size]
        return pca.mean_ + (images - pca.mean_) @ axes.T @ axes

    methods = (by_median, by_total_variation, by_pca)
    grids = (
        sorted({min(size, *shape) for size in settings.median}),
        settings.total_variation,
        sorted({min(size, len(pca.components_)) for size in settings.pca}),
    )
    estimates, chosen = {}, {}
    for name, method, grid in zip(FILTERS, methods, grids, strict=True):
        trials = {value: method(trial, value) for value in grid}
        by_measure = [
            max(grid, key=lambda value, trials=trials, measure=measure: measure(trials[value], known))
            for measure in (psnr, lambda y, x: ssim(y, x, shape))
        ]
        estimates[name] = [method(noisy, value) for value in by_measure]
        chosen[name] = by_measure[0]
    return estimates, chosen


def _row(noise, numbers, chosen):
    cells = {f"PSNR {name} (dB)": numbers[name][0] if name in numbers else None for name in ORDER}
    cells |= {f"SSIM {name}": numbers[name][1] if name in numbers else None for name in ORDER}
    return {"noise": str(noise), **cells, **{f"{name}, chosen by PSNR": float(value) for name, value in chosen.items()}}


def _verdicts(matrix, quality):
    noises = list(quality)
    best = [max((trainer for trainer, b in matrix if b == noise), key=lambda t: matrix[t, noise]) for noise in noises]
    same = sum(trainer == noise for trainer, noise in zip(best, noises, strict=True))
    losses = {"level": [], "kind": []}
    for (trainer, noise), value in matrix.items():
        if trainer.level and trainer != noise:
            losses["level" if trainer.kind == noise.kind else "kind"].append(matrix[noise, noise] - value)
    level, kind = (float(np.mean(losses[name])) for name in ("level", "kind"))
    missed = ", ".join(f"{t} at {n}" for t, n in zip(best, noises, strict=True) if t != n)
    verdicts = [
        Verdict(
            "for every test noise the best training noise is the same noise",
            f"the diagonal is the largest PSNR of its column in all {len(noises)} columns",
            f"{same} of {len(noises)}" + (f"; better: {missed}" if missed else ""),
            same == len(noises),
        ),
        Verdict(
            "the real noise must resemble the training noise",
            "training with another kind of noise costs more dB on average than with another level of the same kind",
            f"{kind:.2f} dB against {level:.2f} dB",
            kind > level,
        ),
    ]
    for model in ("dense", "convolutional"):
        for unit, digits in (("PSNR", 1), ("SSIM", 2)):
            pick = 0 if unit == "PSNR" else 1
            trained = [noise for noise in noises if model in quality[noise]]
            wins, margins = 0, []
            for noise in trained:
                rival = max(quality[noise][name][pick] for name in FILTERS)
                margins.append(quality[noise][model][pick] - rival)
                wins += margins[-1] > 0
            verdicts.append(
                Verdict(
                    f"the {model} denoiser beats median, total variation and PCA in {unit} at its own noise",
                    f"the larger mean {unit} at all {len(trained)} noises",
                    f"{wins} of {len(trained)}; margins {min(margins):.{digits}f} to {max(margins):.{digits}f}"
                    + (" dB" if unit == "PSNR" else ""),
                    wins == len(trained),
                )
            )
    return verdicts


def _draw(matrix, quality, estimates, x, shape, columns):
    noises = list(quality)
    trainers = list(dict.fromkeys(trainer for trainer, _ in matrix))
    with plotting.style():
        figure = plt.figure(figsize=(12, 11))
        top, bottom = figure.subfigures(2, 1, height_ratios=[5.2, 5.8])
        left, right = top.subfigures(1, 2, width_ratios=[1.25, 1])
        _draw_matrix(left.subplots(), matrix, trainers, noises)
        for ax, pick, unit in zip(right.subplots(2, 1, sharex=True), (0, 1), ("PSNR (dB)", "SSIM"), strict=True):
            for name, marker, color in zip(
                ORDER, "x^vso*", [*plotting.COLORS[:1], *plotting.COLORS[3:6], *plotting.COLORS[1:3]], strict=True
            ):
                points = [(i, quality[n][name][pick]) for i, n in enumerate(noises) if name in quality[n]]
                ax.plot(
                    *zip(*points, strict=True), marker, color=color, label=name, ms=7 + 3 * (marker == "*"), ls="none"
                )
            ax.set_ylabel(unit)
        ax.set_xticks(range(len(noises)), [str(noise) for noise in noises], rotation=40, ha="right")
        ax.set_xlabel("noise, of the test images and of the denoiser's training")
        right.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        shown = [noise for noise in noises if "convolutional" in quality[noise]]
        for ax, noise in zip(np.atleast_1d(bottom.subplots(1, len(shown))), shown, strict=True):
            rows = {"clean": x} | {name: estimates[noise][name] for name in ORDER}
            tiles = [np.hstack(list(np.clip(np.asarray(y[:columns]), 0, 1).reshape(-1, *shape))) for y in rows.values()]
            ax.imshow(np.vstack(tiles), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set_title(str(noise))
            ax.set_xticks([])
            ax.grid(False)
            for side in ax.spines.values():
                side.set_visible(False)
            centres = shape[0] * (np.arange(len(rows)) + 0.5)
            ax.set_yticks(centres if noise is shown[0] else [], list(rows) if noise is shown[0] else [])
            ax.tick_params(length=0)
    return figure


def _draw_matrix(ax, matrix, trainers, noises):
    values = np.array([[matrix[trainer, noise] for noise in noises] for trainer in trainers])
    loss = values.max(axis=0) - values
    image = ax.imshow(loss, cmap="cividis_r", vmin=0, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = loss[row, column] > 0.55 * loss.max()
        ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=9, color="white" if dark else "black")
        if trainers[row] == noises[column]:
            ax.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=plotting.COLORS[2], lw=2))
    ax.set_xticks(range(len(noises)), [str(noise) for noise in noises], rotation=40, ha="right")
    ax.set_yticks(range(len(trainers)), [str(trainer) for trainer in trainers])
    ax.set(title="dense: PSNR (dB), the same noise framed", xlabel="tested with", ylabel="trained with")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label="below the best of the column (dB)")
