"""Denoising autoencoders of patches on whole photographs, against filters and principal components of patches."""

from functools import partial

import numpy as np

from experiments.common.denoisers import filtered, psnr, ssim, total_variation
from experiments.common.outcome import Outcome
from experiments.common.overlapping import averaged, patches_of
from experiments.common.pca import PrincipalComponents
from experiments.common.tables import tidy
from experiments.common.verdicts import decided
from experiments.figures.denoising_photographs_drawing import MODEL, ORDER, PCA, draw
from jaxae.data import photographs

QUALITIES = {"PSNR": (psnr, " dB", 2), "SSIM": (ssim, "", 3)}
OTHERS = {"noisy": "the noisy photographs", PCA: "PCA of patches"}


def outcome(grids, cfg):
    """PSNR and SSIM of every method on the held-out photographs at every noise, and a part of one photograph."""
    (grid,) = grids.values()
    settings, size = cfg.figure, grid.train.shape[0]
    names, clean = zip(*photographs.held_out("test"), strict=True)
    known = [_middle(picture, settings.middle) for _, picture in photographs.held_out("train")]
    pca = PrincipalComponents.fit(grid.train.x)
    estimates, quality, chosen = {}, {}, {}
    for run, std in enumerate(np.asarray(grid.recipes.corruption.keywords["std"], np.float64)):
        level = round(255 * std, 1)
        rng = np.random.default_rng([settings.seed, run])
        noisy, trial = ([p + std * rng.standard_normal(p.shape) for p in pictures] for pictures in (clean, known))
        pairs, chosen[level] = filtered(_filters(pca, size, std, settings), noisy, trial, known, (psnr, ssim))
        model = _by_patches(partial(_reconstructed, grid, run), noisy, size)
        pairs |= {"noisy": [noisy] * 2, MODEL: [model] * 2}
        estimates[level] = {name: pairs[name][0] for name in ORDER}
        quality[level] = {
            name: tuple(f(y, clean) for (f, *_), y in zip(QUALITIES.values(), pairs[name], strict=True))
            for name in ORDER
        }
    rows = tidy(
        ("noise of 255", "method", *QUALITIES),
        ((level, name, *values) for level, methods in quality.items() for name, values in methods.items()),
    )
    table = [_row(level, quality[level], chosen[level]) for level in quality]
    remark = (
        f"Means over {len(clean)} photographs, {', '.join(names)}, none of whose patches is trained on, with the same Gaussian "
        f"noise for every method; estimates are clipped to [0, 1]. Patches of {size} x {size} pixels overlap at every place "
        f"and are averaged. The filters' parameters are chosen for each noise on the middles of {len(known)} training "
        "photographs, by PSNR and by SSIM; the strength of non-local means is in units of the noise, which it is told."
    )
    figure = draw(clean[0], {level: {name: y[0] for name, y in e.items()} for level, e in estimates.items()},
                  quality, names[0], settings.crop)  # fmt: skip
    return Outcome(figure, rows, table, _verdicts(quality), remark)


def _middle(picture, side):
    """The middle part of a picture, at most `side` pixels high and wide."""
    top, left = (max(0, (length - side) // 2) for length in picture.shape)
    return picture[top : top + side, left : left + side]


def _filters(pca, size, std, settings):
    """{name: (the filter of pictures and a parameter, the values of the parameter to choose from)}"""
    components = sorted({min(count, len(pca)) for count in settings.pca})
    return {
        "total variation": (total_variation, settings.total_variation),
        "non-local means": (partial(_non_local_means, std), settings.non_local_means),
        PCA: (partial(_by_pca, pca, size), components),
    }


def _non_local_means(std, pictures, strength):
    from skimage.restoration import denoise_nl_means

    options = {"h": strength * std, "sigma": std, "patch_size": 5, "patch_distance": 6, "fast_mode": True}
    return [denoise_nl_means(picture, **options) for picture in pictures]


def _by_pca(pca, size, pictures, count):
    return _by_patches(pca.first(count).reconstruct, pictures, size)


def _by_patches(denoise, pictures, size):
    """Each picture as the average of its overlapping patches, which `denoise` changes; it takes rows of pixels."""
    found = []
    for picture in pictures:
        patches = patches_of(picture, size)
        changed = denoise(patches.reshape(-1, size * size).astype(np.float32))
        found.append(averaged(np.asarray(changed).reshape(patches.shape), size))
    return found


def _reconstructed(grid, run, x):
    return grid.reconstructions(x, run)


def _row(level, quality, chosen):
    return (
        {"noise of 255": float(level)}
        | {f"PSNR {name} (dB)": quality[name][0] for name in ORDER}
        | {f"SSIM {name}": quality[name][1] for name in ORDER}
        | {f"{name}, chosen by PSNR": float(value) for name, value in chosen.items()}
    )


def _verdicts(quality):
    return [
        _beats("the denoising autoencoder removes noise at every level", quality, "noisy"),
        _beats("it beats principal components of patches", quality, PCA),
    ]


def _beats(claim, quality, other):
    """The autoencoder is better than another method in both qualities at every noise."""
    margins = {
        unit: [methods[MODEL][i] - methods[other][i] for methods in quality.values()]
        for i, unit in enumerate(QUALITIES)
    }
    measured = ", ".join(
        f"{unit} {min(found):+.{digits}f} to {max(found):+.{digits}f}{suffix}"
        for (unit, (_, suffix, digits)), found in zip(QUALITIES.items(), margins.values(), strict=True)
    )
    rule = f"larger mean PSNR and SSIM than {OTHERS[other]} at all {len(quality)} noises"
    return decided(claim, rule, measured, [margin for found in margins.values() for margin in found])
