"""Signals in the processes that tests start."""

import signal


def heard():
    """As preexec_fn: a process hears Ctrl-C, which whatever a background process starts would ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
