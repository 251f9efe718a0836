"""A user's own arrays: split, numbered, scaled and refused as an independent reading with NumPy says."""

import hashlib
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jaxae.data import Data, from_arrays
from jaxae.data.scaling import fitted, moments

STREAM = np.random.default_rng(0)
TABLE = STREAM.normal(3, 5, (50, 4))
CLASSES = np.repeat(["a", "b"], [30, 20])


def rows_of(part, whole):
    """The places in `whole` of the rows of `part`, each of which occurs once there."""
    places = {row.tobytes(): place for place, row in enumerate(whole.reshape(len(whole), -1).astype(np.float32))}
    return [places[row.tobytes()] for row in part.x]


def by_value(x):
    """The rows in an order of their own, as a split shuffles them."""
    x = np.asarray(x).reshape(len(x), -1)
    return x[np.lexsort(x.T)]


def test_the_splits_are_a_partition_that_keeps_rows_and_labels_together():
    train, test = from_arrays(TABLE, CLASSES, scaling="none")
    rows = rows_of(train, TABLE), rows_of(test, TABLE)
    assert sorted(rows[0] + rows[1]) == list(range(50))
    for split, chosen in zip((train, test), rows, strict=True):
        assert isinstance(split, Data) and split.x.dtype == np.float32 and split.labels.dtype == np.int32
        assert split.x.flags.c_contiguous and split.shape == (4,)
        np.testing.assert_array_equal(split.labels, CLASSES[chosen] == "b")


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, Fraction(1, 4), np.float32(0.3)])
def test_the_share_of_every_class_is_held_out(share):
    _, test = from_arrays(TABLE, CLASSES, test=share)
    np.testing.assert_array_equal(np.bincount(test.labels), np.round([30 * float(share), 20 * float(share)]))


