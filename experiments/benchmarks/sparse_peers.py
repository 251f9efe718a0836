"""The peers of the sparse autoencoders as the benchmark sees them: a process of their Python for each model that is trained."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).with_name("sparse_peer")
LIBRARIES = ("sae_lens", "overcomplete", "dictionary_learning")
MISSING = (
    "no other libraries are measured: python -m experiments.benchmarks.peers_environment peers makes their Python, which "
    "--peers or JAXAE_PEERS names"
)


class Peers:
    """Trains a TopK model by the peers' own steps.

    python: of the peers' environment; limit: seconds that one model may take; reasons: {(library, model): one sentence} of
    what was not measured, which is not asked again.
    """

    def __init__(self, python, *, limit=600.0):
        """Start nothing yet."""
        self.python, self.limit, self.reasons = str(python), limit, {}

    def values(self, library, name, x, held_out, start, *, rows, **numbers):
        """The facts that sparse_peer prints, and "atoms", the final decoder [latents, features]; None with a reason.

        name: of the model, for the reason; x, held_out: [n, features]; start: the initial weights by the peers' names; rows:
        batch_size, warm and steps; numbers: k and learning_rate.
        """
        if (library, name) in self.reasons:
            return None
        with tempfile.TemporaryDirectory() as folder:
            paths = {part: str(Path(folder) / part) for part in ("x.npy", "y.npy", "start.npz", "end.npz")}
            np.save(paths["x.npy"], x)
            np.save(paths["y.npy"], held_out)
            np.savez(paths["start.npz"], **start)
            files = ["--data", paths["x.npy"], "--held-out", paths["y.npy"]]
            files += ["--weights", paths["start.npz"], "--output", paths["end.npz"]]
            words = {**rows, **numbers, "threads": os.cpu_count()}
            options = [word for key, value in words.items() for word in (f"--{key.replace('_', '-')}", str(value))]
            command = [self.python, str(SCRIPT), library, "topk", *files, *options]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=self.limit)
                if done.returncode == 0:
                    with np.load(paths["end.npz"]) as end:
                        return json.loads(done.stdout) | {"atoms": end["W_dec"]}
                lines = [line for line in done.stderr.splitlines() if line.strip()]
                reason = lines[-1] if lines else f"its process ended with exit status {done.returncode}"
            except subprocess.TimeoutExpired:
                reason = f"it took longer than the time limit of {self.limit:g} seconds"
            except OSError as error:
                reason = f"{self.python} does not start: {error.strerror or error}"
        self.reasons[library, name] = reason
        return None
