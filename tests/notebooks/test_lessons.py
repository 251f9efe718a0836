"""The course: what every lesson has, that it runs from top to bottom without a network, and the folder that is built."""

import ast
import importlib.util
import re
import subprocess
import sys
import time

import pytest

jupytext = pytest.importorskip("jupytext", reason="the course: pip install -e '.[course]'")

from experiments.notebooks import __main__, build  # noqa: E402

lessons = pytest.mark.parametrize("lesson", build.LESSONS, ids=lambda lesson: lesson.stem)
MOST_LINES, MOST_SECONDS = 12, 240


def cells_of(lesson, kind):
    return [cell for cell in build.read(lesson).cells if cell.cell_type == kind]


def lines_of_code(source):
    """Lines that hold something besides comments, doc strings and imports."""
    nodes = ast.walk(ast.parse(source))
    left_out = {
        line
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
        for line in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(source.splitlines(), start=1)
    return [
        line for number, line in lines if number not in left_out and line.strip() and not line.strip().startswith("#")
    ]


def test_there_are_seven_lessons_in_order():
    assert [lesson.name[0] for lesson in build.LESSONS] == list("1234567")


@lessons
def test_a_lesson_has_its_parts_in_order(lesson):
    titles = [
        line for cell in cells_of(lesson, "markdown") for line in cell.source.splitlines() if line.startswith("#")
    ]
    kinds = [re.match(r"# \d\.|## (Claim \d:|Falls short:|Exercise:|Solution)", title) for title in titles]
    assert all(kinds), f"other titles: {titles}"
    claims = sum("Claim" in title for title in titles)
    assert claims >= 3
    assert [kind[0] for kind in kinds][1:] == [
        *(f"## Claim {number + 1}:" for number in range(claims)),
        "## Falls short:",
        "## Exercise:",
        "## Solution",
    ]


@lessons
def test_every_claim_has_a_formula_and_a_question_before_its_code(lesson):
    texts = cells_of(lesson, "markdown")
    claims = [cell.source for cell in texts if cell.source.startswith("## Claim")]
    assert all("$$" in claim and "**Predict:**" in claim for claim in claims)
    code = [cell.source for cell in cells_of(lesson, "code")]
    assert sum("prediction = None" in source for source in code) == len(claims)
    assert sum("{prediction}" in source for source in code) == len(claims)
    assert any("Sources:" in cell.source for cell in texts[:1])


@lessons
def test_a_cell_can_be_read_at_once_and_the_solution_is_folded(lesson):
    cells = cells_of(lesson, "code")
    for cell in cells:
        assert len(lines_of_code(cell.source)) <= MOST_LINES, cell.source
    folded = [cell for cell in cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert ["solution" in cell.metadata.get("tags", []) for cell in cells] == [cell in folded for cell in cells]
    assert len(folded) == 1 and "assert verify(solution)" in folded[0].source


@lessons
def test_a_lesson_imports_only_what_the_course_installs(lesson):
    source = lesson.read_text(encoding="utf-8")
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {name.partition(".")[0] for node in nodes for name in modules_of(node)}
    assert names <= {"jax", "jaxae", "matplotlib", "numpy", "optax", "scipy", "time"}


def modules_of(node):
    return [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def test_a_built_folder_keeps_what_was_written_into_it(tmp_path):
    first, second = build.build(tmp_path / "course")[:2]
    assert first.exists() and jupytext.read(second).metadata["kernelspec"]["name"] == "python3"
    first.write_text("an answer")
    second.unlink()
    build.build(tmp_path / "course")
    assert first.read_text() == "an answer" and second.exists()


def test_the_command_opens_the_first_notebook_and_passes_options_on(tmp_path, monkeypatch, capsys):
    called = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(
        subprocess, "run", lambda command: called.append(command) or subprocess.CompletedProcess(command, 0)
    )
    monkeypatch.setattr(sys, "argv", ["notebooks", str(tmp_path), "--no-browser"])
    assert __main__.main() == 0
    assert called == [
        [sys.executable, "-m", "jupyterlab", str(tmp_path / f"{build.LESSONS[0].stem}.ipynb"), "--no-browser"]
    ]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupyterlab" else name)
    assert __main__.main() == 1
    assert capsys.readouterr().err == "the course needs jupyterlab: pip install -e '.[course]'\n"


@pytest.mark.slow
@pytest.mark.parametrize("lesson", build.LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_runs_offline_in_four_minutes(lesson, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("PYTHONPATH", str(build.LESSONS[0].parents[2]))
    for name in ("MPLBACKEND", "XLA_FLAGS"):  # a lesson computes more than it compiles
        monkeypatch.delenv(name, raising=False)
    notebook = build.read(lesson)
    started = time.perf_counter()
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=MOST_SECONDS, kernel_name="python3", resources=resources).execute()
    assert time.perf_counter() - started < MOST_SECONDS
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    claims = sum(cell.source.startswith("## Claim") for cell in notebook.cells)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= claims
    printed = "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")
    assert "not solved yet" in printed and printed.rstrip().splitlines()[-1].startswith("solved")
    assert "nan" not in printed.lower().split()
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not [output for output in outputs if output.output_type == "execute_result"]  # no object shown by accident
