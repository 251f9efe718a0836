"""The jobs of a sweep that did not end well, told by each job to the command that began the sweep."""

import os
import shutil
import socket
import time
from pathlib import Path

from experiments.engine import locks
from experiments.engine.checks import ConfigurationError
from experiments.engine.status import read_status
from jaxae.files.atomic import replacing

FOLDER = ".failed"  # the name of the folder within the sweep's begins so
COMMAND = "JAXAE_SWEEP"  # the variable that names the sweep's command
FAILED, LOCKED = ".txt", ".locked"


def begin():
    """Name this command, so that its jobs, which inherit the name, tell of themselves apart from those of another command."""
    os.environ[COMMAND] = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"


def record(sweep: Path, job: str, why: str, *, locked=False):
    """Tell that a job failed, or that another process is at its directory."""
    with replacing(_folder(sweep) / f"{job}{LOCKED if locked else FAILED}") as file:
        file.write(" ".join(why.split()).encode())


def collect(sweep: Path) -> dict[str, str]:
    """{job: why} of this command's jobs that failed, and forget them.

    A job that another process was at is waited for, and failed where that process did not complete it.
    """
    folder = _folder(sweep)
    failed = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"*{FAILED}"))}
    for path in sorted(folder.glob(f"*{LOCKED}")):
        if why := _wait(sweep / path.stem):
            failed[path.stem] = why
    shutil.rmtree(folder, ignore_errors=True)
    return failed


def _wait(directory):
    with locks.lock(directory, wait=True):
        try:
            state = read_status(directory).get("status", "nothing")
        except ConfigurationError as error:
            return str(error)
    return "" if state == "completed" else f"another process was at work there and left it {state}"


def _folder(sweep):
    return sweep / f"{FOLDER}-{os.environ.get(COMMAND, 'unnamed')}"
