"""Files of arrays and tables, read as NumPy, pandas and a plain reading of the text read them; damaged ones are refused."""

import csv

import numpy as np
import pandas as pd
import pytest
from own_files import FRAME, LABELS, PICTURES, X, both, write

from jaxae import data
from jaxae.data import array_files


def sorted_rows(*splits):
    x = np.concatenate([split.x for split in splits])
    return x[np.lexsort(x.T)]


@pytest.mark.parametrize("kind", [".npy", ".npz", ".safetensors", ".csv", ".parquet"])
def test_every_kind_gives_the_numbers_that_were_written(kind, tmp_path):
    path = write(tmp_path / f"own{kind}", frame=FRAME.drop(columns="kind"))
    train, test = both(path, scaling="none")
    assert (len(train.x), len(test.x), train.shape, train.labels) == (24, 6, (3,), None)
    np.testing.assert_array_equal(sorted_rows(train, test), X.astype(np.float32)[np.lexsort(X.astype(np.float32).T)])


@pytest.mark.parametrize("kind", [".npz", ".safetensors", ".csv", ".parquet"])
def test_labels_stay_with_their_rows(kind, tmp_path):
    numbers = np.arange(30) % 2
    path = write(tmp_path / f"own{kind}", labels=numbers, frame=FRAME)
    name = "kind" if kind in (".csv", ".parquet") else "y"
    label_of = {row.tobytes(): label for row, label in zip(X.astype(np.float32), numbers, strict=True)}
    for split in both(path, label=name, scaling="none"):
        assert [label_of[row.tobytes()] for row in split.x] == split.labels.tolist()
        assert abs(split.labels.mean() - 0.5) < 0.01


def test_all_kinds_give_the_same_splits(tmp_path):
    splits = [
        both(write(tmp_path / f"own{kind}", labels=np.arange(30) % 2, frame=FRAME),
             label="kind" if kind in (".csv", ".parquet") else "y", seed=3, test=0.3)
        for kind in (".npz", ".safetensors", ".csv", ".parquet")
    ]  # fmt: skip
    for train, test in splits[1:]:
        np.testing.assert_array_equal(train.x, splits[0][0].x)
        np.testing.assert_array_equal(test.labels, splits[0][1].labels)


def test_a_csv_is_read_to_the_last_bit(tmp_path):
    path = tmp_path / "own.csv"
    write(path, frame=pd.DataFrame({"a": X[:, 0] * 1e30, "b": X[:, 1] * 1e-30}))
    with open(path, newline="") as file:
        expected = np.array([[float(word) for word in row] for row in list(csv.reader(file))[1:]]).astype(np.float32)
    train, test = both(path, scaling="none")
    np.testing.assert_array_equal(sorted_rows(train, test), expected[np.lexsort(expected.T)])


def test_a_csv_without_names_is_read_where_it_is_said(tmp_path):
    path = tmp_path / "own.csv"
    np.savetxt(path, X, delimiter=",")
    with pytest.raises(ValueError, match=r"has numbers in its first line, .*; allowed are names, or header=false"):
        both(path)
    train, test = both(path, header=False, scaling="none")
    expected = np.loadtxt(path, delimiter=",", dtype=np.float32)
    np.testing.assert_array_equal(sorted_rows(train, test), expected[np.lexsort(expected.T)])
    labelled = np.column_stack([X, np.arange(30) % 2])
    np.savetxt(path, labelled, delimiter=",")
    assert both(path, header=False, label=3)[0].x.shape == (24, 3)


def test_spaces_after_commas_are_no_part_of_names_and_classes(tmp_path):
    (tmp_path / "own.csv").write_text("a, kind\n" + "1, ant\n2, bee\n" * 10)
    assert both(tmp_path / "own.csv", label="kind")[0].origin.notes[1].endswith("0 is ant, 1 is bee")


@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ";"), ("a.tsv", "\t"), ("a.csv.gz", ","), ("a.TSV.GZ", "\t")]
)
def test_other_separators_and_packed_tables_are_read(name, separator, tmp_path):
    plain, path = write(tmp_path / "plain.csv", frame=FRAME), tmp_path / name
    FRAME.to_csv(path, index=False, sep=separator, compression="gzip" if path.suffix.lower() == ".gz" else None)
    for found, wanted in zip(both(path, label="kind"), both(plain, label="kind"), strict=True):
        np.testing.assert_array_equal(found.x, wanted.x)
        np.testing.assert_array_equal(found.labels, wanted.labels)


