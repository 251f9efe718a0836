"""TFDS sets: a tiny MNIST and CIFAR-10 are prepared as TFDS does it, then read through TFDS without TensorFlow."""

import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from jaxae import data
from jaxae.data import prepared

COUNTS = {"train": 6, "test": 3}
SHAPES = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("array_record") is None, reason="array_record has no wheels for this platform"
)


def pictures(name, split, seed):
    stream = np.random.default_rng([seed, len(name), len(split)])
    return stream.integers(0, 256, (COUNTS[split], *SHAPES[name]), dtype=np.uint8)


def png(picture):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(file, "png")
    file.seek(0)
    return file


def prepare(root, name, seed=0, file_format="array_record"):
    """Writes the folder that `download_and_prepare` leaves: records, features.json and dataset_info.json."""
    import tensorflow_datasets as tfds
    from array_record.python.array_record_module import ArrayRecordWriter
    from tensorflow_datasets.core import example_serializer

    with prepared.quiet():
        builder = tfds.builder(name, data_dir=root, file_format=file_format)
        features, folder = builder.info.features, Path(builder.data_dir)
        folder.mkdir(parents=True)
        serializer = example_serializer.ExampleSerializer(features.get_serialized_info())
        splits = []
        for split, count in COUNTS.items():
            template = tfds.core.ShardedFileTemplate(
                dataset_name=name, data_dir=folder, filetype_suffix=file_format, split=split
            )
            info = tfds.core.SplitInfo(name=split, shard_lengths=[count], num_bytes=1, filename_template=template)
            writer = ArrayRecordWriter(os.fspath(info.filepaths[0]), "group_size:1")
            for label, picture in enumerate(pictures(name, split, seed)):
                example = {"image": png(picture), "label": label}
                if "id" in features:
                    example["id"] = f"{split}_{label}"
                writer.write(serializer.serialize_example(features.encode_example(example)))
            writer.close()
            splits.append(info)
        builder.info.set_splits(tfds.core.SplitDict(splits))
        builder.info.write_to_directory(folder)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tensorflow_datasets")
    for name in SHAPES:
        prepare(folder, name)
    return folder


@pytest.fixture
def decodes(monkeypatch):
    """Counts how often a split is decoded."""
    calls = []
    decode = prepared.decode
    monkeypatch.setattr(prepared, "decode", lambda builder, split: calls.append(split) or decode(builder, split))
    return calls


@pytest.mark.parametrize("split", COUNTS)
@pytest.mark.parametrize("name", SHAPES)
def test_pixels_and_labels_are_those_that_were_prepared(root, tmp_path, name, split):
    loaded = data.load(name, split, dir=root, cache=tmp_path)
    expected = pictures(name, split, 0)
    np.testing.assert_array_equal(np.rint(loaded.x * 255), expected.reshape(len(expected), -1))
    np.testing.assert_array_equal(loaded.labels, np.arange(COUNTS[split]))
    assert loaded.shape == ((32, 32, 3) if name == "cifar10" else (28, 28))
    assert loaded.x.dtype == np.float32 and loaded.labels.dtype == np.int32 and loaded.x.flags.c_contiguous


def test_grey_cifar10_is_the_luma_of_its_colours(root, tmp_path):
    loaded = data.load("cifar10_bw", "train", dir=root, cache=tmp_path)
    expected = pictures("cifar10", "train", 0) @ np.array([0.299, 0.587, 0.114]) / 255  # ITU-R BT.601
    np.testing.assert_allclose(loaded.x, expected.reshape(6, 32 * 32), atol=1e-6)
    assert loaded.shape == (32, 32) and loaded.x.dtype == np.float32 and loaded.x.flags.c_contiguous


def test_both_forms_of_cifar10_share_one_cache_file(root, tmp_path, decodes):
    data.load("cifar10", "test", dir=root, cache=tmp_path)
    data.load("cifar10_bw", "test", dir=root, cache=tmp_path)
    assert decodes == ["test"] and len(list(tmp_path.iterdir())) == 1


