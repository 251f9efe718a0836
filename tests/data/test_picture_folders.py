"""Folders of pictures, read as Pillow and NumPy read them; sub-folders are classes, and what is no picture is refused."""

import shutil

import numpy as np
import pytest
from PIL import Image

from jaxae import data
from jaxae.data import picture_folders

STREAM = np.random.default_rng(2)


def save(path, picture=None, side=8, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = STREAM.integers(0, 256, (side, side), dtype=np.uint8) if picture is None else picture
    Image.fromarray(picture).save(path, **options)
    return picture


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of cats, five of dogs, and a cache beside them."""
    for name, count in (("cat", 10), ("dog", 5)):
        for number in range(count):
            save(tmp_path / "pets" / name / f"{number:02}.png")
    return tmp_path / "pets"


def both(folder, **options):
    cache = folder.parent / "cache"
    return [data.load("images", split, path=folder, cache=cache, **options) for split in ("train", "test")]


def test_pictures_and_classes_are_those_of_the_files(folder):
    expected = {np.asarray(Image.open(file)).ravel().tobytes(): file.parent.name for file in folder.rglob("*.png")}
    train, test = both(folder, size=8)
    assert (train.x.shape, test.x.shape, train.shape) == ((12, 64), (3, 64), (8, 8))
    for split in (train, test):
        names = [expected[np.rint(row * 255).astype(np.uint8).tobytes()] for row in split.x]
        assert [["cat", "dog"][label] for label in split.labels] == names
        np.testing.assert_allclose(split.x * 255, np.rint(split.x * 255), atol=1e-4)
    assert np.bincount(test.labels).tolist() == [2, 1]
    assert "2 classes in the order of their labels: 0 is cat, 1 is dog" in train.origin.notes


@pytest.mark.parametrize("colour", [False, True])
def test_colours_are_kept_or_become_their_luma(tmp_path, colour):
    pictures = [save(tmp_path / "a" / f"{i}.png", STREAM.integers(0, 256, (6, 6, 3), dtype=np.uint8)) for i in range(5)]
    for i, picture in enumerate(pictures[:3]):
        save(tmp_path / "held" / f"{i}.png", picture)
    _, test = both(tmp_path / "a", size=6, colour=colour, test=str(tmp_path / "held"))
    expected = np.stack(pictures[:3]) / 255
    expected = expected if colour else expected @ [0.299, 0.587, 0.114]  # ITU-R BT.601
    assert test.shape == ((6, 6, 3) if colour else (6, 6)) and test.labels is None
    expected = expected.reshape(3, -1)
    np.testing.assert_allclose(*(x[np.argsort(x[:, 0])] for x in (test.x, expected)), atol=1e-6)


@pytest.mark.parametrize(("side", "size"), [(32, 8), (7, 16)])
def test_another_size_is_that_of_pillow(tmp_path, side, size):
    picture = save(tmp_path / "a" / "0.png", side=side)
    save(tmp_path / "b" / "0.png", side=side)
    train, _ = both(tmp_path / "a", size=size, test=str(tmp_path / "b"))
    expected = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR)) / 255
    np.testing.assert_allclose(train.x[0], expected.ravel(), atol=1.01 / 255)  # Pillow rounds bytes in both passes
    assert any("1 of 1 pictures are enlarged" in note for note in train.origin.notes) == (side < size)


def test_the_mean_of_a_block_is_what_a_smaller_picture_holds(tmp_path):
    white = np.zeros((64, 64), np.uint8)
    white[:, ::2] = 255  # stripes finer than the smaller picture's pixels: without smoothing it would be black or white
    save(tmp_path / "a" / "0.png", white)
    save(tmp_path / "a" / "1.png", white)
    train, _ = both(tmp_path / "a", size=8, test=0.5)
    np.testing.assert_allclose(train.x, 0.5, atol=0.05)


def test_the_central_square_of_an_oblong_picture_is_taken_and_told(tmp_path):
    pictures = [save(tmp_path / "a" / f"{i}.png", STREAM.integers(0, 256, (4, 7), dtype=np.uint8)) for i in range(2)]
    train, test = both(tmp_path / "a", size=4, test=0.5)
    found = {np.rint(split.x[0] * 255).astype(np.uint8).tobytes() for split in (train, test)}
    assert found == {picture[:, 1:5].tobytes() for picture in pictures}
    assert any("2 of 2 pictures are cut to their central squares" in note for note in train.origin.notes)


def test_without_a_size_pictures_stay_as_they_are_and_must_be_alike(tmp_path):
    for number in range(4):
        save(tmp_path / "a" / f"{number}.png", np.full((3, 5), 51 * number, np.uint8))
    train, test = both(tmp_path / "a", size=None)
    assert train.shape == test.shape == (3, 5)
    np.testing.assert_allclose(np.sort([split[0] for split in (*train.x, *test.x)]), [0, 0.2, 0.4, 0.6], atol=1e-6)
    save(tmp_path / "a" / "9.png", np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r"9\.png is 5 x 5 and .*0\.png is 3 x 5; allowed is one size, or a 'size'"):
        both(tmp_path / "a", size=None)


def test_the_folders_train_and_test_are_the_splits(folder):
    whole = folder.parent / "whole"
    shutil.copytree(folder, whole / "train")
    shutil.copytree(folder / "cat", whole / "test" / "cat")
    train, test = both(whole, size=8)
    assert np.bincount(train.labels).tolist() == [10, 5] and np.bincount(test.labels, minlength=2).tolist() == [10, 0]
    with pytest.raises(
        ValueError, match=r"'test' is 0.2 and .*/whole/test is the test; allowed is null where there is one"
    ):
        both(whole, test=0.2)
    shutil.rmtree(whole / "train")
    with pytest.raises(ValueError, match=r"/whole/test has no folder 'train' beside it; allowed are both, as splits"):
        both(whole)


@pytest.mark.parametrize(("scaling", "low", "high"), [("none", 0, 255), ("unit", 0, 1)])
def test_levels_are_255_for_white_or_1(tmp_path, scaling, low, high):
    for number in range(4):
        save(tmp_path / "a" / f"{number}.png", np.array([[0, 255], [255, 0]], np.uint8))
    train, _ = both(tmp_path / "a", size=2, scaling=scaling)
    np.testing.assert_array_equal(np.unique(train.x), [low, high])


def test_sixteen_bits_and_a_turned_picture_are_read_as_they_are_meant(tmp_path):
    deep = np.array([[0, 65535], [32768, 257]], np.uint16)
    save(tmp_path / "a" / "0.png", deep)
    exif = Image.Exif()
    exif[0x0112] = 3  # half a turn
    save(tmp_path / "b" / "0.png", np.array([[10, 20], [30, 40]], np.uint8), exif=exif)
    train, test = both(tmp_path / "a", size=2, test=str(tmp_path / "b"))
    np.testing.assert_allclose(train.x[0], deep.ravel() / 65535, atol=1e-6)
    np.testing.assert_allclose(test.x[0] * 255, [40, 30, 20, 10], atol=1e-4)


def test_a_second_view_that_a_camera_hides_is_passed_over(tmp_path):
    views = [Image.fromarray(np.full((8, 8, 3), level, np.uint8)) for level in (51, 204)]
    (tmp_path / "a").mkdir()
    for number in range(2):
        views[0].save(tmp_path / "a" / f"{number}.jpg", format="MPO", save_all=True, append_images=views[1:])
    train, _ = both(tmp_path / "a", size=8, test=0.5)
    np.testing.assert_allclose(train.x, 0.2, atol=0.01)


def test_hidden_files_are_nothing_and_others_are_counted(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "._00.png").write_bytes(b"x")
    (folder / "cat" / "about.txt").write_text("cats")
    train, test = both(folder, size=8)
    assert len(train.x) + len(test.x) == 15
    assert f"{folder}: 1 files that are no pictures are passed over" in train.origin.notes


def test_a_second_load_decodes_nothing_and_a_changed_picture_is_decoded(folder, monkeypatch):
    calls = []
    decode = picture_folders.decoded
    monkeypatch.setattr(picture_folders, "decoded", lambda *a, **k: calls.append(a) or decode(*a, **k))
    before = both(folder, size=8)[0]
    np.testing.assert_array_equal(both(folder, size=8)[0].x, before.x)
    assert len(calls) == 1
    save(folder / "cat" / "00.png")
    assert not np.array_equal(both(folder, size=8)[0].x, before.x) and len(calls) == 2


def test_numbers_as_names_of_folders_are_in_the_order_of_numbers(tmp_path):
    for name in ("2", "10"):
        for number in range(5):
            save(tmp_path / "a" / name / f"{number}.png")
    assert "0 is 2, 1 is 10" in both(tmp_path / "a")[0].origin.notes[-2]


def see_through(path):
    picture = STREAM.integers(0, 256, (8, 8, 4), dtype=np.uint8)
    picture[..., 3] = 255
    picture[3, 3, 3] = 254
    save(path, picture)


def frames(path):
    pictures = [Image.fromarray(STREAM.integers(0, 256, (8, 8), dtype=np.uint8)) for _ in range(3)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (lambda f: (f / "cat" / "00.png").write_bytes(b"none"), {}, r"cat/00\.png cannot be read"),
        (lambda f: (f / "cat" / "00.png").write_bytes((f / "cat" / "00.png").read_bytes()[:60]), {}, r"00\.png cannot be read"),
        (lambda f: see_through(f / "cat" / "00.png"), {}, r"00\.png cannot be read \(it has pixels that are not opaque\)"),
        (lambda f: frames(f / "cat" / "00.tif"), {}, r"00\.tif cannot be read \(it has 3 frames\)"),
        (lambda f: save(f / "loose.png"), {}, r"/pets has sub-folders, which are classes, and loose\.png beside them"),
        (lambda f: save(f / "cat" / "grey" / "0.png"), {}, r"/pets/cat/grey lies in a folder of a class"),
        (lambda f: (f / "emu").mkdir(), {}, r"/pets/emu holds no pictures; allowed are \.bmp"),
        (lambda f: shutil.rmtree(f / "cat"), {"path": "/nowhere"}, "'path' is /nowhere, which does not exist"),
        (lambda f: None, {"path": __file__}, r"'path' is .*; allowed is a folder of pictures"),
        (lambda f: None, {"test": __file__}, r"'test' is .*; allowed are a share and a folder of pictures"),
        (lambda f: None, {"test": ""}, r"'test' is \., which lies in 'path'; allowed is a folder beside it"),
        (lambda f: None, {"test": 1.0}, "'test' is 1.0; allowed are a share between 0 and 1"),
        (lambda f: None, {"test": 0.01}, "'test' is 0.01 and leaves 15 examples of .*/pets for training and 0 for the test"),
        (lambda f: None, {"size": 0}, "'size' is 0; it must be a whole number of at least 1"),
        (lambda f: None, {"colour": "grey"}, "'colour' is 'grey'; allowed are true and false"),
        (lambda f: None, {"scaling": "half"}, "'scaling' is 'half'; allowed are unit, standardised, none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_the_file(make, options, words, folder, monkeypatch):
    make(folder)
    if options.get("test") == "":
        monkeypatch.chdir(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=words) as caught:
        data.load("images", "train", **({"path": folder, "cache": folder.parent / "cache"} | options))
    assert "\n" not in str(caught.value)


def test_an_opaque_alpha_channel_is_no_hindrance(tmp_path):
    picture = STREAM.integers(0, 256, (4, 4, 4), dtype=np.uint8)
    picture[..., 3] = 255
    for number in range(2):
        save(tmp_path / "a" / f"{number}.png", picture)
    train, _ = both(tmp_path / "a", size=4, colour=True, test=0.5)
    np.testing.assert_allclose(train.x[0].reshape(4, 4, 3) * 255, picture[..., :3], atol=1e-4)
