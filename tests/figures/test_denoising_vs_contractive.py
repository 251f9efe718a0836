"""The reconstructions that are compared are free of what a tied decoder imposes, and the penalty is that of the noise."""

from pathlib import Path

import hydra
import numpy as np

from experiments.engine import identity
from experiments.figures.denoising_vs_contractive import CONTRACTIVE, DENOISING, moves

ROOT = Path(__file__).parents[2]


def test_the_compared_reconstructions_have_untied_decoders_and_one_noise():
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        _, cfgs = identity.compose(["experiment=denoising_vs_contractive"])
    noisy, contracted = cfgs[DENOISING], cfgs[CONTRACTIVE]
    assert not noisy.model.tied and not contracted.model.tied and cfgs["CAE"].model.tied
    np.testing.assert_allclose([contracted.weight], np.square(noisy.corruption.std))
    assert contracted.penalty["_target_"].endswith("contractive_reconstruction")


def test_moves_have_length_1_and_the_direction_of_the_reconstruction():
    np.testing.assert_allclose(moves(lambda x: 0.5 * x, np.array([[3.0, 4.0]])), [[-0.6, -0.8]])
