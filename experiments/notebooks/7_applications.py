# %% [markdown]
# # 7. Applications
#
# What is a code good for? You will see digits as points of a plane, digits found by binary addresses, and digits freed of
# noise, each against a method without a network.
#
# Sources: Hinton & Salakhutdinov 2006; Salakhutdinov & Hinton 2009, "Semantic hashing"; Vincent et al. 2010; Goodfellow,
# Bengio & Courville 2016, *Deep Learning*, section 14.9.

# %%
import jax
import matplotlib.pyplot as plt
import numpy as np
import optax
from scipy.ndimage import median_filter

from jaxae import codes, corruptions, losses, probes, sweeps, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.measures import hashing
from jaxae.models import Dense
from jaxae.objective import Recipe, encode, reconstruct

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")
adam = configure(optax.adam, learning_rate=1e-3)
mean = train.x.mean(axis=0)
basis = np.linalg.svd(train.x - mean, full_matrices=False)[2]

# %% [markdown]
# ## Claim 1: two numbers of a deep autoencoder separate digits that two principal components do not
#
# A map for the eye needs a code of two numbers, $h = f(x) \in \mathbb{R}^2$. How well it separates the classes is the
# accuracy of the $k$ nearest neighbours,
#
# $$\hat c(x) = \text{the most frequent class of the } k \text{ training codes nearest to } f(x) .$$
#
# Neither map has seen a label.
#
# **Predict:** which accuracy on test digits have two principal components, and two numbers of the autoencoder?

# %%
prediction = None  # for example (0.3, 0.6)

# %%
plane = Dense(784, (256, 64, 2), ("gelu", "gelu", "linear"), tied=False, init_weights="he_normal")
recipe = Recipe(losses.binary_cross_entropy, adam, corruption=configure(corruptions.gaussian, std=0.2))
encoder = plane.encoder(training.fit(plane, recipe, train.x, epochs=30, batch_size=50).params)
maps = {
    "PCA": [(x - mean) @ basis[:2].T for x in (train.x, test.x)],
    "autoencoder": [np.asarray(encoder(x)) for x in (train.x, test.x)],
}
accuracy = {name: probes.k_nearest(a, train.labels, b, test.labels).accuracy for name, (a, b) in maps.items()}

# %%
figure, axes = plt.subplots(1, 2, figsize=(11, 5))
for ax, (name, (_, points)) in zip(axes, maps.items(), strict=True):
    for c in range(10):
        ax.scatter(*points[test.labels == c].T, s=6, color=f"C{c}", label=c)
    ax.set(xlabel="first number", ylabel="second number", title=f"{name}: {accuracy[name]:.2f} by nearest neighbours")
axes[1].legend(title="class", markerscale=3, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
print(", ".join(f"{name} {value:.3f}" for name, value in accuracy.items()) + f"; you said {prediction}")

# %% [markdown]
# ## Claim 2: noise before the code makes bits
#
# For an address each unit has to say yes or no. Train with noise in front of sigmoid units,
#
# $$h = \sigma(z + s \, \varepsilon), \qquad \varepsilon \sim N(0, I) .$$
#
# What noise can flip is of no use to the decoder, so that training drives $z$ far from 0 and $h$ to 0 and 1 (Salakhutdinov &
# Hinton 2009). The noise is an axis of one program.
#
# **Predict:** which share of the activations of test digits is below 0.05 or above 0.95, without noise and at $s = 4$?

# %%
prediction = None  # for example (0.1, 0.7)

# %%
noises = [0.0, 1.0, 4.0]
hasher = Dense(784, (256, 32), ("gelu", "linear"), tied=False, init_weights="he_normal")  # the sigmoid follows
recipe = Recipe(losses.binary_cross_entropy, adam, code=configure(codes.noisy_sigmoid, std=noises))
recipes, seeds, _ = sweeps.expand(recipe)
grid = training.fit_grid(hasher, recipes, train.x, seeds=seeds, epochs=15)
activations = [
    [
        np.asarray(encode(sweeps.take(recipes, i), hasher.encoder(sweeps.take(grid.params, i)), x))
        for x in (train.x, test.x)
    ]
    for i in range(len(noises))
]

# %%
rounding = []  # what the reconstruction loses where the code becomes bits, in nats per digit
for i, (_, h) in enumerate(activations):
    decoder = hasher.decoder(sweeps.take(grid.params, i))
    exact, bits = (losses.binary_cross_entropy(decoder(code), test.x) for code in (h, np.float32(h > 0.5)))
    rounding.append((float(exact.mean()), float(bits.mean())))
figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), sharey=True)
for ax, std, (_, h) in zip(axes, noises, activations, strict=True):
    ax.hist(h.ravel(), bins=40, density=True)
    ax.set(xlabel="activation", title=f"noise s = {std}")
