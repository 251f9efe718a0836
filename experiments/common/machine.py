"""What a run was made on: the processor or accelerator, and the commit of the code."""

import functools
import os
import platform
import subprocess
from pathlib import Path

import jax

HERE = Path(__file__).resolve().parent


def processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    path = Path("/proc/cpuinfo")  # platform.processor() is empty on most Linux systems
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def machine() -> str:
    """The device that trains: the accelerator's name, or the number of cores and the processor's."""
    device = jax.devices()[0]
    return f"{os.cpu_count()} cores of {processor()}" if device.platform == "cpu" else device.device_kind


@functools.cache  # the code that a process runs is the code that it began with
def commit() -> str:
    """The commit of the working tree, marked where files of it were changed; "unknown" outside of one."""
    try:
        head, changes = (
            subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + (" + changes" if changes else "")
