# %% [markdown]
# # 6. Deep and stacked
#
# You will see what depth brings at the same size of the code, how a deep autoencoder of sigmoid units is trained layer by
# layer and unrolled, and why that is less often done today.
#
# Sources: Hinton & Salakhutdinov 2006; Vincent et al. 2010; Goodfellow, Bengio & Courville 2016, *Deep Learning*, sections
# 14.3 and 15.1.

# %%
import jax
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import losses, pretraining, probes, sweeps, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import Recipe

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")
recipe = Recipe(losses.binary_cross_entropy, configure(optax.adam, learning_rate=1e-3))
mean = train.x.mean(axis=0)
basis = np.linalg.svd(train.x - mean, full_matrices=False)[2]


def squared_error(model, params):
    """On the test digits, per digit."""
    r = jax.nn.sigmoid(model.decoder(params)(model.encoder(params)(test.x)))  # the decoder gives logits
    return float(np.square(r - test.x).sum(axis=1).mean())


# %% [markdown]
# ## Claim 1: at the same size of the code a deep autoencoder reconstructs better
#
# All encoders below end in 16 linear units. Between the pixels and the code lie none, one or two hidden layers,
#
# $$h = W_3^\top s(W_2^\top s(W_1^\top x + b_1) + b_2) + b_3 ,$$
#
# and the decoder is the mirror image. A width is a shape, so that each model is a program of its own.
#
# **Predict:** which of no, one and two hidden layers has the least squared error, and how far is it below PCA, in percent?

# %%
prediction = None  # for example (1, 20)

# %%
depths = {
    "none": Dense(784, 16, "linear", tied=False),
    "one": Dense(784, (256, 16), ("gelu", "linear"), tied=False),
    "two": Dense(784, (256, 128, 16), ("gelu", "gelu", "linear"), tied=False),
}
runs = {name: training.fit(m, recipe, train.x, epochs=20, batch_size=50, x_test=test.x) for name, m in depths.items()}
errors = {name: squared_error(m, runs[name].params) for name, m in depths.items()}
pca = float(np.square((test.x - mean) - (test.x - mean) @ basis[:16].T @ basis[:16]).sum(axis=1).mean())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2))
for name, run in runs.items():
    left.plot(range(1, 21), run.curve["test_error"], label=name)
left.set(xlabel="epoch", ylabel="test cross-entropy (nats)", ylim=(75, 160))
left.legend(title="hidden layers")
right.bar([*errors, "PCA"], [*errors.values(), pca])
right.set(xlabel="hidden layers", ylabel="squared error per test digit", title="16 numbers")
plt.show()

# %%
best = min(errors, key=errors.get)
print(", ".join(f"{name}: {error:.1f}" for name, error in errors.items()), f"PCA: {pca:.1f}")
print(f"least: {best}, {100 * (1 - errors[best] / pca):.0f} % below PCA; you said {prediction}")

# %% [markdown]
# ## Claim 2: deep sigmoid networks start slowly, and layer-wise pretraining helps them
#
# The slope of a sigmoid is at most $1/4$, so that a gradient that passes four of them and back is small: at first a deep
# network of sigmoid units learns nothing but the mean digit. Greedy pretraining trains each layer as a small autoencoder of
# the codes below,
#
# $$\min_{W_l, b_l, c_l} \; \mathbb{E} \, L\bigl(s(W_l \, s(W_l^\top h_{l-1} + b_l) + c_l), \, h_{l-1}\bigr) ,$$
#
# then unrolls all layers and trains the whole. Both ways below see the data equally often for each layer: 8 + 8 epochs
# against 16.
#
# **Predict:** which squared errors have the two at the end? The mean digit has the number that the cell prints.

# %%
print(f"the mean digit: {np.square(test.x - mean).sum(axis=1).mean():.1f}")
prediction = None  # for example (30, 20): joint, pretrained

# %%
sigmoid = Dense(784, (256, 128, 64, 16), ("sigmoid", "sigmoid", "sigmoid", "linear"), tied=False)
seeds = [0, 1]
recipes, grid_seeds, _ = sweeps.expand(recipe, seed=seeds)
joint = training.fit_grid(sigmoid, recipes, train.x, seeds=grid_seeds, epochs=16, x_test=test.x)
starts = [pretraining.pretrain(sigmoid, recipe, train.x, seed=seed, epochs=8).params for seed in seeds]
start = jax.tree.map(lambda *runs: np.stack(runs), *starts)
tuned = training.fit_grid(sigmoid, recipes, train.x, seeds=grid_seeds, epochs=8, params=start, x_test=test.x)

# %%
for seed in seeds:
    plt.plot(range(1, 17), joint.curve["test_error"][seed], "C0", label="joint" if seed == 0 else None)
    plt.plot(range(9, 17), tuned.curve["test_error"][seed], "C1", label="pretrained" if seed == 0 else None)
