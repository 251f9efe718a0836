"""Run directories: how far the work in one is, who is at work there, and whether a run may go on with what it finds."""

import contextlib
import hashlib
import json
import shutil
import time
from pathlib import Path

from experiments import cells
from experiments.checks import ConfigurationError
from jaxae.files import replacing

RESUME = ("refuse", "force", "fresh")
# What a run writes: into the directory of each variant, and into its own.
GRID = ("run.npz", "metrics.csv", "checkpoints", "tensorboard", "mlflow")
DRAWN = ("figure.png", "figure.svg", "figure.csv", "table.csv", "verdicts.csv", "status.json", "traceback.txt")
HYDRA = ("run.log",)  # and names that begin with a dot


class Locked(ConfigurationError):
    """Another process is at work in the directory."""


def read(directory: Path) -> dict:
    """The status.json of a directory, {} where there is none; raises ConfigurationError for one that cannot be read."""
    path = directory / "status.json"
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read ({error}): resume=fresh starts the run anew") from error
    if not isinstance(status, dict) or "status" not in status:
        raise ConfigurationError(f"{path} is not the status of a run: resume=fresh starts the run anew")
    return status


def write(directory: Path, status: str, **details):
    """Say how far the work in a directory is, in status.json, at once or not at all."""
    text = json.dumps({"status": status, **details}, indent=1) + "\n"
    with replacing(directory / "status.json") as file:
        file.write(text.encode())


@contextlib.contextmanager
def lock(directory: Path, *, wait=False):
    """Hold directory/.lock, which the system frees when the process ends in whatever way; raises Locked where it is held."""
    with open(directory / ".lock", "a") as file:
        for tries in range(5):
            if _take(file, wait):
                break
            if tries == 4:
                raise Locked(f"{directory} is being worked on by another process")
            time.sleep(0.05)  # `busy` looks for a moment
        yield


def busy(directory: Path) -> bool:
    """Whether a process is at work in a directory."""
    try:
        with open(directory / ".lock") as file:
            return not _take(file, wait=False, shared=True)
    except FileNotFoundError:
        return False


def admit(directory: Path, identity: cells.Identity, resume: str) -> dict:
    """The status that an earlier run of the same cell left, {} to begin; raises ConfigurationError for any other's remains.

    resume: "refuse", "force" takes what another configuration or code left for this run's, "fresh" deletes it first.
    """
    if resume not in RESUME:
        raise ConfigurationError(f"resume is {resume!r}: it must be one of {', '.join(RESUME)}")
    if resume == "fresh":
        clear(directory, identity)
        return {}
    found = read(directory)
    if not found:
        stray = [name for name in (*GRID, *DRAWN) if (directory / name).exists()]
        if stray and resume == "refuse":
            raise ConfigurationError(
                f"{directory} has {', '.join(stray)} and no status.json: resume=force keeps them, resume=fresh deletes them"
            )
        return {}
    changes = differences(found, identity)
    if changes and resume == "refuse" and (found["status"] == "completed" or _begun(directory, found)):
        raise ConfigurationError(
            f"{directory} holds another run: {changes}; resume=force goes on with it, resume=fresh deletes it"
        )
    return {} if changes else found


def fingerprints(directory: Path, labels) -> dict[str, str]:
    """SHA-256 of the trained grids and their metrics, by their path within the directory."""
    places = [directory, *(directory / label for label in labels)]
    files = [place / name for place in places for name in ("run.npz", "metrics.csv") if (place / name).is_file()]
    return {file.relative_to(directory).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def drop_damaged(directory: Path, status: dict) -> list[str]:
    """Delete the files of a complete run that are not as it wrote them, and name them and those that are gone.

    Its grids are then trained again, since one without both of its files is not whole.
    """
    wanted = status.get("files", {})
    found = fingerprints(directory, status.get("configuration", {}).get("variants", {}))
    damaged = [name for name, fingerprint in wanted.items() if found.get(name) != fingerprint]
    for name in damaged:
        (directory / name).unlink(missing_ok=True)
    return damaged


def differences(found: dict, identity: cells.Identity) -> str:
    """What a stored status differs in from an identity, as "key: was -> is; code changed: file, file", or ""."""
    if "cell" not in found or "code" not in found:
        return "it was written without configuration and code"
    parts = []
    if found["cell"] != identity.cell:
        was, now = cells.flat(found.get("configuration", {})), cells.flat(identity.configuration)
        keys = [key for key in [*was, *(now.keys() - was.keys())] if was.get(key) != now.get(key)]
        own = [key for key in keys if not key.startswith("variants.")]
        keys = own or keys  # what changes the whole shows up in every variant, too
        parts += [f"{key}: {was.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in keys[:6]]
        parts += [f"and {len(keys) - 6} keys more"] if len(keys) > 6 else []
    if found["code"] != identity.code:
        was, now = found.get("sources", {}), identity.sources
        parts.append(
            "code changed: " + ", ".join(sorted(f for f in was.keys() | now.keys() if was.get(f) != now.get(f)))
        )
    return "; ".join(parts)


def clear(directory: Path, identity: cells.Identity):
    """Delete what runs write into a directory; raises ConfigurationError where unknown files lie there without a status."""
    try:
        found, ours = read(directory), (directory / "status.json").exists()
    except ConfigurationError:
        found, ours = {}, False
    variants = {**found.get("configuration", {}).get("variants", {}), **identity.configuration["variants"]}
    known = {*GRID, *DRAWN, *HYDRA, *variants}
    unknown = sorted(path.name for path in directory.iterdir() if path.name not in known and path.name[0] != ".")
    if unknown and not ours:
        raise ConfigurationError(
            f"resume=fresh: {directory} has no status of a run and files that no run writes: {', '.join(unknown[:5])}"
        )
    for place in [directory, *(directory / label for label in variants)]:
        for name in (*GRID, *DRAWN):
            path = place / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if place != directory:
            with contextlib.suppress(OSError):  # what else lies there stays
                place.rmdir()


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
