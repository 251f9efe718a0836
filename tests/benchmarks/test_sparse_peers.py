import math
import os
import sys

import jax
import numpy as np
import pytest

from experiments import benchmark
from experiments.benchmarks import drawing, sparse, sparse_peers
from experiments.benchmarks.rounds import measure

SMALL = {"16-90": (16, 90, 16)}


class Others:
    """Stands in for the peers: one trains 100 samples per second to the initial weights, the second does not run."""

    def __init__(self):
        self.asked, self.reasons = [], {}

    def values(self, library, name, x, held_out, start, *, rows, **numbers):
        self.asked.append((library, x.shape, held_out.shape, {key: value.shape for key, value in start.items()}, rows))
        if library != "sae_lens":
            self.reasons[library, name] = "it is not there"
            return None
        return {"samples per second": 100.0, "explained variance": 0.5, "atoms": start["W_dec"]}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sparse, "SIZES", SMALL)
    sparse.problem.cache_clear()
    yield
    sparse.problem.cache_clear()


def test_times_of_sweeps_and_ratios_are_those_of_the_same_round(small):
    def found(*speeds):
        return [{"samples per second": v, "explained variance": 0.5, "MCC": 0.25} for v in speeds]

    name = "16-90"
    measured = {(name, 1, "jaxae"): found(200, 400), (name, 1, "sae_lens"): found(100, 100)}
    measured[name, 8, "jaxae"] = found(400, 800)
    table = {(row["models"], row["library"], row["way"]): row for row in sparse.rows(measured, steps=10)}
    samples = 10 * 10 * 16  # of a model in the timed epochs
    assert table[1, "jaxae", "one model"]["seconds"] == pytest.approx((samples / 200 + samples / 400) / 2)
    assert table[1, "sae_lens", "one model"]["seconds / jaxae's"] == pytest.approx(3)  # 2 and 4
    assert table[8, "jaxae", sparse.GRID]["seconds"] == pytest.approx((8 * samples / 400 + 8 * samples / 800) / 2)
    assert table[8, "sae_lens", sparse.TURNS]["seconds"] == pytest.approx(8 * samples / 100)
    assert table[8, "sae_lens", sparse.TURNS]["seconds / jaxae's"] == pytest.approx(6)  # 4 and 8
    assert table[8, "jaxae", sparse.TURNS]["seconds / jaxae's, max"] == pytest.approx(2)
    assert len(table) == 5 and table[1, "jaxae", "one model"]["MCC"] == 0.25
    assert table[8, "jaxae", sparse.GRID]["MCC"] is None


@pytest.mark.slow
def test_all_libraries_are_given_the_same_and_the_table_has_every_time(small):
    others = Others()
    cases = sparse.cases(others, names=SMALL, counts=(4,), steps=3)
    assert list(cases) == [("16-90", 1, library) for library in ("jaxae", *sparse_peers.LIBRARIES)] + [
        ("16-90", 4, "jaxae")
    ]
    table = sparse.rows(measure("sparse", cases, 1), steps=3)
    start = {"W_enc": (16, 90), "b_enc": (90,), "W_dec": (90, 16), "b_dec": (16,)}
    rows = {"batch_size": 16, "warm": 3, "steps": 30}
    assert others.asked == [(library, (48, 16), (5000, 16), start, rows) for library in sparse_peers.LIBRARIES]
    libraries = [(row["models"], row["library"], row["way"]) for row in table]
    assert libraries == [
        (1, "jaxae", "one model"),
        (1, "sae_lens", "one model"),
        (4, "jaxae", sparse.GRID),
        (4, "jaxae", sparse.TURNS),
        (4, "sae_lens", sparse.TURNS),
    ]
    ours, theirs = table[:2]
    given = sparse.problem("16-90", 3)
    atoms = np.asarray(given.start["decoder"]["weight"])
    cosines = np.abs(atoms @ given.true.T)  # both of norm 1
    assert theirs["MCC"] <= cosines.max(axis=0).mean() + 1e-6
    assert 0 < ours["MCC"] < 1 and ours["explained variance"] < 1
    assert all(math.isfinite(value) for row in table for value in row.values() if isinstance(value, float))
    assert len(drawing.draw_sparse(table).axes[0].lines) == 3


def test_what_a_peer_says_last_is_why_it_was_not_measured_and_it_is_asked_once(tmp_path):
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\nimport sys\nprint('no such module', file=sys.stderr)\nsys.exit(3)\n")
    script.chmod(0o755)
    given = {"rows": {"batch_size": 2, "warm": 1, "steps": 5}, "k": 2, "learning_rate": 0.1}
    x, start = np.zeros((4, 3), np.float32), {"W_enc": np.zeros((3, 5))}
    for python, reason in [
        (script, "no such module"),
        (tmp_path / "none", f"{tmp_path / 'none'} does not start: No such"),
    ]:
        peers = sparse_peers.Peers(python)
        assert peers.values("sae_lens", "16-90", x, x, start, **given) is None
        assert peers.reasons["sae_lens", "16-90"].startswith(reason)
        script.write_text("")
        assert peers.values("sae_lens", "16-90", x, x, start, **given) is None and len(peers.reasons) == 1


def test_without_the_peers_a_sentence_says_how_they_are_made_and_jaxae_alone_is_measured(tmp_path, monkeypatch, capsys):
    found = {"samples per second": 10.0, "explained variance": 0.5, "MCC": 0.25}
    monkeypatch.setattr(sparse, "_ours", lambda name, runs, steps: found)
    monkeypatch.delenv("JAXAE_PEERS", raising=False)
    benchmark.main(["--sections", "sparse", "--models", "64-512", "--rounds", "1", "--output", str(tmp_path)])
    out = " ".join(capsys.readouterr().out.split())
    assert (
        "experiments.benchmarks.peers_environment peers makes their Python, which --peers or JAXAE_PEERS names" in out
    )
    lines = (tmp_path / "sparse.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 + 2 and all(line.startswith("64-512,") for line in lines[1:])
    assert (tmp_path / "sparse.png").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("JAXAE_PEERS"), reason="JAXAE_PEERS names no Python of the peers")
@pytest.mark.parametrize("library", sparse_peers.LIBRARIES)
def test_a_peer_learns_from_the_given_weights(small, library):
    peers = sparse_peers.Peers(os.environ["JAXAE_PEERS"])
    sparse_found = sparse.cases(peers, names=SMALL, counts=(), steps=20)["16-90", 1, library].measure()
    assert not peers.reasons
    assert sparse_found["samples per second"] > 0 and -10 < sparse_found["explained variance"] < 1
    given = sparse.problem("16-90", 20)
    start = jax.tree.map(np.asarray, given.start)
    moved = sparse_found["MCC"] - float(sparse.mcc(start["decoder"]["weight"], given.true))
    assert 0 < abs(moved) < 0.5  # 220 steps of 3e-4 do not go far
