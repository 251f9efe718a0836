"""What the README and the pages behind it show is what the project does."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.engine import keys

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((ROOT / "experiments").glob("[A-Z]*.md"))]
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROOMS = ("jaxae", "conf", "experiments")


def blocks(page, kind):
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == kind]


def commands():
    """Every command of ours on a page, lines that go on joined, comments left out."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"python -m experiments\.(?:run|reproduce)\b[^\n`|&]*", text):
            yield f"{page.relative_to(ROOT)}: {line.partition('  # ')[0].partition('    #')[0].strip()}"


def copied(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(command, place, **variables):
    environment = os.environ | {"PYTHONPATH": str(place), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=place, env=environment | variables, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"


def test_the_readme_is_short_and_its_links_lead_somewhere():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page}: {target}"


def test_the_two_papers_of_hinton_and_salakhutdinov_are_told_apart():
    # Hinton & Salakhutdinov, Science 2006: deep autoencoders; Salakhutdinov & Hinton 2009: semantic hashing.
    paths = [path for room in ROOMS for kind in ("py", "md", "yaml") for path in (ROOT / room).rglob(f"*.{kind}")]
    found = {"Hinton & Salakhutdinov": set(), "Salakhutdinov & Hinton": set()}
    for path in (ROOT / "README.md", *paths):
        text = " ".join(path.read_text(encoding="utf-8").replace("#", " ").split())
        for authors, years in found.items():
            years |= set(re.findall(rf"{authors},?(?: Science,?)? \(?(\d{{4}})", text))
    assert found == {"Hinton & Salakhutdinov": {"2006"}, "Salakhutdinov & Hinton": {"2009"}}


def test_every_command_has_only_keys_that_there_are(monkeypatch):
    found = list(commands())
    assert len(found) > 40
    for line in found:
        words = shlex.split(line.partition(": ")[2])
        own = {"penalty=log", "data=bars", "experiment=classes"}  # those that the page makes
        if own & set(words) or "NAME" in line or any(word.startswith("hydra/sweeper") for word in words):
            continue
        keys.check_arguments(words[3:], "reproduce" if words[2].endswith("reproduce") else "config")


@pytest.mark.slow
@pytest.mark.parametrize("double", ["0", "1"])
def test_the_readme_imports_run_in_both_precisions(tmp_path, double):
    (text,) = blocks(ROOT / "README.md", "python")
    run([sys.executable, "-c", text], ROOT, JAX_ENABLE_X64=double)


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_turn(tmp_path):
    place = copied(tmp_path)
    for text in blocks(ROOT / "README.md", "bash"):
        run(["bash", "-e", "-c", text], place)
    assert list(place.glob("outputs/classes/*/*/verdicts.csv"))


@pytest.mark.slow
def test_the_examples_of_the_library_run_in_turn(tmp_path):
    place = copied(tmp_path)
    for kind, text in BLOCK.findall((ROOT / "jaxae" / "README.md").read_text(encoding="utf-8")):
        run([sys.executable, "-c", text] if kind == "python" else ["bash", "-e", "-c", text], place)
