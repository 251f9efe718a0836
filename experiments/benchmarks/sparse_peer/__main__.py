"""A sparse autoencoder of a peer, trained and timed; run by the peers' Python.

python experiments/benchmarks/sparse_peer PEER KIND --data X.npy --held-out Y.npy --weights START.npz [--output END.npz] ...
prints one line of json: samples per second (median, least and greatest of rounds) and the held-out explained variance.
Weights are as in libraries.py. Batches are successive rows of the data, which begin again at its end.
"""

import argparse
import json
import os
import statistics
import time
import warnings

import numpy as np
import torch
from libraries import KINDS, PEERS, declare_vision

LIBRARIES = {peer.__name__: peer for peer in PEERS}


def measure(peer, x, held_out, *, batch_size, steps, rounds=5, warm):
    """Train in rounds of equal length and time each -> the facts that are printed. x, held_out: [n, features]."""
    many = len(x) // batch_size
    batches = [x[i % many * batch_size :][:batch_size] for i in range(warm + steps)]
    peer.train(batches[:warm])
    each, speeds = steps // rounds, []
    for i in range(rounds):
        start = time.perf_counter()
        peer.train(batches[warm + i * each :][:each])
        speeds.append(each * batch_size / (time.perf_counter() - start))
    with torch.no_grad():
        missed = (held_out - peer.reconstruct(held_out)).square().sum()
    explained = 1 - missed / (held_out - held_out.mean(0)).square().sum()
    return {
        "samples per second": statistics.median(speeds),
        "samples per second, min": min(speeds),
        "samples per second, max": max(speeds),
        "steps": warm + each * rounds,
        "explained variance": float(explained),
    }


def main(arguments=None):
    """Train and time what the command asks for and print its line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=tuple(LIBRARIES))
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--data", required=True, help=".npy of [n, features] to train on")
    parser.add_argument("--held-out", required=True, help=".npy of [n, features] to measure on")
    parser.add_argument("--weights", required=True, help=".npz of the initial weights")
    parser.add_argument("--output", help=".npz for the final weights")
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--warm", type=int, default=10, help="steps before those that are timed")
    parser.add_argument("--steps", type=int, default=200, help="timed steps, in five rounds")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--coefficient", type=float, default=1e-3, help="of the L1 or L0 term")
    parser.add_argument("--widths", type=int, nargs="+", help="prefixes of matryoshka; four equal steps by default")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    library = LIBRARIES[options.peer]
    if options.kind not in PEERS[library]:
        parser.error(f"kind is {options.kind}: {options.peer} has {', '.join(PEERS[library])}")
    if options.steps < 5:
        parser.error(f"--steps is {options.steps}: it must be 5 or more, one for each round")
    x, held_out = (torch.from_numpy(np.load(path).astype(np.float32)) for path in (options.data, options.held_out))
    if len(x) < options.batch_size:
        parser.error(f"{options.data} has {len(x)} rows: --batch-size is {options.batch_size}")
    with np.load(options.weights) as file:
        weights = dict(file)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the peers print
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # as XLA does
    warnings.simplefilter("ignore")
    declare_vision()
    latents = weights["W_enc"].shape[1]
    numbers = {"k": options.k, "coefficient": options.coefficient}
    numbers["widths"] = options.widths or [latents * i // 4 for i in (1, 2, 3, 4)]
    sizes = {"batch_size": options.batch_size, "steps": options.steps}
    peer = library(
        options.kind,
        weights,
        **sizes | {"steps": options.warm + options.steps},
        learning_rate=options.learning_rate,
        **numbers,
    )
    facts = measure(peer, x, held_out, **sizes, warm=options.warm)
    if options.output:
        np.savez(options.output, **peer.weights())
    about = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    asked = {"peer": options.peer, "kind": options.kind, "features": x.shape[1], "latents": latents}
    print(json.dumps(asked | sizes | facts | about | {"output": options.output}), file=answers, flush=True)


if __name__ == "__main__":
    main()
