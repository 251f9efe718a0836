import csv
import math
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from signals import heard

from experiments import benchmark
from experiments.benchmarks import drawing, growth, steps, sweeps, timing
from experiments.benchmarks.kinds import KINDS, SLOW, grid, jacfwd, jacrev, loop
from experiments.benchmarks.rounds import Case, measure
from jaxae import penalties
from jaxae.models import Dense

SMALL = {
    "784-500": Dense(784, (6,)),
    "784-1000-500-250-30": Dense(784, (5, 4, 3, 2)),
}  # the names decide what is measured


ROOT = Path(__file__).parents[2]


class Torch:
    """Stands in for PyTorch: every step takes a tenth of a second, and k-sparse is refused."""

    def __init__(self):
        self.asked = []

    def seconds(self, kind, sizes, batch_size, count, mode):
        self.asked.append((kind, mode))
        return None if kind == "k-sparse" else 0.1 * count


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


FEW = ("plain", "k-sparse", "DAE-b", "CAE exact", "CAE hutchinson", "CAE jacrev")


def measured(section, rounds, **sizes):
    return section.rows(measure("test", section.cases(**sizes), rounds))


@pytest.mark.slow
@pytest.mark.long
def test_every_kind_is_measured_and_its_ratios_are_those_of_its_times():
    torch = Torch()
    cases = steps.cases(torch, models=SMALL, kinds=(steps.PRODUCTS, *FEW), batch_size=4, steps=2)
    table = steps.rows(measure("steps", cases, 2), models=SMALL, batch_size=4)
    cells = {(row["model"], row["step"], row["library"]): row for row in table}
    for name in SMALL:
        assert {step for model, step, library in cells if (model, library) == (name, "jaxae")} == {
            steps.PRODUCTS,
            *FEW,
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_growth_has_a_time_for_every_point():
    axes = {"batch size": (2, 3), "layers of 200 units": (1, 2)}
    start = {"batch size": 2, "hidden units": 3, "features": 5}
    table = measured(growth, 1, axes=axes, start=start, kinds=("plain", "CAE jacrev"))
    assert [(row["axis"], row["point"], row["step"]) for row in table] == [
        (axis, point, kind) for axis, points in axes.items() for point in points for kind in ("plain", "CAE jacrev")
    ]
    assert all(row["ms per step"] > 0 for row in table)
    drawing.draw_growth(table)


@pytest.mark.slow
def test_a_sweep_in_one_program_trains_as_many_samples_as_runs_in_processes(tmp_path):
    table = measured(sweeps, 1, names=("64-32, digits",), counts=(2,), ways=("one run at a time", "separate processes"))
    together, apart = table
    assert together["parallel_runs"] == apart["parallel_runs"] == 1
    assert apart["compilations"] <= together["compilations"] + 5  # the second process finds the first one's programs
    # Samples per second are of training alone; the same number of samples in both.
    samples = [row["samples per second"] * row["seconds of training"] for row in table]
    assert samples[0] == pytest.approx(samples[1], rel=1e-6) == 2 * 40 * 1400
    drawing.draw_sweeps(table)


def test_cases_are_measured_in_turn_and_handed_on_one_by_one(capsys):
    order, kept = [], []

    def case(name):
        return lambda: order.append(name) or (None if name == "none" else 10 * len(order))

    cases = {("a", 1): Case(case("a")), ("b", 2): Case(case("b"), rounds=1), ("none",): Case(case("none"))}
    values = measure("growth", cases, 3, lambda values: kept.append(sum(map(len, values.values()))))
    assert order == ["a", "b", "none", "a", "none", "a", "none"]
    assert values == {("a", 1): [10, 40, 60], ("b", 2): [20]}
    assert kept == [1, 2, 3, 4]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "growth 1/7: a, 1, round 1 of 3"
    assert lines[6] == "growth 7/7: none, round 3 of 3" and len(lines) == 7


def test_the_command_writes_a_table_and_a_picture_of_each_section(tmp_path, monkeypatch, capsys):
    times = iter((1.0, 4.0))
    monkeypatch.setattr(growth, "cases", lambda kinds: {("batch size", 2, "plain"): Case(lambda: next(times))})
    benchmark.main(["--sections", "growth", "--rounds", "5", "--output", str(tmp_path)])
    (written,) = read(tmp_path / "growth.csv")
    assert (written["ms per step"], written["ms per step, min"], written["ms per step, max"]) == ("2.5", "1", "4")
    assert (tmp_path / "growth.png").stat().st_size > 0
    assert "2.5 (1 - 4)" in capsys.readouterr().out


def test_ctrl_c_leaves_the_rows_and_the_picture_of_what_there_is(tmp_path, monkeypatch, capsys):
    def press():
        raise KeyboardInterrupt

    cases = {("batch size", 2, "plain"): Case(lambda: 1.0), ("batch size", 3, "plain"): Case(press)}
    monkeypatch.setattr(growth, "cases", lambda kinds: cases)
    with pytest.raises(SystemExit) as end:
        benchmark.main(["--sections", "growth", "--output", str(tmp_path)])
    assert end.value.code == 130
    assert [row["point"] for row in read(tmp_path / "growth.csv")] == ["2"]
    assert (tmp_path / "growth.png").stat().st_size > 0
    assert capsys.readouterr().err.splitlines()[2:] == [f"interrupted: rows measured so far are in {tmp_path}"]


def test_a_picture_that_cannot_be_drawn_does_not_hide_ctrl_c(tmp_path, monkeypatch):
    def press():
        raise KeyboardInterrupt

    monkeypatch.setattr(growth, "cases", lambda kinds: {("batch size", 2, "plain"): Case(press)})
    with pytest.raises(SystemExit) as end:
        benchmark.main(["--sections", "growth", "--output", str(tmp_path)])
    assert end.value.code == 130 and not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rounds", "0"], "--rounds is 0: it must be a whole number from 1 on"),
        (
            ["--models", "784-501"],
            "--models is 784-501: it must be among '784-500', '784-1000', '784-1000-500-250-30', ",
        ),
        (["--models", "784-500", "--sections", "sweeps"], "among '64-32, digits', '784-64', '784-1000'"),
        (["--models", "784-500", "--sections", "growth"], "it chooses rows of steps, sweeps, sparse, not of growth"),
        (["--kinds", "plane", "--sections", "growth"], "--kinds is plane: it must be among 'plain', 'CAE exact', "),
        (
            ["--kinds", "CAE closed form", "--models", "784-1000-500-250-30", "--sections", "steps"],
            "leave no rows of steps",
        ),
    ],
)
def test_what_is_not_in_the_tables_is_refused_in_one_sentence(tmp_path, capsys, arguments, words):
    with pytest.raises(SystemExit) as end:
        benchmark.main([*arguments, "--output", str(tmp_path / "out")])
    assert end.value.code == 2 and not (tmp_path / "out").exists()
    *_, error = capsys.readouterr().err.strip().split("error: ")
    assert words in error and "\n" not in error


