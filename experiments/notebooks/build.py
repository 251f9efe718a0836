"""From a lesson in the percent format to a notebook."""

import pathlib

import jupytext
from nbformat import NotebookNode

__all__ = ["LESSONS", "build", "read"]

LESSONS = sorted(pathlib.Path(__file__).parent.glob("[0-9]_*.py"))
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def read(lesson: pathlib.Path) -> NotebookNode:
    """The notebook of a lesson, not run, for the kernel `python3`."""
    notebook = jupytext.read(lesson, fmt="py:percent")
    notebook.metadata["kernelspec"] = KERNEL
    return notebook


def build(folder: pathlib.Path) -> list[pathlib.Path]:
    """Write each lesson that is not yet there into the folder -> the paths of all. What a reader has written stays."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{lesson.stem}.ipynb" for lesson in LESSONS]
    for lesson, path in zip(LESSONS, paths, strict=True):
        if not path.exists():
            jupytext.write(read(lesson), path)
    return paths
