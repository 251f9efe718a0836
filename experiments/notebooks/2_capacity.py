# %% [markdown]
# # 2. Capacity
#
# An autoencoder that copies everything has learned nothing. You will see how the error falls with the size of the code, that
# a small code compresses only what it was trained on, that a large linear one learns the identity, and what noise does about
# it.
#
# Sources: Goodfellow, Bengio & Courville 2016, *Deep Learning*, sections 14.1 and 14.2; Alain & Bengio 2014.

# %%
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import codes, corruptions, losses, sweeps, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.measures.identity_map import decayed_gain, denoising_gain, response
from jaxae.models import Dense
from jaxae.objective import Recipe, reconstruct

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")


def errors(model, recipe, params, x):
    """The squared error of each example, without corruption."""
    return np.square(reconstruct(recipe, model.encoder(params), model.decoder(params), x) - x).sum(axis=1)


# %% [markdown]
# ## Claim 1: the error falls with the size of the code, and stays below that of PCA
#
# The code function `codes.first` keeps the first `count` units, $h_i = 0$ for $i > c$. `count` is a number and no shape, so
# that a list of sizes is an axis of **one** compiled program: all autoencoders below train in one call.
#
# $$\min_{f, g} \; \mathbb{E} \, \lVert g(\mathrm{first}_c(f(x))) - x \rVert^2$$
#
# **Predict:** by which factor does the test error fall from 2 units to 32?

# %%
prediction = None  # above 1

# %%
sizes = [2, 4, 8, 16, 32]
model = Dense(784, (128, 32), ("gelu", "linear"), tied=False)
recipe = Recipe(
    losses.squared_error, configure(optax.adam, learning_rate=1e-3), code=configure(codes.first, count=sizes)
)
recipes, seeds, _ = sweeps.expand(recipe)
grid = training.fit_grid(model, recipes, train.x, seeds=seeds, epochs=20, batch_size=50)
runs = [(sweeps.take(recipes, i), sweeps.take(grid.params, i)) for i in range(len(sizes))]
by_size = [errors(model, recipe, params, test.x).mean() for recipe, params in runs]

# %%
mean = train.x.mean(axis=0)
basis = np.linalg.svd(train.x - mean, full_matrices=False)[2]
pca = [np.square((test.x - mean) - (test.x - mean) @ basis[:c].T @ basis[:c]).sum(axis=1).mean() for c in sizes]
plt.semilogy(sizes, by_size, "o-", label="autoencoder")
plt.semilogy(sizes, pca, "s:", label="PCA")
plt.xscale("log", base=2)
plt.xlabel("units of the code")
plt.ylabel("squared error per test digit")
plt.legend()
plt.show()

# %%
factor = by_size[sizes.index(2)] / by_size[sizes.index(32)]
ahead = [size for size, ours, theirs in zip(sizes, by_size, pca, strict=True) if ours < theirs]
print(f"from 2 to 32 units the error falls {factor:.1f} times; you said {prediction}")
print(f"the autoencoder is ahead of PCA at {ahead} units")

# %% [markdown]
# ## Claim 2: a small code compresses only what it was trained on
#
# Permute the pixels of every test digit in one fixed way $\pi$, and compare
#
# $$\mathbb{E} \, \lVert r(x) - x \rVert^2 \quad\text{with}\quad \mathbb{E} \, \lVert r(\pi x) - \pi x \rVert^2 .$$
# The pictures have the same grey levels, and for a code that just stores pixels they are as easy as before.
#
# **Predict:** by which factor is the error of the autoencoder of 32 units larger on permuted digits?

# %%
prediction = None  # 1: as easy as digits

# %%
permuted = test.x[:, np.random.default_rng(0).permutation(784)]
recipe, params = runs[sizes.index(32)]
pictures = [test.x[::110], permuted[::110]]
pictures = [p for x in pictures for p in (x, reconstruct(recipe, model.encoder(params), model.decoder(params), x))]
plt.figure(figsize=(8, 3.6))
plt.imshow(np.vstack([np.hstack(np.reshape(x, (-1, 28, 28))) for x in pictures]), cmap="gray", vmin=0, vmax=1)
plt.yticks([14, 42, 70, 98], ["test digit", "from 32 numbers", "pixels permuted", "from 32 numbers"])
plt.xticks([])
plt.title("one autoencoder, trained on digits")
plt.show()

# %%
own, other = errors(model, recipe, params, test.x).mean(), errors(model, recipe, params, permuted).mean()
blank = np.square(permuted).sum(axis=1).mean()
print(f"{own:.1f} on digits, {other:.1f} on permuted ones: {other / own:.1f} times; you said {prediction}")
print(f"a black picture is {blank:.1f} from a permuted digit")

# %% [markdown]
# ## Claim 3: with more units than pixels a linear autoencoder learns the identity, and noise keeps it from it
#
# Let $r(x) = x W W'$ with 128 units for the 64 pixels of the small digits. The gain along a unit vector $u$ is $u^\top J u$
# with $J = \partial r / \partial x$; the identity has gain 1. Trained on inputs with noise of deviation $s$, the best linear
# map has, along a principal direction of variance $v$,
#
# $$\text{gain}(v) = \frac{v}{v + s^2} .$$
#
# **Predict:** what is the gain at $s = 0.5$ along the direction of the largest variance, and along the tenth?