def test_the_split_is_seeded_and_the_same_for_good():
    splits = [rows_of(from_arrays(TABLE, CLASSES, seed=seed, scaling="none")[1], TABLE) for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    assert hashlib.sha256(bytes(splits[0])).hexdigest()[:16] == "2681c3e4d0b74434"


def test_without_labels_the_share_is_of_all():
    train, test = from_arrays(TABLE)
    assert (len(train.x), len(test.x), train.labels, test.labels) == (40, 10, None, None)


def test_unit_is_the_range_of_each_feature_of_the_training_split_and_tells_what_it_cuts():
    given_train, given_test = TABLE[:40], 2 * TABLE[40:]
    train, test = from_arrays(given_train, test=(given_test, None))
    low, high = given_train.min(axis=0), given_train.max(axis=0)
    np.testing.assert_allclose(by_value(train.x), by_value((given_train - low) / (high - low)), atol=1e-6)
    expected = (given_test - low) / (high - low)
    np.testing.assert_allclose(by_value(test.x), by_value(np.minimum(np.maximum(expected, 0), 1)), atol=1e-6)
    outside = np.sum((expected < 0) | (expected > 1))
    assert outside > 1 and test.origin.notes[-1].endswith(f"of which {outside} outside [0, 1] were set to 0 or 1")
    assert "0 or 1" not in " ".join(train.origin.notes)


def test_unit_of_pictures_is_one_range_of_all_pixels():
    pictures = STREAM.normal(0, 1, (20, 3, 5))
    train, test = from_arrays(pictures, test=(pictures[:4] / 2, None))
    expected = (pictures - pictures.min()) / (pictures.max() - pictures.min())
    np.testing.assert_allclose(by_value(train.x), by_value(expected), atol=1e-6)
    assert train.shape == test.shape == (3, 5)


def test_levels_of_uint8_pictures_are_divided_by_255_whatever_they_reach():
    levels = STREAM.integers(3, 200, (20, 6, 6, 3), dtype=np.uint8)
    train, _ = from_arrays(levels, test=(levels, None))
    np.testing.assert_allclose(by_value(train.x), by_value(levels / 255), atol=1e-7)
    assert train.shape == (6, 6, 3) and "scaling unit: levels / 255" in train.origin.notes[-1]


def test_uint8_that_are_no_pictures_have_the_range_of_each_feature_and_with_a_shape_are_levels():
    levels = STREAM.integers(0, 200, (20, 36), dtype=np.uint8)
    plain, _ = from_arrays(levels, test=(levels, None))
    shaped, _ = from_arrays(levels, test=(levels, None), shape=[6, 6])
    np.testing.assert_allclose(plain.x.max(axis=0), 1)
    np.testing.assert_allclose(by_value(shaped.x), by_value(levels / 255), atol=1e-7)
    assert (plain.shape, shaped.shape) == ((36,), (6, 6))


def test_standardised_has_mean_0_and_deviation_1_over_the_training_split_alone():
    train, test = from_arrays(TABLE, CLASSES, scaling="standardised", test=0.4)
    np.testing.assert_allclose(train.x.mean(axis=0, dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(train.x.std(axis=0, dtype=float), 1, atol=1e-6)
    assert (np.abs(test.x.mean(axis=0)) > 1e-3).all()
    rows = rows_of(from_arrays(TABLE, CLASSES, scaling="none", test=0.4)[0], TABLE)
    expected = (TABLE - TABLE[rows].mean(axis=0)) / TABLE[rows].std(axis=0)
    np.testing.assert_allclose(test.origin.scaling(TABLE), expected, atol=1e-5)


def test_none_changes_nothing_and_says_so():
    train, _ = from_arrays(TABLE, test=(TABLE, None), scaling="none")
    np.testing.assert_array_equal(by_value(train.x), by_value(TABLE.astype(np.float32)))
    assert "scaling none: values as they are" in train.origin.notes[-1]


@pytest.mark.parametrize("scaling", ["unit", "standardised"])
def test_constant_features_are_0_and_told(scaling):
    x = TABLE.copy()
    x[:, 1] = 0.1
    train, test = from_arrays(x, scaling=scaling)
    assert not train.x[:, 1].any() and not test.x[:, 1].any()
    assert ", 1 constant one is 0;" in train.origin.notes[-1]


def test_small_differences_of_large_numbers_are_kept():
    seconds = 1.7e9 + np.arange(100.0)[:, None]  # float32 alone has steps of 128 here
    train, _ = from_arrays(seconds, test=(seconds, None))
    np.testing.assert_allclose(np.sort(train.x[:, 0]), np.arange(100) / 99, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(x=arrays.arrays(st.sampled_from([np.float32, np.float64, np.int16, np.uint8]), st.tuples(st.integers(1, 9), st.just(3)),
       elements={"min_value": 0, "max_value": 200}), kind=st.sampled_from(["unit", "standardised"]))  # fmt: skip
@example(x=np.array([[1e-268, 0, 0], [0, 0, 0]]), kind="standardised")
def test_scaled_training_values_are_finite_and_unit_ones_within_their_range_without_a_cut(x, kind):
    scaling, _ = fitted(kind, x, white=None, together=False)
    scaled, outside = scaling.counted(x)
    assert np.isfinite(scaled).all() and outside == 0
    if kind == "unit":
        assert scaled.min() >= 0 and scaled.max() <= 1


def test_the_deviation_of_large_numbers_is_that_of_their_differences(monkeypatch):
    monkeypatch.setattr("jaxae.data.scaling.BLOCK", 30)
    seconds = 1.7e9 + np.random.default_rng(2).normal(size=(100, 3))
    found = moments(seconds)
    np.testing.assert_allclose(found.mean, seconds.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(found.deviation, (seconds - seconds.mean(axis=0)).std(axis=0), rtol=1e-6)
    np.testing.assert_array_equal((found.low, found.high), (seconds.min(axis=0), seconds.max(axis=0)))


def test_many_values_are_scaled_in_blocks_as_at_once(monkeypatch):
    whole = fitted("standardised", TABLE, white=None, together=False)[0](TABLE)
    monkeypatch.setattr("jaxae.data.scaling.BLOCK", 30)
    blocked = fitted("standardised", TABLE, white=None, together=False)[0](TABLE)
    np.testing.assert_allclose(blocked, whole, rtol=0, atol=1e-6)  # sums in another order


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.arange(50) % 3, None),
        (np.arange(50) % 3 * 7 - 7, "0 is -7, 1 is 0, 2 is 7"),
        (np.array(["no", "yes"])[np.arange(50) % 2], "0 is no, 1 is yes"),
        (np.array([b"no", b"yes"])[np.arange(50) % 2], "0 is no, 1 is yes"),
        (np.array([2.0, 11.0])[np.arange(50) % 2], "0 is 2, 1 is 11"),
        (np.array(["2", "11"])[np.arange(50) % 2], "0 is 2, 1 is 11"),
        (np.array(["02", "11"])[np.arange(50) % 2], "0 is 02, 1 is 11"),
        ((np.arange(50) % 2 == 0)[:, None], None),
    ],
)
def test_classes_are_numbered_in_order_and_named(labels, names):
    train, test = from_arrays(TABLE, labels)
    classes = len(np.unique(labels))
    assert set(train.labels) | set(test.labels) == set(range(classes))
    named = [note for note in train.origin.notes if "classes" in note]
    assert named == ([] if names is None else [f"{classes} classes in the order of their labels: {names}"])


def test_a_test_pair_shares_the_numbers_of_the_classes():
    train, test = from_arrays(TABLE[:3], ["a", "c", "c"], test=(TABLE[3:5], ["b", "c"]), scaling="none")
    number = dict(zip(rows_of(train, TABLE) + rows_of(test, TABLE), [*train.labels, *test.labels], strict=True))
    assert number == {0: 0, 1: 2, 2: 2, 3: 1, 4: 2}


def test_every_leading_part_of_both_splits_has_all_classes_though_they_come_sorted():
    x, labels = np.arange(200.0)[:, None], np.repeat(range(10), 20)
    for test in (0.5, (x, labels)):
        for split in from_arrays(x, labels, test=test):
            assert set(split.labels[:30]) == set(range(10))


@pytest.mark.parametrize("labels", [None, np.zeros(50, int), np.arange(50) % 25])
def test_one_class_and_classes_of_two_are_split_where_something_is_left(labels):
    train, test = from_arrays(TABLE, labels, test=0.4)
    assert len(train.x) + len(test.x) == 50 and min(len(train.x), len(test.x)) > 0


@pytest.mark.parametrize(
    ("x", "shape"),
    [((9, 4), (4,)), ((9, 4, 5), (4, 5)), ((9, 4, 5, 1), (4, 5)), ((9, 4, 5, 3), (4, 5, 3)), ((9, 1, 1), (1, 1))],
)
def test_the_shape_of_an_example_is_that_of_the_array(x, shape):
    train, test = from_arrays(np.arange(np.prod(x)).reshape(x))
    assert train.shape == test.shape == shape and train.x.shape[1] == np.prod(shape)


def test_kinds_of_numbers_give_the_same_examples():
    x = np.arange(40).reshape(10, 4)
    expected = from_arrays(x)[0].x
    for kind in (np.uint8, np.int64, np.float16, np.float64, ml_dtypes.bfloat16):
        np.testing.assert_array_equal(from_arrays(x.astype(kind))[0].x, expected)
    np.testing.assert_array_equal(from_arrays(x.tolist())[0].x, expected)
    assert set(np.unique(from_arrays(x % 2 == 0, scaling="none")[0].x)) == {0, 1}


def with_value(value, dtype=float, shape=(6, 4), place=(3, 2)):
    x = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    x[place] = value
    return x


def test_words_of_any_type_are_labels():
    train, test = from_arrays(TABLE, CLASSES.astype(object), test=0.2, seed=0)
    same, _ = from_arrays(TABLE, CLASSES, test=0.2, seed=0)
    np.testing.assert_array_equal(train.labels, same.labels)
    assert test.labels.dtype == same.labels.dtype


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x": with_value(np.nan)}, r"x, example 3, place \[2\] is nan; allowed are finite numbers"),
        ({"x": with_value(-np.inf)}, r"x, example 3, place \[2\] is -inf"),
        ({"x": with_value(1e39)}, r"x, example 3, place \[2\] is 1e\+39; allowed are finite numbers of float32"),
        ({"x": with_value(np.nan, shape=(6, 2, 3), place=(4, 1, 0))}, r"x, example 4, place \[1, 0\] is nan"),
        ({"x": with_value(np.nan, np.float16)}, r"x, example 3, place \[2\] is nan"),
        ({"x": [[1, 2], [3]]}, "x is no array, as its rows have several lengths"),
        ({"x": np.array([[1, "a"]], object)}, "x is of dtype object; allowed are integers, booleans and floats"),
        ({"x": np.array([["1"]])}, "x is of dtype <U1"),
        ({"x": np.ones((4, 2), complex)}, "x is of dtype complex128"),
        ({"x": np.ones(5)}, r"x has the shape \[5\]; allowed are \[n, features\]"),
        ({"x": np.ones((9, 3, 8, 8))}, r"x has the shape \[9, 3, 8, 8\]; allowed are .*1 or 3 channels"),
        ({"x": np.ones((0, 4))}, "x has 0 examples of 4 numbers; allowed is one or more"),
        ({"x": np.ones((4, 0))}, "x has 4 examples of 0 numbers"),
        ({"x": np.ones((1, 4))}, "'test' is 0.2 and leaves 1 examples of x for training and 0 for the test"),
        ({"x": np.ones((5, 4)), "labels": list("abcde")}, "leaves 5 examples of x for training and 0 for the test"),
        ({"x": np.ones((5, 4)), "labels": list("abcde"), "test": 0.9}, "leaves 0 examples of x for training and 5 "),
        ({"test": 0}, "'test' is 0; allowed are a share between 0 and 1, ends excluded, and a path"),
        ({"test": 1}, "'test' is 1; allowed are a share"),
        ({"test": 1.5}, "'test' is 1.5; allowed are a share"),
        ({"test": -0.1}, "'test' is -0.1; allowed are a share"),
        ({"test": float("nan")}, "'test' is nan; allowed are a share"),
        ({"test": True}, "'test' is True; allowed are a share"),
        ({"test": None}, "'test' is None; allowed are a share"),
        ({"test": "x.csv"}, "'test' is 'x.csv'; allowed are a share"),
        ({"test": TABLE}, r"'test' is neither a share nor a pair \(x, labels\)"),
        ({"test": (TABLE[:, :3], None)}, r"test x has examples of \[3\] and x of \[4\]; allowed is one shape"),
        ({"test": (TABLE, CLASSES)}, "x has no labels and the other split has"),
        ({"labels": CLASSES, "test": (TABLE, None)}, "test x has no labels and the other split has"),
        ({"labels": CLASSES, "test": (TABLE, np.ones(50))}, "Labels are words in one split and numbers in the other"),
        ({"test": (with_value(np.nan), None)}, r"test x, example 3, place \[2\] is nan"),
        ({"x": np.ones((9, 4, 4), np.uint8), "test": (np.ones((9, 4, 4)), None)}, "test x is of dtype float64 and x of uint8"),
        ({"labels": CLASSES[:9]}, r"Labels of x have the shape \[9\]; allowed is one for each of 50 examples"),
        ({"labels": np.linspace(0, 1, 50)}, "Labels of x have 0.0204.* in row 1; allowed are whole numbers and words"),
        ({"labels": np.full(50, np.nan)}, "Labels of x have nan in row 0"),
        ({"labels": np.array([None] * 50)}, "Labels of x are of dtype object"),
        ({"labels": np.array([*"ab" * 24, "a", 1], object)}, "Labels of x are of dtype object"),
        ({"labels": np.eye(50)}, r"Labels of x have the shape \[50, 50\]"),
        ({"scaling": "minmax"}, "'scaling' is 'minmax'; allowed are unit, standardised, none"),
        ({"seed": -1}, "'seed' is -1; it must be a whole number of at least 0"),
        ({"shape": [2, 3]}, r"'shape' is \[2, 3\] and the examples of x are \[4\]; allowed is a shape with as many"),
        ({"shape": [2, 2, 1, 1]}, r"'shape' is \[2, 2, 1, 1\]; allowed are \[features\]"),
        ({"shape": "2x2"}, "'shape' is '2x2'; allowed are"),
        ({"shape": 4}, "'shape' is 4; allowed are"),
        ({"shape": [2, -2]}, r"'shape' is \[2, -2\]; allowed are"),
        ({"x": np.ones((9, 2, 8)), "shape": [4, 4]}, r"'shape' is \[4, 4\] and the examples of x are \[2, 8\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_the_place(arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        from_arrays(**({"x": TABLE} | arguments))
    assert "\n" not in str(caught.value)
