import csv
import math
import re

import jax.numpy as jnp
import numpy as np
import pytest

from experiments import benchmark
from experiments.benchmarks import drawing, growth, steps, sweeps, timing
from experiments.benchmarks.kinds import KINDS, SLOW, grid, jacfwd, jacrev, kinds_of, loop
from jaxae import penalties
from jaxae.models import Dense

SMALL = {
    "784-500": Dense(784, (6,)),
    "784-1000-500-250-30": Dense(784, (5, 4, 3, 2)),
}  # the names decide what is measured


class Torch:
    """Stands in for PyTorch: every step takes a tenth of a second, and k-sparse is refused."""

    def __init__(self):
        self.asked = []

    def seconds(self, kind, sizes, batch_size, count, mode):
        self.asked.append((kind, mode))
        return None if kind == "k-sparse" else 0.1 * count


def test_every_kind_is_measured_and_its_ratios_are_those_of_its_times(monkeypatch):
    few = ("plain", "k-sparse", "DAE-b", "CAE exact", "CAE hutchinson", "CAE jacrev")
    monkeypatch.setattr(steps, "kinds_of", lambda name: [kind for kind in kinds_of(name) if kind in few])
    torch = Torch()
    table = steps.rows(steps.measure(2, torch, models=SMALL, batch_size=4, steps=2), models=SMALL, batch_size=4)
    cells = {(row["model"], row["step"], row["library"]): row for row in table}
    for name in SMALL:
        assert {step for model, step, library in cells if (model, library) == (name, "jaxae")} == {
            steps.PRODUCTS,
            *few,
        }
        plain = cells[name, "plain", "jaxae"]
        assert plain["ratio to plain"] == 1 and plain["samples per second"] == pytest.approx(
            4000 / plain["ms per step"]
        )
        least, most = (100 / plain[f"ms per step, {end}"] for end in ("max", "min"))
        assert least * 0.999 <= plain["times PyTorch eager"] <= most * 1.001
        assert cells[name, "DAE-b", "PyTorch eager"]["ms per step"] == pytest.approx(100)
        assert (name, "k-sparse", "PyTorch eager") not in cells
        assert 0 < cells[name, "CAE hutchinson", "jaxae"]["relative error"] < 2
        assert all(math.isfinite(v) for row in table for v in row.values() if isinstance(v, float))
    assert cells["784-500", "plain", "jaxae"]["operations"] == 5 * 4 * 784 * 6
    assert ("CAE jacrev", "eager") in torch.asked and ("plain", "compiled") not in torch.asked
    assert cells["784-1000-500-250-30", "CAE exact", "PyTorch eager"]["ms per step"] == pytest.approx(100)  # the chain
    drawing.draw_steps(table)
    best = benchmark.bars(table)
    assert {key.split(":")[0] for key in best} == set(SMALL) and all(value > 0 for value in best.values())


@pytest.mark.parametrize("penalty", [jacrev, jacfwd, loop])
def test_the_generic_ways_are_the_contractive_penalty(penalty):
    model = Dense(7, (5, 3))
    encoder = model.encoder(model.init(jnp.zeros(2, jnp.uint32)))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 7)), jnp.float32)
    np.testing.assert_allclose(penalty(encoder, x), penalties.contractive(encoder, x), rtol=1e-5)
    assert set(SLOW) < set(KINDS)


def test_all_products_of_a_step_stay_in_the_compiled_loop():
    weights = [jnp.ones((784, 1000)), jnp.ones((1000, 30))]
    program = timing.products.lower(weights, jnp.ones((40, 100, 784))).compile().as_text()
    shapes = re.findall(r"= f32\[([\d,]+)\]\S* dot\(", program)
    if not shapes:
        pytest.skip("this backend writes its products as library calls")
    # One step's shapes, not 40 steps' at once: nothing is hoisted, dropped or merged.
    first = ["100,1000", "100,784", "100,1000", "784,1000", "784,1000"]
    second = ["100,30", "100,1000", "100,30", "100,1000", "1000,30", "1000,30"]
    assert sorted(shapes) == sorted(first + second)
    assert "while(" in program.split("ENTRY")[1] and "dot(" not in program.split("ENTRY")[1]


def test_growth_has_a_time_for_every_point():
    axes = {"batch size": (2, 3), "layers of 200 units": (1, 2)}
    start = {"batch size": 2, "hidden units": 3, "features": 5}
    table = growth.measure(1, axes=axes, start=start, kinds=("plain", "CAE jacrev"))
    assert [(row["axis"], row["point"], row["step"]) for row in table] == [
        (axis, point, kind) for axis, points in axes.items() for point in points for kind in ("plain", "CAE jacrev")
    ]
    assert all(row["ms per step"] > 0 for row in table)
    drawing.draw_growth(table)


def test_a_sweep_in_one_program_trains_as_many_samples_as_runs_in_processes(tmp_path):
    table = sweeps.measure(1, names=("64-32, digits",), counts=(2,), ways=("width 1", "separate processes"))
    together, apart = table
    assert together["width"] == apart["width"] == 1
    assert apart["compilations"] <= together["compilations"] + 5  # the second process finds the first one's programs
    # Samples per second are of training alone; the same number of samples in both.
    samples = [row["samples per second"] * row["seconds of training"] for row in table]
    assert samples[0] == pytest.approx(samples[1], rel=1e-6) == 2 * 40 * 1400
    drawing.draw_sweeps(table)


def test_the_command_writes_a_table_and_a_picture_of_each_section(tmp_path, monkeypatch):
    row = {"axis": "batch size", "point": 2, "step": "plain"} | timing.spread("ms per step", [1.0, 2.0, 4.0])
    monkeypatch.setattr(growth, "measure", lambda rounds: [row])
    benchmark.main(["--sections", "growth", "--rounds", "1", "--output", str(tmp_path)])
    with open(tmp_path / "growth.csv", newline="") as file:
        (written,) = csv.DictReader(file)
    assert (written["ms per step"], written["ms per step, min"], written["ms per step, max"]) == ("2", "1", "4")
    assert (tmp_path / "growth.png").stat().st_size > 0


def test_no_rounds_are_refused(tmp_path):
    with pytest.raises(SystemExit):
        benchmark.main(["--rounds", "0", "--output", str(tmp_path)])


def test_a_grid_has_equal_runs_with_seeds_of_their_own():
    recipes, seeds = grid("l1", 3)
    assert list(seeds) == [0, 1, 2] and recipes.weight.tolist() == pytest.approx([0.1] * 3)
