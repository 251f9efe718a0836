"""Wide linear maps beside the identity: gains along the data's principal directions, their optima, and the verdicts."""

import jax
import numpy as np
from jax.tree_util import Partial

from experiments.common.verdicts import below, decided, listed
from experiments.figures.capacity_drawing import LINEAR, LinearMaps
from jaxae.measures.identity_map import decayed_gain, denoising_gain, response
from jaxae.sweeps import take

__all__ = ["known_optima", "linear_maps", "verdicts_on_maps"]

TREATMENTS = {"plain": (False, False), "weight decay": (True, False), "noise": (False, True), "both": (True, True)}
CLOSE = 0.1  # "near the identity": a tenth of the identity's own norm
BOOK = "Goodfellow et al. 2016, "


def linear_maps(grids, settings):
    """Gain and gap to the identity along every principal direction of the training data, and the linear optima."""
    tied = grids[LINEAR["tied"]]
    x = tied.train.x
    variances, directions = np.linalg.eigh(np.cov(x.T, bias=True))
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1].T.astype(np.float32)
    span = int(np.searchsorted(np.cumsum(variances) / variances.sum(), settings.share)) + 1
    maps = {}
    for kind, label in LINEAR.items():
        grid = grids[label]
        untrained = grid.model.init(jax.random.key(settings.seed))
        maps[f"{kind}, untrained"] = _response(grid.model, untrained, x[:1], directions, span)
        for treatment, (decay, noise) in TREATMENTS.items():
            params = take(grid.params, _index(grid, decay, noise))
            maps[f"{kind}, {treatment}"] = _response(grid.model, params, x[:1], directions, span)
    optima = {
        treatment: optimum
        for kind, label in LINEAR.items()
        for treatment, optimum in _optima(grids[label], kind, variances).items()
    }
    return LinearMaps(maps, optima, span)


def _optima(grid, kind, variances):
    """{map: the gains of its optimum}"""
    decayed = decayed_gain(variances, weight=max(grid.table["weight"]), tied=grid.model.tied)
    denoising = denoising_gain(variances, std=max(grid.table["corruption.std"]))
    return {f"{kind}, weight decay": np.asarray(decayed), f"{kind}, noise": np.asarray(denoising)}


def _response(model, params, x, directions, span):
    """Gain and squared gap along each direction, and the map's distance to the identity on `span` of them and on all."""
    map_of = Partial(_through, model.encoder(params), model.decoder(params))
    gain, gap = (np.asarray(values) for values in response(map_of, x, directions))
    return {
        "gain": gain,
        "gap": gap,
        "span": float(np.sqrt(gap[:span].mean())),
        "whole": float(np.sqrt(gap.mean())),
    }


def _through(encoder, decoder, x):
    return decoder(encoder(x))


def _index(grid, decay, noise):
    """The run of a grid over weight and noise with either at 0 or above."""
    chosen = ((grid.table["weight"] > 0) == decay) & ((grid.table["corruption.std"] > 0) == noise)
    return int(np.flatnonzero(chosen)[0])


def verdicts_on_maps(linear):
    """The verdicts on the linear maps and the identity."""
    return [
        below(
            "over-complete linear maps learn the identity where the data vary",
            f"plain, tied and untied: |(J - I) P| / |P| < {CLOSE} on the {linear.span} leading directions",
            _spans(linear, "plain"),
            "{name} {value:.3f}",
            bound=CLOSE,
            source=BOOK + "section 14.2",
        ),
        _farther(linear, "weight decay", "weight decay keeps them from it"),
        _farther(linear, "noise", "noise keeps them from it", source=BOOK + "section 14.2.2"),
    ]


def known_optima(linear):
    """Whether training reaches the optima that are known in closed form."""
    gains = {name: (linear.maps[name]["gain"], optimum) for name, optimum in linear.optima.items()}
    return below(
        "weight decay and noise keep linear maps from the identity to the degree that theory says",
        f"tied and untied: every gain on the {linear.span} directions within {CLOSE} of the optimum's",
        {name: np.abs(gain - optimum)[: linear.span].max() for name, (gain, optimum) in gains.items()},
        "{name}: largest difference {value:.3f}",
        bound=CLOSE,
    )


def _spans(linear, treatment):
    """{map: its distance to the identity on the leading directions}"""
    return {name: linear.maps[name]["span"] for name in (f"{kind}, {treatment}" for kind in LINEAR)}


def _farther(linear, treatment, claim, *, source=""):
    plain, treated = _spans(linear, "plain"), _spans(linear, treatment)
    return decided(
        claim,
        "tied and untied: a larger |(J - I) P| / |P| than plain",
        listed(plain | treated, "{name} {value:.3f}"),
        [other - one for one, other in zip(plain.values(), treated.values(), strict=True)],
        source=source,
    )
