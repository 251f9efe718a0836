"""Ctrl-C that is not lost where Python drops it, as in a callback of the garbage collector."""

import signal

_pressed = False


def listen():
    """Remember every Ctrl-C from now on; a process that ignores it, as one in the background, goes on to do so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _press)


def check():
    """Raise KeyboardInterrupt where Ctrl-C has been pressed since the last one was raised here."""
    global _pressed
    if _pressed:
        _pressed = False
        raise KeyboardInterrupt


def _press(number, frame):
    global _pressed
    _pressed = True
    signal.default_int_handler(number, frame)
