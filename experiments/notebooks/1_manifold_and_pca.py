# %% [markdown]
# # 1. The manifold, and PCA
#
# A picture of a digit is a point in a space of 784 pixels. You will see that digits fill only a thin part of that space, that
# principal component analysis (PCA) is the best *linear* way to describe that part, that a linear autoencoder finds the same
# subspace, and that a nonlinear one does better.
#
# Sources: Goodfellow, Bengio & Courville 2016, *Deep Learning*, sections 2.12, 5.11.3 and 14.6; Facco et al. 2017; Levina &
# Bickel 2004; Baldi & Hornik 1989.
#
# Every claim begins with a question. Write your answer into `prediction` before you run the next cell.

# %%
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import losses, training
from jaxae.data import load
from jaxae.functions import configure
from jaxae.measures import intrinsic_dimension as dimension
from jaxae.models import Dense
from jaxae.objective import Recipe

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")
rng = np.random.default_rng(0)
shuffled = rng.permuted(train.x, axis=0)  # each pixel keeps its values, but takes them from other digits
plt.figure(figsize=(8, 2.2))
plt.imshow(np.vstack([np.hstack(x[:10].reshape(-1, 28, 28)) for x in (train.x, shuffled)]), cmap="gray")
plt.title("digits, and pixels drawn one by one from the digits")
plt.axis("off")
plt.show()

# %% [markdown]
# ## Claim 1: near a digit there are few directions that lead to digits
#
# Let $r_1$ and $r_2$ be the distances from a point to its two nearest neighbours. Where the points have $d$ local coordinates
# and their density changes little, the ratio $\mu = r_2 / r_1$ has the distribution
#
# $$P(\mu) = 1 - \mu^{-d}, \qquad\text{so}\qquad -\log(1 - P) = d \log \mu .$$
#
# The slope of a straight line through the origin is the dimension (Facco et al. 2017).
#
# **Predict:** how many local dimensions do the digits have, of 784?

# %%
prediction = None  # a number from 1 to 784

# %%
clouds = {"digits": train.x, "drawn pixels": shuffled}
distances = {name: dimension.neighbour_distances(x, 20) for name, x in clouds.items()}
local = {name: dimension.two_nearest(d) for name, d in distances.items()}
for name, d in distances.items():
    log_ratio = np.sort(np.log(d[:, 1] / d[:, 0]))
    plt.plot(log_ratio, -np.log1p(-np.arange(len(d)) / len(d)), ".", ms=2, label=f"{name}: slope {local[name]:.1f}")
plt.xlabel(r"$\log(r_2 / r_1)$")
plt.ylabel(r"$-\log(1 - P)$")
plt.title("the slope is the local dimension")
plt.legend()
plt.show()

# %%
print(
    f"digits have {local['digits']:.1f} local dimensions, drawn pixels {local['drawn pixels']:.1f}; you said {prediction}"
)

# %% [markdown]
# ## Claim 2: what PCA leaves out is the sum of the small eigenvalues
#
# Of all linear codes of $k$ numbers PCA's has the least squared error. With the eigenvalues $\lambda_1 \ge \lambda_2 \ge
# \dots$ of the covariance, and $U_k$ the first $k$ eigenvectors,
#
# $$\tfrac1n \sum_x \lVert x - \bar x - U_k U_k^\top (x - \bar x) \rVert^2 = \sum_{i > k} \lambda_i .$$
#
# **Predict:** how many components keep 90 % of the variance of the digits?

# %%
prediction = None  # a number from 1 to 784

# %%
mean = train.x.mean(axis=0)
_, singular, basis = np.linalg.svd(train.x - mean, full_matrices=False)  # rows of `basis` are the components
left_out = 1 - np.cumsum(singular**2) / np.sum(singular**2)
kept_90 = int(np.argmax(left_out <= 0.1)) + 1
plt.semilogx(np.arange(1, len(left_out) + 1), left_out)
plt.axvline(kept_90, color="gray", ls=":")
plt.xlabel("components k")
plt.ylabel("share of the variance left out")
plt.title("PCA of the digits")
plt.show()

