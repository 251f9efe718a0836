"""The jobs of a sweep that did not end well, told by each job to the command that began the sweep."""

import os
import shutil
import socket
import time
from pathlib import Path

from experiments import directories
from experiments.checks import ConfigurationError
from jaxae.files import replacing

FOLDER, COMMAND = (
    ".failed",
    "JAXAE_SWEEP",
)  # the folder's name within the sweep's begins so, and the variable that names its command
FAILED, LOCKED = ".txt", ".locked"


def begin():
    """Name this command, so that its jobs, which inherit the name, tell of themselves apart from those of another command."""
    os.environ[COMMAND] = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}"


def leave(sweep: Path, job: str, why: str, *, locked=False):
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
    with directories.lock(directory, wait=True):
        try:
            state = directories.read(directory).get("status", "nothing")
        except ConfigurationError as error:
            return str(error)
    return "" if state == "completed" else f"another process was at work there and left it {state}"


def _folder(sweep):
    return sweep / f"{FOLDER}-{os.environ.get(COMMAND, 'unnamed')}"
