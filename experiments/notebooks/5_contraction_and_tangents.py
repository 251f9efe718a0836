# %% [markdown]
# # 5. Contraction, the Jacobian and tangents
#
# A contractive autoencoder is asked for a code that changes little when its input does. You will see that the penalty has a
# closed form, that it leaves the code sensitive to fewer directions of the input, and that these are directions in which digits
# vary.
#
# Sources: Rifai et al. 2011, "Contractive auto-encoders" and "The manifold tangent classifier"; Goodfellow, Bengio &
# Courville 2016, *Deep Learning*, sections 14.6 and 14.7.

# %%
import time

import jax
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import jacobian, losses, penalties, sweeps, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.measures.image_tangents import AFFINE, derivatives
from jaxae.measures.spectra import effective_rank

# %%
from jaxae.measures.subspaces import explained, local_directions
from jaxae.models import Dense
from jaxae.objective import Recipe

train, test = load("mnist5k", "train"), load("mnist5k", "test")
shown = test.x[::10]  # 100 test digits, ten of each class

# %% [markdown]
# ## Claim 1: the penalty of one layer has a closed form, many times faster than the definition
#
# The penalty is the squared Frobenius norm of the encoder's Jacobian $J = \partial h / \partial x$. For sigmoid units $h =
# \sigma(a)$ with $a = x W + b$ the derivative is $\partial h_j / \partial x_i = h_j (1 - h_j) W_{ij}$, so that
#
# $$\lVert J \rVert_F^2 = \sum_j h_j^2 (1 - h_j)^2 \sum_i W_{ij}^2 .$$
#
# `penalties.contractive` is the definition, by automatic differentiation. `penalties.contractive_closed_form` is the formula.
#
# **Predict:** how many times faster is the formula, for 100 digits and 200 units?

# %%
prediction = None  # above 1

# %%
model = Dense(784, 200)  # tied sigmoid units
encoder = model.encoder(model.init(jax.random.key(0)))
ways = {"definition": jax.jit(penalties.contractive), "formula": jax.jit(penalties.contractive_closed_form)}
values = [np.asarray(way(encoder, shown)) for way in ways.values()]  # compiled here, timed below
seconds = {name: [] for name in ways}
for _ in range(5):
    for name, way in ways.items():
        started = time.perf_counter()
        jax.block_until_ready(way(encoder, shown))
        seconds[name].append(time.perf_counter() - started)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.plot(*values, ".")
left.set(xlabel="definition", ylabel="formula", title="penalty of 100 digits")
right.bar(list(seconds), [1000 * min(s) for s in seconds.values()])
right.set(yscale="log", ylabel="milliseconds", title="least of five calls")
plt.show()

# %%
difference = np.abs(values[1] / values[0] - 1).max()
faster = min(seconds["definition"]) / min(seconds["formula"])
print(f"largest relative difference {difference:.1e}; the formula is {faster:.0f} times faster; you said {prediction}")

# %% [markdown]
# ## Claim 2: contraction leaves fewer directions that the code answers to
#
# $$\mathbb{E} \, L(g(f(x)), x) + \lambda \, \mathbb{E} \, \lVert J(x) \rVert_F^2$$
#
# The penalty wants no direction to matter, the reconstruction needs those in which digits differ. The singular values of $J$
# say how strongly the code answers to each direction. Their number is measured by the effective rank, $\exp(-\sum_i p_i \log
# p_i)$ with $p_i = s_i / \sum_j s_j$.
#
# **Predict:** by which factor does the effective rank fall from $\lambda = 0$ to $\lambda = 1$?

# %%
prediction = None  # above 1

# %%
weights = [0.0, 0.1, 0.3, 1.0]
recipe = Recipe(
    losses.binary_cross_entropy,
    configure(optax.adam, learning_rate=2e-3),
    penalty=configure(penalties.contractive_closed_form),
    weight=weights,
)
recipes, seeds, _ = sweeps.expand(recipe)
grid = training.fit_grid(model, recipes, train.x, seeds=seeds, epochs=15, batch_size=50, x_test=test.x)
encoders = [model.encoder(sweeps.take(grid.params, i)) for i in range(len(weights))]

# %%
spectra = [jacobian.singular_values(encoder, shown) for encoder in encoders]
for weight, values, error in zip(weights, spectra, grid.curve["test_error"][:, -1], strict=True):
    plt.semilogy(values.mean(axis=0), label=f"λ = {weight}, test error {error:.0f} nats")
plt.xlabel("index of the singular value")
plt.ylabel("mean singular value")
plt.title("units of code per unit of data")
plt.legend()
plt.show()

# %%
ranks = [float(effective_rank(values).mean()) for values in spectra]
print("effective ranks: " + ", ".join(f"{r:.0f} at λ = {w}" for r, w in zip(ranks, weights, strict=True)))
print(f"it falls {ranks[0] / ranks[-1]:.2f} times; you said {prediction}")

# %% [markdown]
# ## Claim 3: the directions that are left are tangents of the digits
#
# Write $J = U S V^\top$. The first rows of $V^\top$ are the directions of the *input* to which the code answers most. A true
# tangent is known: the derivative $t$ of a digit as it moves, turns or grows. The share of $t$ inside the span of $v_1,
# \dots, v_m$ is
#
# $$\frac{\sum_{i \le m} (v_i^\top t)^2}{\lVert t \rVert^2} , \qquad \text{for random directions } \frac{m}{784} .$$
#
# **Predict:** which share of the true tangents do ten directions of the contractive autoencoder hold?