# %%
prediction = None  # for example (0.7, 0.2)

# %%
small = load("digits", "train").x
small = small - small.mean(axis=0)
noises = [0.0, 0.1, 0.2, 0.5]
wide = Dense(64, 128, "linear", tied=False)
recipe = Recipe(
    losses.squared_error,
    configure(optax.adam, learning_rate=1e-3),
    corruption=configure(corruptions.gaussian, std=noises),
)
recipes, seeds, _ = sweeps.expand(recipe)
grid = training.fit_grid(wide, recipes, small, seeds=seeds, epochs=150)

# %%
variances, directions = np.linalg.eigh(np.cov(small.T, bias=True))
seen = variances > 1e-3  # pixels that are always black say nothing
variances, directions, gains = variances[seen][::-1], directions.T[seen][::-1].astype(np.float32), []
for i, std in enumerate(noises):
    encoder, decoder = wide.encoder(sweeps.take(grid.params, i)), wide.decoder(sweeps.take(grid.params, i))
    gains.append(np.asarray(response(lambda x, e=encoder, d=decoder: d(e(x)), small[:1], directions)[0]))
    plt.semilogx(variances, gains[-1], "o", ms=3, color=f"C{i}", label=f"s = {std}")
    plt.semilogx(variances, denoising_gain(variances, std=std), color=f"C{i}")
plt.xlabel("variance of the data along the direction")
plt.ylabel("gain (points: learned, lines: theory)")
plt.legend()
plt.show()

# %%
gap = [np.abs(g - denoising_gain(variances, std=std)).max() for g, std in zip(gains, noises, strict=True)]
print(f"at s = 0.5 the gains are {gains[-1][0]:.2f} and {gains[-1][9]:.2f}; you said {prediction}")
print("largest distance from theory: " + ", ".join(f"{d:.3f} at s = {s}" for d, s in zip(gap, noises, strict=True)))

# %% [markdown]
# ## Falls short: a small code is no guarantee
#
# In principle one number is enough: an encoder that gives each training example its own number, and a decoder that looks it
# up, copies all of them and has learned nothing of use (Goodfellow et al. 2016, 14.1). The cell lets a larger network with a
# code of **one** number learn 20 digits by heart.

# %%
few = train.x[::200]
lookup = Dense(784, (256, 64, 1), ("relu", "relu", "linear"), tied=False, init_weights="he_normal")
recipe = Recipe(losses.squared_error, configure(optax.adam, learning_rate=1e-3))
run = training.fit(lookup, recipe, few, epochs=3000, batch_size=20)
known, unknown = errors(lookup, recipe, run.params, few).mean(), errors(lookup, recipe, run.params, test.x).mean()
nothing = np.square(few - few.mean(axis=0)).sum(axis=1).mean()
plt.semilogy(run.curve["error"])
plt.axhline(nothing, color="gray", ls=":")
plt.xlabel("epoch")
plt.ylabel("squared error of 20 digits (dotted: their mean)")
print(f"one number: {known:.2f} on the 20 digits, {unknown:.1f} on test digits; their mean has {nothing:.1f}")

# %% [markdown]
# Discuss: the code is as small as it can be. What did it learn? Which measurement on held-out data would have told you?

# %% [markdown]
# ## Exercise: what weight decay does to the gain
#
# A linear autoencoder with tied weights and weight decay $\lambda$ chooses the gain $g \ge 0$ of each principal direction of
# variance $v$ by itself:
#
# $$g^* = \arg\min_{g \ge 0} \; v (1 - g)^2 + \lambda g .$$
#
# Find $g^*$ by hand and write it. The next cell compares it with the least value among 100,001 gains.


# %%
def best_gain(variances, weight):
    """The gain of each direction, [m] -> [m], for the weight lambda."""
    ...


# %%
def verify(function):
    """Compare with a search over all gains from 0 to 1."""
    tried = np.linspace(0, 1, 100_001)
    for weight in (0.0, 0.05, 0.5, 5.0):
        answer = function(variances, weight)
        if answer is None:
            return "not solved yet"
        best = [tried[np.argmin(v * (1 - tried) ** 2 + weight * tried)] for v in variances]
        np.testing.assert_allclose(answer, best, atol=2e-5)
    return "solved"


print(verify(best_gain))

# %% [markdown]
# ## Solution
#
# The derivative $-2 v (1 - g) + \lambda$ is 0 at $g = 1 - \lambda / (2 v)$. Where that is negative the least value is at $g =
# 0$: weak directions are switched off, where noise only makes them smaller.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(variances, weight):
    """The gain of each direction, [m] -> [m], for the weight lambda."""
    return np.maximum(0, 1 - weight / (2 * variances))


print(verify(solution))
assert verify(solution) == "solved"
np.testing.assert_allclose(solution(variances, 0.5), decayed_gain(jnp.asarray(variances), weight=0.5), atol=1e-5)
