"""Denoising autoencoders against median filter, total variation and PCA, and across the noises that they were trained with."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.common.denoisers import filtered, psnr, ssim, total_variation
from experiments.common.outcome import Outcome
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided, greater
from experiments.figures.denoising_drawing import FILTERS, ORDER, draw
from jaxae import corruptions


def _masking(key, x, level):
    return corruptions.masking(key, x, rate=level)


def _gaussian(key, x, level):
    return corruptions.gaussian(key, x, std=level)


def _salt_and_pepper(key, x, level):
    return corruptions.salt_and_pepper(key, x, rate=level)


KINDS = {"masking": _masking, "Gaussian": _gaussian, "salt-and-pepper": _salt_and_pepper}


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


class _Tested(NamedTuple):
    """What every method made of the test images with one noise."""

    estimates: dict  # {method: images}; a filter's with the parameter of the best PSNR
    quality: dict  # {method: (PSNR, SSIM)}
    chosen: dict  # {filter: its parameter of the best PSNR}


def outcome(grids, cfg):
    """The matrix of training noise x test noise, every method at every noise, and examples of three noises."""
    settings, data = cfg.figure, grids["dense"]
    trained = {name: _by_noise(grids[name]) for name in ("dense", "convolutional")}
    trainers = {Noise(0, 0.0): (grids["plain"], 0)} | trained["dense"]
    x, known = np.asarray(data.test.x[: settings.images]), np.asarray(data.train.x[: settings.chosen_on])
    pca = PrincipalComponents.fit(data.train.x, solver="full", centre_first=True)
    filters = _filters(pca, data.test.shape, settings)
    similar = partial(ssim, shape=data.test.shape)
    matrix, tested = {}, {}
    for position, real in enumerate(trained["dense"]):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(settings.seed), position))
        noisy, trial = (np.asarray(noise(k, y, **real._asdict())) for k, y in zip(keys, (x, known), strict=True))
        for trainer, (grid, run) in trainers.items():
            matrix[trainer, real] = psnr(grid.reconstructions(noisy, run), x)
        pairs, chosen = filtered(filters, noisy, trial, known, (psnr, similar))
        pairs |= {"noisy": [noisy, noisy]} | _denoised(trained, real, noisy)
        quality = {name: (psnr(p, x), similar(s, x)) for name, (p, s) in pairs.items()}
        tested[real] = _Tested({name: pair[0] for name, pair in pairs.items()}, quality, chosen)
    figure = draw(matrix, tested, x, data.test.shape, settings.columns)
    table = [_row(real, numbers) for real, numbers in tested.items()]
    verdicts = _of_matrix(matrix, list(tested)) + _of_methods({real: t.quality for real, t in tested.items()})
    most = min(max(settings.pca), len(pca))
    return Outcome(figure, _rows(matrix, tested), table, verdicts, _remark(grids, len(x), len(known), most))


def _rows(matrix, tested):
    return tidy(
        ("panel", "trained with", "tested with", "method", "PSNR", "SSIM"),
        (("matrix", str(trainer), str(real), "dense", value, "") for (trainer, real), value in matrix.items()),
        (
            ("methods", "", str(real), name, *values)
            for real, numbers in tested.items()
            for name, values in numbers.quality.items()
        ),
    )


def _remark(grids, images, known, components):
    convolutional = grids["convolutional"]
    return (
        f"Means over {images} test images with the same noise for every method; estimates are clipped to [0, 1]. The "
        f"parameters of median filter, total variation and PCA are chosen for each noise on {known} training images, by "
        f"PSNR and by SSIM; PCA has at most {components} components, the dense code {grids['dense'].code_size} units. The "
        f"convolutional model has {', '.join(map(str, convolutional.model.channels))} channels and "
        f"{convolutional.curve['loss'].shape[1]} epochs, Chollet's 32, 32 and 100."
    )


def _by_noise(grid):
    """{noise: (grid, run)} of a grid's runs."""
    keywords = grid.recipes.corruption.keywords
    levels = np.asarray(keywords["level"], np.float64).round(6)  # stored as float32
    noises = [Noise(int(kind), float(level)) for kind, level in zip(keywords["kind"], levels, strict=True)]
    return {real: (grid, run) for run, real in enumerate(noises)}


