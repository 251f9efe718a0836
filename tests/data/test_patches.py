"""Whitened patches: the filter against its formula and a brute-force transform, the patches against their pictures."""

import numpy as np
import pytest

from jaxae import data
from jaxae.data import patches, photographs, whitening


def noise(rows, columns, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, columns))


@pytest.fixture(scope="module")
def shipped():
    return photographs.whitened()


def test_filter_has_the_published_radial_gain_on_white_noise():
    # f exp(-(f / 0.4)^4), f in cycles per pixel: README of sparsenet, f_0 = 0.4 N in cycles per picture.
    picture = noise(512, 512)
    window = np.outer(np.hanning(512), np.hanning(512))
    power_in, power_out = (np.abs(np.fft.fft2(window * p)) ** 2 for p in (picture, whitening.whiten(picture)))
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512))
    for low in np.arange(0.05, 0.65, 0.05):
        ring = (frequency >= low) & (frequency < low + 0.01)
        measured = np.sqrt(power_out[ring].sum() / power_in[ring].sum())
        middle = low + 0.005
        np.testing.assert_allclose(measured, middle * np.exp(-((middle / 0.4) ** 4)), rtol=0.05)


@pytest.mark.parametrize("rows, columns", [(16, 16), (15, 22), (1, 9)])
def test_whitening_is_the_fourier_filter_of_the_mirrored_picture(rows, columns):
    picture = noise(rows, columns)
    mirrored = np.pad(picture, ((0, rows), (0, columns)), mode="symmetric")
    frequency = np.hypot(np.fft.fftfreq(2 * rows)[:, None], np.fft.fftfreq(2 * columns))
    filtered = np.fft.ifft2(np.fft.fft2(mirrored) * frequency * np.exp(-((frequency / 0.4) ** 4)))
    np.testing.assert_allclose(whitening.whiten(picture), filtered.real[:rows, :columns], atol=1e-12)


def test_a_ramp_leaves_no_artefact_at_the_border():
    # Wrapped around, a ramp jumps at the border by its whole height; mirrored, it only bends there.
    ramp = np.tile(np.linspace(0, 1, 100), (100, 1))
    frequency = np.hypot(np.fft.fftfreq(100)[:, None], np.fft.fftfreq(100))
    wrapped = np.fft.ifft2(np.fft.fft2(ramp) * whitening.gain(frequency)).real
    assert np.abs(whitening.whiten(ramp)).max() < np.abs(wrapped).max() / 10


def test_whitening_removes_the_mean_and_is_linear():
    picture = noise(20, 30)
    assert abs(whitening.whiten(picture).mean()) < 1e-12
    np.testing.assert_allclose(whitening.whiten(3 * picture + 5), 3 * whitening.whiten(picture), atol=1e-12)


def test_whitening_flattens_the_spectrum_of_photographs(shipped):
    # Amplitude spectra of photographs fall about as 1 / f (Field 1987); below the cutoff the whitened ones are flat.
    for path, white in zip(photographs.shipped(), shipped[1], strict=True):
        grey = photographs.halve(photographs.read(path))
        window = np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))
        frequency = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1]))
        fall = []
        for picture in (grey - grey.mean(), white):
            amplitude = np.abs(np.fft.fft2(window * picture))
            low, high = ((frequency > f) & (frequency < f + 0.02) for f in (0.03, 0.2))
            fall.append(amplitude[low].mean() / amplitude[high].mean())
        assert fall[0] > 4 and fall[1] < fall[0] / 4


def test_mean_variance_of_the_pictures_is_that_of_images_mat(shipped):
    names, pictures = shipped
    assert len(names) == len(pictures) == 8
    np.testing.assert_allclose(np.mean([p.var() for p in pictures]), 0.1, rtol=1e-5)


@pytest.mark.parametrize("split", ["train", "test"])
def test_patches_keep_the_interface(split):
    loaded = data.load("patches", split, count=20_000)
    assert loaded.x.shape == (20_000, 144) and loaded.shape == (12, 12) and loaded.labels is None
    assert loaded.x.dtype == np.float32 and loaded.x.flags.c_contiguous
    assert 0.07 < loaded.x.var() < 0.13 and abs(loaded.x.mean()) < 0.01


