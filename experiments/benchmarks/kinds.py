"""What is timed: models by the name of their sizes, and the kinds of training step."""

import jax
import jax.numpy as jnp
import optax

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Convolutional, Dense
from jaxae.objective import Recipe
from jaxae.sweeps import expand

CONVOLUTIONAL = "convolutional 16-8-8"
MODELS = {
    "784-500": Dense(784, (500,)),
    "784-1000": Dense(784, (1000,)),
    "784-1000-500-250-30": Dense(784, (1000, 500, 250, 30)),
    CONVOLUTIONAL: Convolutional((28, 28)),
}
WEIGHT = 0.1  # of every penalty


def jacrev(encoder, x):
    """The contractive penalty by jax.jacrev, example by example; x: [batch, ...features] -> [batch]."""
    return jnp.sum(jnp.square(jax.vmap(jax.jacrev(lambda v: encoder(v[None])[0]))(x).reshape(len(x), -1)), axis=-1)


def jacfwd(encoder, x):
    """The contractive penalty by jax.jacfwd without the layers' help; x: [batch, ...features] -> [batch]."""
    return penalties.contractive(lambda v: encoder(v), x)


def loop(encoder, x):
    """The contractive penalty by one backward pass per code unit, one after another; x: [batch, ...features] -> [batch]."""
    code, pull = jax.vjp(encoder, x)

    def unit(total, j):
        (row,) = pull(jnp.broadcast_to(jax.nn.one_hot(j, code.shape[1], dtype=x.dtype), code.shape))
        return total + jnp.sum(jnp.square(row.reshape(len(x), -1)), axis=-1), None

    return jax.lax.scan(jax.checkpoint(unit), jnp.zeros(len(x), x.dtype), jnp.arange(code.shape[1]))[0]


PENALTIES = {
    "CAE exact": configure(penalties.contractive_exact),
    "CAE closed form": configure(penalties.contractive_closed_form),
    "CAE hutchinson": configure(penalties.contractive_hutchinson),
    "CAE definition": configure(penalties.contractive),
    "CAE jacfwd": configure(jacfwd),
    "CAE jacrev": configure(jacrev),
    "CAE loop": configure(loop),
    "CAE finite difference": configure(penalties.contractive_finite_difference, epsilon=0.01),
}
KINDS = {
    "plain": {},
    "l1": {"penalty": configure(penalties.l1), "weight": WEIGHT},
    "KL": {"penalty": configure(penalties.kl_sparsity, rho=0.05), "weight": WEIGHT},
    "k-sparse": {"code": configure(codes.top_k, k=25)},
    "DAE-b": {"corruption": configure(corruptions.masking, rate=0.3)},
    "DAE-g": {"corruption": configure(corruptions.gaussian, std=0.3)},
} | {name: {"penalty": penalty, "weight": WEIGHT} for name, penalty in PENALTIES.items()}
SLOW = (
    "CAE definition",
    "CAE jacfwd",
    "CAE jacrev",
    "CAE loop",
    "CAE finite difference",
)  # 30 to 1,000 plain steps each


def kinds_of(name):
    """The kinds that a model can be trained with."""
    if name == CONVOLUTIONAL:  # units without an upper bound have no KL; the slow ways would hold 6 GiB and more
        return [kind for kind in KINDS if kind not in (*SLOW, "KL", "CAE closed form")]
    return [kind for kind in KINDS if kind != "CAE closed form" or MODELS[name].depth == 1]


def grid(kind, runs=1):
    """The recipe of a kind as a grid of equal runs with the seeds 0, 1, ...: (recipes, seeds)."""
    optimizer = configure(optax.adam, learning_rate=0.001)
    recipe = Recipe(configure(losses.binary_cross_entropy), optimizer, **KINDS[kind])
    return expand(recipe, list(range(runs)))[:2]
