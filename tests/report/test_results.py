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

CONTRACTED = ("AE", "AE+wd", "DAE-b", "DAE-g", "RBM", "CAE", *(f"stacked CAE, {depth} layers" for depth in (1, 2, 3)))


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
    names = [name for name in names if not name.endswith(("_search", "_verdicts"))]
    text = results.page(tables)
    assert names and all(f"## {name}\n" in text for name in names)


def test_an_outcome_follows_from_the_numbers(tables):
    words = "MNIST, 784-1000-500-250-30 autoencoder: squared error"
    assert f"{words} | 3.00 | 2.88 | ahead by 0.12 |" in results.page(tables)
    text = changed(tables, "deep_30d", "2.88321", "3.01")
    assert f"{words} | 3.00 | 3.01 | behind by 0.01 |" in text and f"{words} (behind by 0.01)" in text
    text = changed(tables, "deep_30d", "3.01", "3.004")
    assert f"{words} | 3.00 | 3.00 | reproduced |" in text and f"{words} (" not in text


def test_a_table_that_is_not_there_is_a_number_that_was_not_run(tables):
    (tables / "deep_30d.csv").unlink()
    text = results.page(tables)
    assert "autoencoder: squared error | 3.00 |  | not run |" in text and "## deep_30d\n" not in text


def test_numbers_over_seeds_are_means_with_deviations(tables):
    rows = ["seed,model,ratio at 0,largest ratio,commit,machine,seconds"]
    for seed, ratio in enumerate((0.2, 0.3, 0.4)):
        rows += [f'{seed},"{name}",{ratio},0.5,abc1234,a machine,120' for name in CONTRACTED]
    (tables / "contraction.csv").write_text("\n".join(rows), encoding="utf-8")
    text = results.page(tables)
    assert "MNIST, AE: contraction ratio at radius 0 | 1.34 | 0.3 ± 0.1 | below by 1.04 |" in text
    assert "| AE | 0.3 ± 0.1 | 0.5 |" in text and "'seeds=[0,1,2]'" in text
    assert "3 seeds, 2 minutes each, on a machine, at commit abc1234." in text


def test_a_table_over_the_seeds_of_one_grid_has_their_deviations(tables):
    header = 'seed,model,ratio at 0,"ratio at 0, std",largest ratio,commit,machine,seconds'
    rows = [header, *(f'"0, 1, 2","{name}",0.3,0.1,0.5,abc1234,a machine,120' for name in CONTRACTED)]
    (tables / "contraction.csv").write_text("\n".join(rows), encoding="utf-8")
    text = results.page(tables)
    assert "MNIST, AE: contraction ratio at radius 0 | 1.34 | 0.3 ± 0.1 | below by 1.04 |" in text
    assert (
        "| AE | 0.3 ± 0.1 | 0.5 |" in text
        and "'seeds=" not in text.partition("## contraction")[2].partition("\n## ")[0]
    )
    assert "3 seeds, 2 minutes, on a machine" in text


def test_an_experiment_without_published_values_is_shown_as_it_is(tables):
    header, row = 'seed,model,"|cosine|",commit,machine,seconds', '0,"AE, plain",1.3456789,,a machine,60'
    (tables / "manifold.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    text = results.page(tables)
    assert "## manifold\n" in text and "| AE, plain | 1.346 |" in text and r"| model | \|cosine\| |" in text


def test_claims_of_papers_are_counted(tables):
    rows = ["claim,rule,measured,holds,claimed by,protocol"]
    rows += [f"c,r,m,{holds},{by},fixed" for holds, by in ((True, "A paper"), (False, "A paper"), (True, "jaxae"))]
    for path in tables.glob("*_verdicts.csv"):
        path.unlink()
    (tables / "spectrum_verdicts.csv").write_text("\n".join(rows), encoding="utf-8")
    text = results.page(tables)
    assert "1 of the 2 verdicts on claims of papers hold over all seeds (spectrum;" in text
    assert text.count("- **Holds:** c: m (r;") == 2 and text.count("- **Falls short:** c: m (r;") == 1


def test_a_row_that_is_missing_is_named(tables):
    with pytest.raises(ValueError, match=r"deep_30d\.csv: no row begins with digits, autoencoder, 30"):
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
