# %% [markdown]
# # 3. Sparse and k-sparse codes
#
# A code may have many units if few of them are active at a time. You will see where an L1 penalty gives exact zeros, what it
# costs, how a k-sparse code avoids that cost, and how the number of active units decides what a unit detects.
#
# Sources: Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 14.2.1; Makhzani & Frey 2014.

# %%
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import codes, losses, penalties, sweeps, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.measures.codes import dead_units
from jaxae.measures.filters import correlation_area
from jaxae.measures.sparsity import active_units, exact_zeros
from jaxae.models import Dense
from jaxae.objective import Recipe, encode, reconstruct

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")
adam = configure(optax.adam, learning_rate=1e-3)


def measure(model, recipe, params):
    """The codes of the test digits and their mean squared error."""
    encoder, decoder = model.encoder(params), model.decoder(params)
    error = np.square(reconstruct(recipe, encoder, decoder, test.x) - test.x).sum(axis=1).mean()
    return np.asarray(encode(recipe, encoder, test.x)), error


# %% [markdown]
# ## Claim 1: an L1 penalty gives exact zeros where the units can be exactly zero
#
# $$\mathbb{E} \, \lVert g(f(x)) - x \rVert^2 + \lambda \sum_j |h_j|, \qquad h = f(x)$$
#
# Rectified units, $h = \max(0, a)$, are 0 on a whole half line; linear units are 0 at a point. The list of weights $\lambda$
# is an axis of one compiled program. The encoder and the decoder have their own weights.
#
# **Predict:** which share of the activations is exactly 0 at $\lambda = 1$, for rectified and for linear units?

# %%
prediction = None  # for example (0.9, 0.1)

# %%
weights = [0.0, 0.1, 0.3, 0.6, 1.0]
recipe = Recipe(losses.squared_error, adam, penalty=configure(penalties.l1), weight=weights)
recipes, seeds, _ = sweeps.expand(recipe)
l1 = {}
for activation in ("relu", "linear"):
    model = Dense(784, 200, activation, tied=False)
    grid = training.fit_grid(model, recipes, train.x, seeds=seeds, epochs=12, batch_size=50)
    l1[activation] = [measure(model, sweeps.take(recipes, i), sweeps.take(grid.params, i)) for i in range(len(weights))]

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
for name, runs in l1.items():
    axes[0].plot(weights, [exact_zeros(h) for h, _ in runs], "o-", label=name)
    axes[1].plot(weights, [np.mean(np.abs(h) < 0.01) for h, _ in runs], "o-", label=name)
axes[0].set(xlabel="weight λ", ylabel="share of activations exactly 0", ylim=(-0.05, 1.05))
axes[1].set(xlabel="weight λ", ylabel="share of activations below 0.01", ylim=(-0.05, 1.05))
axes[0].legend()
plt.show()

# %%
zeros = {name: float(exact_zeros(runs[-1][0])) for name, runs in l1.items()}
print(f"exactly 0 at λ = 1: rectified {zeros['relu']:.4f}, linear {zeros['linear']:.4f}; you said {prediction}")

# %% [markdown]
# ## Claim 2: at an equal number of active units a k-sparse code reconstructs better
#
# The penalty makes active units smaller too, so that the reconstruction is too faint. A k-sparse code keeps the $k$ largest
# activations as they are (Makhzani & Frey 2014):
#
# $$h_i = z_i \ \text{ if } \ i \in \mathrm{supp}_k(z), \quad 0 \text{ otherwise}, \qquad z = W^\top x + b .$$
#
# `k` is a number: the list is an axis of one program as well.
#
# **Predict:** how much larger is the error of an L1 code with 25 active units than that of the k-sparse code, in percent?

# %%
prediction = None  # percent

# %%
ks = [5, 10, 25, 70]
k_sparse = Dense(784, 200, "linear", init_weights="normal_0.01")  # tied, as in the paper
recipe = Recipe(losses.squared_error, adam, code=configure(codes.top_k, k=ks))
k_recipes, seeds, _ = sweeps.expand(recipe)
k_grid = training.fit_grid(k_sparse, k_recipes, train.x, seeds=seeds, epochs=12, batch_size=50)
top = [measure(k_sparse, sweeps.take(k_recipes, i), sweeps.take(k_grid.params, i)) for i in range(len(ks))]

# %%
plt.plot([active_units(h) for h, _ in top], [error for _, error in top], "s-", label="k-sparse")
plt.plot(
    [active_units(h) for h, _ in l1["relu"]], [error for _, error in l1["relu"]], "o-", label="L1, rectified units"
)
plt.xscale("log")
plt.xlabel("active units per test digit")
plt.ylabel("squared error per test digit")
plt.legend()
plt.show()

