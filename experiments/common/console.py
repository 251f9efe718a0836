"""Where commands and figures print: the standard error, so that a command's output stays its own."""

from rich.console import Console

console = Console(stderr=True)