def test_variance_scales_all_patches_alike():
    some = data.load("patches", "train", count=100)
    np.testing.assert_allclose(data.load("patches", "train", count=100, variance=1).x, np.sqrt(10) * some.x, rtol=1e-5)


@pytest.mark.parametrize("variance", [0, -1, True, float("inf"), "one"])
def test_other_variances_are_refused(variance):
    with pytest.raises(ValueError, match=f"'variance' is {variance!r}; it must be a number above 0"):
        data.load("patches", "train", count=10, variance=variance)


@pytest.mark.slow
@pytest.mark.parametrize("size", [7, 12])
def test_every_patch_occurs_in_its_own_part_of_a_picture(shipped, size):
    found = {}
    for split in ("train", "test"):
        places = {}
        for i, picture in enumerate(shipped[1]):
            border = round(0.8 * picture.shape[1])
            first = 0 if split == "train" else border
            part = picture[:, :border] if split == "train" else picture[:, border:]
            for row in range(part.shape[0] - size + 1):
                windows = np.lib.stride_tricks.sliding_window_view(part[row : row + size], size, axis=1)
                for column in range(windows.shape[1]):
                    places.setdefault(part[row, column].tobytes(), []).append((i, row, first + column))
        x = data.load("patches", split, size=size, count=200).x.reshape(-1, size, size)
        found[split] = [
            [p for p in places.get(patch[0, 0].tobytes(), []) if np.array_equal(at(shipped, p, size), patch)]
            for patch in x
        ]
        assert all(found[split])
    for i, picture in enumerate(shipped[1]):
        border = round(0.8 * picture.shape[1])
        pixels = {
            split: {(row + r, column + c) for hits in hits_of for j, row, column in hits if j == i
                    for r in range(size) for c in range(size)}
            for split, hits_of in found.items()
        }  # fmt: skip
        assert not pixels["train"] & pixels["test"]
        assert all(c < border for _, c in pixels["train"]) and all(c >= border for _, c in pixels["test"])


def at(shipped, place, size):
    i, row, column = place
    return shipped[1][i][row : row + size, column : column + size]


def test_positions_are_uniform_over_all_pictures():
    # Each pixel of these pictures names its picture, row and column, so a patch of one pixel tells where it comes from.
    regions = [np.arange(6, dtype=np.float32).reshape(2, 3), 6 + np.arange(14, dtype=np.float32).reshape(7, 2)]
    x = patches.drawn(regions, 1, 20_000, stream=[0])
    counts = np.bincount(x.astype(int).ravel(), minlength=20)
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


def test_all_positions_and_only_those_are_drawn():
    region = np.arange(20, dtype=np.float32).reshape(4, 5)
    x = patches.drawn([region], 3, 1000, stream=[0])
    expected = {region[r : r + 3, c : c + 3].tobytes() for r in range(2) for c in range(3)}
    assert {patch.tobytes() for patch in x} == expected


def test_seed_fixes_the_patches_and_splits_draw_apart():
    first, again, other = (data.load("patches", "test", count=50, seed=seed).x for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    square = [np.arange(10_000, dtype=np.float32).reshape(100, 100)]
    assert not np.array_equal(patches.drawn(square, 1, 50, stream=[3, 0]), patches.drawn(square, 1, 50, stream=[3, 1]))


def test_drawn_positions_are_the_same_on_every_machine():
    # Row 0 of PCG64 seeded with [0, 0], modulo 10,000: raw streams of bit generators never change in numpy.
    x = patches.drawn([np.arange(10_000, dtype=np.float32).reshape(100, 100)], 1, 5, stream=[0, 0])
    assert x.ravel().astype(int).tolist() == [4271, 1617, 6024, 5533, 4971]


def test_limit_and_a_larger_count_share_the_leading_patches():
    whole = data.load("patches", "train", count=300).x
    np.testing.assert_array_equal(data.load("patches", "train", limit=100).x, whole[:100])
    with pytest.raises(ValueError, match="'limit' is 11; this split has 10 examples"):
        data.load("patches", "train", count=10, limit=11)


def test_default_counts():
    assert len(data.load("patches", "test").x) == 10_000
    assert patches.COUNTS == {"train": 500_000, "test": 10_000}
