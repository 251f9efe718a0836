# %% [markdown]
# # 4. Denoising and the score
#
# An autoencoder that must undo noise cannot learn the identity. You will see that it works best at the noise that it was
# trained with, that the way it moves a point is the gradient of the logarithm of the data's density (the *score*), and that
# this way leads back to the manifold.
#
# Sources: Vincent et al. 2010; Alain & Bengio 2014; Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 14.5.

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from jaxae import corruptions, losses, sweeps, training
from jaxae.data import load
from jaxae.data.densities import mixture_score, spiral_curve
from jaxae.functions import configure
from jaxae.measures import scores
from jaxae.models import Dense
from jaxae.objective import Recipe, reconstruct
from jaxae.schedules import Schedule


# %%
def denoisers(model, loss, x, noises, rate, epochs):
    """One denoising autoencoder for each deviation of the noise, trained in one program -> their functions r."""
    falling = Schedule(configure(optax.linear_schedule, init_value=rate, end_value=0.0, transition_steps=1.0))
    adam = configure(optax.adam, learning_rate=falling)  # from the rate to 0 over the training
    recipe = Recipe(loss, adam, corruption=configure(corruptions.gaussian, std=noises))
    recipes, seeds, _ = sweeps.expand(recipe)
    params = training.fit_grid(model, recipes, x, seeds=seeds, epochs=epochs).params
    pairs = [(model.encoder(p), model.decoder(p)) for p in (sweeps.take(params, i) for i in range(len(noises)))]
    return [lambda v, pair=pair: np.asarray(reconstruct(recipe, *pair, v)) for pair in pairs]


# %% [markdown]
# ## Claim 1: a denoiser is best at the noise of its training
#
# The input is $\tilde x = x + s \, \varepsilon$ with $\varepsilon \sim N(0, I)$, the target is the clean $x$:
#
# $$\min_r \; \mathbb{E} \, L\bigl(r(x + s \, \varepsilon), x\bigr), \qquad L \text{ here the cross-entropy of pixels.}$$
#
# **Predict:** four denoisers with $s$ = 0.1, 0.3, 0.6 and 1 are tested at the same four noises. At how many of the four is
# the one best that was trained there?

# %%
prediction = None  # 0 to 4

# %%
train, test = load("mnist5k", "train"), load("mnist5k", "test")
noises = [0.1, 0.3, 0.6, 1.0]
model, loss = Dense(784, 128, "relu", tied=False), losses.binary_cross_entropy  # pixels are from 0 to 1
digits = denoisers(model, loss, train.x, noises, rate=0.003, epochs=20)
noise = np.asarray(jax.random.normal(jax.random.key(0), test.x.shape))
error = np.array([[np.square(r(test.x + s * noise) - test.x).sum(axis=1).mean() for s in noises] for r in digits])

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), width_ratios=[1, 1.6])
left.imshow(error / error.min(axis=0), cmap="Blues", vmin=1, vmax=6)
for i, j in np.ndindex(error.shape):
    left.text(j, i, f"{error[i, j]:.0f}", ha="center", va="center")
left.set(xlabel="test noise s", ylabel="training noise s", title="squared error per digit")
left.set(xticks=range(4), xticklabels=noises, yticks=range(4), yticklabels=noises)
noisy = test.x[::125] + 0.6 * noise[::125]
right.imshow(np.vstack([np.hstack(x.reshape(-1, 28, 28)) for x in (noisy, digits[2](noisy))]), "gray", vmin=0, vmax=1)
right.set(title="noise 0.6, and what the denoiser for 0.6 makes of it")
right.axis("off")
plt.show()

# %%
best = error.argmin(axis=0)
print(f"the matching denoiser is best at {np.sum(best == np.arange(4))} of 4 noises; you said {prediction}")
for s, column, winner in zip(noises, error.T, best, strict=True):
    print(f"at s = {s}: best is training noise {noises[winner]} ({column.min():.1f}), worst costs {column.max():.1f}")

# %% [markdown]
# ## Claim 2: what a denoiser adds to a point is the score, times the variance of the noise
#
# For the best $r$ at noise $s$, with $p_s$ the density of the noisy data,
#
# $$r(\tilde x) - \tilde x = s^2 \, \nabla \log p_s(\tilde x) .$$
#
# We check it where the density is known: three Gaussians of deviation 3, with 15 between their means, on a line. The noise
# makes them wider, to $\sqrt{3^2 + s^2}$.
#
# **Predict:** how large is the root mean square error of $(r(x) - x) / s^2$ at $s = 3$, relative to the score itself?

# %%
prediction = None  # 0.1 is ten percent

# %%
line, points = (load("mixture", split, spacing=15, std=3).x for split in ("train", "test"))
stds = [0.75, 1.5, 3.0, 6.0]
model = Dense(1, 100, "tanh", tied=False, init_weights="lecun_normal")
on_line = denoisers(model, losses.squared_error, line, stds, rate=0.03, epochs=60)
estimates = [scores.score_estimate(r(points), points, std=s)[:, 0] for r, s in zip(on_line, stds, strict=True)]
exact = [mixture_score(points[:, 0], spacing=15, std=np.hypot(3, s)) for s in stds]  # of the blurred density
relative = [np.sqrt(np.mean((a - b) ** 2) / np.mean(b**2)) for a, b in zip(estimates, exact, strict=True)]

# %%
order = np.argsort(points[:, 0])
figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
for ax, s, estimate, true in zip(axes, stds, estimates, exact, strict=True):
    ax.plot(points[order, 0], true[order], label="score of the noisy density")
    ax.plot(points[order, 0], estimate[order], "--", label="(r(x) - x) / s²")
    ax.set(xlabel="x", title=f"s = {s}")
