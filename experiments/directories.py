"""Run directories: how far the work in one is, who is at work there, and whether a run may go on with what it finds."""

import contextlib
import hashlib
import json
import shutil
import time
from pathlib import Path

from omegaconf import OmegaConf

from experiments import cells
from experiments.checks import ConfigurationError
from jaxae.files import replacing

RESUME = ("refuse", "force", "fresh")
# What a run writes: into the directory of each variant, and into its own.
GRID = ("run.npz", "metrics.csv", "checkpoints", "tensorboard", "mlflow")
TRAINED = ("run.npz", "metrics.csv")
FIGURE = ("figure.png", "figure.svg", "figure.csv", "table.csv", "verdicts.csv")
DRAWN = (*FIGURE, "traceback.txt", "status.json")
OTHER = "choose another directory, or resume=fresh deletes it"


class Locked(ConfigurationError):
    """Another process is at work in the directory."""


class Damaged(ConfigurationError):
    """A status.json that does not say how far the work is."""


def read(directory: Path) -> dict:
    """The status.json of a directory, {} where there is none; raises Damaged for one that is not as it was written."""
    path = directory / "status.json"
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read ({error})") from error
    if not isinstance(status, dict) or "status" not in status:
        raise Damaged(f"{path} is not the status of a run")
    if status.pop("digest", None) != _digest(status):
        raise Damaged(f"{path} is not as it was written")
    return status


def write(directory: Path, status: str, **details):
    """Say how far the work in a directory is, in status.json, at once or not at all."""
    content = json.loads(json.dumps({"status": status, **details}))
    text = json.dumps(content | {"digest": _digest(content)}, indent=1) + "\n"
    with replacing(directory / "status.json") as file:
        file.write(text.encode())


@contextlib.contextmanager
def lock(directory: Path, *, wait=False):
    """Hold directory/.lock, which the system frees when the process ends in whatever way; raises Locked where it is held.

    The directory is made where it is not there; raises ConfigurationError where it cannot be written.
    """
    with _lock_file(directory) as file:
        for tries in range(5):
            if _take(file, wait):
                break
            if tries == 4:
                raise Locked(f"{directory} is being worked on by another process")
            time.sleep(0.05)  # `busy` looks for a moment
        yield


