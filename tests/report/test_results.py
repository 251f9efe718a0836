"""RESULTS.md is what the tables of experiments/results give."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from PIL import Image

from experiments.report import results

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
GALLERY = (EXPERIMENTS / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def tables(tmp_path):
    return Path(shutil.copytree(EXPERIMENTS / "results", tmp_path / "results"))


def changed(tables, name, old, new):
    text = (tables / f"{name}.csv").read_text(encoding="utf-8")
    assert old in text
    (tables / f"{name}.csv").write_text(text.replace(old, new), encoding="utf-8")
    return results.page(tables)


def test_the_page_is_that_of_the_tables(tmp_path):
    results.main(["--output", str(tmp_path / "RESULTS.md")])
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert text == (EXPERIMENTS / "RESULTS.md").read_text(encoding="utf-8"), "run python -m experiments.report.results"


def test_every_table_has_a_section(tables):
    names = [path.stem for path in tables.glob("*.csv") if not path.stem.startswith("benchmark_")]
    names = [name for name in names if not name.endswith("_search")]
    text = results.page(tables)
    assert names and all(f"## {name}\n" in text for name in names)


def test_what_falls_short_follows_from_the_numbers(tables):
    assert "MNIST: 784-1000-500-250-30 autoencoder | 2.88 | 3.00 | at most 3.00 | holds" in results.page(tables)
    text = changed(tables, "deep_30d", "2.88321", "3.01")
    assert "| 3.01 | 3.00 | at most 3.00 | falls short |" in text
    assert "- `deep_30d`: MNIST: 784-1000-500-250-30 autoencoder: 3.01, wanted at most 3.00." in text


def test_an_experiment_without_published_values_is_shown_as_it_is(tables):
    (tables / "contraction.csv").write_text('model,ratio at 0\n"AE, plain",1.3456789\n', encoding="utf-8")
    text = results.page(tables)
    assert "## contraction\n" in text and "| AE, plain | 1.346 |" in text


def test_a_row_that_is_missing_is_named(tables):
    with pytest.raises(ValueError, match="no row begins with digits, autoencoder, 30"):
        changed(tables, "deep_30d", 'digits,"autoencoder, 30"', 'digits,"another, 30"')


def test_the_numbers_of_vector_field_are_those_of_the_run_in_its_picture():
    (section,) = re.findall(r"^## vector_field\n(.*?)^## ", GALLERY, flags=re.MULTILINE | re.DOTALL)
    table = csv.DictReader(Image.open(EXPERIMENTS / "pictures" / "vector_field.png").text["table.csv"].splitlines())
    rows = {(row["data"], float(row["s"])): row for row in table}
    angles = [rows["spiral", s][who] for who in ("autoencoder", "best denoiser") for s in (0.02, 0.05)]
    assert re.findall(r"([0-9.]+)°", section) == [f"{float(angle):.1f}" for angle in angles]
    errors = [(f"{float(rows['mixture', s]['autoencoder']):.2f}", f"{s:g}") for s in (0.32, 0.02, 0.01)]
    words = "The error of the score falls from {} at s = {} to {} at {}, then rises to {} at {},"
    assert words.format(*(word for pair in errors for word in pair)) in section


def test_the_gallery_has_every_experiment_in_the_order_of_the_course():
    course = OmegaConf.load(EXPERIMENTS.parent / "conf" / "reproduce.yaml")["all"]
    sections = [part.split("\n", 1) for part in re.split(r"^## ", GALLERY, flags=re.MULTILINE)[1:]]
    named = {name: body for name, body in sections if " " not in name}
    assert list(named) == [*course, "overview"]
    for name in course:
        assert f"python -m experiments.run experiment={name}\n" in named[name], name
        assert "**Claim:**" in named[name] and " hold" in named[name], name
