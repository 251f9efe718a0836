"""Filters learned on whitened natural image patches (Vincent et al. 2010, figures 5, 6 and 7)."""

import numpy as np

from experiments.common.filter_banks import banks_of, draw_banks, unit_rows
from experiments.common.outcome import Outcome
from experiments.common.verdicts import Verdict, greater, listed
from experiments.common.views import Banks
from jaxae.measures.filters import effective_area, kind_of_filters, orientation
from jaxae.measures.gabor import gabor_fit
from jaxae.measures.reconstructions import unexplained_variance

WORDS = ("noise", "blob", "edge")
PAPER = "Vincent et al. 2010"


def outcome(grids, cfg):
    """Input patches and the filter banks; how Gabor-like, concentrated and oriented each bank's filters are."""
    banks = banks_of(grids)
    filters = {label: grid.filters(run) for label, (grid, run) in banks.items()}
    measures = {label: _measure(bank) for label, bank in filters.items()}
    left = {label: _unexplained(grid, run) for label, (grid, run) in banks.items()}
    train = next(iter(grids.values())).train
    count = min(cfg.figure.filters, max(map(len, filters.values())))
    inputs = train.x[:count].reshape(-1, *train.shape)
    figure = draw_banks(filters, count, first=(f"input, {cfg.data.name}", inputs))
    table = [_row(label, columns, left[label]) for label, columns in measures.items()]
    variances = {label: float(grid.train.x.var()) for label, (grid, _) in banks.items()}
    remark = (
        "Each filter is scaled to its own largest magnitude; grey is 0. A filter is called noise where the best Gabor "
        "explains less than half of its energy, else an edge where its orientation is at least 0.25, else a blob. "
        f"Variance of the training patches: {listed(variances, '{name} {value:.2g}')}."
    )
    views = [Banks("model", filters)]
    return Outcome(figure, unit_rows(measures), table, _verdicts(measures), remark, views=views)


def _unexplained(grid, run):
    return float(unexplained_variance(grid.test.x, grid.reconstructions(grid.test.x, run)))


def _measure(bank):
    explained = np.asarray(gabor_fit(bank)[0])
    oriented = np.asarray(orientation(bank))
    return {
        "Gabor R2": explained,
        "area": np.asarray(effective_area(bank)),
        "orientation": oriented,
        "kind": kind_of_filters(explained, oriented),
    }


def _shares(columns):
    return {word: float(np.mean(columns["kind"] == word)) for word in WORDS}


def _row(label, columns, unexplained):
    return {
        "bank": label,
        "Gabor R2, median": float(np.median(columns["Gabor R2"])),
        "effective area (share of pixels), median": float(np.median(columns["area"])),
        "orientation, median": float(np.median(columns["orientation"])),
        **{f"{word}s" if word != "noise" else word: share for word, share in _shares(columns).items()},
        "unexplained variance of test patches": unexplained,
    }


def _verdicts(measures):
    few, many, decayed, noisy, peppered, masked = measures
    shares = {label: _shares(columns) for label, columns in measures.items()}
    medians = {label: float(np.median(columns["Gabor R2"])) for label, columns in measures.items()}

    def most(label, word, claim, figure):
        rule = f"more than half of the filters of '{label}' are {word}"
        measured = listed(shares[label], "{name} {value:.0%}")
        margin = shares[label][word] - 0.5
        return Verdict(claim, rule, measured, margin > 0, f"{PAPER}, {figure}", (margin,))

    fewer = shares[many]["noise"] - shares[decayed]["noise"], 0.5 - shares[decayed]["edge"]
    return [
        most(few, "blob", "few units become blob detectors", "figure 5"),
        most(many, "noise", "many units without a regulariser stay noise", "figure 5"),
        Verdict(
            "weight decay recovers some blobs, no edge detectors",
            f"in '{decayed}' more filters than in '{many}' are not noise, and fewer than half are edges",
            f"not noise {1 - shares[decayed]['noise']:.0%} against {1 - shares[many]['noise']:.0%}, "
            f"edges {shares[decayed]['edge']:.0%}",
            min(fewer) > 0,
            f"{PAPER}, figure 6",
            fewer,
        ),
        most(noisy, "edge", "denoising gives oriented edge detectors", "figure 6"),
        most(peppered, "edge", "salt-and-pepper noise gives oriented detectors", "figure 7"),
        most(masked, "edge", "masking noise gives oriented detectors", "figure 7"),
        greater(
            "Gaussian noise makes the filters more Gabor-like than weight decay",
            f"the median Gabor R2 of '{noisy}' is larger than those of the 200-unit banks without noise",
            medians[noisy],
            max(medians[many], medians[decayed]),
            source=f"{PAPER}, figure 6",
        ),
    ]
