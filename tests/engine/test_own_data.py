"""Own data through the command line's own call: each kind trains, says what was done, is refused or noticed when changed."""

import csv
import json
import shutil
from pathlib import Path

import hydra
import jax
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_digits, load_iris

from experiments.engine import sources, trial
from experiments.engine.checks import ConfigurationError
from experiments.engine.configuration import setup
from experiments.engine.trial import execute
from jaxae import storage

ROOT = Path(__file__).parents[2]
SMALL = ["scale=smoke", "model.hidden=4", "train.epochs=1", "train.batch_size=20", "figure.runs=1"]
DIGITS, IRIS = load_digits(), load_iris(as_frame=True).frame
LEVELS = (DIGITS.images * 15).astype(np.uint8)


@pytest.fixture(autouse=True)
def _hydra(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("JAXAE_CACHE", str(tmp_path_factory.mktemp("cache")))
    with hydra.initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield


def npy(folder):
    np.save(folder / "own.npy", LEVELS[:200])
    return ["data=array", f"data.path={folder}/own.npy"]


def shards(folder):
    (folder / "own").mkdir()
    for number, part in enumerate(np.split(LEVELS[:200], [70])):
        np.save(folder / "own" / f"{number}.npy", part)
    return ["data=array", f"data.path={folder}/own", "data.stream=true"]


def npz(folder):
    np.savez(folder / "own.npz", x=LEVELS[:200], y=DIGITS.target[:200])
    return ["data=array", f"data.path={folder}/own.npz", "data.label=y"]


def safetensors(folder):
    save_file({"train": DIGITS.data[:200].astype(np.float32)}, folder / "own.safetensors")
    save_file({"train": DIGITS.data[200:240].astype(np.float32)}, folder / "held.safetensors")
    return ["data=array", f"data.path={folder}/own.safetensors", "data.key=train", "data.shape=[8,8]",
            f"data.test={folder}/held.safetensors"]  # fmt: skip


def table(folder):
    IRIS.to_csv(folder / "own.csv", index=False)
    return ["data=array", f"data.path={folder}/own.csv", "data.label=target"]


def parquet(folder):
    IRIS.to_parquet(folder / "own.parquet")
    return ["data=array", f"data.path={folder}/own.parquet", "data.label=target", "data.scaling=standardised",
            "loss=squared_error"]  # fmt: skip


def pictures(folder, count=200):
    for number, (picture, label) in enumerate(zip(LEVELS[:count], DIGITS.target, strict=False)):
        place = folder / "own" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number}.png")
    return ["data=images", f"data.path={folder}/own", "data.size=8"]


def colours(folder):
    (folder / "own").mkdir()
    for number in range(30):
        Image.fromarray(np.repeat(LEVELS[number, ..., None], 3, axis=2)).save(folder / "own" / f"{number}.png")
    return ["data=images", f"data.path={folder}/own", "data.size=8", "data.colour=true"]


