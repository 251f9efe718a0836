"""What there is to choose, a line each: read from the pages that describe it, so that it is described once."""

import re
from pathlib import Path
from typing import NamedTuple

from omegaconf import OmegaConf

ROOT = Path(__file__).resolve().parents[2]
KEYS, GALLERY = ROOT / "conf" / "README.md", ROOT / "experiments" / "README.md"
EXAMPLES = """\
  python -m experiments.run experiment=codes_2d                          one figure, on data that pip packages ship
  python -m experiments.run penalty=l1 'weight=[0,0.01,0.1]'             a list of numbers is one compiled grid
  python -m experiments.run -m model.hidden=50,100 code=top_k code.k=10  -m makes a directory per value
  python -m experiments.run experiment=codes_2d scale=paper seeds=3      the paper's data and sizes, with error bars
  python -m experiments.run --list                                       every experiment and every choice
  python -m experiments.run --cfg job --resolve                          the whole configuration, without a run
  eval "$(python -m experiments.run -sc install=bash)"                   completion by the tab key in this shell"""


class Experiment(NamedTuple):
    """An experiment as a list shows it: its claim, the data of its scales, and how long it takes at quick scale."""

    name: str
    claim: str
    quick: str
    paper: str
    time: str


def experiments() -> list[Experiment]:
    """All experiments, in the gallery's order."""
    found = []
    for name, section in _sections(GALLERY.read_text(encoding="utf-8")).items():
        path = ROOT / "conf" / "experiment" / f"{name}.yaml"
        if path.exists():
            cfg = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
            time = re.search(r"verdicts? holds?, (\d+ \w+)", section)
            data = [_data(cfg, scale) for scale in ("quick", "paper")]
            found.append(Experiment(name, cfg["claim"], *data, time[1] if time else "not timed"))
    return found


def choices() -> dict[str, dict[str, str]]:
    """{group: {choice: what it is}} of conf/README.md."""
    sections = _sections(KEYS.read_text(encoding="utf-8"))
    groups = {title[:-1]: _tables(section) for title, section in sections.items() if title.endswith("=")}
    return {group: {name: what for name, what, *_ in rows} for group, (rows, _) in groups.items() if rows}


def keys() -> dict[str, str]:
    """{key of config.yaml: its meaning} of conf/README.md."""
    _, rows = _tables(_sections(KEYS.read_text(encoding="utf-8"))["Keys of config.yaml"])
    return {name: meaning for name, meaning, *_ in rows}


def help_text() -> str:
    """What --help prints: examples, groups and keys, a line each."""
    lines = ["Examples", EXAMPLES, "", "Groups, chosen by GROUP=CHOICE"]
    for group, described in choices().items():
        lines += [f"  {group}", *_columns(described, indent=4)]
    names = [experiment.name for experiment in experiments()]
    lines += ["  experiment", *_columns({name: "" for name in names}, indent=4)]
    lines += ["", "Keys, set by KEY=VALUE; those of the groups are in conf/README.md", *_columns(keys(), indent=2)]
    return "\n".join(lines)


def list_text() -> str:
    """What --list prints: every experiment with claim, data and time, and every choice of every group."""
    lines = ["Experiments: claim; data at scale=quick and scale=paper; time at scale=quick on two cores", ""]
    for name, claim, quick, paper, time in experiments():
        lines += [f"  {name}", f"    {claim}", f"    {quick}; {paper}; {time}"]
    for group, described in choices().items():
        lines += ["", group, *_columns(described, indent=2)]
    return "\n".join(lines)


def _data(cfg, scale):
    """The data that an experiment's file names for a scale, or for all."""
    for override in cfg.get("defaults", []):
        if "override /data" in override:
            return override["override /data"]
    return cfg.get("at", {}).get(scale, {}).get("data", "data of its variants")


def _columns(described, indent):
    width = max(map(len, described)) + 2
    return [f"{'':{indent}}{name:{width}}{what}".rstrip() for name, what in described.items()]


def _sections(text):
    """{title: text} of the second-level headings."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _tables(section):
    """The rows of the tables whose first column is "choice", and of those whose first one is "key"."""
    rows = {"choice": [], "key": []}
    kind = None
    for line in section.splitlines():
        cells = [_plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            kind = None
        elif kind is None:
            kind = cells[0] if cells[0] in rows else "other"
        elif kind in rows and not set(cells[0]) <= {"-"}:
            rows[kind].append(cells)
    return rows["choice"], rows["key"]


def _plain(cell):
    """A cell without the marks of Markdown."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").replace("\\|", "|").strip()