def _denoised(trained, real, noisy):
    """{model: its estimates, twice} of the models that were trained with this noise."""
    found = {}
    for name, models in trained.items():
        if real in models:
            grid, run = models[real]
            found[name] = [grid.reconstructions(noisy, run)] * 2
    return found


def _filters(pca, shape, settings):
    """{name: (the filter of images and a parameter, the values of the parameter to choose from)}"""
    return {
        "median": (partial(_by_median, shape), sorted({min(size, *shape) for size in settings.median})),
        "total variation": (partial(_by_total_variation, shape), settings.total_variation),
        "PCA": (partial(_by_pca, pca), sorted({min(size, len(pca)) for size in settings.pca})),
    }


def _by_median(shape, images, size):
    from skimage.filters import median

    return median(images.reshape(-1, *shape), np.ones((1, size, size))).reshape(images.shape)


def _by_total_variation(shape, images, weight):
    return np.stack(total_variation(images.reshape(-1, *shape), weight)).reshape(images.shape)


def _by_pca(pca, images, size):
    return pca.first(size).reconstruct(images)


def _row(real, tested):
    psnrs, ssims = ({name: pair[i] for name, pair in tested.quality.items()} for i in range(2))
    return (
        {"noise": str(real)}
        | {f"PSNR {name} (dB)": psnrs.get(name) for name in ORDER}
        | {f"SSIM {name}": ssims.get(name) for name in ORDER}
        | {f"{name}, chosen by PSNR": float(value) for name, value in tested.chosen.items()}
    )


def _of_matrix(matrix, noises):
    """The verdicts on the noises of training and test."""
    best = [max((trainer for trainer, b in matrix if b == noise), key=lambda t: matrix[t, noise]) for noise in noises]
    missed = [f"{trainer} at {noise}" for trainer, noise in zip(best, noises, strict=True) if trainer != noise]
    others = {noise: max(value for (t, b), value in matrix.items() if b == noise != t) for noise in noises}
    losses = {"level": [], "kind": []}
    for (trainer, noise), value in matrix.items():
        if trainer.level and trainer != noise:
            losses["level" if trainer.kind == noise.kind else "kind"].append(matrix[noise, noise] - value)
    return [
        decided(
            "for every test noise the best training noise is the same noise",
            f"the diagonal is the largest PSNR of its column in all {len(noises)} columns",
            f"{len(noises) - len(missed)} of {len(noises)}" + (f"; better: {', '.join(missed)}" if missed else ""),
            [matrix[noise, noise] - others[noise] for noise in noises],
        ),
        greater(
            "the real noise must resemble the training noise",
            "training with another kind of noise costs more dB on average than with another level of the same kind",
            float(np.mean(losses["kind"])),
            float(np.mean(losses["level"])),
            "{:.2f} dB against {:.2f} dB",
        ),
    ]


def _of_methods(quality):
    """The verdicts on the denoisers and the filters. quality: {noise: {method: (PSNR, SSIM)}}."""
    verdicts = []
    for model in ("dense", "convolutional"):
        trained = [numbers for numbers in quality.values() if model in numbers]
        for place, (unit, digits, suffix) in enumerate((("PSNR", 1, " dB"), ("SSIM", 2, ""))):
            margins = [n[model][place] - max(n[name][place] for name in FILTERS) for n in trained]
            wins = sum(margin > 0 for margin in margins)
            verdicts.append(
                decided(
                    f"the {model} denoiser beats median, total variation and PCA in {unit} at its own noise",
                    f"the larger mean {unit} at all {len(trained)} noises",
                    f"{wins} of {len(trained)}; margins {min(margins):.{digits}f} to {max(margins):.{digits}f}{suffix}",
                    margins,
                )
            )
    return verdicts
