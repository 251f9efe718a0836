import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.common.denoisers import psnr, ssim
from experiments.figures.denoising import KINDS, noise
from jaxae import corruptions

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    ("kind", "function", "number"),
    [(0, corruptions.masking, "rate"), (1, corruptions.gaussian, "std"), (2, corruptions.salt_and_pepper, "rate")],
)
def test_each_kind_of_noise_is_the_library_s(kind, function, number):
    x = jax.random.uniform(KEY, (20, 30))
    ours = jax.jit(noise)(KEY, x, kind=jnp.float32(kind), level=0.4)
    np.testing.assert_allclose(ours, function(KEY, x, **{number: 0.4}), atol=1e-5)
    assert len(KINDS) == 3


def test_the_means_of_psnr_and_ssim_are_over_images_and_clipped():
    x = np.random.default_rng(0).uniform(size=(2, 64))
    y = np.array([x[0] * 0.9 + 0.05, x[1] * 0.5])
    expected = np.mean(10 * np.log10(1 / np.square(y - x).mean(axis=1)))
    assert psnr(y, x) == pytest.approx(expected)
    assert psnr(x + 2.0, x) == psnr(np.ones_like(x), x)
    assert ssim(x, x, (8, 8)) == pytest.approx(1)
    assert ssim(y, x, (8, 8)) < 1
