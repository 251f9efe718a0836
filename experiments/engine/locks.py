"""Who is at work in a directory: one process at a time."""

import contextlib
import time
from pathlib import Path

from experiments.engine.checks import ConfigurationError


class Locked(ConfigurationError):
    """Another process is at work in the directory."""


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


def busy(directory: Path) -> bool:
    """Whether a process is at work in a directory."""
    try:
        with open(directory / ".lock") as file:
            return not _take(file, wait=False, shared=True)
    except OSError:  # nobody has begun there, or can
        return False


def _lock_file(directory):
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return open(directory / ".lock", "a")
    except OSError as error:
        raise ConfigurationError(f"{directory} cannot be written: {error.strerror}") from error


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
