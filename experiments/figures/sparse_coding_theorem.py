"""Theorem 3.1 of Makhzani & Frey 2014 on trained dictionaries, and on synthetic codes of one with known coherence."""

import numpy as np

from experiments.common.verdicts import Verdict
from jaxae.measures import dictionaries

THEOREM = "Makhzani & Frey 2014, theorem 3.1"


def condition(weight, code, kept):
    """Theorem 3.1 on a dictionary and codes on it: the coherence, the ratio that it bounds, and what is recovered."""
    units = np.asarray(dictionaries.unit_atoms(weight))
    z = code * np.linalg.norm(weight, axis=0)  # the same sums of atoms, in units of atoms of norm 1
    mu = float(dictionaries.coherence(weight))
    ratio = np.asarray(dictionaries.coherence_ratio(np.take_along_axis(z, kept, axis=1), mu))
    recovered = _recovered((z @ units.T) @ units, z, kept.shape[1])
    return {"mu": mu, "ratio": ratio, "middle": _middle(ratio), "recovered": recovered}


def _recovered(activations, codes, k):
    """Whether the k largest activations are the code's non-zero units, [batch]."""
    chosen = np.zeros(codes.shape, bool)
    np.put_along_axis(chosen, np.asarray(dictionaries.support(activations, k=k)), True, axis=1)
    return (chosen == (codes != 0)).all(axis=1)


def recovery(settings, rng):
    """[{kind, k, ratio, recovered, codes}]: recovery of synthetic supports on a dictionary of known coherence."""
    n = settings.features
    atoms = dictionaries.identity_and_hadamard(n)
    mu = float(dictionaries.coherence(atoms))
    rows = []
    for k in sorted({min(k, n // 4 + 1) for k in settings.ks}):  # of more waves not even equal ones can be confused
        for ratio in settings.ratios:
            least = 2 * k * mu / ratio
            if least > 1:  # even equal coefficients are further from the condition
                continue
            kinds = {
                "random codes": dictionaries.random_codes(rng, 2 * n, k=k, least=least, count=settings.codes),
                "hardest codes": dictionaries.hardest_codes(n, k=k, least=least)[: settings.codes],
            }
            for kind, codes in kinds.items():
                found = _recovered(codes @ atoms.T @ atoms, codes, k)
                rows.append({"kind": kind, "k": k, "ratio": ratio, "recovered": found.mean(), "codes": len(found)})
    return rows


def shares_by_ratio(synthetic):
    """{kind: [(ratio, share recovered, mean over k)]}"""
    shares = {}
    for row in synthetic:
        shares.setdefault(row["kind"], {}).setdefault(row["ratio"], []).append(row["recovered"])
    return {kind: [(ratio, float(np.mean(line[ratio]))) for ratio in sorted(line)] for kind, line in shares.items()}


def _middle(ratio):
    """The median of the finite ratios."""
    finite = ratio[np.isfinite(ratio)]
    return float(np.median(finite)) if len(finite) else 0.0


def checks(synthetic):
    """Whether the theorem holds for synthetic codes, and how much of it is needed."""
    within = [row for row in synthetic if row["ratio"] <= 1]
    beyond = [row for row in synthetic if row["kind"] == "hardest codes" and row["ratio"] > row["k"] / (row["k"] - 1)]
    (least, all_within), (most, all_beyond) = _share(within), _share(beyond)
    return [
        Verdict(
            "theorem 3.1: where k μ ≤ z_k / (2 z_1), the k largest activations are the support",
            "all synthetic supports within the condition are recovered, random and hardest",
            f"{least:.2%} of {all_within}",
            bool(within) and bool(least == 1),
            THEOREM,
        ),
        Verdict(
            "theorem 3.1 is nearly the best that can be said",
            "of the hardest codes with 2 k μ z_1 / z_k above k / (k - 1) none is recovered",
            f"{most:.2%} of {all_beyond}",
            bool(beyond) and bool(most == 0),
        ),
    ]


def _share(rows):
    """The share of the codes of these rows that is recovered, and their number."""
    count = sum(row["codes"] for row in rows)
    return sum(row["codes"] * row["recovered"] for row in rows) / max(count, 1), count
