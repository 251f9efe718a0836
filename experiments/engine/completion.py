"""Completion by the tab key: Hydra's own answers, for commands of the form python -m, which its script does not know."""

import os
import re

BASH = """\
_jaxae() {
    local line="${COMP_LINE:0:$COMP_POINT}" module='^[^ ]*python[^ ]* +-m +experiments\\.run '
    [[ $line =~ $module ]] || return
    local words
    words=$(COMP_LINE="$line" COMP_POINT=$COMP_POINT "${COMP_WORDS[0]}" -m experiments.run -sc query=bash)
    COMPREPLY=($(compgen -o nospace -o default -W "$words" -- "${line##* }"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _jaxae python python3
"""


def answer(arguments: list[str]) -> str | None:
    """The text that answers -sc install=bash; None where Hydra answers, to which the line is given without python -m."""
    if "install=bash" in arguments:
        return BASH
    line = os.environ.get("COMP_LINE", "")
    os.environ["COMP_LINE"] = re.sub(r"^.*?experiments\.run", "experiments.run", line)
    return None