# %%
components = (train.x - mean) @ basis[:kept_90].T
measured = np.square(train.x - mean - components @ basis[:kept_90]).sum() / np.square(train.x - mean).sum()
print(f"{kept_90} components keep 90 %; you said {prediction}")
print(f"left out, by the eigenvalues {left_out[kept_90 - 1]:.6f}, by reconstructing {measured:.6f}")

# %% [markdown]
# ## Claim 3: a linear autoencoder learns PCA's subspace, but not its axes
#
# With $h = W^\top x$ and $r = W h$ the squared error
#
# $$\mathbb{E} \, \lVert x - W W^\top x \rVert^2$$
#
# is least where the columns of $W$ span the first $k$ components (Baldi & Hornik 1989). Turning the columns within that
# subspace changes nothing, so that nothing makes a unit one component.
#
# We take the small digits of 8 by 8 pixels and $k = 8$.
#
# **Predict:** how much larger than PCA's is the error of the linear autoencoder, in percent, after 200 epochs of Adam?

# %%
prediction = None  # in percent of PCA's error

# %%
small = load("digits", "train").x
small = small - small.mean(axis=0)
linear = Dense(64, 8, "linear")
recipe = Recipe(losses.squared_error, configure(optax.adam, learning_rate=3e-3))
run = training.fit(linear, recipe, small, epochs=200)
axes = np.linalg.svd(small, full_matrices=False)[2][:8]
pca_error = np.square(small - small @ axes.T @ axes).sum(axis=1).mean()
error = np.square(small - linear.decoder(run.params)(linear.encoder(run.params)(small))).sum(axis=1).mean()

# %%
units = np.linalg.qr(run.params["encoder"][0]["weight"])[0]  # an orthonormal basis of the learned subspace
weights = run.params["encoder"][0]["weight"] / np.linalg.norm(run.params["encoder"][0]["weight"], axis=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5))
left.semilogy(run.curve["error"])
left.axhline(pca_error, color="gray", ls=":")
left.set(xlabel="epoch", ylabel="squared error per digit", title="PCA's error is dotted")
image = right.imshow(np.abs(axes @ weights), vmin=0, vmax=1)
right.set(xlabel="unit", ylabel="component", title="|cosine| of units and components")
figure.colorbar(image)
plt.show()

# %%
inside = np.square(axes @ units).sum() / 8  # 1 where the two subspaces are the same
print(f"the error is {100 * (error / pca_error - 1):.3f} % above PCA's; you said {prediction}")
print(f"{100 * inside:.3f} % of PCA's subspace lies in the learned one")
print(f"the best match of a component with one unit has a cosine of {np.abs(axes @ weights).max():.2f}")

# %% [markdown]
# ## Claim 4: the manifold is curved, so that a nonlinear code of the same size is better
#
# An autoencoder with a hidden layer in $f$ and in $g$,
#
# $$r(x) = g(f(x)) = W_4 \, s\bigl(W_3 (W_2 \, s(W_1 x + b_1) + b_2) + b_3\bigr) + b_4 ,$$
#
# describes a curved surface instead of a plane. Both codes below have 12 numbers, about the dimension of claim 1.
#
# **Predict:** what is the ratio of the errors on test digits, autoencoder to PCA?

# %%
prediction = None  # below 1: the autoencoder is better

# %%
curved = Dense(784, (256, 12), ("relu", "linear"), tied=False, init_weights="he_normal")
recipe = Recipe(losses.squared_error, configure(optax.adam, learning_rate=1e-3))
run = training.fit(curved, recipe, train.x, epochs=40)
plane = mean + (test.x - mean) @ basis[:12].T @ basis[:12]
surface = np.asarray(curved.decoder(run.params)(curved.encoder(run.params)(test.x)))
errors = [np.square(test.x - r).sum(axis=1) for r in (plane, surface)]

