"""The steps of jaxae in PyTorch, timed in a process of their own: one JSON line of answer per JSON line of request.

python -m experiments.benchmarks.pytorch reads {"kind", "sizes", "batch_size", "steps", "mode"} or {"about": true} on stdin and
answers {"seconds": of one epoch}, {"torch": version, "threads": n} or {"error": one sentence} on stdout.
"""

import functools
import json
import os
import sys
import time
from itertools import pairwise
from typing import NamedTuple

import torch
from torch.nn import functional as F

MODES = ("eager", "fused", "compiled")
WEIGHT = 0.1  # of every penalty
MEMORY = 12 * 2**30  # bytes that a step may take
COPIES = 4  # of the Jacobians of all layers that a step holds for its gradient, measured: 1.6 to 4
WARM = 3  # steps before the first timed one, of which the first compiles


class Network(NamedTuple):
    """Layers' weights [in, out] and biases [out] of a dense tied autoencoder; decoder_biases: from the code outwards."""

    weights: tuple
    biases: tuple
    decoder_biases: tuple


def network(sizes):
    """Glorot-uniform weights and zero biases. sizes: (features, hidden, ..., code) -> Network."""
    weights = tuple(torch.nn.init.xavier_uniform_(torch.empty(pair)).requires_grad_() for pair in pairwise(sizes))
    biases = tuple(torch.zeros(size, requires_grad=True) for size in sizes[1:])
    return Network(weights, biases, tuple(torch.zeros(size, requires_grad=True) for size in sizes[-2::-1]))


def encode(net, x):
    """The activations of every layer, [h_1, ..., h_L]. x: [..., features]; h_l: [..., size of layer l]."""
    layers = []
    for weight, bias in zip(net.weights, net.biases, strict=True):
        x = torch.sigmoid(F.linear(x, weight.T, bias))
        layers.append(x)
    return layers


def decode(net, code):
    """The logits of the reconstruction. code: [batch, code] -> [batch, features]."""
    for weight, bias in zip(net.weights[:0:-1], net.decoder_biases[:-1], strict=True):
        code = torch.sigmoid(F.linear(code, weight, bias))
    return F.linear(code, net.weights[0], net.decoder_biases[-1])


def top_k(code):
    """The 25 largest units, the others 0. code: [batch, code] -> same shape."""
    kept, units = torch.topk(code, min(25, code.shape[-1]), sorted=False)
    return torch.zeros_like(code).scatter(-1, units, kept)


def kl(net, x, layers):
    """sum_j KL(0.05 || mean over the batch of h_j) in nats. layers: the activations of x -> scalar."""
    eps, rho = torch.finfo(torch.float32).eps, 0.05
    active = layers[-1].mean(0).clamp(eps, 1 - eps)
    return (rho * torch.log(rho / active) + (1 - rho) * torch.log((1 - rho) / (1 - active))).sum()


def closed_form(net, x, layers):
    """sum_j (h_j (1 - h_j))^2 sum_i W_ij^2, the contractive penalty of one layer. -> [batch], as all that follow."""
    (h,) = layers
    return (h * (1 - h)).square() @ net.weights[0].square().sum(0)


def chain(net, x, layers):
    """The contractive penalty of any depth from the code's side, the rows of W_L^T S_(L-1) W_(L-1)^T ... S_1 W_1^T.

    The slopes S_L of the code weigh the rows' squares at the end. Each layer is one product of [batch * code, out] rows.
    """
    rows = net.weights[-1].T  # [code, in], the same for all examples
    for weight, h in zip(net.weights[-2::-1], layers[-2::-1], strict=True):
        rows = (rows * (h * (1 - h)).unsqueeze(1)) @ weight.T  # [batch, code, in]
    h = layers[-1]
    return ((h * (1 - h)).square() * rows.square().sum(-1)).sum(-1)


def transformed(net, x, layers, *, transform):
    """The contractive penalty by torch.func.jacrev or torch.func.jacfwd per example."""
    return torch.func.vmap(transform(lambda v: encode(net, v)[-1]))(x).square().sum((1, 2))


def loop(net, x, layers):
    """The contractive penalty by one torch.autograd.grad per code unit, as live libraries have it."""
    units = layers[-1].unbind(-1)
    return sum(torch.autograd.grad(h.sum(), x, create_graph=True)[0].square().sum(-1) for h in units)


def hutchinson(net, x, layers):
    """An unbiased estimate of the contractive penalty, ||v^T J||^2 with random signs v."""
    signs = torch.randint(0, 2, layers[-1].shape).mul_(2).sub_(1).float()
    return torch.autograd.grad(layers[-1], x, signs, create_graph=True)[0].square().sum(-1)


