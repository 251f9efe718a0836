"""Outcomes of several seeds as one: means, standard deviations, paired comparisons, and one figure."""

import csv
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from experiments.common.joint_figure import joint_figure
from experiments.common.mean_text import mean_text
from experiments.common.outcome import Outcome
from experiments.common.over_seeds import chance_of_no_difference, joined
from experiments.common.tables import OverSeeds, as_text, write_csv
from experiments.common.verdicts import less

ERRORS = (1.0, 1.2, 1.7)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def outcome(error, other=2.0, name="AE"):
    figure, _ = plt.subplots()
    table = [{"model": name, "error": error, "k": 3}]
    verdict = less("CAE is better", "its error is less", error, other, source="a paper, table 1")
    return Outcome(figure, [{"x": 0, "y": error}], table, [verdict], "Remark.", [verdict], "on validation")


def test_a_table_has_means_and_sample_deviations():
    found = joined(dict(zip((0, 1, 5), map(outcome, ERRORS), strict=True)))
    assert found.table == [{"model": "AE", "error": OverSeeds(np.mean(ERRORS), np.std(ERRORS, ddof=1)), "k": 3}]
    assert as_text(found.table[0]["error"]) == "1.3 ± 0.36"
    assert found.plotted == [{"seed": s, "x": 0, "y": e} for s, e in zip((0, 1, 5), ERRORS, strict=True)]
    assert "Seeds 0, 1, 5" in found.remark and found.remark.startswith("Remark.")
    assert found.settled == "on validation" and found.protocol == "fixed"


def test_tables_of_other_words_keep_every_row():
    found = joined({0: outcome(1.0), 1: outcome(1.1, name="CAE")})
    assert [(row["seed"], row["model"]) for row in found.table] == [(0, "AE"), (1, "CAE")]


def test_a_number_over_seeds_is_two_columns_of_a_file(tmp_path):
    write_csv(tmp_path / "table.csv", [{"model": "AE", "error": OverSeeds(1.25, 0.5)}, {"model": "PCA", "error": 2.0}])
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"model": "AE", "error": "1.25", "error, std": "0.5"},
        {"model": "PCA", "error": "2", "error, std": ""},
    ]


def test_a_verdict_holds_where_it_does_for_every_seed_and_the_difference_is_certain():
    surely = joined({seed: outcome(error, 9.0) for seed, error in enumerate(ERRORS)}).verdicts[0]
    assert surely.holds is True and surely.source == "a paper, table 1"
    assert surely.measured.startswith("holds in 3 of 3: 1.30 ± 0.36 against 9.00; least certain difference 7.7 ± 0.36")
    once = joined({seed: outcome(error, 1.5) for seed, error in enumerate(ERRORS)}).verdicts[0]
    assert once.holds is False and once.measured.startswith("holds in 2 of 3")
    scattered = joined({seed: outcome(0.0, other) for seed, other in enumerate((0.01, 0.01, 5.0))}).verdicts[0]
    assert scattered.holds is False and scattered.measured.startswith("holds in 3 of 3")


def test_differences_without_a_spread_have_no_p_value():
    same = joined({seed: outcome(1.0) for seed in range(3)}).verdicts[0]
    assert same.holds is True and same.measured.endswith("least certain difference 1, the same for every seed")
    against = joined({seed: outcome(2.5) for seed in range(3)}).verdicts[0]
    assert against.holds is False and against.measured.endswith("difference -0.5, the same for every seed")


def test_the_paired_test_is_the_one_of_students_t():
    differences = [0.3, 0.1, 0.4, -0.1]
    t = np.mean(differences) / (np.std(differences, ddof=1) / 2)
    assert chance_of_no_difference(differences) == pytest.approx(stats.t.sf(t, 3), rel=1e-12)
    assert chance_of_no_difference([1.0, 1.0]) == 0 and chance_of_no_difference([0.0, 0.0]) == 1
    assert chance_of_no_difference([1.0, math.nan]) == 1


def test_texts_that_differ_in_numbers_are_one_with_their_means():
    assert mean_text(["AE 1.0, k=3", "AE 1.4, k=3"]) == "AE 1.2 ± 0.3, k=3"
    assert mean_text(["12%", "14%"]) == "13 ± 1%"
    assert mean_text(["1e-4", "3e-4"]) == "0.0002 ± 0.0001"
    assert mean_text(["a < b", "b < a", "a < b"]) == "a < b (2), b < a (1)"
    assert mean_text(["-0.5", "0.5"]) == "0.0 ± 0.7"


def drawn(offset):
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([0, 1, 2], np.array([1.0, 2.0, 3.0]) + offset, label=f"error {offset:.1f}")
    left.plot([0, 1], [7.0, 7.0], label="published")
    left.axhline(5 + offset)
    left.legend()
    right.bar([0, 1], [1 + offset, 2])
    right.plot([offset, offset + 1], [0, 1])
    right.errorbar([0, 1], [1 + offset, 2], [9, 9], fmt="none")
    right.set_title("a title")
    return figure


def test_lines_get_bands_and_bars_whiskers():
    figures = [drawn(offset) for offset in (0.0, 1.0, 2.0)]
    figure = joint_figure(figures)
    left, right = figure.axes
    assert figure is figures[0]
    line, published, level = left.get_lines()[:3]
    np.testing.assert_allclose(line.get_ydata(), [2, 3, 4])
    np.testing.assert_allclose(published.get_ydata(), 7)
    np.testing.assert_allclose(level.get_ydata(), 6)
    band = left.collections[0].get_paths()[0].vertices
    assert len(left.collections) == 1  # a published curve has none
    np.testing.assert_allclose([band[:, 1].min(), band[:, 1].max()], [1, 5])  # 2 - 1 and 4 + 1
    assert left.get_legend().get_texts()[0].get_text() == "error 1.0 ± 1.0"
    np.testing.assert_allclose([bar.get_height() for bar in right.containers[0]], [2, 2])
    assert len(right.get_lines()) >= 3  # at other places: one of each figure
    (whiskers,) = [each for each in right.containers if hasattr(each, "has_yerr")]
    np.testing.assert_allclose(
        whiskers.lines[2][0].get_segments()[0][:, 1], [1, 3]
    )  # one deviation, not the figure's 9
    assert right.get_title() == "a title"


def test_figures_of_other_numbers_of_axes_leave_the_first():
    one, _ = plt.subplots()
    two, _ = plt.subplots(1, 2)
    assert joint_figure([one, two]) is one


def test_scattered_points_are_those_of_the_first():
    figures = []
    for seed in range(3):
        figure, ax = plt.subplots()
        ax.plot([1.0 + seed, 2.0], [3.0, 4.0 + seed], "o")
        ax.plot([1.0 + seed, 2.0], [3.0, 4.0], "-")
        figures.append(figure)
    points, *lines = joint_figure(figures).axes[0].get_lines()
    np.testing.assert_array_equal(points.get_xydata(), [[1, 3], [2, 4]])
    assert len(lines) == 3  # the line of the first, and those of the others, thin
