"""The loop of a process that gives a peer's values; run by the peers' Python."""

import json
import sys

import numpy as np


def serve(values):
    """Answer every line of stdin, [KIND, IN.npz, OUT.npz, options], with a line once OUT.npz is written.

    values(kind, weights, x, **options): IN.npz has the weights, x, and `dead` where the function takes it.
    """
    for line in sys.stdin:
        kind, source, target, options = json.loads(line)
        with np.load(source) as file:
            weights = dict(file)
        options |= {"dead": weights.pop("dead")} if "dead" in weights else {}
        np.savez(target, **values(kind, weights, weights.pop("x"), **options))
        print(target, flush=True)