# %%
prediction = None  # from 0 to 1

# %%
moves = np.asarray(derivatives(shown.reshape(-1, 28, 28)))[:, : len(AFFINE)].reshape(100, len(AFFINE), 784)
mean = train.x.mean(axis=0)
pca = np.linalg.svd(train.x - mean, full_matrices=False)[2][:10]
bases = {
    "contractive, λ = 1": np.asarray(jacobian.tangents(encoders[-1], shown, 10)),
    "plain": np.asarray(jacobian.tangents(encoders[0], shown, 10)),
    "PCA of all digits": np.broadcast_to(pca, (100, 10, 784)),
}
held = {name: np.asarray(explained(basis, moves)).mean(axis=(0, 1)) for name, basis in bases.items()}

# %%
for name, share in held.items():
    plt.plot(range(1, 11), share, "o-", label=name)
plt.plot(range(1, 11), np.arange(1, 11) / 784, ":", color="gray", label="random")
plt.xlabel("directions m")
plt.ylabel("share of the true tangents")
plt.legend()
plt.show()

# %%
digit = 32
rows = [moves[digit], bases["contractive, λ = 1"][digit, :4], bases["plain"][digit, :4]]
rows = [np.hstack([v.reshape(28, 28) / np.abs(v).max() for v in (shown[digit], *row)]) for row in rows]
plt.figure(figsize=(7, 4))
plt.imshow(np.vstack(rows), cmap="gray", vmin=-1, vmax=1)
plt.yticks([14, 42, 70], ["true tangents", "contractive", "plain"])
plt.xticks(14 + 28 * np.arange(5), ["digit", *AFFINE])
plt.title("true tangents; below, the strongest four directions")
plt.show()

# %%
print(f"ten directions hold {held['contractive, λ = 1'][-1]:.2f} of the true tangents; you said {prediction}")
print(", ".join(f"{name} {share[-1]:.2f}" for name, share in held.items()))

# %% [markdown]
# ## Falls short: neighbours know the tangents better, and scale can fool the penalty
#
# Local PCA takes the nearest training digits of each test digit, and no network. And where encoder and decoder have weights
# of their own, $f(x) / c$ and $g(c \, h)$ make the same reconstruction with a penalty $c^2$ times smaller, for linear units
# exactly.

# %%
local = local_directions(shown, train.x, neighbours=60, count=10)
neighbours = np.asarray(explained(local, moves)).mean(axis=(0, 1))[-1]
linear = Dense(784, 50, "linear", tied=False)
params = linear.init(jax.random.key(1))
smaller = jax.tree.map(lambda a: a / 10, params["encoder"]), jax.tree.map(lambda a: a * 10, params["decoder"])
shrunk = dict(zip(("encoder", "decoder"), smaller, strict=True))
outputs = [linear.decoder(p)(linear.encoder(p)(shown)) for p in (params, shrunk)]
penalty = [float(penalties.contractive_exact(linear.encoder(p), shown).mean()) for p in (params, shrunk)]
print(f"local PCA holds {neighbours:.2f}, the contractive autoencoder {held['contractive, λ = 1'][-1]:.2f}")
print(f"a linear code divided by 10: outputs differ by {np.abs(outputs[0] - outputs[1]).max():.0e}", end=", ")
print(f"the penalty falls from {penalty[0]:.2f} to {penalty[1]:.4f}")

# %% [markdown]
# Discuss: what can the contractive encoder do that local PCA cannot? Why do tied weights prevent the trick with $c$, and what
# would you penalise if the weights are not tied (compare `penalties.contractive_reconstruction`)?

# %% [markdown]
# ## Exercise: the closed form for two layers
#
# Two sigmoid layers have $J = D_2 W_2^\top D_1 W_1^\top$, where $D_l$ is the diagonal matrix of $h_l (1 - h_l)$. Write
# $\lVert J \rVert_F^2$ per example, without automatic differentiation. The next cell compares it with the definition.


# %%
def two_layers(x, W1, b1, W2, b2):
    """The squared Frobenius norm of the Jacobian of two sigmoid layers: x [batch, features] -> [batch]."""
    ...


# %%
def verify(function):
    """Compare with automatic differentiation."""
    deep = Dense(784, (20, 10))
    params = deep.init(jax.random.key(2))
    first, second = params["encoder"]
    answer = function(shown[:8], first["weight"], first["bias"], second["weight"], second["bias"])
    if answer is None:
        return "not solved yet"
    np.testing.assert_allclose(answer, penalties.contractive(deep.encoder(params), shown[:8]), rtol=1e-4)
    return "solved"


print(verify(two_layers))

# %% [markdown]
# ## Solution
#
# The Jacobian of one example is the product of two small matrices, each row of which is scaled. `einsum` multiplies them for
# the whole batch.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(x, W1, b1, W2, b2):
    """The squared Frobenius norm of the Jacobian of two sigmoid layers: x [batch, features] -> [batch]."""
    h1 = jax.nn.sigmoid(x @ W1 + b1)
    h2 = jax.nn.sigmoid(h1 @ W2 + b2)
    J = np.einsum("bk,jk,bj,ij->bki", h2 * (1 - h2), W2, h1 * (1 - h1), W1, optimize=True)
    return np.square(J).sum(axis=(1, 2))


print(verify(solution))
assert verify(solution) == "solved"
