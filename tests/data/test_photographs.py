"""A user's own photographs and IMAGES.mat: read as the shipped ones, or refused in one sentence."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from jaxae import data
from jaxae.data import photographs


def picture(rows=130, columns=140, seed=0, channels=()):
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, *channels), dtype=np.uint8)


def save(folder, name, array):
    folder.mkdir(exist_ok=True)
    Image.fromarray(array).save(folder / name)
    return folder


def test_folder_is_read_in_the_order_of_names_and_other_files_are_left(tmp_path):
    for seed, name in enumerate(["b.png", "a.JPG", "c.tif", "d.bmp"]):
        save(tmp_path, name, picture(130 + 2 * seed, seed=seed))
    (tmp_path / "notes.txt").write_text("no picture")
    names, pictures = photographs.whitened(tmp_path)
    assert [name.name for name in names] == ["a.JPG", "b.png", "c.tif", "d.bmp"]
    assert [p.shape for p in pictures] == [(66, 70), (65, 70), (67, 70), (68, 70)]
    np.testing.assert_allclose(np.mean([p.var() for p in pictures]), 0.1, rtol=1e-5)


def test_one_picture_is_enough(tmp_path):
    save(tmp_path, "a.png", picture())
    one, folder = (data.load("patches", "test", count=20, path=path).x for path in (tmp_path / "a.png", tmp_path))
    np.testing.assert_array_equal(one, folder)


def test_patches_come_from_the_given_folder(tmp_path):
    save(tmp_path, "a.png", picture())
    (white,) = photographs.whitened(tmp_path)[1]
    loaded = data.load("patches", "train", count=30, size=5, path=str(tmp_path))
    windows = np.lib.stride_tricks.sliding_window_view(white[:, :56], (5, 5)).reshape(-1, 25)
    assert {row.tobytes() for row in loaded.x} <= {row.tobytes() for row in windows}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
def test_every_mode_of_a_black_and_white_picture_gives_the_same_grey(tmp_path, mode):
    white = np.random.default_rng(0).integers(0, 2, (20, 30), dtype=np.uint8)
    source = Image.fromarray(255 * white)
    source = Image.fromarray(65535 * white.astype(np.uint16)) if mode == "I;16" else source.convert(mode)
    source.save(tmp_path / "a.png")
    np.testing.assert_allclose(photographs.read(tmp_path / "a.png"), white, atol=1e-6)


def test_colour_becomes_luma(tmp_path):
    colours = picture(channels=(3,))
    save(tmp_path, "a.png", colours)
    expected = colours @ np.array([0.299, 0.587, 0.114]) / 255  # ITU-R BT.601
    np.testing.assert_allclose(photographs.read(tmp_path / "a.png"), expected, atol=1e-6)


def test_halving_smooths_what_the_half_grid_cannot_show():
    # 0.4 cycles per pixel are 0.8 on the half grid and would come back as 0.2; bilinear sampling alone leaves 31 %.
    waves = np.tile(np.sin(2 * np.pi * 0.4 * np.arange(200)), (20, 1))
    half = photographs.halve(waves)
    assert half.shape == (10, 100)
    assert half[:, 5:-5].std() < 0.2 * waves.std()
    assert photographs.halve(np.zeros((5, 1))).shape == (3, 1)


def test_images_mat_is_only_rescaled(tmp_path):
    images = np.random.default_rng(0).standard_normal((60, 80, 3))
    savemat(tmp_path / "IMAGES.mat", {"IMAGES": images})
    pictures = photographs.whitened(tmp_path / "IMAGES.mat")[1]
    factor = np.sqrt(0.1 / np.mean([images[..., i].var() for i in range(3)]))
    np.testing.assert_allclose(np.stack(pictures, axis=2), factor * images, rtol=1e-5)
    loaded = data.load("patches", "test", count=10, path=str(tmp_path / "IMAGES.mat"))
    assert loaded.x.shape == (10, 144)


@pytest.mark.parametrize("content", [{"OTHER": np.zeros((4, 4, 2))}, {"IMAGES": np.zeros((4, 4))}])
def test_other_mat_files_are_refused(tmp_path, content):
    savemat(tmp_path / "x.mat", content)
    with pytest.raises(ValueError, match=r"x\.mat has no array IMAGES \[rows, columns, pictures\]"):
        data.load("patches", "train", path=tmp_path / "x.mat")


@pytest.mark.parametrize("name", ["x.png", "x.mat"])
def test_unreadable_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"neither a picture nor a matrix")
    with pytest.raises(ValueError, match=rf"{name} cannot be read \(.*allowed are"):
        data.load("patches", "train", path=tmp_path / name)


def test_truncated_picture_is_named(tmp_path):
    save(tmp_path, "a.png", picture())
    save(tmp_path, "b.png", picture())
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"b\.png cannot be read"):
        data.load("patches", "train", path=tmp_path)


def test_picture_of_unknown_white_is_refused(tmp_path):
    save(tmp_path, "a.tif", picture().astype(np.float32))
    with pytest.raises(ValueError, match=r"a\.tif cannot be read .*allowed are pictures with 8 or 16 bits"):
        data.load("patches", "train", path=tmp_path)


@pytest.mark.parametrize("path", ["missing", "missing.mat", "missing.png"])
def test_missing_path_is_named(tmp_path, path):
    with pytest.raises(FileNotFoundError, match=f"'path' is .*{path}, which does not exist; allowed are a folder"):
        data.load("patches", "train", path=tmp_path / path)


def test_folder_without_pictures_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(FileNotFoundError, match=f"{tmp_path.name} holds no pictures; allowed are .bmp"):
        data.load("patches", "train", path=tmp_path)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("rows, columns", [(22, 200), (200, 22), (200, 100)])
def test_picture_without_room_for_a_patch_of_either_split_is_named(tmp_path, split, rows, columns):
    save(tmp_path, "a.png", picture())
    save(tmp_path, "small.png", picture(rows, columns))
    message = rf"small\.png has {rows // 2} x {columns // 2} pixels after halving, .* patches of 12 x 12 need 12 rows"
    with pytest.raises(ValueError, match=message):
        data.load("patches", split, path=tmp_path)


def test_smallest_picture_with_room_gives_its_patches(tmp_path):
    save(tmp_path, "a.png", picture(24, 120))  # halved 12 x 60, of which 12 columns are for test
    loaded = data.load("patches", "test", count=5, path=tmp_path)
    assert (loaded.x == loaded.x[0]).all()


def test_pictures_without_contrast_are_refused(tmp_path):
    save(tmp_path, "a.png", np.full((130, 140), 7, np.uint8))
    with pytest.raises(ValueError, match="need finite pictures with some contrast"):
        data.load("patches", "train", path=tmp_path)


@pytest.mark.parametrize("option, value, least", [("size", 0, 1), ("count", 0, 1), ("count", 2.5, 1), ("seed", -1, 0)])
def test_numbers_out_of_range_are_refused(option, value, least):
    with pytest.raises(ValueError, match=f"'{option}' is {value}; it must be a whole number of at least {least}"):
        data.load("patches", "train", **{option: value})
