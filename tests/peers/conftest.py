"""The peers' values, asked of their Python: JAXAE_PEERS names it, experiments.benchmarks.peers_environment makes it."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
PEERS = os.environ.get("JAXAE_PEERS")


@pytest.fixture(scope="session")
def peers():
    """The peers' Python; what needs it is skipped where there is none."""
    if not PEERS:
        pytest.skip("JAXAE_PEERS names no Python of the peers")
    return PEERS


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, peers):
    """A function of a module, a kind, arrays and options -> the values, from one process per module: importing takes long."""
    folder, children = tmp_path_factory.mktemp("peers"), {}

    def ask(module, kind, arrays, **options):
        if module not in children:
            command = [peers, str(HERE / f"{module}.py")]
            children[module] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        source, target = str(folder / "in.npz"), str(folder / "out.npz")
        np.savez(source, **arrays)
        print(json.dumps([kind, source, target, options]), file=children[module].stdin, flush=True)
        assert children[module].stdout.readline().strip() == target, f"{module}.py ended: its reason is on stderr"
        with np.load(target) as file:
            return dict(file)

    yield ask
    for child in children.values():
        child.communicate()