axes[0].set_ylabel("density")
plt.show()

# %%
decided = [float(np.mean((h < 0.05) | (h > 0.95))) for _, h in activations]
print(
    ", ".join(f"{share:.2f} at s = {s}" for share, s in zip(decided, noises, strict=True)) + f"; you said {prediction}"
)
for s, (exact, bits) in zip(noises, rounding, strict=True):
    print(f"s = {s}: test cross-entropy {exact:.1f} nats by the activations, {bits:.1f} by the bits")

# %% [markdown]
# ## Claim 3: the bits are an address at which like digits lie
#
# The code of 32 numbers becomes 32 bits, $b_j = 1$ where $h_j$ is above its median over the training digits. Two digits
# differ in $\mathrm{popcount}(b \oplus b')$ bits. Each test digit ranks all training digits by that number; average precision
# is the mean, over the digits of its class, of the precision up to each,
#
# $$\mathrm{AP} = \frac{1}{|R|} \sum_{i \in R} P(\text{rank } i) .$$
#
# The signs of the first 16 principal components are an address as well.
#
# **Predict:** which mean average precision have the bits at $s = 4$, the bits of PCA, and the pixels by Euclidean distance?

# %%
prediction = None  # for example (0.3, 0.2, 0.4)


# %%
def distances(base, queries):
    """Hamming distances of the bits above the base's medians, [queries, base]."""
    medians = np.median(base, axis=0)
    return hashing.hamming(*(hashing.pack(hashing.binary(h, medians)) for h in (queries, base)))


relevant = test.labels[:, None] == train.labels
rankings = {f"bits, s = {s:g}": distances(*h) for s, h in zip(noises, activations, strict=True)}
rankings["bits of PCA"] = distances(*((x - mean) @ basis[:16].T for x in (train.x, test.x)))
rankings["pixels"] = np.square(test.x).sum(axis=1)[:, None] + np.square(train.x).sum(axis=1) - 2 * test.x @ train.x.T
precision = {name: float(hashing.average_precision(d, relevant).mean()) for name, d in rankings.items()}

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2), layout="constrained")
left.barh(list(precision), list(precision.values()))
left.set(xlabel="mean average precision")
for c, row in enumerate((5, 250, 555)):
    found = np.argsort(rankings["bits, s = 4"][row], kind="stable")[:9]
    right.imshow(
        np.hstack([test.x[row].reshape(28, 28), *train.x[found].reshape(-1, 28, 28)]), "gray", extent=(0, 10, c, c + 1)
    )
right.set(
    xlim=(0, 10), ylim=(0, 3), xticks=[], yticks=[], title="a query, and the nine training digits of the nearest bits"
)
plt.show()

# %%
print(", ".join(f"{name} {value:.3f}" for name, value in precision.items()))
print(f"you said {prediction}")
print(f"bytes for each digit: {32 // 8} as bits, {train.x[0].nbytes} as pixels")

# %% [markdown]
# ## Claim 4: a denoiser that has learned digits beats a filter that has not
#
# A median filter of $m \times m$ pixels knows nothing of digits; PCA with $k$ components knows their covariance. The peak
# signal to noise ratio of pictures with values from 0 to 1 is
#
# $$\mathrm{PSNR} = -10 \log_{10} \bigl( \text{mean squared error of a pixel} \bigr) \ \text{dB} .$$
#
# The noise is salt and pepper on 30 % of the pixels. Both filters get the $m$ and the $k$ that are best on training digits.
#
# **Predict:** how many dB is the denoising autoencoder ahead of the better filter?

# %%
prediction = None  # dB; below 0 where it is behind

# %%
noise = configure(corruptions.salt_and_pepper, rate=0.3)
model, recipe = Dense(784, 256, "relu", tied=False), Recipe(losses.binary_cross_entropy, adam, corruption=noise)
params = training.fit(model, recipe, train.x, epochs=20, batch_size=50).params
noisy = np.asarray(noise(jax.random.key(1), test.x))
noisy_train = np.asarray(noise(jax.random.key(2), train.x))


def psnr(restored, clean):
    """Peak signal to noise ratio in dB."""
    return -10 * np.log10(np.mean(np.square(restored - clean)))


# %%
def by_median(x, m):
    """The median of m x m pixels."""
    return median_filter(x.reshape(-1, 28, 28), size=(1, m, m)).reshape(x.shape)