KINDS = {
    "plain": {},
    "l1": {"penalty": lambda net, x, layers: layers[-1].abs().sum(-1)},
    "KL": {"penalty": kl},
    "k-sparse": {"code": top_k},
    "DAE-b": {"corruption": lambda x: x * (torch.rand_like(x) >= 0.3)},
    "DAE-g": {"corruption": lambda x: x + 0.3 * torch.randn_like(x)},
    "CAE closed form": {"penalty": closed_form},
    "CAE chain": {"penalty": chain},
    "CAE jacrev": {"penalty": functools.partial(transformed, transform=torch.func.jacrev)},
    "CAE jacfwd": {"penalty": functools.partial(transformed, transform=torch.func.jacfwd)},
    "CAE loop": {"penalty": loop},
    "CAE hutchinson": {"penalty": hutchinson},
}


def objective(net, x, corruption=None, code=None, penalty=None):
    """Mean over the batch of cross-entropy summed over features + 0.1 * penalty. x: [batch, features] -> scalar."""
    layers = encode(net, corruption(x) if corruption else x)
    logits = decode(net, code(layers[-1]) if code else layers[-1])
    loss = F.binary_cross_entropy_with_logits(logits, x.detach(), reduction="sum") / len(x)
    return loss + WEIGHT * penalty(net, x, layers).mean() if penalty else loss


def trainer(kind, net, mode="eager"):
    """A function that takes one Adam step on the network in place. kind: of KINDS; mode: of MODES; x: [batch, features]."""
    loss = functools.partial(objective, **KINDS[kind])
    if mode == "compiled":
        torch._dynamo.config.cache_size_limit = 1000  # programs of `objective`, which every case compiles anew
        loss = torch.compile(loss, fullgraph=True, dynamic=False)
    parameters = [parameter for group in net for parameter in group]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=None if mode == "eager" else True)

    def step(x):
        x.requires_grad_(KINDS[kind].get("penalty") in (loop, hutchinson))
        optimizer.zero_grad()
        loss(net, x).backward(inputs=parameters)
        optimizer.step()

    return step


def check(kind, sizes, batch_size, steps, mode):
    """Raise ValueError for a case that does not exist and MemoryError for one that is too large."""
    for key, value, allowed in (("kind", kind, tuple(KINDS)), ("mode", mode, MODES)):
        if value not in allowed:
            raise ValueError(f"{key} is {value!r}: it must be one of {', '.join(allowed)}")
    if len(sizes) < 2 or min(*sizes, batch_size, steps) < 1:
        raise ValueError(f"sizes is {sizes}, batch_size {batch_size}, steps {steps}: two sizes or more, all from 1 on")
    if kind == "CAE closed form" and len(sizes) > 2:
        raise ValueError(f"sizes is {sizes}: CAE closed form takes one hidden layer, CAE chain any number")
    rows = {"CAE chain": sizes[-1], "CAE jacrev": sizes[-1], "CAE loop": sizes[-1], "CAE jacfwd": sizes[0]}.get(kind, 0)
    need = 4 * COPIES * rows * batch_size * sum(sizes)
    if need > MEMORY:
        raise MemoryError(f"{kind} would take about {need / 2**30:.0f} GiB, more than {MEMORY / 2**30:.0f} GiB")


@functools.cache
def case(kind, sizes, batch_size, steps, mode):
    """A function that makes one epoch, or its first `count` steps, of a case that lives on between calls."""
    check(kind, sizes, batch_size, steps, mode)
    torch.manual_seed(0)
    x = torch.rand(steps * batch_size, sizes[0])
    step = trainer(kind, network(sizes), mode)

    def epoch(count=steps):
        for batch in torch.randperm(len(x)).view(steps, batch_size)[:count]:
            step(x[batch])

    for _ in range(WARM):
        epoch(1)
    return epoch


def answer(request):
    """What the request asks for, or {"error": one sentence}: a failing case leaves the others alive."""
    try:
        if request.get("about"):
            return {"torch": torch.__version__, "threads": torch.get_num_threads()}
        epoch = case(**{key: tuple(value) if isinstance(value, list) else value for key, value in request.items()})
        epoch(1)  # wakes the threads and fills the caches
        start = time.perf_counter()
        epoch()
        return {"seconds": time.perf_counter() - start}
    except Exception as error:
        return {"error": (str(error).strip() or type(error).__name__).splitlines()[0]}


def main():
    """Answer every line of stdin on stdout, which is kept free of all else, until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    torch.set_flush_denormal(True)  # as XLA does: the moments of units that are never kept decay into denormal numbers
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