def test_second_load_decodes_nothing(root, tmp_path, decodes):
    first = data.load("mnist", "train", dir=root, cache=tmp_path)
    second = data.load("mnist", "train", dir=root, cache=tmp_path)
    assert decodes == ["train"]
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_sets_splits_and_prepared_copies_do_not_mix(root, tmp_path, decodes):
    cache, other = tmp_path / "cache", prepare(tmp_path / "other", "mnist", seed=1)
    sources = [
        ("mnist", "train", root),
        ("mnist", "test", root),
        ("fashion_mnist", "test", root),
        ("mnist", "test", other),
    ]
    loads = [data.load(name, split, dir=folder, cache=cache).x for name, split, folder in sources]
    again = [data.load(name, split, dir=folder, cache=cache).x for name, split, folder in sources]
    assert len(decodes) == len(list(cache.iterdir())) == 4
    for first, second in zip(loads, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(loads[1], loads[3])


def test_an_equal_copy_elsewhere_uses_the_same_cache_file(root, tmp_path, decodes):
    copy = prepare(tmp_path / "copy", "mnist")
    for folder in (root, copy):
        data.load("mnist", "test", dir=folder, cache=tmp_path / "cache")
    assert decodes == ["test"]


def test_damaged_cache_file_is_named_and_built_again(root, tmp_path, decodes):
    first = data.load("mnist", "test", dir=root, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=f"{file.name} is damaged"):
        second = data.load("mnist", "test", dir=root, cache=tmp_path)
    np.testing.assert_array_equal(first.x, second.x)
    data.load("mnist", "test", dir=root, cache=tmp_path)
    assert decodes == ["test", "test"]


def test_limit_is_the_leading_part(root, tmp_path):
    whole = data.load("mnist", "train", dir=root, cache=tmp_path)
    part = data.load("mnist", "train", dir=root, cache=tmp_path, limit=4)
    np.testing.assert_array_equal(part.x, whole.x[:4])
    np.testing.assert_array_equal(part.labels, whole.labels[:4])


def test_too_large_limit_is_refused_before_decoding(root, tmp_path, decodes):
    with pytest.raises(ValueError, match=r"'limit' is 7.*6 examples, allowed is 1 to 6"):
        data.load("mnist", "train", dir=root, cache=tmp_path, limit=7)
    assert not decodes


def test_folder_of_the_environment_is_used_without_dir(root, tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    assert len(data.load("mnist", "test", cache=tmp_path).x) == 3


def test_unprepared_set_without_tensorflow_names_folder_and_command(tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "tensorflow" else find_spec(name, *a)
    )
    with pytest.raises(ModuleNotFoundError, match=r"'mnist' is not prepared.*pip install 'jaxae\[prepare\]'") as caught:
        data.load("mnist", "train", dir=tmp_path, cache=tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_each_set_is_prepared_with_downloads_of_its_own(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    asked = {}

    def download_and_prepare(builder, *, download_dir, file_format):
        asked[builder.name] = (Path(download_dir), file_format)
        raise InterruptedError  # what follows needs TensorFlow

    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: object())
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", download_and_prepare)
    for name in ("mnist", "fashion_mnist"):
        with pytest.raises(InterruptedError):
            data.load(name, "train", dir=tmp_path, cache=tmp_path)
    assert asked == {name: (tmp_path / "downloads" / name, "array_record") for name in ("mnist", "fashion_mnist")}


def test_set_prepared_in_another_format_is_refused(tmp_path):
    prepare(tmp_path, "mnist", file_format="tfrecord")
    with pytest.raises(ValueError, match=r"'mnist' in .* is prepared as tfrecord; allowed is array_record"):
        data.load("mnist", "train", dir=tmp_path, cache=tmp_path)


def test_loading_writes_nothing_and_leaves_the_log_level_alone(root, tmp_path):
    code = f"from absl import logging; before = logging.get_verbosity(); from jaxae import data; \
data.load('mnist', 'test', dir={str(root)!r}, cache={str(tmp_path)!r}); assert logging.get_verbosity() == before"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_any_prepared_set_is_read_by_its_name(root, tmp_path):
    for name, colour, twin in (
        ("mnist", False, "mnist"),
        ("fashion_mnist", True, "fashion_mnist"),
        ("cifar10", True, "cifar10"),
        ("cifar10", False, "cifar10_bw"),
    ):
        loaded = data.load("tfds", "test", name=name, colour=colour, dir=root, cache=tmp_path, limit=2)
        expected = data.load(twin, "test", dir=root, cache=tmp_path, limit=2)
        np.testing.assert_array_equal(loaded.x, expected.x)
        np.testing.assert_array_equal(loaded.labels, expected.labels)
        assert loaded.shape == expected.shape


def described(splits=("train", "test"), **features):
    import tensorflow_datasets as tfds

    info = SimpleNamespace(features=tfds.features.FeaturesDict(features), splits=dict.fromkeys(splits))
    return SimpleNamespace(info=info)


def test_pictures_without_labels_are_allowed():
    import tensorflow_datasets as tfds

    found = prepared.checked_features("some", "test", described(image=tfds.features.Image(shape=(8, 8, 3))))
    assert "label" not in found


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"text": "Text"}, "has pictures none among text; allowed are bytes of one size"),
        ({"image": "Image"}, r"has pictures of shape \(None, None, 3\)"),
        ({"image": ("Image", {"shape": (8, 8, 4)})}, r"has pictures of shape \(8, 8, 4\); .* in 1 or 3 channels"),
        (
            {"image": ("Image", {"shape": (8, 8, 1), "dtype": np.uint16})},
            r"has pictures of shape \(8, 8, 1\); .* bytes",
        ),
        ({"image": ("Image", {"shape": (8, 8, 1)}), "label": "Text"}, "has labels of shape"),
        (
            {"splits": ("train", "validation"), "image": ("Image", {"shape": (8, 8, 1)})},
            "has the splits train, validation",
        ),
    ],
)
def test_sets_without_pictures_of_one_size_or_without_a_test_are_refused(kind, words):
    import tensorflow_datasets as tfds

    def feature(value):
        name, options = value if isinstance(value[1], dict) else (value, {})
        return getattr(tfds.features, name)(**options)

    splits = kind.get("splits", ("train", "test"))
    features = {key: feature(value) for key, value in kind.items() if key != "splits"}
    with pytest.raises(ValueError, match=f"Data set 'some' {words}") as caught:
        prepared.checked_features("some", "test", described(splits, **features))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": None}, "'name' is None; it must be that of a prepared set of TFDS"),
        ({"name": "mnist6k"}, r"'mnist6k' cannot be opened by TFDS \(.*\); allowed are its prepared sets"),
        ({"name": "kmnist"}, "'kmnist' is not prepared in .*: run `tfds build kmnist --file_format=array_record`"),
        ({"name": "mnist", "colour": 1}, "'colour' is 1; allowed are true and false"),
    ],
)
def test_a_set_that_is_not_there_is_refused_and_never_prepared(options, words, tmp_path):
    with pytest.raises(ValueError, match=words) as caught:
        data.load("tfds", "train", dir=tmp_path, cache=tmp_path, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_prepared_set_trains_from_the_command_line(root, tmp_path, monkeypatch):
    import hydra

    from experiments.engine.trial import execute

    monkeypatch.setenv("JAXAE_CACHE", str(tmp_path / "cache"))
    conf = Path(__file__).parents[2] / "conf"
    words = [
        "data=tfds",
        "data.name=cifar10",
        f"data.dir={root}",
        "scale=smoke",
        "train.batch_size=2",
        "model.hidden=3",
    ]
    with hydra.initialize_config_dir(str(conf), version_base="1.3"):
        result = execute(words, tmp_path / "run")
    assert result.grids["run"].train.shape == (32, 32) and len(result.grids["run"].train.x) == 6
