"""The figure of denoised photographs: a part of one by every method at every noise, and PSNR and SSIM over the noise."""

import matplotlib.pyplot as plt
import numpy as np

from experiments.common import plotting

MODEL, PCA = "denoising autoencoder", "PCA of patches"
ORDER = ["noisy", "total variation", "non-local means", PCA, MODEL]


def draw(clean, estimates, quality, name, crop):
    """Rows: noises; columns: clean, noisy, and every method. Below: both qualities. clean and estimates: of one photograph."""
    top, left = (max(0, (length - crop) // 2) for length in clean.shape)
    part = slice(top, top + crop), slice(left, left + crop)
    with plotting.style():
        figure = plt.figure(figsize=(12, 10.5))
        upper, lower = figure.subfigures(2, 1, height_ratios=[6.6, 3.4])
        axes = upper.subplots(len(estimates), len(ORDER) + 1, squeeze=False)
        for row, (level, methods) in zip(axes, estimates.items(), strict=True):
            for ax, picture in zip(row, (clean, *methods.values()), strict=True):
                ax.imshow(np.clip(picture[part], 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                ax.set(xticks=[], yticks=[])
            row[0].set_ylabel(f"noise {level:g} of 255")
        for ax, title in zip(axes[0], ("clean", *ORDER), strict=True):
            ax.set_title(title, fontsize=10)
        upper.suptitle(f"the middle of the held-out photograph {name}", fontsize=11)
        for place, (ax, unit) in enumerate(zip(lower.subplots(1, 2), ("PSNR (dB)", "SSIM"), strict=True)):
            for method, marker, color in zip(ORDER, "x^vso", plotting.COLORS, strict=False):
                values = [methods[method][place] for methods in quality.values()]
                ax.plot(list(quality), values, f"{marker}-", color=color, label=method, ms=6)
            ax.set(xlabel="standard deviation of the noise, of 255", ylabel=unit, xticks=list(quality))
        lower.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=len(ORDER))
    return figure