def test_a_table_named_for_tabs_may_have_commas_in_its_names(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("length, width, cm\tmass, dry, g\n" + "1\t2\n" * 6)
    assert array_files.read(path).x.tolist() == [[1, 2]] * 6


@pytest.mark.parametrize("labels", [{}, {"y_train": LABELS, "y_test": LABELS[:6]}])
def test_an_npz_with_both_splits_keeps_them(labels, tmp_path):
    path = tmp_path / "splits.npz"
    np.savez(path, x_train=PICTURES, x_test=PICTURES[:6], **labels)
    train, test = both(path, label="y_train" if labels else None)
    assert (len(train.x), len(test.x), train.shape) == (30, 6, (4, 5))
    assert (train.labels is None) == (not labels)
    assert sorted(map(tuple, test.x)) == sorted(map(tuple, PICTURES[:6].reshape(6, 20) / np.float32(255)))
    assert "key 'x_test' is the test split" in " ".join(train.origin.notes)
    assert len(both(path, key="x_train", test=0.5)[1].x) == 15  # asked for by its key, an array is divided


def test_what_separates_nothing_within_a_quoted_name_is_no_separator(tmp_path):
    path = tmp_path / "quoted.csv"
    path.write_text('"size (w;h;d)",weight\n' + "".join(f"{i},{2 * i}\n" for i in range(20)))
    train, test = both(path, test=0.5)
    assert train.x.shape == test.x.shape == (10, 2)
    assert train.origin.columns == ("size (w;h;d)", "weight")


def test_columns_that_pandas_numbers_itself_are_names(tmp_path):
    path = tmp_path / "own.csv"
    pd.DataFrame(X).to_csv(path, index=False)  # 0,1,2
    train, test = both(path)
    assert len(train.x) + len(test.x) == 30 and train.origin.columns == ("0", "1", "2")


def test_years_may_be_names_beside_words(tmp_path):
    (tmp_path / "own.csv").write_text("2019,2020,place\n1,2,3\n" + "2,3,5\n" * 10)
    assert both(tmp_path / "own.csv")[0].origin.columns == ("2019", "2020", "place")


def test_words_that_pandas_takes_for_nothing_are_classes(tmp_path):
    path = write(tmp_path / "own.csv", frame=FRAME.assign(kind=np.array(["NA", "null"])[np.arange(30) % 2]))
    assert "0 is NA, 1 is null" in both(path, label="kind")[0].origin.notes[1]


def test_booleans_and_nullable_numbers_of_a_table_are_numbers(tmp_path):
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0, "c": pd.array(range(30), "Int64")})
    train, test = both(write(tmp_path / "own.parquet", frame=frame), scaling="none")
    expected = np.column_stack([X[:, 0], X[:, 1] > 0, np.arange(30)]).astype(np.float32)
    np.testing.assert_array_equal(sorted_rows(train, test), expected[np.lexsort(expected.T)])


def test_pictures_know_their_shape_or_are_told(tmp_path):
    np.save(tmp_path / "own.npy", PICTURES)
    np.save(tmp_path / "flat.npy", PICTURES.reshape(30, 20))
    train, _ = both(tmp_path / "own.npy")
    flat, _ = both(tmp_path / "flat.npy", shape=(4, 5))
    assert train.shape == flat.shape == (4, 5)
    np.testing.assert_array_equal(train.x, flat.x)
    levels = {row.tobytes() for row in (PICTURES.reshape(30, 20) / 255).astype(np.float32)}
    assert {row.tobytes() for row in train.x} < levels


def test_a_file_for_the_test_is_the_test_split(tmp_path):
    path, held = (
        write(tmp_path / name, frame=frame) for name, frame in (("a.csv", FRAME[:20]), ("b.parquet", FRAME[20:]))
    )
    train, test = both(path, test=str(held), label="kind", scaling="standardised")
    x, columns = FRAME[["a", "b", "c"]].to_numpy(), X[:20]
    expected = (x - columns.mean(axis=0)) / columns.std(axis=0)
    for split, rows in ((train, expected[:20]), (test, expected[20:])):
        np.testing.assert_allclose(sorted_rows(split), rows[np.lexsort(rows.T)], atol=1e-5)
    assert f"{held} is the test split" in train.origin.notes[0]


def test_the_limit_leaves_the_scaling_and_the_test_alone(tmp_path):
    path = write(tmp_path / "own.npy")
    whole, part = (data.load("array", "train", path=path, limit=limit) for limit in (None, 7))
    np.testing.assert_array_equal(part.x, whole.x[:7])
    assert "the first 7 of the 24 train examples are taken" in part.origin.notes
    with pytest.raises(ValueError, match="'limit' is 25; this split has 24 examples"):
        data.load("array", "train", path=path, limit=25)
