"""Rows read what their files hold, in any order, and refuse what is wrong with a file by its name."""

import numpy as np
import pytest

from jaxae import rows
from jaxae.rows import Rows, open_rows, taken

X = np.random.default_rng(0).normal(size=(50, 2, 3)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """Three shards, whose order is that of their names."""
    for name, shard in zip(("a", "b", "c"), np.split(X, [13, 14]), strict=True):
        np.save(tmp_path / f"{name}.npy", shard)
    return tmp_path


@pytest.mark.parametrize("block", [1, 100, 2**19])  # bytes read at once: one example, four, all
def test_rows_are_those_of_the_array_in_any_order(folder, monkeypatch, block):
    monkeypatch.setattr(rows, "BLOCK", block)
    read, flat = open_rows(folder), X.reshape(50, 6)
    assert (len(read), read.shape, read.dtype) == (50, (50, 6), np.float32)
    index = np.random.default_rng(1).integers(0, 50, 200)  # some twice
    np.testing.assert_array_equal(read[index], flat[index])
    np.testing.assert_array_equal(read[3:17], flat[3:17])
    np.testing.assert_array_equal(read[np.arange(0)], flat[:0])
    few = read.taken(index)
    np.testing.assert_array_equal(few[:], flat[index])
    np.testing.assert_array_equal(few.taken(np.array([5, 2]))[1:], flat[index[[2]]])
    np.testing.assert_array_equal(np.concatenate([*few.blocks()]), X[np.sort(index)])
    np.testing.assert_array_equal(taken(read, slice(4))[:], taken(flat, slice(4)))
    assert (read.min(), read.max()) == (X.min(), X.max())
    np.testing.assert_array_equal(read.mean(axis=0), flat.mean(axis=0, dtype=np.float64).astype(np.float32))
    np.testing.assert_allclose(few.mean(), flat[index].mean(axis=0), rtol=1e-5, atol=1e-7)


def test_levels_are_scaled_as_they_are_read():
    levels = np.arange(60, dtype=np.uint8).reshape(10, 6)
    read = Rows([levels[:4], levels[4:]], scale=lambda x: (x / 255).astype(np.float32))
    np.testing.assert_array_equal(read[::-1], (levels[::-1] / 255).astype(np.float32))
    assert (read.min(), read.max()) == (0, np.float32(59 / 255))


def test_other_files_places_or_scaling_are_another_identity(folder):
    from jaxae.training.checkpoints import identity

    def digest(read):
        return identity(data=read.identity)["data"].tobytes()

    read = open_rows(folder)
    assert digest(read) == digest(open_rows(folder))
    others = [read.taken(np.arange(50)), read.taken(np.arange(49)), read.taken(slice(None), scale=np.tanh)]
    np.save(folder / "c.npy", X[14:] + 1)
    others.append(open_rows(folder))
    assert len({digest(other) for other in [read, *others]}) >= 4


def cut(folder):
    content = (folder / "b.npy").read_bytes()
    (folder / "b.npy").write_bytes(content[:-3])


def garbage(folder):
    (folder / "b.npy").write_bytes(b"no array")


def empty(folder):
    (folder / "b.npy").write_bytes(b"")


def other_shape(folder):
    np.save(folder / "b.npy", np.ones((4, 6), np.float32))


def other_dtype(folder):
    np.save(folder / "b.npy", np.ones((4, 2, 3)))


def words(folder):
    np.save(folder / "b.npy", np.array([["a"]]))


def pickled(folder):
    np.save(folder / "b.npy", np.array([[object()]]), allow_pickle=True)


def columns(folder):
    np.save(folder / "b.npy", np.asfortranarray(X))


def none_left(folder):
    np.save(folder / "b.npy", X[:0])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "cannot be read .*; allowed is a whole .npy"),
        (garbage, "cannot be read .*; allowed is a whole .npy"),
        (empty, "cannot be read .*; allowed is a whole .npy"),
        (pickled, "cannot be read .*; allowed is a whole .npy without pickles"),
        (other_shape, r"has examples \[6\] of float32 and .*a.npy \[2, 3\] of float32; allowed is one kind"),
        (other_dtype, r"has examples \[2, 3\] of float64 and .*a.npy \[2, 3\] of float32; allowed is one kind"),
        (words, "is no array of numbers"),
        (columns, "is in Fortran's order"),
        (none_left, r"has the shape \[0, 2, 3\]; allowed is one example or more"),
    ],
)
def test_a_damaged_shard_is_refused_in_a_sentence_that_names_it(folder, damage, said):
    damage(folder)
    with pytest.raises(ValueError, match=f"^File .*b.npy.*{said}") as refused:
        open_rows(folder)
    assert len(str(refused.value).splitlines()) == 1


def test_other_files_and_empty_folders_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("1")
    with pytest.raises(ValueError, match=r"^Folder .* has no .npy; allowed is one or more\.$"):
        open_rows(tmp_path)
    with pytest.raises(ValueError, match=r"^File .*x.csv is no .npy; only these are streamed\.$"):
        open_rows(tmp_path / "x.csv")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_with_its_place(folder, value):
    shard = X[14:].copy()
    shard[20, 1, 2] = value
    np.save(folder / "c.npy", shard)
    with pytest.raises(ValueError, match=rf"^File .*c.npy, example 20, place \[1, 2\] is {value}; allowed are finite"):
        open_rows(folder).check_finite()
