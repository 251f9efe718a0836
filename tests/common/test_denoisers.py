import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import denoise_tv_chambolle

from experiments.common.denoisers import best_in_each, filtered, psnr, ssim, total_variation


def test_pictures_of_several_sizes_have_the_mean_of_their_measures():
    rng = np.random.default_rng(0)
    clean = [rng.uniform(size=(9, 12)), rng.uniform(size=(16, 8))]
    noisy = [picture + 0.1 * rng.standard_normal(picture.shape) for picture in clean]
    pairs = [(a, np.clip(b, 0, 1)) for a, b in zip(clean, noisy, strict=True)]
    assert psnr(noisy, clean) == pytest.approx(np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]))
    assert ssim(noisy, clean) == pytest.approx(np.mean([structural_similarity(a, b, data_range=1) for a, b in pairs]))


def test_total_variation_is_that_of_each_picture():
    pictures = np.random.default_rng(0).uniform(size=(2, 9, 12))
    stacked = denoise_tv_chambolle(pictures, weight=0.2, channel_axis=0)
    np.testing.assert_allclose(total_variation(pictures, 0.2), stacked)


def test_each_quality_chooses_its_own_parameter():
    def scaled(pictures, factor):
        return [factor * picture for picture in pictures]

    def near(target):
        return lambda estimates, clean: -abs(estimates[0][0] - target * clean[0][0])

    one, qualities = [np.ones(3)], (near(2), near(3))
    assert best_in_each(scaled, [1, 2, 3], one, one, qualities) == [2, 3]
    estimates, chosen = filtered({"scaled": (scaled, [1, 2, 3])}, [np.full(3, 5.0)], one, one, qualities)
    assert chosen == {"scaled": 2}
    assert [picture[0] for (picture,) in estimates["scaled"]] == [10, 15]
