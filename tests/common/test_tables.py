"""Tidy rows and their csv files."""

import csv

import jax.numpy as jnp
import numpy as np

from experiments.common.tables import aligned, tidy, write_csv


def test_rows_have_the_columns_and_python_s_numbers():
    rows = tidy(("name", "x"), [("a", np.float32(0.5)), ("b", jnp.int32(2))], (("c", x) for x in (None, "word")))
    assert rows == [
        {"name": "a", "x": 0.5},
        {"name": "b", "x": 2},
        {"name": "c", "x": None},
        {"name": "c", "x": "word"},
    ]
    assert [type(row["x"]) for row in rows] == [float, int, type(None), str]


def test_a_tuple_of_another_length_is_refused():
    with np.testing.assert_raises(ValueError):
        tidy(("name", "x"), [("a", 1, 2)])


def test_rows_are_filled_up_with_nothing():
    rows = aligned([{"a": 1, "b": 2}, {"c": 3, "a": 4}])
    assert rows == [{"a": 1, "b": 2, "c": None}, {"a": 4, "b": None, "c": 3}]
    assert [list(row) for row in rows] == [["a", "b", "c"]] * 2


def test_numbers_are_written_with_six_digits(tmp_path):
    write_csv(tmp_path / "table.csv", tidy(("name", "x"), [("a", np.float32(1) / 3), ("b", None), ("c", 1234567)]))
    with open(tmp_path / "table.csv", newline="") as file:
        assert list(csv.reader(file)) == [["name", "x"], ["a", "0.333333"], ["b", ""], ["c", "1234567"]]
