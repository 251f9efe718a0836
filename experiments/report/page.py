"""Finished experiments as one self-contained page: report.html, with its pictures inside."""

import base64
import os
import platform
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path

import jax
import jinja2

from experiments.common.machine import commit, processor
from experiments.common.outcome import Verdict
from experiments.common.tables import as_text
from experiments.engine.memory import peak_bytes
from experiments.report import views

HERE = Path(__file__).resolve().parent
PACKAGES = ("jax", "flax", "optax", "numpy", "jaxae")
WORDS = {
    "pca": "PCA",
    "l1": "L1",
    "2d": "2-D",
    "30d": "30-D",
    "ksparse": "k-sparse",
}  # parts of names as readers write them
CIFAR = (
    "Measured on the local TFDS copy of CIFAR-10; the pixels differ slightly where that copy is not the original one."
)


@dataclass(frozen=True)
class Entry:
    """What the report shows of one experiment: either its outcome, or the traceback of the error that ended it."""

    name: str
    claim: str
    paper: str
    traceback: str = ""
    picture: str = ""  # a PNG in base64
    remark: str = ""
    table: list[dict] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    data: str = ""
    examples: int = 0
    checks: list[Verdict] = field(default_factory=list)
    settled: str = ""
    views: list[dict] = field(default_factory=list)

    @property
    def title(self):
        """The name in words."""
        words = " ".join(WORDS.get(word, word) for word in self.name.split("_"))
        return words[0].upper() + words[1:]

    @property
    def held(self):
        """How many verdicts hold, in words."""
        if self.traceback:
            return "failed"
        return f"{sum(v.holds for v in self.verdicts)} of {len(self.verdicts)}" if self.verdicts else "none stated"

    @property
    def note(self):
        """What a reader must know about the data."""
        return CIFAR if "cifar10" in self.data else ""

    @property
    def columns(self):
        """The table's columns that have a value in some row, and whether they hold numbers."""
        values = {
            name: [row[name] for row in self.table if row[name] is not None] for name in next(iter(self.table), {})
        }
        return {name: not any(isinstance(v, str) for v in column) for name, column in values.items() if column}


def finished(result, directory: Path) -> Entry:
    """The entry of a finished experiment, whose figure.png stands in the directory."""
    outcome, train = result.outcome, next(iter(result.grids.values())).train
    return Entry(
        result.name,
        result.cfg.claim,
        result.cfg.paper,
        picture=base64.b64encode((directory / "figure.png").read_bytes()).decode(),
        remark=outcome.remark,
        table=outcome.table,
        verdicts=outcome.verdicts,
        seconds=result.seconds,
        data=" of ".join(filter(None, [result.cfg.data.name, result.cfg.data.get("pictures")])),
        examples=len(train.x),
        checks=outcome.checks,
        settled=outcome.settled,
        views=[*map(views.as_data, outcome.views), *views.curves(outcome.figure)],
    )


def facts(scale: str, seeds=None) -> dict:
    """What does not change while the experiments run: scale, seeds, start, machine, versions and commit."""
    devices = Counter(device.device_kind for device in jax.devices())
    versions = {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    return {
        "scale": scale,
        "seeds": seeds,
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        "started": time.perf_counter(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {_memory()} memory",
        "devices": ", ".join(f"{count} × {name}" for name, count in devices.items()),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "commit": commit(),
    }


def write(directory: Path, facts: dict, entries: list[Entry], waiting: list[str]) -> Path:
    """Write directory/report.html for the experiments so far; waiting names those that have not run yet."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"as_text": as_text, "duration": duration}
    page = environment.get_template("page.html.j2").render(
        facts,
        entries=entries,
        waiting=waiting,
        peak=peak_memory(),
        total=time.perf_counter() - facts["started"],
        script=(HERE / "page.js").read_text(encoding="utf-8"),
    )
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def duration(seconds: float) -> str:
    """Seconds as a reader says them: 4.2 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def peak_memory() -> str:
    """The largest resident memory that this process has had."""
    peak = peak_bytes()
    return "unknown" if peak is None else _gibibytes(peak)


def _gibibytes(count):
    return f"{count / 2**30:.1f} GiB"


def _memory():
    try:
        return _gibibytes(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # not every system counts its pages
        return "unknown"


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "from source"
