import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from omegaconf import OmegaConf

from experiments import reproduce
from experiments.common.outcome import Outcome, Verdict
from experiments.engine.checks import ConfigurationError
from experiments.engine.trial import Result
from experiments.report import page as report


def fake_result(name, directory, data="cifar10_bw"):
    figure, ax = plt.subplots(figsize=(1, 1))
    ax.plot([0, 1])
    table = [
        {"model": "AE <plain>", "error": 0.123456, "published": 7, "absent": None},
        {"model": "CAE", "error": 2.5, "published": None, "absent": None},
    ]
    verdicts = [
        Verdict("it contracts", "a < b", "1 < 2", True, "Someone 2011, figure 3"),
        Verdict("it stays", "c > d", "3 > 4", False),
    ]
    checks = [Verdict("a sum is a sum", "equal", "2 = 2", True)]
    outcome = Outcome(figure, [{"x": 0.0}], table, verdicts, "A remark.", checks)
    directory.mkdir(parents=True)
    outcome.write(directory)
    cfg = OmegaConf.create({"claim": "The claim", "paper": "The paper", "data": {"name": data}})
    runs = {"run": SimpleNamespace(train=SimpleNamespace(x=np.zeros((12345, 2))))}
    return Result(name, cfg, outcome, runs, {"run": 1.5, "total": 75.25})


def test_the_report_shows_everything_and_loads_nothing(tmp_path):
    entry = report.finished(fake_result("spectrum", tmp_path / "spectrum"), tmp_path / "spectrum")
    page = report.write(tmp_path, report.facts("quick"), [entry], ["filters_noise"]).read_text(encoding="utf-8")
    for text in (
        "0.1235",
        "2.5",
        ">7<",
        "✓ holds",
        "✗ falls short",
        "1 of 2",
        "12,345",
        "1 min 15 s",
        "75.2",
        "A remark.",
        "(Someone 2011, figure 3)",
        "(ours)",
        "Exploratory: not every rule",
        "✓ passes",
        "a sum is a sum",
    ):
        assert text in page
    assert "experiment=spectrum scale=quick" in page
    assert "AE &lt;plain&gt;" in page
    assert "local TFDS copy of CIFAR-10" in page
    assert "Not run yet: filters_noise" in page
    assert 'src="data:image/png;base64,iVBOR' in page
    assert "None" not in page and "absent" not in page
    without_names = page.replace("http://www.w3.org/2000/svg", "")  # a name space, which nothing fetches
    assert not re.search(r"https?://|<script[^>]* src|<link|@import|url\(", without_names)


def test_only_cifar_carries_the_note_on_its_pixels(tmp_path):
    entry = report.finished(fake_result("spectrum", tmp_path / "a", data="mnist5k"), tmp_path / "a")
    assert entry.note == ""


def test_a_failing_experiment_costs_its_own_row(tmp_path, monkeypatch):
    def execute(overrides, directory, **options):
        if overrides[0] == "experiment=spectrum":
            raise RuntimeError("the lamp <went> out")
        return fake_result(overrides[0].removeprefix("experiment="), directory)

    written = []
    monkeypatch.setattr(reproduce.over_seeds, "execute", execute)
    write = report.write
    monkeypatch.setattr(report, "write", lambda *args: written.append(len(args[2])) or write(*args))
    assert not reproduce.reproduce(["spectrum", "filters_noise"], "smoke", tmp_path)
    assert written == [1, 2]  # the first figure can be looked at while the second trains
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "RuntimeError: the lamp &lt;went&gt; out" in page and "Traceback" in page
    assert "✗ failed" in page and "Rifai et al. 2011" in page
    assert "Filters noise" in page and "1 of 2" in page


def test_experiments_that_all_finish_are_a_success(tmp_path, monkeypatch):
    monkeypatch.setattr(
        reproduce.over_seeds, "execute", lambda overrides, directory, **options: fake_result("spectrum", directory)
    )
    assert reproduce.reproduce(["spectrum"], "smoke", tmp_path)


def test_the_experiments_asked_for_are_each_run_once_in_order():
    assert reproduce.choose(["spectrum", "filters_noise", "spectrum"], "quick") == ["spectrum", "filters_noise"]
    assert reproduce.choose("spectrum", "smoke") == ["spectrum"]
    everything = reproduce.choose("all", "paper")
    there = {path.stem for path in (reproduce.CONF / "experiment").glob("*.yaml")}
    assert set(everything) == there - {"overview"} and len(everything) == len(set(everything))


@pytest.mark.parametrize("names", [["spectrum", "spectre"], ["overview"], [], None])
def test_unknown_experiments_are_refused_with_the_known_ones(names):
    with pytest.raises(ConfigurationError, match=r"filters_ksparse, .*spectrum") as refused:
        reproduce.choose(names, "quick")
    assert "\n" not in str(refused.value)


def test_an_unknown_scale_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="smoke, quick, paper"):
        reproduce.choose(["spectrum"], "huge")


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (59.97, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds, text):
    assert report.duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "title"), [("codes_2d", "Codes 2-D"), ("linear_pca", "Linear PCA"), ("spectrum", "Spectrum")]
)
def test_titles_are_written_as_readers_write_them(name, title):
    assert report.Entry(name, "", "").title == title
