"""Ctrl-C that ends a process in one line, and is not lost where Python drops it, as in a callback of the garbage collector."""

import os
import signal
import sys

_pressed = False


def leave_at_once():
    """End the process on Ctrl-C while its modules are imported, when there is nothing to clean up."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def listen():
    """Remember every Ctrl-C from now on; a process that ignores it, as one in the background, goes on to do so."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _leave):
        signal.signal(signal.SIGINT, _press)


def check():
    """Raise KeyboardInterrupt where Ctrl-C has been pressed since the last one was raised here."""
    global _pressed
    if _pressed:
        _pressed = False
        raise KeyboardInterrupt


def _leave(number, frame):
    sys.stderr.write("interrupted\n")
    sys.stderr.flush()
    os._exit(130)  # an exception could be swallowed by the import that it meets


def _press(number, frame):
    global _pressed
    _pressed = True
    signal.default_int_handler(number, frame)