def by_pca(x, k):
    """The projection on k components of the clean training digits."""
    return mean + (x - mean) @ basis[:k].T @ basis[:k]


def best(method, values, noisy, clean):
    """The value with the largest ratio on these digits."""
    return max(values, key=lambda value: psnr(method(noisy, value), clean))


ways = {"median": (by_median, (3, 5, 7)), "PCA": (by_pca, (4, 8, 16, 32, 64))}

# %%
restored = {"noisy": noisy}
for name, (method, values) in ways.items():
    value = best(method, values, noisy_train, train.x)
    restored[f"{name}, {value}"] = method(noisy, value)
restored["autoencoder"] = np.asarray(reconstruct(recipe, model.encoder(params), model.decoder(params), noisy))
ratio = {name: float(psnr(x, test.x)) for name, x in restored.items()}
rows = [np.hstack(x[::110].reshape(-1, 28, 28)) for x in (test.x, *restored.values())]
plt.figure(figsize=(8, 4.2))
plt.imshow(np.vstack(rows), cmap="gray", vmin=0, vmax=1)
plt.yticks(14 + 28 * np.arange(5), ["clean", *(f"{name}: {value:.1f} dB" for name, value in ratio.items())])
plt.xticks([])
plt.show()

# %%
*filters, ours = list(ratio.values())[1:]
print(f"the autoencoder is {ours - max(filters):.1f} dB ahead of the better filter; you said {prediction}")

# %% [markdown]
# ## Falls short: it knows this noise and these pictures
#
# The same denoiser on other noise, and on digits that are turned upside down. The filters may choose their $m$ and $k$ anew
# on training digits of each kind; the denoiser stays as it was trained.

# %%
gaussian = configure(corruptions.gaussian, std=0.3)
kinds = {"as trained": (noise, 1), "Gaussian noise": (gaussian, 1), "upside down": (noise, -1)}
decibels = []  # [kind, way]
for name, (corruption, step) in kinds.items():
    (x, clean), (x_train, clean_train) = (
        (np.asarray(corruption(jax.random.key(4), c)), c) for c in (test.x[:, ::step], train.x[:, ::step])
    )
    values = [psnr(way(x, best(way, choices, x_train, clean_train)), clean) for way, choices in ways.values()]
    values.append(psnr(np.asarray(reconstruct(recipe, model.encoder(params), model.decoder(params), x)), clean))
    decibels.append(values)
    print(f"{name}: the autoencoder is {values[-1] - max(values[:-1]):.1f} dB ahead of the better filter")

# %%
places = np.arange(len(kinds))
for i, (label, color) in enumerate({"median": "C1", "PCA": "C2", "autoencoder": "C0"}.items()):
    plt.bar(places + (i - 1) / 4, np.array(decibels)[:, i], width=0.25, color=color, label=label)
plt.gca().set(xticks=places, xticklabels=list(kinds), ylabel="PSNR (dB)", ylim=(0, 23))
plt.legend(ncols=3)
plt.show()

# %% [markdown]
# Discuss: for which of the three applications would you use a network, and which measurement would you want on *your* data
# first? Compare the bits with the pixels in precision, in bytes and in time. The noise of claim 2 made bits that survive
# rounding: did it also make the ranking of claim 3 better?

# %% [markdown]
# ## Exercise: the distance of two addresses
#
# `hashing.pack` puts 64 bits into one word. Two addresses differ in
#
# $$d(a, b) = \sum_w \mathrm{popcount}(a_w \oplus b_w)$$
#
# bits. Write it for all pairs, without a Python loop over pairs.


# %%
def hamming(queries, base):
    """Bits that differ: uint64 [q, words] and [n, words] -> [q, n]."""
    ...


# %%
def verify(function):
    """Compare with counting unequal bits one by one, and with the library."""
    bits = np.random.default_rng(0).random((30, 100)) < 0.5  # two words
    words = hashing.pack(bits)
    answer = function(words[:10], words)
    if answer is None:
        return "not solved yet"
    np.testing.assert_array_equal(answer, (bits[:10, None] != bits[None]).sum(axis=-1))
    np.testing.assert_array_equal(answer, hashing.hamming(words[:10], words))
    return "solved"


print(verify(hamming))

# %% [markdown]
# ## Solution
#
# Exclusive or marks the bits that differ, for all pairs by broadcasting, and `np.bitwise_count` counts them.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(queries, base):
    """Bits that differ: uint64 [q, words] and [n, words] -> [q, n]."""
    return np.bitwise_count(queries[:, None] ^ base[None]).sum(axis=-1)


print(verify(solution))
assert verify(solution) == "solved"
