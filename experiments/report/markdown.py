"""Markdown as RESULTS.md has it."""

from experiments.common.tables import OverSeeds, as_text


def table(header, rows):
    """A table of Markdown."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def cell(value):
    """A cell of a csv as a table shows it."""
    return as_text(value) if isinstance(value, float | OverSeeds) else str(value or "").replace("|", "\\|")


def measured(number: OverSeeds | None, form: str) -> str:
    """A mean over seeds with its deviation, where there are several."""
    if number is None:
        return ""
    mean = f"{number.mean:{form}}"
    return mean if number.deviation is None else f"{mean} ± {number.deviation:.2g}"