plt.axvspan(0, 8, color="C1", alpha=0.1, label="pretraining of each layer")
plt.xlabel("epoch")
plt.ylabel("test cross-entropy (nats)")
plt.title("four layers of sigmoid units, two seeds")
plt.legend()
plt.show()

# %%
ends = {
    name: [squared_error(sigmoid, sweeps.take(fitted.params, i)) for i in range(len(seeds))]
    for name, fitted in (("joint", joint), ("pretrained", tuned))
}
for name, values in ends.items():
    print(f"{name}: {', '.join(f'{v:.1f}' for v in values)}")
print(f"you said {prediction}")

# %% [markdown]
# ## Claim 3: a layer that was learned without labels tells the classes apart better than pixels do
#
# Nobody showed the autoencoder a label. Multinomial logistic regression on each layer's code $h_l$,
#
# $$p(c \mid x) \propto \exp(v_c^\top h_l + d_c) ,$$
#
# says how much of the class can be read off by straight lines. The layers are those of the pretrained network above. They
# become narrower as they become deeper, so that depth is not all in which they differ.
#
# **Predict:** which layer gives the best classifier, the pixels being layer 0, and with which accuracy?

# %%
prediction = None  # for example (2, 0.9)

# %%
layers = sigmoid.encoder(sweeps.take(tuned.params, 0)).layers
codes, tests = [train.x], [test.x]
for layer in layers:
    codes.append(np.asarray(layer(codes[-1])))
    tests.append(np.asarray(layer(tests[-1])))
found = [
    probes.linear_probe(a[::2], train.labels[::2], b, test.labels, strengths=(0.01, 0.1, 1.0)).accuracy
    for a, b in zip(codes, tests, strict=True)
]

# %%
plt.bar([f"{i}\n{a.shape[1]}" for i, a in enumerate(codes)], found)
plt.ylim(0, 1)
plt.xlabel("layer, and its size")
plt.ylabel("accuracy on test digits")
plt.show()

# %%
print(", ".join(f"layer {i}: {a:.3f}" for i, a in enumerate(found)))
print(f"the best is layer {int(np.argmax(found))}; you said {prediction}")
half = 1.96 * np.sqrt(max(found) * (1 - max(found)) / len(test.x))
print(f"with {len(test.x)} test digits an accuracy is known to ± {half:.3f}")

# %% [markdown]
# ## Falls short: other units make pretraining unnecessary
#
# Gelu or rectified units have slopes near 1. The same four layers with gelu units, trained as a whole for as many epochs:

# %%
gelu = Dense(784, (256, 128, 64, 16), ("gelu", "gelu", "gelu", "linear"), tied=False, init_weights="he_normal")
modern = training.fit_grid(gelu, recipes, train.x, seeds=grid_seeds, epochs=16, x_test=test.x)
ends["gelu, joint"] = [squared_error(gelu, sweeps.take(modern.params, i)) for i in range(len(seeds))]
plt.bar(list(ends), [np.mean(values) for values in ends.values()])
plt.plot(list(ends), list(ends.values()), "k.")
plt.ylabel("squared error per test digit (points: seeds)")
print(", ".join(f"{name} {np.mean(values):.1f}" for name, values in ends.items()))

# %% [markdown]
# Discuss: what is left of the reasons for layer-wise training? Where, with few labels or a layer that cannot be
# differentiated, would you still use it?

# %% [markdown]
# ## Exercise: unroll a stack
#
# Each trained layer is a triple $(W, b, c)$: it encodes $h = s(W^\top x + b)$ and decodes $x \approx s(W h + c)$, with the
# sigmoid $s$. Write the reconstruction of the whole stack: all encoders from the first, then all decoders from the last.


# %%
def unrolled(layers, x):
    """The reconstruction of x [batch, features] by layers [(W, b, c), ...], the first one next to the data."""
    ...


# %%
def verify(function):
    """Compare with the library's tied autoencoder of three layers."""
    model = Dense(784, (30, 20, 10), "sigmoid", output="sigmoid")
    params = model.init(jax.random.key(0))
    biases = [layer["bias"] + 0.1 for layer in reversed(params["decoder"])]
    params["decoder"] = [{"bias": bias} for bias in reversed(biases)]
    layers = [(p["weight"], p["bias"], c) for p, c in zip(params["encoder"], biases, strict=True)]
    answer = function(layers, test.x[:5])
    if answer is None:
        return "not solved yet"
    np.testing.assert_allclose(answer, model.decoder(params)(model.encoder(params)(test.x[:5])), rtol=1e-5)
    return "solved"


print(verify(unrolled))

# %% [markdown]
# ## Solution
#
# The decoders come in the reverse order, as the last layer's code is the first to be opened.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(layers, x):
    """The reconstruction of x [batch, features] by layers [(W, b, c), ...], the first one next to the data."""
    for W, b, _ in layers:
        x = jax.nn.sigmoid(x @ W + b)
    for W, _, c in reversed(layers):
        x = jax.nn.sigmoid(x @ W.T + c)
    return x


print(verify(solution))
assert verify(solution) == "solved"