KINDS = {  # the words of each kind, the shape of an example, and whether the examples have labels
    npy: ((8, 8), False),
    shards: ((8, 8), False),
    npz: ((8, 8), True),
    safetensors: ((8, 8), False),
    table: ((4,), True),
    parquet: ((4,), True),
    pictures: ((8, 8), True),
    colours: ((8, 8, 3), False),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_trains_and_is_drawn(kind, tmp_path, capfd):
    result = execute([*SMALL, *kind(tmp_path)], tmp_path / "run")
    grid = result.grids["run"]
    shape, labelled = KINDS[kind]
    assert grid.train.shape == shape and (grid.train.labels is not None) == labelled
    assert np.isfinite(grid.curve["test_error"]).all()
    assert (tmp_path / "run" / "figure.png").stat().st_size > 5000
    notes = storage.load(tmp_path / "run" / "run.npz").metadata["data_notes"]
    assert any("scaling" in note for note in notes) and notes[0].startswith(str(tmp_path / "own"))
    said = capfd.readouterr().err
    assert all(f"data: {note}" in said for note in notes)
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "completed"


@pytest.mark.slow
def test_streamed_examples_give_the_numbers_of_those_in_memory(tmp_path):
    more = ["weight=[0,0.1]", "penalty=l1", "corruption=masking", "validation=0.1", "train.centred=true"]
    grids = [execute([*SMALL, *kind(tmp_path), *more], tmp_path / kind.__name__).grids["run"] for kind in (npy, shards)]
    memory, streamed = ((grid.params, grid.curve, grid.score) for grid in grids)
    for one, other in zip(jax.tree.leaves(memory), jax.tree.leaves(streamed), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "more"),
    [
        ("denoising", ["train.batch_size=50", "data.test=0.4"]),
        ("codes_2d", []),
        ("manifold", []),
        ("dimensionality", ["data.warp=1"]),
    ],
)
def test_experiments_on_pictures_take_a_folder_of_ones_own(experiment, more, tmp_path):
    execute([f"experiment={experiment}", "scale=smoke", *pictures(tmp_path), *more], tmp_path / "run")
    assert (tmp_path / "run" / "figure.png").stat().st_size > 5000
    for name in ("figure.csv", "table.csv"):
        with open(tmp_path / "run" / name) as file:
            rows = list(csv.DictReader(file))
        assert rows and all(value != "nan" for row in rows for value in row.values())
    jax.clear_caches()


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        (npy, ["data.scaling=none"], r"needs data in \[0, 1\], .*: .*own\.npy has [0-9]+ in place \[.*\] of an example"),
        (table, ["data.scaling=none"], r"data=array is not: .*own\.csv has .* in column '.*', choose data.scaling=unit"),
        (npz, ["data.scaling=standardised"], r"data=array is not: .*own\.npz, key 'x' has -"),
        (pictures, ["data.scaling=none"], r"data=images is not: .*own has .* in place \[.*\] of an example"),
        (table, ["experiment=codes_2d"], "data=array has examples of shape 4, this experiment needs grey pictures"),
        (npy, ["experiment=codes_2d"], "data=array has no labels, which this experiment needs"),
        (colours, ["experiment=denoising"], "data=images has examples of shape 8 x 8 x 3, .* needs grey pictures"),
        (parquet, ["experiment=spectrum"], r"has values from -.* needs them in \[0, 1\]: .*own\.parquet has -.* in column '"),
        (npy, ["experiment=vector_field"], "data=array is not what this experiment is about: it takes spiral"),
        (npy, ["data.key=x"], r"data: Data option 'key' is 'x' and .*own\.npy has no keys"),
        (npy, ["data.path=/nowhere.npy"], r"data: Data option 'path' is /nowhere\.npy, which does not exist"),
        (npy, ["data.path=null"], "data: Data option 'path' is not given"),
        (npy, ["data.test=1"], "data: Data option 'test' is 1; allowed are a share between 0 and 1"),
        (npy, ["data.limit=500"], "data: Data option 'limit' is 500; this split has 160 examples"),
        (npy, ["data.scaling=[unit,none]"], "data.scaling is .*: it takes one value; sweep it with -m"),
        (shards, ["experiment=capacity"], "data.stream is true: experiment=capacity may take .*, allowed is overview"),
        (shards, ["train.centred=geometric_median"], "train.centred is geometric_median: it needs the training"),
        (shards, ["train.pretrain=1"], "data.stream is true and train.pretrain is 1: it needs the training examples"),
        (shards, ["data.warp=1"], "data: Data option 'warp' needs the examples in memory"),
        (shards, ["data.scaling=none"], r"needs data in \[0, 1\], and data=array is not, choose data.scaling=unit"),
        (shards, ["data.stream=1"], "data: Data option 'stream' is 1; allowed are true and false"),
        (table, ["data.warp=1"], "data: Data option 'warp' needs grey pictures"),
        (table, ["data.label=kind"], r"data: Data option 'label' is 'kind'; allowed are the columns of .*petal"),
    ],
)  # fmt: skip
def test_what_own_data_lack_is_one_sentence_before_training(kind, more, words, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "train", lambda *_: pytest.fail("trained"))
    small = ["scale=smoke"] if any(word.startswith("experiment=") for word in more) else SMALL
    with pytest.raises(ConfigurationError, match=words) as caught:
        execute([*small, *kind(tmp_path), *more], tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_value_of_the_test_file_alone_outside_the_unit_range_is_refused(tmp_path):
    np.save(tmp_path / "own.npy", np.linspace(0, 1, 80).reshape(20, 4))
    np.save(tmp_path / "held.npy", np.full((5, 4), 1.5))
    words = ["data=array", f"data.path={tmp_path}/own.npy", f"data.test={tmp_path}/held.npy", "data.scaling=none"]
    with pytest.raises(ConfigurationError, match=r"held\.npy has 1.5 in place \[0\] of an example"):
        setup(hydra.compose("config", [*SMALL, *words]))


def test_examples_held_out_for_validation_know_where_they_are_from(tmp_path):
    found = setup(hydra.compose("config", [*SMALL, *npz(tmp_path), "validation=0.25"]))
    assert found.train.origin == found.validation.origin and found.train.origin.name.endswith("own.npz, key 'x'")
    assert len(found.train.x) + len(found.validation.x) == 160


def retouched(folder):
    Image.fromarray(LEVELS[3]).save(folder / "own" / "0" / "0.png")


def moved(folder):
    """A picture whose place in the order of all stays, in the folder of another class."""
    last = sorted((folder / "own" / "0").iterdir())[-1]
    last.rename(folder / "own" / "1" / "!.png")


def renamed(folder):
    (folder / "own" / "9").rename(folder / "own" / "99")


def rewritten(name):
    def change(folder):
        x = DIGITS.data[:200].astype(np.float32)
        x[17, 30] += 1
        save_file({"train": x}, folder / name)

    return change


@pytest.mark.parametrize(
    ("kind", "change", "key"),
    [
        (pictures, retouched, "data.path"),
        (pictures, moved, "data.path"),
        (pictures, renamed, "data.path"),
        (safetensors, rewritten("own.safetensors"), "data.path"),
        (safetensors, rewritten("held.safetensors"), "data.test"),
    ],
)
def test_the_content_of_ones_own_files_is_part_of_what_decides_a_result(kind, change, key, tmp_path):
    cfg = hydra.compose("config", kind(tmp_path))
    before, again = (sources.of_training([cfg]) for _ in range(2))
    change(tmp_path)
    after = sources.of_training([cfg])
    assert before == again
    assert [name.partition("=")[0] for name in before if before[name] != after[name]] == [key]


def test_equal_folders_elsewhere_have_equal_hashes(tmp_path):
    pictures(tmp_path)
    shutil.copytree(tmp_path / "own", tmp_path / "copy")
    assert sources._content(tmp_path / "own") == sources._content(tmp_path / "copy")


@pytest.mark.slow
def test_a_result_of_a_changed_file_is_refused_and_begun_anew_reads_it_again(tmp_path):
    words = [*SMALL, *npz(tmp_path)]
    first = execute(words, tmp_path / "run").grids["run"].train.x
    assert execute(words, tmp_path / "run").outcome is None
    np.savez(tmp_path / "own.npz", x=255 - LEVELS[:200], y=DIGITS.target[:200])
    with pytest.raises(ConfigurationError, match=f"before a change of data.path={tmp_path}/own.npz"):
        execute(words, tmp_path / "run")
    second = execute([*words, "resume=fresh"], tmp_path / "run").grids["run"].train.x
    np.testing.assert_allclose(second, 1 - first, atol=1e-6)


def test_a_table_is_the_same_whatever_file_it_lies_in(tmp_path):
    frame = pd.DataFrame(DIGITS.data[:100], columns=[f"p{i}" for i in range(64)]).assign(digit=DIGITS.target[:100])
    frame.to_csv(tmp_path / "own.csv", index=False)
    frame.to_parquet(tmp_path / "own.parquet")
    found = [
        setup(hydra.compose("config", [*SMALL, "data=array", f"data.path={tmp_path}/own{kind}", "data.label=digit"]))
        for kind in (".csv", ".parquet")
    ]
    np.testing.assert_array_equal(found[0].train.x, found[1].train.x)
    np.testing.assert_array_equal(found[0].test.labels, found[1].test.labels)