# %%
plt.figure(figsize=(8, 3))
plt.imshow(
    np.vstack([np.hstack(x[::110].reshape(-1, 28, 28)) for x in (test.x, plane, surface)]), cmap="gray", vmin=0, vmax=1
)
plt.yticks([14, 42, 70], ["test digit", f"PCA, {errors[0].mean():.1f}", f"autoencoder, {errors[1].mean():.1f}"])
plt.xticks([])
plt.title("reconstructions from 12 numbers, with the squared error per digit")
plt.show()

# %%
ratio = errors[1].mean() / errors[0].mean()
print(f"the ratio of the errors is {ratio:.2f}; you said {prediction}")
print(f"the autoencoder is better on {100 * np.mean(errors[1] < errors[0]):.0f} % of the test digits")

# %% [markdown]
# ## Falls short: one number does not fit all digits
#
# A manifold of $d$ dimensions has $d$ directions everywhere. If the digits were one such manifold, every class would give the
# same number. The cell also estimates a Gaussian cloud with the covariance of the digits, which is all that PCA knows of
# them.

# %%
gaussian = mean + rng.normal(size=train.x.shape) / np.sqrt(len(train.x)) * singular @ basis
cloud = dimension.two_nearest(dimension.neighbour_distances(gaussian, 2))
by_class = [train.x[train.labels == c] for c in range(10)]
found = [dimension.two_nearest(dimension.neighbour_distances(x, 2)) for x in by_class]
plt.bar(range(10), found)
plt.axhline(local["digits"], color="gray", ls=":")
plt.xlabel("class")
plt.xticks(range(10))
plt.ylabel("local dimension (all classes: dotted)")
print(f"from {min(found):.1f} for the {np.argmin(found)}s to {max(found):.1f} for the {np.argmax(found)}s")
print(f"a Gaussian of equal covariance has {cloud:.1f}")

# %% [markdown]
# Discuss: why do some classes need fewer directions than others? What would you need to know before you call the number of
# claim 1 *the* dimension of handwritten digits, and what does the Gaussian's number say about describing digits by a
# covariance?

# %% [markdown]
# ## Exercise: the maximum-likelihood dimension
#
# Levina & Bickel use $k$ neighbours instead of two. With $T_j(x)$ the distance from $x$ to its $j$-th neighbour,
#
# $$\hat d = \Bigl[\frac1n \sum_x \frac{1}{k - 1} \sum_{j=1}^{k-1} \log \frac{T_k(x)}{T_j(x)} \Bigr]^{-1} .$$
#
# Write it. `distances[i, j - 1]` is $T_j$ of example $i$. The next cell compares it with the library's.


# %%
def maximum_likelihood_dimension(distances, k):
    """The dimension from distances [examples, k or more], sorted."""
    ...


# %%
def verify(function):
    """Compare with the library on digits, and on points of a plane whose dimension is 2."""
    plane = np.random.default_rng(1).random((2000, 2)) @ np.random.default_rng(2).random((2, 50))
    for d in (distances["digits"], dimension.neighbour_distances(plane, 20)):
        answer = function(d, 10)
        if answer is None:
            return "not solved yet"
        np.testing.assert_allclose(answer, dimension.levina_bickel(d, 10), rtol=1e-6)
    return f"solved: the plane has {answer:.2f} dimensions"


print(verify(maximum_likelihood_dimension))

# %% [markdown]
# ## Solution
#
# The logarithm of a quotient is a difference, and the mean over $j$ and $x$ is one mean over a table.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(distances, k):
    """The dimension from distances [examples, k or more], sorted."""
    logs = np.log(distances[:, :k])
    return 1 / np.mean(logs[:, -1:] - logs[:, :-1])


print(verify(solution))
assert verify(solution).startswith("solved")