# %%
active, errors = [active_units(h) for h, _ in l1["relu"]][::-1], [error for _, error in l1["relu"]][::-1]
for (codes_of_k, error), k in zip(top, ks, strict=True):
    assert (np.count_nonzero(codes_of_k, axis=1) == k).all()
    if active[0] <= k <= active[-1]:  # between the weights that were trained, along the line of the figure
        l1_error = np.interp(np.log(k), np.log(active), errors)
        print(f"k = {k}: {error:.1f}, the L1 code {l1_error:.1f}, {100 * (l1_error / error - 1):.0f} % larger")
print(f"you said {prediction} % at k = 25")

# %% [markdown]
# ## Claim 3: the fewer units may be active, the larger the part of a digit that a unit stands for
#
# Few units have to make a whole digit of large parts; seventy can use small strokes. The size of a stroke is the area of the
# peak of the filter's autocorrelation
#
# $$A(\delta) = \sum_i w_i \, w_{i + \delta} ,$$
#
# in pixels of the shift $\delta$ around 0 where $A$ is at least half of $A(0)$: 1 for noise, more for wide strokes.
#
# **Predict:** how many times larger are the strokes at $k = 5$ than at $k = 70$?

# %%
prediction = None  # above 1

# %%
filters = [np.asarray(k_grid.params["encoder"][0]["weight"][i]).T.reshape(-1, 28, 28) for i in range(len(ks))]
often = [np.argsort(-np.mean(h != 0, axis=0)) for h, _ in top]  # the units that are active most often come first
rows = [np.hstack([w / np.abs(w).max() for w in bank[order[:10]]]) for bank, order in zip(filters, often, strict=True)]
plt.figure(figsize=(9, 3.8))
plt.imshow(np.vstack(rows), cmap="gray", vmin=-1, vmax=1)
plt.yticks(14 + 28 * np.arange(len(ks)), [f"k = {k}" for k in ks])
plt.xticks([])
plt.title("the ten units that are active most often")
plt.show()

# %%
# A unit that is never active has the filter it began with: only those of 1 % of the digits or more are measured.
in_use = [np.mean(h != 0, axis=0) >= 0.01 for h, _ in top]
size = [np.median(correlation_area(bank[used])) for bank, used in zip(filters, in_use, strict=True)]
print("median stroke in pixels: " + ", ".join(f"{s:.0f} at k = {k}" for s, k in zip(size, ks, strict=True)))
print(f"{size[0] / size[-1]:.2f} times from k = 70 to k = 5; you said {prediction}")

# %% [markdown]
# ## Falls short: units that never fire
#
# A unit that is never among the $k$ largest gets no gradient, and stays as it was drawn. Such units are paid for and not
# used.

# %%
dead = [float(dead_units(h)) for h, _ in top]
plt.bar([str(k) for k in ks], dead)
plt.xlabel("k")
plt.ylabel("share of units never active on test digits")
print(", ".join(f"{100 * share:.0f} % at k = {k}" for share, k in zip(dead, ks, strict=True)))

# %% [markdown]
# Discuss: Makhzani & Frey begin with a large $k$ and lower it during training. Why would that help? Try it: a number may be a
# schedule, `k=Schedule(configure(optax.linear_schedule, init_value=70.0, end_value=5.0, transition_steps=0.5))`, whose time
# runs from 0 to 1 (`from jaxae.schedules import Schedule`).

# %% [markdown]
# ## Exercise: the step that makes L1's zeros
#
# A gradient step rarely lands on 0. The proximal step of the L1 norm does: for each unit
#
# $$\mathrm{soft}_t(z) = \arg\min_h \; \tfrac12 (h - z)^2 + t \, |h| .$$
#
# Find the minimum by hand, for $z > t$, $z < -t$ and in between, and write it. The next cell compares it with a search.


# %%
def soft_threshold(z, t):
    """The proximal step of t |h| for every unit, an array of z's shape."""
    ...


# %%
def verify(function):
    """Compare with the least value among 400,001 codes, and with the library."""
    z, tried = np.linspace(-2, 2, 41), np.linspace(-2, 2, 400_001)
    for t in (0.0, 0.25, 1.0):
        answer = function(z, t)
        if answer is None:
            return "not solved yet"
        best = [tried[np.argmin((tried - each) ** 2 / 2 + t * np.abs(tried))] for each in z]
        np.testing.assert_allclose(answer, best, atol=2e-5)
        np.testing.assert_allclose(answer, codes.soft_threshold(z, threshold=t), atol=1e-6)
    return "solved"


print(verify(soft_threshold))

# %% [markdown]
# ## Solution
#
# For $h > 0$ the derivative $h - z + t$ is 0 at $h = z - t$, which is above 0 only where $z > t$; for $h < 0$ likewise at $z
# + t$. In between both sides rise from 0.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(z, t):
    """The proximal step of t |h| for every unit, an array of z's shape."""
    return np.sign(z) * np.maximum(np.abs(z) - t, 0)


print(verify(solution))
assert verify(solution) == "solved"
