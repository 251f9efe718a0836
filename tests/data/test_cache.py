"""The cache of decoded arrays: what is read back is what was built, or is built again."""

import io
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxae.data import cache
from jaxae.files import npz

ARRAYS = {"images": np.arange(60, dtype=np.uint8).reshape(5, 4, 3), "labels": np.arange(5, dtype=np.int32)}


def fail():
    raise AssertionError("built although the cache holds it")


def equal(arrays):
    return all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in ((arrays[name], ARRAYS[name]) for name in ARRAYS)
    )


def test_second_call_reads_what_the_first_built(tmp_path):
    path = tmp_path / "new" / "set.npz"
    assert equal(cache.remembered(path, tuple(ARRAYS), lambda: ARRAYS))
    assert equal(cache.remembered(path, tuple(ARRAYS), fail))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
def test_truncated_file_is_said_and_built_again(tmp_path, kept):
    path = tmp_path / "set.npz"
    npz.write(path, ARRAYS)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.warns(UserWarning, match=r"set\.npz is damaged"):
        assert equal(cache.remembered(path, tuple(ARRAYS), lambda: ARRAYS))
    assert equal(cache.remembered(path, tuple(ARRAYS), fail))


def test_no_flipped_byte_gives_other_arrays(tmp_path):
    path = tmp_path / "set.npz"
    npz.write(path, ARRAYS)
    content = path.read_bytes()
    noticed = 0
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 0xFF
        path.write_bytes(flipped)
        try:
            assert equal(npz.read(path, tuple(ARRAYS))), f"byte {position}"
        except AssertionError:
            raise
        except Exception:
            noticed += 1
    assert noticed > ARRAYS["images"].nbytes + ARRAYS["labels"].nbytes


def test_a_smaller_shape_in_an_array_header_is_noticed(tmp_path):
    # numpy then stops long before the end of a large array, where zipfile would check the content by itself.
    path = tmp_path / "set.npz"
    npz.write(path, {"images": np.zeros((90_000, 10), np.uint8)})
    content = path.read_bytes()
    assert content.count(b"(90000, 10)") == 1
    path.write_bytes(content.replace(b"(90000, 10)", b"(10000, 10)"))
    with pytest.raises(zipfile.BadZipFile, match="wrong checksum of images"):
        npz.read(path, ("images",))


@pytest.mark.parametrize("content", [b"no archive", b"\x93NUMPY"])
def test_other_files_are_damaged_caches(tmp_path, content):
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="damaged"):
        assert equal(cache.remembered(path, tuple(ARRAYS), lambda: ARRAYS))


def test_plain_array_file_is_a_damaged_cache(tmp_path):
    path, buffer = tmp_path / "set.npz", io.BytesIO()
    np.save(buffer, ARRAYS["images"])
    path.write_bytes(buffer.getvalue())
    with pytest.warns(UserWarning, match="damaged"):
        assert equal(cache.remembered(path, tuple(ARRAYS), lambda: ARRAYS))


def test_missing_array_is_a_damaged_cache(tmp_path):
    path = tmp_path / "set.npz"
    npz.write(path, {"images": ARRAYS["images"]})
    with pytest.warns(UserWarning, match="damaged.*labels"):
        assert equal(cache.remembered(path, tuple(ARRAYS), lambda: ARRAYS))


def test_folder_that_cannot_be_written_goes_without_cache(tmp_path):
    file = tmp_path / "file"
    file.write_text("a file where the folder should be")  # the one obstacle that stops the superuser too
    with pytest.warns(UserWarning, match="cannot be written") as caught:
        assert equal(cache.remembered(file / "set.npz", tuple(ARRAYS), lambda: ARRAYS))
    assert len(caught) == 1 and str(file) in str(caught[0].message)


def test_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "set.npz"
    npz.write(path, ARRAYS)

    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        npz.write(path, {"images": np.zeros(3)})
    assert list(tmp_path.iterdir()) == [path]
    assert equal(npz.read(path, tuple(ARRAYS)))


def test_failed_build_leaves_no_file(tmp_path):
    with pytest.raises(AssertionError), warnings.catch_warnings(action="error"):
        cache.remembered(tmp_path / "set.npz", tuple(ARRAYS), fail)
    assert not list(tmp_path.iterdir())


def test_folder_prefers_argument_then_variables_then_home(monkeypatch):
    monkeypatch.setenv("JAXAE_CACHE", os.path.join("a", "b"))
    monkeypatch.setenv("XDG_CACHE_HOME", "x")
    assert cache.folder("given") == Path("given")
    assert cache.folder() == Path("a", "b")
    monkeypatch.delenv("JAXAE_CACHE")
    assert cache.folder() == Path("x", "jaxae")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == Path.home() / ".cache" / "jaxae"
    assert cache.folder("~/mine") == Path.home() / "mine"
