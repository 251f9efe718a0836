import functools
import importlib

import jax
import numpy as np
import optax
import pytest

from experiments.benchmarks import peer
from jaxae import codes, losses, penalties, training
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe

RECIPES = {
    "plain": {},
    "l1": {"penalty": configure(penalties.l1), "weight": 0.1},
    "KL": {"penalty": configure(penalties.kl_sparsity, rho=0.05), "weight": 0.1},
    "k-sparse": {"code": configure(codes.top_k, k=25)},
    "CAE": {"penalty": configure(penalties.contractive), "weight": 0.1},
}
SIZES = ((12, 30), (12, 9, 8, 32))
EXACT = ("CAE chain", "CAE jacrev", "CAE jacfwd", "CAE loop")
CASES = [(kind, sizes) for kind in ("plain", "l1", "KL", "k-sparse", *EXACT) for sizes in SIZES]
CASES.append(("CAE closed form", SIZES[0]))
ATOL = 5e-6
SMALL = ((12, 8), 10, 4)  # sizes, batch_size, steps


@pytest.fixture
def pytorch():
    """The child's module in this process, for tiny cases."""
    pytest.importorskip("torch")
    return importlib.import_module("experiments.benchmarks.pytorch")


@pytest.fixture
def child():
    pytest.importorskip("torch")
    with peer.PyTorch(limit=60) as child:
        assert child, child.missing
        yield child


def network_of(pytorch, params):
    """jaxae's parameters as PyTorch's, copied."""
    tensors = [
        tuple(pytorch.torch.tensor(np.asarray(layer[name]), requires_grad=True) for layer in params[side])
        for side, name in (("encoder", "weight"), ("encoder", "bias"), ("decoder", "bias"))
    ]
    return pytorch.Network(*tensors)


def flat(net):
    return [tensor.detach().numpy() for group in net for tensor in group]


@functools.cache
def trained(recipe_name, sizes):
    """Data, and jaxae's parameters before and after three steps on all of it, so that the order of examples decides nothing."""
    features, *hidden = sizes
    x = jax.random.uniform(jax.random.key(1), (20, features))
    model = Dense(features, tuple(hidden), init_weights="sigmoid_uniform")
    start = model.init(jax.random.key(0))
    adam = configure(optax.adam, learning_rate=1e-3)
    recipe = Recipe(configure(losses.binary_cross_entropy), adam, **RECIPES[recipe_name])
    fit = jax.jit(lambda params: training.fit(model, recipe, x, epochs=3, batch_size=len(x), params=params))
    return np.asarray(x), start, fit(start).params


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "sizes"), CASES)
def test_three_steps_from_the_same_weights_end_at_jaxae_s_parameters(pytorch, kind, sizes):
    x, start, end = trained("CAE" if kind.startswith("CAE") else kind, sizes)
    expected = network_of(pytorch, end)
    for mode in ("eager", "fused"):
        net = network_of(pytorch, start)
        step = pytorch.trainer(kind, net, mode)
        for _ in range(3):
            step(pytorch.torch.tensor(x))
        for theirs, ours in zip(flat(net), flat(expected), strict=True):
            # Each step is about 1e-3 long.
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=ATOL)


@pytest.mark.parametrize("sizes", [(12, 30), (12, 20, 40)])
def test_hutchinson_s_estimate_has_the_penalty_as_its_mean(pytorch, sizes):
    torch = pytorch.torch
    torch.manual_seed(0)
    net = pytorch.network(sizes)
    x = torch.rand(1, sizes[0]).expand(20_000, -1).contiguous().requires_grad_()
    layers = pytorch.encode(net, x)
    draws = pytorch.hutchinson(net, x, layers).detach()
    exact = pytorch.chain(net, x[:1], [h[:1] for h in layers]).item()
    assert draws.std() > 0
    assert abs(draws.mean().item() - exact) < 5 * draws.std().item() / len(draws) ** 0.5


def test_the_corruptions_are_those_of_jaxae(pytorch):
    torch = pytorch.torch
    torch.manual_seed(0)
    x = torch.rand(500, 200) + 1
    masked, noisy = (pytorch.KINDS[kind]["corruption"](x) for kind in ("DAE-b", "DAE-g"))
    assert torch.all((masked == 0) | (masked == x))
    # 100,000 draws: five standard errors of a mean of 0.3 and of a deviation of 0.3.
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.008)
    assert (noisy - x).mean().item() == pytest.approx(0, abs=0.005)
    assert (noisy - x).std().item() == pytest.approx(0.3, abs=0.0035)


def test_a_fresh_network_has_jaxae_s_shapes_and_spread(pytorch):
    sizes = (300, 200, 100)
    ours = network_of(pytorch, Dense(300, (200, 100)).init(jax.random.key(0)))
    theirs = pytorch.network(sizes)
    for mine, other in zip(ours, theirs, strict=True):
        assert [t.shape for t in mine] == [t.shape for t in other]
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        assert other.std().item() == pytest.approx(mine.std().item(), rel=0.03)
        assert other.abs().max().item() == pytest.approx(mine.abs().max().item(), rel=0.01)


@pytest.mark.slow
def test_the_child_times_every_kind_and_keeps_its_cases(child):
    assert set(child.about) == {"torch", "threads"}
    pytorch = importlib.import_module("experiments.benchmarks.pytorch")
    for kind in pytorch.KINDS:
        for mode in ("eager", "fused"):
            assert child.seconds(kind, *SMALL, mode) > 0, child.reasons
    assert child.reasons == {}


@pytest.mark.slow
def test_a_case_without_a_time_leaves_its_reason_and_the_child_alive(child):
    sizes, batch_size, steps = SMALL
    refused = {
        ("sparse", sizes, batch_size, steps, "eager"): "kind is 'sparse': it must be one of plain",
        ("plain", sizes, batch_size, steps, "fast"): "mode is 'fast': it must be one of eager, fused, compiled",
        ("plain", (12,), batch_size, steps, "eager"): "sizes is (12,)",
        ("CAE closed form", (12, 8, 4), batch_size, steps, "eager"): "CAE closed form takes one hidden layer",
        ("CAE jacrev", (784, 4000), 100, steps, "eager"): "CAE jacrev would take about",
    }
    for case in refused:
        assert child.seconds(*case) is None
    assert child.reasons.keys() == refused.keys()
    for case, reason in refused.items():
        assert reason in child.reasons[case]
    assert child.seconds("plain", *SMALL, "eager") > 0


@pytest.mark.slow
def test_a_case_beyond_the_time_limit_is_given_up_and_the_others_go_on(child):
    child.limit = 2
    endless = ("plain", (12, 8), 1, 1_000_000, "eager")
    assert child.seconds(*endless) is None
    assert child.reasons == {endless: "it took longer than the time limit of 2 seconds"}
    child.limit = 60
    assert child.seconds("plain", *SMALL, "eager") > 0
    assert child.seconds(*endless) is None  # at once: it is not asked again


def test_without_pytorch_the_peer_is_false_and_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with peer.PyTorch() as child:
        assert not child
        assert child.missing == "PyTorch is not installed: pip install -e '.[benchmark]' adds its rows"
        assert child.seconds("plain", *SMALL, "eager") is None


def test_a_pytorch_that_does_not_start_shows_its_last_words(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch.so is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with peer.PyTorch() as child:
        assert not child
        assert child.missing == "PyTorch does not start: ImportError: libtorch.so is broken"
