"""What the numbers of tangents are made of: the affine mean, thickening apart, and pictures in colours."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from experiments.figures import tangents
from jaxae.measures.image_tangents import AFFINE, TRANSFORMATIONS, derivatives
from jaxae.models import Dense

SUBSPACES = ("CAE", tangents.STACK, tangents.DEEP, "DAE", "AE", "local PCA", "PCA", "random")


def test_each_colour_of_a_picture_moves_as_a_grey_one_does():
    images = np.random.default_rng(0).uniform(size=(2, 6, 7, 3)).astype(np.float32)
    found = tangents._true(images)
    assert found.shape == (2, len(TRANSFORMATIONS), 6, 7, 3)
    for colour in range(3):
        np.testing.assert_allclose(found[..., colour], derivatives(images[..., colour]), atol=1e-5)
    np.testing.assert_allclose(tangents._true(images[..., 0]), derivatives(images[..., 0]), atol=1e-5)


def test_thickening_is_in_a_column_of_its_own_and_not_in_the_mean():
    values = np.array([[0.1, 0.2, 0.3, 0.4, 0.9], [0.3, 0.4, 0.5, 0.6, 0.7]])
    row = tangents._row("CAE", values, 10)
    assert row["mean of the affine"] == pytest.approx(0.35)
    assert row["thickening"] == pytest.approx(0.8)
    assert "thickening" not in tangents._row("CAE", values[:, : len(AFFINE)], 10)


def test_the_verdicts_do_not_see_thickening_but_for_the_one_about_it():
    chance = np.random.default_rng(0)
    fractions = {name: np.tile(chance.uniform(0.2, 0.4, (20, 4, 1)), (1, 1, 3)) for name in SUBSPACES}
    fractions["CAE"] = fractions["PCA"] + 0.1
    without = tangents._verdicts(fractions, 2)
    for thick, holds in ((0.9, True), (0.05, False)):
        whole = {name: np.concatenate([values, np.full((20, 1, 3), 0.3)], axis=1) for name, values in fractions.items()}
        whole["CAE"][:, 4] = thick
        *others, last = tangents._verdicts(whole, 2)
        assert [(v.claim, v.measured, v.holds) for v in others] == [(v.claim, v.measured, v.holds) for v in without]
        assert last.claim.startswith("thicker strokes") and last.holds is holds


def test_the_stack_is_cut_after_its_first_layer():
    model = Dense(6, (5, 4))
    encoder = model.encoder(model.init(jax.random.key(0)))
    other = Dense(6, 5)
    grids = {
        "CAE": SimpleNamespace(encoder=lambda: other.encoder(other.init(jax.random.key(1)))),
        tangents.STACK: SimpleNamespace(encoder=lambda: encoder),
    }
    found = tangents._encoders(grids)
    assert list(found) == ["CAE", tangents.STACK, tangents.DEEP]
    x = np.random.default_rng(0).uniform(size=(3, 6)).astype(np.float32)
    np.testing.assert_allclose(found[tangents.STACK](x), encoder.layers[0](x), rtol=1e-6)
    np.testing.assert_allclose(found[tangents.DEEP](x), encoder(x), rtol=1e-6)


@pytest.mark.parametrize(("data", "words"), [("mnist", "not in the mean"), ("cifar10_bw", "is left out")])
def test_the_remark_says_what_became_of_thickening(data, words):
    assert words in tangents._remark(10, 5, 60, data)


@pytest.mark.parametrize(("lead", "holds"), [(0.01, False), (0.1, True)])
def test_a_lead_is_more_than_two_of_its_standard_errors(lead, holds):
    differences = lead + 0.1 * np.random.default_rng(0).normal(size=20)
    verdict = tangents._more({"CAE": differences, "AE": np.zeros(20)}, 5, "claim", "CAE", "AE")
    margin, error = differences.mean(), differences.std(ddof=1) / np.sqrt(20)
    assert verdict.margins == (pytest.approx(margin),)
    assert verdict.holds is holds is bool(margin > 2 * error)
