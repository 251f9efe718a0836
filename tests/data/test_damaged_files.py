"""What is wrong with a user's own file is one sentence with the place."""

import sys

import numpy as np
import pandas as pd
import pytest
from own_files import FRAME, LABELS, X, both, write

from jaxae import data


def damaged(kind):
    def make(folder):
        path = write(folder / f"own{kind}", labels=np.arange(30) % 2, frame=FRAME)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return path

    return make


def text(content, name="own.csv", encoding="utf-8"):
    def make(folder):
        (folder / name).write_bytes(content.encode(encoding))
        return folder / name

    return make


def pickled(folder):
    np.save(folder / "own.npy", np.array([[1, "a"]], object), allow_pickle=True)
    return folder / "own.npy"


def pickled_npz(folder):
    np.savez(folder / "own.npz", x=np.array([[1, "a"]], object))
    return folder / "own.npz"


def several(folder):
    np.savez(folder / "own.npz", x=X, z=X, y=np.arange(30))
    return folder / "own.npz"


def renamed(folder):
    write(folder / "own.npz").rename(folder / "own.npy")
    return folder / "own.npy"


def words_in_parquet(folder):
    return write(folder / "own.parquet", frame=FRAME)


def dates(folder):
    return write(folder / "own.parquet", frame=FRAME.assign(kind=pd.Timestamp("2020-01-01")))


def missing_label(folder):
    return write(folder / "own.parquet", frame=FRAME.assign(kind=[None, *LABELS[1:]]))


def with_nan(kind):
    def make(folder):
        x = X.copy()
        x[4, 1] = np.nan
        return write(folder / f"own{kind}", x=x, frame=pd.DataFrame(x, columns=["a", "b", "c"]))

    return make