def test_names_choose_rows_of_every_section_that_has_them():
    torch = Torch()
    both = benchmark.cases("steps", torch, models=["784-1000"], kinds=["CAE exact", "plain"])
    assert {names[:2] for names in both} == {("784-1000", "plain"), ("784-1000", "CAE exact")}
    deep = benchmark.cases("steps", torch, models=["784-1000-500-250-30"], kinds=["CAE exact"])
    assert [names[2] for names in deep] == ["jaxae", "PyTorch eager", "PyTorch fused"]  # its chain has the name of ours
    assert {names[0] for names in benchmark.cases("sweeps", None, models=["784-1000"])} == {"784-1000"}
    assert {names[2] for names in benchmark.cases("growth", None, models=["784-1000"], kinds=["plain"])} == {"plain"}
    everything = benchmark.cases("steps", torch)
    assert {names[1] for names in everything} == {steps.PRODUCTS, *KINDS}


@pytest.mark.parametrize("chosen", [[steps.PRODUCTS], ["plain"], ["plain", steps.PRODUCTS]])
def test_a_picture_of_a_few_rows_has_whole_rows_and_no_empty_marks(chosen):
    cases = steps.cases(None, models=SMALL, kinds=chosen, batch_size=4, steps=2)
    figure = drawing.draw_steps(steps.rows(measure("steps", cases, 1), models=SMALL, batch_size=4))
    names = {steps.PRODUCTS: "matrix products alone", "plain": "jaxae"}
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {names[kind] for kind in chosen}
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == [k for k in chosen if k == "plain"]
    assert figure.axes[0].get_ylim() == (0.5, -0.5)


@pytest.fixture
def without_torch(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.slow
def test_one_row_is_measured_from_the_command_line(tmp_path, without_torch):
    chosen = ["--sections", "steps", "--models", "784-500", "--kinds", "plain", "--rounds", "2"]
    line = [sys.executable, "-m", "experiments.benchmark", *chosen, "--output", str(tmp_path)]
    process = subprocess.run(line, cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert process.returncode == 0, process.stderr
    assert process.stderr.splitlines() == [f"steps {i}/2: 784-500, plain, jaxae, round {i} of 2" for i in (1, 2)]
    assert "PyTorch is not installed" in process.stdout
    (row,) = read(tmp_path / "steps.csv")
    assert (row["model"], row["step"], row["library"]) == ("784-500", "plain", "jaxae")
    assert float(row["ms per step"]) > 0
    assert (tmp_path / "steps.png").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_", "code"),
    [
        (signal.SIGKILL, -9),
        (signal.SIGINT, 130),
    ],
)
def test_a_stopped_benchmark_leaves_its_first_rows(tmp_path, signal_, code):
    # The first case is a number; the second one says that it has begun, and waits.
    begun = tmp_path / "begun"
    script = (
        "from experiments import benchmark; from experiments.engine import interrupt; "
        "from experiments.benchmarks import growth, rounds; import time; "
        "cases = {('batch size', 2, 'plain'): rounds.Case(lambda: 1.5), "
        "('batch size', 4, 'plain'): "
        f"rounds.Case(lambda: open({str(begun)!r}, 'x').close() or time.sleep(600))}}; "
        "growth.cases = lambda kinds: cases; interrupt.listen(); "
        f"benchmark.main(['--sections', 'growth', '--output', {str(tmp_path)!r}])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=heard,
    )
    lines = [process.stderr.readline(), process.stderr.readline()]
    assert lines == [
        "growth 1/4: batch size, 2, plain, round 1 of 2\n",
        "growth 2/4: batch size, 4, plain, round 1 of 2\n",
    ]
    while not begun.exists():  # a signal that meets the printing of a line would have it printed twice
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal_)
    rest = process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == code
    (row,) = read(tmp_path / "growth.csv")
    assert (row["point"], row["ms per step"]) == ("2", "1.5")
    interrupted = signal_ == signal.SIGINT
    assert len(rest) == (1 if interrupted else 0)
    assert (tmp_path / "growth.png").exists() == interrupted


def test_a_grid_has_equal_runs_with_seeds_of_their_own():
    recipes, seeds = grid("l1", 3)
    assert list(seeds) == [0, 1, 2] and recipes.weight.tolist() == pytest.approx([0.1] * 3)