def _digest(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _lock_file(directory):
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return open(directory / ".lock", "a")
    except OSError as error:
        raise ConfigurationError(f"{directory} cannot be written: {error.strerror}") from error


def busy(directory: Path) -> bool:
    """Whether a process is at work in a directory."""
    try:
        with open(directory / ".lock") as file:
            return not _take(file, wait=False, shared=True)
    except OSError:  # nobody has begun there, or can
        return False


def admit(directory: Path, identity: cells.Identity, resume: str) -> dict:
    """The status that an earlier run of the same cell left, {} to begin; raises ConfigurationError for any other's remains.

    resume: "refuse", "force" goes on with the trained grids of other code, or of a status that is lost, "fresh" gives {}, for
    `clear` to delete what is there. Nothing is written.
    """
    if resume not in RESUME:
        raise ConfigurationError(f"resume is {resume!r}: it must be one of {', '.join(RESUME)}")
    if resume == "fresh":
        _check_ours(directory, identity)
        return {}
    try:
        found = read(directory)
    except Damaged as error:
        return _lost(str(error), resume)
    if not found:
        stray = [name for name in (*GRID, *DRAWN) if (directory / name).exists()]
        return _lost(f"{directory} has {', '.join(stray)} and no status.json", resume) if stray else {}
    other = differences(found, identity)
    if other and (found["status"] == "completed" or _begun(directory, found)):
        raise ConfigurationError(f"{directory} holds another run: {other}; {OTHER}")
    changed = changes(found, identity)
    if changed and resume == "refuse" and (found["status"] == "completed" or _begun(directory, found)):
        raise ConfigurationError(
            f"{directory} holds a run from before a change of {changed}; resume=force keeps what it has trained, "
            "resume=fresh deletes it"
        )
    return {} if other else found


def _lost(what, resume):
    if resume == "refuse":
        raise ConfigurationError(f"{what}: resume=force keeps the grids that are of this run, resume=fresh deletes all")
    return {}


def is_complete(directory: Path, found: dict, identity: cells.Identity, track: str | None) -> bool:
    """Whether nothing is left to do for an identity in a directory with the status `found`."""
    return (
        found.get("status") == "completed"
        and not changes(found, identity)
        and found.get("drawing") == identity.drawing
        and found.get("files") == fingerprints(directory, identity.configuration["variants"])
        and (track is None or (directory / track).exists())
    )


def describe(directory: Path, base, overrides):
    """Leave in .hydra what the directory is the run of: its configuration, Hydra's own, and the overrides."""
    place = directory / ".hydra"
    place.mkdir(exist_ok=True)
    hydra = OmegaConf.masked_copy(base, ["hydra"])
    texts = {
        "config.yaml": OmegaConf.to_yaml(cells.plain(base)),
        "hydra.yaml": OmegaConf.to_yaml(hydra),
        "overrides.yaml": OmegaConf.to_yaml(list(overrides)),
    }
    for name, text in texts.items():
        with replacing(place / name) as file:
            file.write(text.encode())


def fingerprints(directory: Path, labels) -> dict[str, str]:
    """SHA-256 of the trained grids, their metrics, the figure and its tables, by their path within the directory."""
    files = [directory / name for name in FIGURE]
    files += [place / name for place in (directory, *(directory / label for label in labels)) for name in TRAINED]
    return {
        file.relative_to(directory).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def drop_damaged(directory: Path, status: dict) -> list[str]:
    """Delete the files of a complete run that are not as it wrote them, and name them and those that are gone.

    A grid without its run.npz is then trained again, and any other file is made of the grids.
    """
    if status.get("status") != "completed":
        return []
    wanted = status.get("files", {})
    found = fingerprints(directory, status.get("configuration", {}).get("variants", {}))
    damaged = [name for name, fingerprint in wanted.items() if found.get(name) != fingerprint]
    for name in damaged:
        (directory / name).unlink(missing_ok=True)
    return damaged


def differences(found: dict, identity: cells.Identity) -> str:
    """What a stored status differs in from the configuration of an identity, as "key: was -> is; key: was -> is", or ""."""
    if "cell" not in found or "code" not in found:
        return "it was written without configuration and code"
    parts = []
    if found["experiment"] != identity.experiment:
        parts.append(f"experiment: {found['experiment']} -> {identity.experiment}")
    if found["cell"] != identity.cell:
        was, now = cells.flat(found.get("configuration", {})), cells.flat(identity.configuration)
        keys = [key for key in [*was, *(now.keys() - was.keys())] if was.get(key) != now.get(key)]
        whole = [key for key in keys if not key.startswith("variants.")]
        keys = whole or keys  # what changes the whole shows up in every variant, too
        parts += [f"{key}: {was.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in keys[:6]]
        parts += [f"and {len(keys) - 6} keys more"] if len(keys) > 6 else []
    return "; ".join(parts)


def changes(found: dict, identity: cells.Identity) -> str:
    """The code and files that are no longer those of a stored status, as "name, name", or ""."""
    was, now = found.get("sources", {}), identity.sources
    return ", ".join(sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name)))


def clear(directory: Path, identity: cells.Identity):
    """Delete what runs write into a directory."""
    variants = _check_ours(directory, identity)
    for place in [*(directory / label for label in variants), directory]:  # whose status goes last
        for name in (*GRID, *DRAWN):
            path = place / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if place != directory:
            with contextlib.suppress(OSError):  # what else lies there stays
                place.rmdir()


def _check_ours(directory, identity):
    """The variants in a directory; raises ConfigurationError where unknown files lie there without a status."""
    try:
        found, ours = read(directory), (directory / "status.json").exists()
    except ConfigurationError:
        found, ours = {}, False
    variants = {**found.get("configuration", {}).get("variants", {}), **identity.configuration["variants"]}
    known = {*GRID, *DRAWN, "run.log", *variants}
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    unknown = sorted(name for name in names if name not in known and name[0] != ".")
    if unknown and not ours:
        raise ConfigurationError(
            f"resume=fresh: {directory} has no status of a run and files that no run writes: {', '.join(unknown[:5])}"
        )
    return variants


def _begun(directory, found):
    """Whether an earlier run has left trained or half-trained grids."""
    places = [directory, *(directory / label for label in found.get("configuration", {}).get("variants", {}))]
    return any((place / name).exists() for place in places for name in GRID)


def _take(file, wait, shared=False):
    try:
        import fcntl
    except ImportError:  # Windows has no such module, and no lock
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
