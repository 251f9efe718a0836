"""The formulas that the peers' values are said to have, written a second time in JAX, and what the peers give.

JAXAE_PEERS names the peers' Python, which experiments.benchmarks.peers_environment makes; without it all is skipped.
"""

import json
import os
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

HERE = Path(__file__).parent
PEERS = os.environ.get("JAXAE_PEERS")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("x64"),
    pytest.mark.skipif(not PEERS, reason="JAXAE_PEERS names no Python of the peers"),
]
BATCH, FEATURES, LATENTS, K = 6, 5, 8, 2
DEAD = np.isin(np.arange(LATENTS), [1, 4, 6])


def random_arrays():
    rng = np.random.default_rng(0)
    sizes = {"W_enc": (FEATURES, LATENTS), "W_dec": (LATENTS, FEATURES), "b_dec": (FEATURES,), "x": (BATCH, FEATURES)}
    sizes |= {name: (LATENTS,) for name in ("b_enc", "b_gate", "b_mag", "r_mag")}
    arrays = {name: 0.5 * rng.normal(size=size) for name, size in sizes.items()}
    # Eighths are exact in float32, in which SAELens keeps its threshold.
    return arrays | {"threshold": np.arange(1, LATENTS + 1) / 8}


ARRAYS = random_arrays()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A function of a module, a kind, arrays and options -> the values, from one process per module: importing takes long."""
    folder, children = tmp_path_factory.mktemp("peers"), {}

    def ask(module, kind, arrays, **options):
        if module not in children:
            command = [PEERS, str(HERE / f"{module}.py")]
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


def agree(found, formula, names):
    """The loss and its gradients. formula: {name: array} -> (loss, {term: value}), differentiable by JAX."""
    params = {name: jnp.asarray(ARRAYS[name]) for name in names}
    (total, terms), gradient = jax.value_and_grad(formula, has_aux=True)(params)
    np.testing.assert_allclose(found["loss"], total, rtol=1e-10)
    for name, value in terms.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-10, atol=1e-12)
    for name, value in gradient.items():
        # SAELens's threshold has a float32 gradient.
        np.testing.assert_allclose(
            found[f"gradient/{name}"], value, rtol=1e-5 if name == "threshold" else 1e-9, atol=1e-9
        )


def squares(difference):
    return jnp.mean(jnp.sum(jnp.square(difference), axis=-1))


def largest(values, k):
    """1 where a value is among the k largest of the last axis, which has no ties."""
    return (values >= jnp.sort(values)[..., -k][..., None]).astype(values.dtype)


def pre_of(p, x=ARRAYS["x"]):
    return (x - p["b_dec"]) @ p["W_enc"] + p["b_enc"]


PLAIN = ("W_enc", "b_enc", "W_dec", "b_dec")


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("kind", ["topk", "batchtopk", "matryoshka"])
def test_the_top_units_of_sae_lens(theirs, kind, dead, rescale):
    x, widths = ARRAYS["x"], [3, 5, LATENTS] if kind == "matryoshka" else [LATENTS]
    k = 3.4 if kind != "topk" else K  # int(3.4 * 6) = 20 units of the batch

    def formula(p):
        norms = jnp.linalg.norm(p["W_dec"], axis=1) if rescale else jnp.ones(LATENTS)
        q = pre_of(p) * norms
        if kind == "topk":
            code = jax.nn.relu(q) * largest(q, K)
        else:
            code = jax.nn.relu(q)
            # The 20 largest, or all positive units where there are fewer.
            code = code * largest(code.reshape(-1), int(k * BATCH)).reshape(q.shape)
        parts = [(code / norms)[:, :w] @ p["W_dec"][:w] + p["b_dec"] for w in widths]
        errors = [squares(part - x) for part in parts]
        terms = {"code": code, "reconstruction": parts[-1], "loss/mse_loss": errors[-1], "pre": q}
        terms |= {f"loss/inner_mse_loss_{w}": e for w, e in zip(widths[:-1], errors[:-1], strict=True)}
        auxiliary = 0.0
        if dead:
            residual = jax.lax.stop_gradient(x - parts[-1])
            half = FEATURES // 2
            among = jnp.where(DEAD, q, -jnp.inf)
            kept = jnp.where(largest(among, min(half, DEAD.sum())) > 0, q, 0)
            auxiliary = min(DEAD.sum() / half, 1) * squares((kept / norms) @ p["W_dec"] - residual)
        return sum(errors) + auxiliary, terms | {"loss/auxiliary_reconstruction_loss": auxiliary}

    options = {"k": k, "rescale": rescale} | ({"widths": widths} if kind == "matryoshka" else {})
    found = theirs("sae_lens_values", kind, ARRAYS | ({"dead": DEAD} if dead else {}), **options)
    agree(found, formula, PLAIN)
    if kind != "topk":
        np.testing.assert_allclose(found["topk_threshold"], 0.01 * found["code"][found["code"] > 0].min(), rtol=1e-12)


def test_the_gated_units_of_sae_lens(theirs):
    x = ARRAYS["x"]

    def formula(p):
        centred = x - p["b_dec"]
        gate = centred @ p["W_enc"] + p["b_gate"]
        code = (gate > 0) * jax.nn.relu(centred @ (p["W_enc"] * jnp.exp(p["r_mag"])) + p["b_mag"])
        out = code @ p["W_dec"] + p["b_dec"]
        opened = jax.nn.relu(gate)
        l1 = 0.3 * jnp.mean(opened @ jnp.linalg.norm(p["W_dec"], axis=1))
        auxiliary = squares(opened @ p["W_dec"] + p["b_dec"] - x)
        terms = {"code": code, "reconstruction": out, "loss/l1_loss": l1}
        return squares(out - x) + l1 + auxiliary, terms | {"loss/auxiliary_reconstruction_loss": auxiliary}

    found = theirs("sae_lens_values", "gated", ARRAYS, coefficient=0.3)
    agree(found, formula, ("W_enc", "W_dec", "b_dec", "b_gate", "b_mag", "r_mag"))


def test_the_l1_of_sae_lens(theirs):
    def formula(p):
        code = jax.nn.relu(pre_of(p))
        out = code @ p["W_dec"] + p["b_dec"]
        l1 = 0.3 * jnp.mean(code @ jnp.linalg.norm(p["W_dec"], axis=1))
        return squares(out - ARRAYS["x"]) + l1, {"code": code, "reconstruction": out, "loss/l1_loss": l1}

    agree(theirs("sae_lens_values", "l1", ARRAYS, coefficient=0.3), formula, PLAIN)


@jax.custom_vjp
def jump(p, threshold, bandwidth):
    return p * (p > threshold)


@jax.custom_vjp
def step(p, threshold, bandwidth):
    return (p > threshold).astype(p.dtype)


def near(p, threshold, bandwidth):
    return (jnp.abs(p - threshold) < bandwidth / 2) / bandwidth


def keep(function):
    return lambda *arguments: (function(*arguments), arguments)


def jump_back(kept, g):
    p, threshold, _ = kept
    return g * (p > threshold), -jnp.sum(threshold * near(*kept) * g, axis=0), 0.0


def step_back(kept, g):
    return jnp.zeros_like(g), -jnp.sum(near(*kept) * g, axis=0), 0.0


jump.defvjp(keep(jump), jump_back)
step.defvjp(keep(step), step_back)


def test_the_jumps_of_sae_lens(theirs):
    bandwidth = 1.0  # wide, so that thresholds have gradients

    def formula(p):
        pre = pre_of(p)
        code = jump(pre, p["threshold"], bandwidth)
        out = code @ p["W_dec"] + p["b_dec"]
        l0 = 0.3 * jnp.mean(jnp.sum(step(pre, p["threshold"], bandwidth), axis=-1))
        return squares(out - ARRAYS["x"]) + l0, {"code": code, "reconstruction": out, "loss/l0_loss": l0}

    found = theirs("sae_lens_values", "jumprelu", ARRAYS, coefficient=0.3, bandwidth=bandwidth)
    assert np.count_nonzero(found["gradient/threshold"]) > LATENTS // 2
    agree(found, formula, (*PLAIN, "threshold"))


@pytest.mark.parametrize("kind", ["topk", "batchtopk", "relu"])
@pytest.mark.parametrize("loss", ["mse", "mse_l1", "top_k_auxiliary_loss"])
def test_the_units_and_losses_of_overcomplete(theirs, kind, loss):
    x = ARRAYS["x"]
    k = {"topk": {"k": K}, "batchtopk": {"k": 9}, "relu": {}}[kind]

    def formula(p):
        pre = x @ p["W_enc"] + p["b_enc"]
        code = jax.nn.relu(pre)
        if kind == "topk":
            code = code * largest(code, K)
        if kind == "batchtopk":
            code = code * largest(code.reshape(-1), 9).reshape(code.shape)
        rows = p["W_dec"]
        error = x - code @ rows
        total = jnp.mean(jnp.square(error))
        if loss == "mse_l1":
            total += 0.1 * jnp.sum(code)
        if loss == "top_k_auxiliary_loss":
            rest = jax.nn.relu(pre) - code
            chosen = jax.lax.top_k(rest, LATENTS // 2)[1]
            rest = rest * jnp.zeros(rest.shape).at[jnp.arange(BATCH)[:, None], chosen].set(1)
            total += 0.1 * jnp.mean(jnp.square(error - rest @ rows))
        return total, {"code": code, "reconstruction": code @ rows}

    # Unit rows: what is divided by their norms outside of the graph stays as it is, but for the 1e-8.
    unit = ARRAYS["W_dec"] / np.linalg.norm(ARRAYS["W_dec"], axis=1, keepdims=True)
    found = theirs("overcomplete_values", kind, ARRAYS, loss=loss, **k)
    params = {name: jnp.asarray(ARRAYS[name]) for name in ("W_enc", "b_enc")} | {"W_dec": jnp.asarray(unit)}
    (total, terms), gradient = jax.value_and_grad(formula, has_aux=True)(params)
    np.testing.assert_allclose(found["loss"], total, rtol=1e-6)
    for name, value in terms.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-7)
    for name, value in gradient.items():
        np.testing.assert_allclose(found[f"gradient/{name}"], value, rtol=1e-6, atol=1e-7)
    if kind == "batchtopk":
        np.testing.assert_allclose(found["running_threshold"], np.sort(found["code"].ravel())[-9], rtol=1e-12)


def test_the_jumps_of_overcomplete(theirs):
    bandwidth, x = 1.0, ARRAYS["x"]
    arrays = ARRAYS | {"W_dec": ARRAYS["W_dec"] / np.linalg.norm(ARRAYS["W_dec"], axis=1, keepdims=True)}
    options = {"kernel": "rectangle", "bandwidth": 0.5}
    found = theirs("overcomplete_values", "jumprelu", arrays, **options)
    bandwidth = options["bandwidth"]
    code = np.maximum(x @ arrays["W_enc"] + arrays["b_enc"], 0)
    z = code * (code >= arrays["threshold"])
    g = 2 * (z @ arrays["W_dec"] - x) @ arrays["W_dec"].T / x.size
    kernel = (np.abs(code - arrays["threshold"]) <= bandwidth / 2) / bandwidth
    # The kernel has 1 / bandwidth in it, by which the gradient divides once more; the parameter is the logarithm.
    expected = -(arrays["threshold"] ** 2 / bandwidth * kernel * g).sum(0)
    assert np.count_nonzero(expected) > LATENTS // 2
    np.testing.assert_allclose(found["gradient/log_threshold"], expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(found["code"], z, rtol=1e-10)
