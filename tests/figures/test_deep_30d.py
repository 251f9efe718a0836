"""What the deep autoencoder is compared with has been trained to its end."""

import os
from pathlib import Path

import hydra
import numpy as np
import pytest

from experiments.engine import identity
from experiments.engine.configuration import setup
from jaxae.training import fit_grid

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("JAXAE_CONVERGENCE"), reason="takes minutes: JAXAE_CONVERGENCE=1 runs it")
@pytest.mark.parametrize("size", [6, 18])
def test_logistic_pca_of_the_curves_has_converged(size):
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        _, cfgs = identity.compose(["experiment=deep_30d"])
        chosen = setup(cfgs[f"curves_logistic_pca_{size}"])
    sizes = {"seeds": chosen.seeds, "batch_size": chosen.sizes["batch_size"]}
    errors = [
        fit_grid(chosen.model, chosen.recipes, chosen.train.x, epochs=epochs, **sizes).curve["error"][0, -1]
        for epochs in (chosen.sizes["epochs"], 2 * chosen.sizes["epochs"])
    ]
    assert np.less(errors[0] / errors[1] - 1, 1e-3), errors  # twice as long lowers the cross-entropy by less than 0.1 %
