import csv
import math
import re

import jax.numpy as jnp
import pytest

from experiments import benchmark

SIZES = {"features": 12, "hidden": 30, "examples": 40, "batch_size": 10}


def test_a_tiny_run_writes_every_kind_with_positive_times_and_their_ratios(tmp_path):
    path = tmp_path / "benchmark.csv"
    benchmark.main(["--rounds", "1", "--output", str(path)], **SIZES)
    with open(path, newline="") as file:
        rows = {row["kind"]: row for row in csv.DictReader(file)}
    assert list(rows) == [benchmark.PRODUCTS, *benchmark.KINDS]
    numbers = [float(v) for row in rows.values() for name, v in row.items() if v and name not in ("kind", "met")]
    assert all(math.isfinite(number) and number > 0 for number in numbers)
    milliseconds = {kind: float(row["ms per step"]) for kind, row in rows.items()}
    for kind, row in rows.items():
        assert float(row["ratio to plain"]) == pytest.approx(milliseconds[kind] / milliseconds["plain"], rel=1e-4)
    plain = float(rows["plain"]["ratio to matrix products"])
    assert plain == pytest.approx(milliseconds["plain"] / milliseconds[benchmark.PRODUCTS], rel=1e-4)
    assert {kind for kind, row in rows.items() if row["bar"]} == set(benchmark.BARS)
    assert (rows["plain"]["met"] == "yes") == (plain <= 1.5)
    assert (rows["k-sparse"]["met"] == "yes") == (float(rows["k-sparse"]["ratio to plain"]) <= 1.4)


def test_all_five_products_of_a_step_stay_in_the_compiled_loop():
    program = benchmark.products.lower(jnp.ones((784, 1000)), jnp.ones((40, 100, 784))).compile().as_text()
    shapes = re.findall(r"= f32\[([\d,]+)\]\S* dot\(", program)
    if not shapes:
        pytest.skip("this backend writes its products as library calls")
    # One step's shapes, not 40 steps' at once: nothing is hoisted, dropped or merged.
    assert sorted(shapes) == sorted(["100,1000", "100,784", "100,1000", "784,1000", "784,1000"])
    outside = program.split("ENTRY")[1]
    assert "while(" in outside and "dot(" not in outside and "fusion(" not in outside


def test_no_rounds_are_refused(tmp_path):
    with pytest.raises(SystemExit):
        benchmark.main(["--rounds", "0", "--output", str(tmp_path / "benchmark.csv")])