def with_index(folder):
    FRAME.to_csv(folder / "own.csv")
    return folder / "own.csv"


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        *((damaged(kind), {}, rf"own\{kind} cannot be read \(.*allowed is a whole \{kind} file without pickles")
          for kind in (".npy", ".npz", ".safetensors", ".parquet")),
        (pickled, {}, r"own\.npy cannot be read \(.*allow_pickle=False.*allowed is a whole \.npy file without pickles"),
        (pickled_npz, {}, r"own\.npz cannot be read \(.*allow_pickle=False"),
        (text("", "own.npy"), {}, r"own\.npy cannot be read"),
        (text(""), {}, r"own\.csv cannot be read \(No columns"),
        (text("a,b\n"), {}, r"own\.csv has no rows; allowed is one or more"),
        (text("a,b\n1,2\n3,4,5\n"), {}, r"own\.csv cannot be read \(.*Expected 2 fields in line 3, saw 3"),
        (text("a,b\n1,2,3\n3,4,5\n"), {}, r"own\.csv has 3 fields in its second line and 2 in its first; allowed are as many"),
        (text("a,b\n1,2\n3\n"), {}, r"own\.csv, row 2, column 'b' is nan"),
        (text("a,b\n1,2\n3,x\n"), {}, r"own\.csv, row 2, column 'b' is 'x'; allowed are numbers, and one column as 'label'"),
        (text("a,b\n1,2\n3,NaN\n"), {}, r"own\.csv, row 2, column 'b' is "),
        (text("1.5,2,ant\n1,2,bee\n"), {"label": "ant"}, r"own\.csv has numbers in its first line, 1\.5, 2, ant"),
        (text("a,b\n1,2\ninf,2\n"), {}, r"own\.csv, row 2, column 'a' is inf"),
        (text("a;b\n1,5;2\n"), {}, r"own\.csv, row 1, column 'a' is '1,5'"),
        (text("a,a\n1,2\n"), {}, r"own\.csv has two columns 'a'"),
        (text("a,b\n1,2\n2,3\n", encoding="utf-16"), {}, r"own\.csv cannot be read"),
        (with_index, {}, r"own\.csv has no name for column 1, as of an index"),
        (text("a,b\n1,2\n"), {"label": "c"}, r"'label' is 'c'; allowed are the columns of .*own\.csv, a, b"),
        (text("a,b\n1,\n2,x\n"), {"label": "b"}, r"own\.csv, row 1, column 'b' is empty; allowed is a label for every row"),
        (text("a,b\n1,0.5\n2,1\n"), {"label": "b"}, r"Labels of .*own\.csv have 0.5 in row 1"),
        (text("b\n1\n2\n"), {"label": "b"}, r"own\.csv has 2 examples of 0 numbers"),
        (text("a,b\n1,2\n"), {"key": "a"}, r"'key' is 'a' and .*own\.csv has no keys"),
        (text("a,b\n1,2\n"), {"header": "no"}, "'header' is 'no'; allowed are true and false"),
        (text("a,b\n1,2\n"), {"label": 1.5}, "'label' is 1.5; allowed is a name"),
        (words_in_parquet, {}, r"own\.parquet, row 1, column 'kind' is 'ant'"),
        (dates, {}, r"own\.parquet, row 1, column 'kind' is .*2020"),
        (missing_label, {"label": "kind"}, r"own\.parquet, row 1, column 'kind' is empty"),
        (words_in_parquet, {"header": False}, r"'header' is false and .*own\.parquet is no \.csv"),
        (several, {}, r"own\.npz has 3 arrays of examples; 'key' must name one of x, z, y"),
        (several, {"label": "y"}, r"own\.npz has 2 arrays of examples; 'key' must name one of x, z, y"),
        (several, {"key": "w"}, r"'key' is 'w'; allowed are the keys of .*own\.npz, x, z, y"),
        (several, {"key": "x", "label": "w"}, r"'label' is 'w'; allowed are the keys of .*own\.npz"),
        (renamed, {}, r"own\.npy is an \.npz by its content"),
        (with_nan(".npy"), {}, r"own\.npy, example 4, place \[1\] is nan"),
        (with_nan(".npz"), {}, r"own\.npz, key 'x', example 4, place \[1\] is nan"),
        (with_nan(".safetensors"), {}, r"own\.safetensors, key 'x', example 4, place \[1\] is nan"),
        (with_nan(".csv"), {}, r"own\.csv, row 5, column 'b' is nan"),
        (with_nan(".parquet"), {}, r"own\.parquet, row 5, column 'b' is nan"),
        (with_nan(".npy"), {"label": "y"}, r"'label' is 'y' and .*own\.npy holds one array"),
        (text("", "own.txt"), {}, r"own\.txt is none that is read; allowed are \.npy, \.npz, .*, \.csv\.gz"),
        (text("a,b\n1,2\n", "other.csv"), {"path": 3}, "'path' is 3; it must be a path"),
        (text("a,b\n1,2\n", "other.csv"), {"path": None}, "'path' is not given; it must be a path"),
        (text("a,b\n1,2\n2,3\n"), {"test": "/nowhere.csv"}, "'test' is /nowhere.csv, which does not exist"),
        (text("a,b\n1,2\n2,3\n"), {"path": "/nowhere.csv"}, "'path' is /nowhere.csv, which does not exist"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_the_place(make, options, words, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=words) as caught:
        data.load("array", "train", **({"path": make(tmp_path)} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [".npy", ".npz", ".safetensors", ".csv", ".parquet"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # NumPy leaves a file open whose zip directory is damaged
def test_whatever_bytes_are_flipped_or_lost_the_answer_is_examples_or_a_sentence(kind, tmp_path):
    path = write(tmp_path / f"own{kind}", frame=FRAME.drop(columns="kind"))
    whole, stream, refused = path.read_bytes(), np.random.default_rng(3), 0
    for _ in range(60):
        content = bytearray(whole)
        content[stream.integers(len(content) if stream.random() < 0.5 else min(300, len(content)))] = stream.integers(
            256
        )
        path.write_bytes(content[: None if stream.random() < 0.7 else stream.integers(len(content))])
        try:
            train = data.load("array", "train", path=path)
        except ValueError as error:
            refused += 1
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert np.isfinite(train.x).all() and train.x.min() >= 0 and train.x.max() <= 1
    assert refused > 10


def test_other_columns_in_the_test_file_are_named(tmp_path):
    path = text("a,b\n1,2\n2,3\n")(tmp_path)
    for content, words in (("a,c\n1,2\n", "column 'b' is in one of them only"), ("b,a\n1,2\n", "in another order")):
        with pytest.raises(ValueError, match=rf"test\.csv and .*own\.csv differ: .*{words}"):
            both(path, test=str(text(content, "test.csv")(tmp_path)))


def test_the_examples_themselves_are_no_test(tmp_path):
    path = write(tmp_path / "own.npy")
    with pytest.raises(ValueError, match=r"'test' is .*own\.npy, as 'path' is; allowed is another file"):
        both(path, test=str(path))


def test_nothing_of_a_pickle_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (print, ("sprung",))

    np.save(tmp_path / "own.npy", np.array([[Trap()]], object), allow_pickle=True)
    with pytest.raises(ValueError, match="without pickles"):
        both(tmp_path / "own.npy")


@pytest.mark.parametrize(("kind", "package"), [(".csv", "pandas"), (".parquet", "pyarrow")])
def test_a_missing_package_is_told_with_the_command(kind, package, tmp_path, monkeypatch):
    path = write(tmp_path / f"own{kind}", frame=FRAME)
    find_spec = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *a: None if name == package else find_spec(name, *a))
    with pytest.raises(ModuleNotFoundError, match=rf"{package} is not installed: pip install 'jaxae\[experiments\]'"):
        both(path)
