"""The memory that this process has had."""

import sys
from pathlib import Path


def peak_bytes():
    """The largest resident memory of this process in bytes, or None where the system does not tell."""
    status = Path("/proc/self/status")  # getrusage would tell a process that has just begun of its parent's memory
    if status.exists():
        peaks = [line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(peaks[0][1]) * 1024 if peaks else None
    try:
        import resource
    except ImportError:  # Windows has no such module
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, others KiB