axes[0].set_ylabel("score per unit of x")
axes[0].legend(fontsize=7)
plt.show()

# %%
print(f"relative error at s = 3: {relative[2]:.3f}; you said {prediction}")

# %% [markdown]
# ## Claim 3: the moves lead back to the manifold
#
# The data lie on a spiral in the plane, $x(t) = 1.2 \, t \, (\sin t, \cos t)$. Next to it the score points to the nearest
# point of the spiral, and so should the moves:
#
# $$r(x) - x \; \propto \; x(t^*) - x, \qquad t^* = \arg\min_t \lVert x(t) - x \rVert .$$
#
#
# **Predict:** what is the median angle, in degrees, between a move and the way to the nearest point? Points are up to 2.4
# away from the spiral in each coordinate, whose turns are 7.5 apart. A random direction has 90.

# %%
prediction = None  # degrees

# %%
spiral, curve = load("spiral", "train", pitch=1.2).x, spiral_curve(2000, 1.2)
model = Dense(2, 200, "tanh", tied=False, init_weights="lecun_normal")
(denoise,) = denoisers(model, losses.squared_error, spiral, [1.5], rate=0.03, epochs=60)
rng = np.random.default_rng(0)
near = curve[rng.integers(len(curve), size=600)] + rng.uniform(-2.4, 2.4, (600, 2))
near = near.astype(np.float32)
moves = denoise(near) - near
angle = scores.angles(moves, scores.to_curve(near, curve))

# %%
plt.figure(figsize=(5, 5))
plt.plot(*curve.T, color="lightgray", lw=3)
plt.quiver(*near.T, *moves.T, angles="xy", scale_units="xy", scale=1, width=0.003)
plt.axis("equal")
plt.xlabel("$x_1$")
plt.ylabel("$x_2$")
plt.title("moves r(x) - x of the denoiser, in the units of the data")
plt.show()

# %%
print(f"the median angle is {np.median(angle):.1f} degrees; you said {prediction}")
print(f"{100 * np.mean(angle < 90):.0f} % of the moves do not lead away from the nearest point")

# %% [markdown]
# ## Falls short: small noise is not learned, large noise is another density
#
# The score of the *data* is the limit $s \to 0$. The smaller $s$, the closer the blurred density to it; but $r(x) - x$
# becomes as small as $s^2$, and what training leaves as error is divided by $s^2$. The cell compares each estimate with the
# score of the data and splits the error into these two parts.

# %%
wanted = mixture_score(points[:, 0], spacing=15, std=3)
scale = np.sqrt(np.mean(wanted**2))
total = [np.sqrt(np.mean((estimate - wanted) ** 2)) / scale for estimate in estimates]
learning = [np.sqrt(np.mean((estimate - true) ** 2)) / scale for estimate, true in zip(estimates, exact, strict=True)]
blur = [np.sqrt(np.mean((true - wanted) ** 2)) / scale for true in exact]
for name, values in (("all", total), ("learning", learning), ("blur", blur)):
    plt.loglog(stds, values, "o-", label=name)
    print(f"{name}: " + ", ".join(f"{value:.2f} at s = {s}" for value, s in zip(values, stds, strict=True)))
plt.xlabel("noise s in training")
plt.ylabel("error relative to the score of the data")
plt.legend()
plt.show()

# %% [markdown]
# Discuss: which $s$ would you choose, and how does your answer change with ten times the data or training? What does the
# field say where no training point, noisy or not, has ever been?

# %% [markdown]
# ## Exercise: the best denoiser of points
#
# Where the data are $m$ equally likely points $p_i$, the $r$ of least error is the mean of the points given $\tilde x$:
#
# $$r(\tilde x) = \mathbb{E}[p \mid \tilde x] = \sum_i w_i \, p_i, \qquad
# w_i \propto \exp\Bigl(-\frac{\lVert \tilde x - p_i \rVert^2}{2 s^2}\Bigr), \qquad \sum_i w_i = 1 .$$
#
# Write it for many $\tilde x$ at once. It must work where every exponential is 0 in floating point.


# %%
def posterior_mean(x, points, std):
    """E[p | x] for each row: x [n, d], points [m, d] -> [n, d]."""
    ...


# %%
def log_density(v, points):
    """Up to a constant, that of the points under noise of deviation 0.5."""
    return jax.nn.logsumexp(-jnp.square(v - points).sum(axis=1) / (2 * 0.5**2))


# %%
def verify(function):
    """Compare with the library, with the score by automatic differentiation, and far away with the nearest point."""
    rng = np.random.default_rng(0)
    points, x = rng.normal(size=(50, 3)), rng.normal(size=(20, 3))
    answer = function(x, points, 0.5)
    if answer is None:
        return "not solved yet"
    np.testing.assert_allclose(answer, scores.best_denoiser(x, points, std=0.5), rtol=1e-6)
    score = jax.vmap(jax.grad(log_density), (0, None))(x, points)  # float32
    np.testing.assert_allclose((answer - x) / 0.5**2, score, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(function(points + 1e-4, points, 1e-3), points, atol=1e-6)
    return "solved" if np.isfinite(function(x + 1e3, points, 1e-2)).all() else "not solved yet: far points give NaN"


print(verify(posterior_mean))

# %% [markdown]
# ## Solution
#
# The largest exponent of each row is subtracted first. It cancels in the quotient, and one weight is then 1.


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution(x, points, std):
    """E[p | x] for each row: x [n, d], points [m, d] -> [n, d]."""
    exponent = -np.square(x[:, None] - points).sum(axis=-1) / (2 * std**2)
    weights = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return weights @ points / weights.sum(axis=1, keepdims=True)


print(verify(solution))
assert verify(solution) == "solved"
