"""Directories of trials: whether one may go on with what it finds there, and what is deleted for it."""

import contextlib
import shutil
from pathlib import Path

from omegaconf import OmegaConf

from experiments.engine.checks import ConfigurationError
from experiments.engine.identity import Identity, flat, without_hydra
from experiments.engine.status import DRAWN, GRID, Damaged, fingerprints, read_status
from jaxae.files.atomic import replacing

RESUME = ("refuse", "force", "fresh")
OURS = ("jaxae", "experiments", "jax")  # packages whose changes a run may be drawn again with
OTHER = "choose another directory, or resume=fresh deletes it"


def check_resumable(directory: Path, identity: Identity, resume: str) -> dict:
    """The status that an earlier run of the same trial left, {} to begin; raises ConfigurationError for any other's remains.

    resume: "refuse", "force" goes on with the trained grids of other code, or of a status that is lost, "fresh" gives {}, for
    `clear` to delete what is there. Nothing is written.
    """
    if resume not in RESUME:
        raise ConfigurationError(f"resume is {resume!r}: it must be one of {', '.join(RESUME)}")
    if resume == "fresh":
        _check_ours(directory, identity)
        return {}
    try:
        found = read_status(directory)
    except Damaged as error:
        return _check_lost(str(error), resume)
    if "seeds" in found:
        raise ConfigurationError(f"{directory} holds a run over seeds: choose another directory")
    if not found:
        stray = [name for name in (*GRID, *DRAWN) if (directory / name).exists()]
        return _check_lost(f"{directory} has {', '.join(stray)} and no status.json", resume) if stray else {}
    other = differences(found, identity)
    if other and (found["status"] == "completed" or _has_grids(directory, found)):
        raise ConfigurationError(f"{directory} holds another run: {other}; {OTHER}")
    changed = changes(found, identity)
    if changed and resume == "refuse" and (found["status"] == "completed" or _has_grids(directory, found)):
        raise ConfigurationError(
            f"{directory} holds a run from before a change of {', '.join(changed)}; resume=force keeps what it has trained, "
            "resume=fresh deletes it"
        )
    return {} if other else found


def _check_lost(what, resume):
    if resume == "refuse":
        raise ConfigurationError(f"{what}: resume=force keeps the grids that are of this run, resume=fresh deletes all")
    return {}


def is_complete(directory: Path, found: dict, identity: Identity, track: str | None) -> bool:
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
        "config.yaml": OmegaConf.to_yaml(without_hydra(base)),
        "hydra.yaml": OmegaConf.to_yaml(hydra),
        "overrides.yaml": OmegaConf.to_yaml(list(overrides)),
    }
    for name, text in texts.items():
        with replacing(place / name) as file:
            file.write(text.encode())


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


def differences(found: dict, identity: Identity) -> str:
    """What a stored status differs in from the configuration of an identity, as "key: was -> is; key: was -> is", or ""."""
    if "trial" not in found or "code" not in found:
        return "it was written without configuration and code"
    parts = []
    if found["experiment"] != identity.experiment:
        parts.append(f"experiment: {found['experiment']} -> {identity.experiment}")
    if found.get("configuration") != identity.configuration:
        was, now = flat(found.get("configuration", {})), flat(identity.configuration)
        keys = [key for key in [*was, *(now.keys() - was.keys())] if was.get(key) != now.get(key)]
        whole = [key for key in keys if not key.startswith("variants.")]
        keys = whole or keys  # what changes the whole shows up in every variant, too
        parts += [f"{key}: {was.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in keys[:6]]
        parts += [f"and {len(keys) - 6} keys more"] if len(keys) > 6 else []
    return "; ".join(parts)


def changes(found: dict, identity: Identity) -> list[str]:
    """The names of the code and of the files that are no longer those of a stored status."""
    was, now = found.get("sources", {}), identity.sources
    return sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def check_reusable(directory: Path, identity: Identity) -> list[str]:
    """Refuse a run to draw again whose data or modules of the user's have changed -> what of ours has changed since.

    Raises ConfigurationError. Of a directory without a status nothing is known.
    """
    found = read_status(directory)
    changed = changes(found, identity) if "sources" in found else []
    ours = [name for name in changed if name.partition(".")[0] in OURS]
    if theirs := [name for name in changed if name not in ours]:
        raise ConfigurationError(f"reuse: {directory} holds a run from before a change of {', '.join(theirs)}")
    return ours


def clear(directory: Path, identity: Identity):
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
        found, ours = read_status(directory), (directory / "status.json").exists()
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


def _has_grids(directory, found):
    """Whether an earlier run has left trained or half-trained grids."""
    places = [directory, *(directory / label for label in found.get("configuration", {}).get("variants", {}))]
    return any((place / name).exists() for place in places for name in GRID)
