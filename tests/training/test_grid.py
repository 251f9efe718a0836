import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.linalg
from small_fits import MODEL, data, recipe, sgd

from jaxae import codes, corruptions, losses, penalties
from jaxae.functions import configure
from jaxae.models import Dense
from jaxae.objective import objective
from jaxae.schedules import Schedule
from jaxae.sweeps import expand, take
from jaxae.training import evaluation_error, fit, fit_grid

TRACES = {"loss": 0}


def counted_squared_error(prediction, target):
    TRACES["loss"] += 1
    return losses.squared_error(prediction, target)


def one(encoder, x):
    return jnp.ones(len(x))


def linear(start, end):
    return Schedule(configure(optax.linear_schedule, init_value=start, end_value=end, transition_steps=1))


def close(a, b, rtol=1e-5, atol=1e-6):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=atol)


def identical(a, b):
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_a_linear_autoencoder_reaches_the_error_and_the_subspace_of_pca(tied):
    # Baldi & Hornik 1989: the only minima of the squared error are at the span of the leading principal components.
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    scales = np.array([3.0, 2.5, 2.0, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1])
    x = (rng.normal(size=(400, 10)) * scales @ axes + rng.normal(size=10)).astype(np.float32)
    centred = x.astype(np.float64) - x.mean(axis=0)
    _, values, components = np.linalg.svd(centred, full_matrices=False)
    least = np.sum(values[3:] ** 2) / len(x)
    model = Dense(10, 3, activation="linear", tied=tied)
    falling = configure(optax.adam, learning_rate=linear(0.03, 0.0))
    run = fit_grid(model, *expand(recipe(falling))[:1], x, seeds=[0], epochs=120, batch_size=50, x_test=x)
    params = take(run.params, 0)
    error = run.curve["test_error"][0, -1]
    assert least * (1 - 1e-5) <= error <= 1.01 * least  # no map of rank 3 is below PCA (Eckart & Young 1936)
    decoder = model.decoder(params).layers[0].weight
    angles = scipy.linalg.subspace_angles(np.asarray(decoder, np.float64).T, components[:3].T)
    assert np.degrees(angles.max()) < 2


@pytest.fixture(scope="module")
def noisy_grid():
    """Five runs of a recipe with noise, schedules, a sparse code and a penalty, and the five single fits."""
    chosen = recipe(
        configure(optax.adam, learning_rate=[0.001, 0.003, 0.01, 0.03, 0.1]),
        corruption=configure(corruptions.masking, rate=0.3),
        code=configure(codes.top_k, k=linear(3.0, 1.0)),
        penalty=configure(penalties.contractive_closed_form),
        weight=linear(0.0, 0.1),
    )
    recipes, _, _ = expand(chosen)
    seeds = [3, 1, 4, 1, 5]
    x, x_test = jnp.asarray(data(22)), jnp.asarray(data(7, seed=1))
    single = jax.jit(lambda recipe, seed: fit(MODEL, recipe, x, seed=seed, epochs=3, batch_size=5, x_test=x_test))
    singles = [single(take(recipes, i), seed) for i, seed in enumerate(seeds)]
    return recipes, seeds, x, x_test, singles


@pytest.mark.slow
@pytest.mark.parametrize(
    "parallel_runs", [1, 2, 3, 9, "auto"]
)  # 2 and 3 do not divide five runs, 9 is more than there are
def test_a_grid_is_its_single_fits(noisy_grid, parallel_runs):
    recipes, seeds, x, x_test, singles = noisy_grid
    grid = fit_grid(MODEL, recipes, x, seeds=seeds, epochs=3, batch_size=5, x_test=x_test, parallel_runs=parallel_runs)
    assert set(grid.curve) == {"loss", "error", "penalty", "test_error"}
    assert all(values.shape == (5, 3) for values in grid.curve.values())
    for i, alone in enumerate(singles):
        close(take(grid, i), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_precision_changes_the_products_and_nothing_else():
    x = data()
    recipes, _, _ = expand(recipe(penalty=configure(penalties.contractive), weight=[0.0, 0.1]))
    sizes = {"epochs": 2, "batch_size": 5, "x_test": x}

    def run(**options):
        return fit_grid(MODEL, recipes, x, seeds=[0, 0], **sizes, **options)

    default, single, half = run(), run(precision="float32"), run(precision="bfloat16")
    identical(default, single)
    assert {leaf.dtype for leaf in jax.tree.leaves((half.params, half.curve))} == {np.dtype(np.float32)}
    for name in ("loss", "error", "test_error"):
        difference = np.abs(half.curve[name] / single.curve[name] - 1)
        assert np.all(difference > 0) and np.all(difference < 0.02), name  # a factor is rounded by 2**-9 at most
    close(run(precision="bfloat16", parallel_runs=2), half, rtol=0.02, atol=0.02)
    alone = jax.jit(lambda recipe: fit(MODEL, recipe, x, **sizes, precision="bfloat16"))
    close(alone(take(recipes, 1)), take(half, 1), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_fit_can_be_mapped_over_seeds():
    x = jnp.asarray(data())

    def run(seed):
        return fit(MODEL, recipe(sgd(0.01)), x, seed=seed, epochs=2, batch_size=5)

    together, alone = jax.jit(jax.vmap(run))(jnp.arange(2)), jax.jit(run)
    for seed in range(2):
        close(take(together, seed), alone(seed))


@pytest.mark.slow
@pytest.mark.parametrize("parallel_runs", [1, 2])
@pytest.mark.parametrize("bad", [1e38, 1e30])
def test_a_run_that_diverges_leaves_the_others_untouched(parallel_runs, bad):
    def grid(rates):
        recipes, _, _ = expand(recipe(sgd(rates)))
        return fit_grid(MODEL, recipes, data(), seeds=[0, 1, 2, 3], epochs=3, batch_size=5, parallel_runs=parallel_runs)

    healthy, sick = grid([0.01, 0.02, 0.03, 0.04]), grid([0.01, bad, 0.03, 0.04])
    for i in (0, 2, 3):
        identical(take(sick, i), take(healthy, i))
    assert not np.all(np.isfinite(sick.curve["loss"][1]))
    assert np.all(np.isfinite(healthy.curve["loss"]))


@pytest.mark.slow
def test_a_step_is_the_gradient_of_the_objective():
    x = jnp.asarray(data())
    chosen = recipe(sgd(0.0), penalty=configure(penalties.contractive), weight=0.3)
    run = jax.jit(lambda recipe: fit(MODEL, recipe, x, epochs=1, batch_size=20))
    start, moved = run(chosen).params, run(chosen._replace(optimizer=sgd(0.05))).params

    def whole(params):  # nothing is random: the order of the examples does not matter
        return objective(chosen, MODEL.encoder(params), MODEL.decoder(params), jax.random.key(0), x)[0]

    expected = jax.tree.map(lambda p, g: p - 0.05 * g, start, jax.jit(jax.grad(whole))(start))
    close(moved, expected, rtol=1e-5, atol=1e-6)
    assert np.max(np.abs(moved["encoder"][0]["weight"] - start["encoder"][0]["weight"])) > 1e-3


@pytest.mark.slow
def test_the_time_of_a_schedule_runs_over_the_steps_from_0_to_1():
    recipes, _, _ = expand(recipe(sgd(0.0), penalty=configure(one), weight=linear([0.0, 1.0], 1.0)))
    curve = fit_grid(MODEL, recipes, data(), seeds=[0, 0], epochs=3, batch_size=5).curve
    times = np.arange(12).reshape(3, 4) / 12  # four steps an epoch
    got = curve["loss"] - curve["error"]  # the weight, since the penalty is 1
    np.testing.assert_allclose(got, [times.mean(axis=1), np.ones(3)], atol=1e-5)


@pytest.mark.slow
def test_the_test_error_is_that_of_the_numbers_at_the_end_of_the_epoch():
    x, x_test = data(), data(7, seed=1)
    recipes, _, _ = expand(recipe(code=configure(codes.top_k, k=linear(1.0, 3.0))))
    run = fit_grid(MODEL, recipes, x, seeds=[0], epochs=2, batch_size=5, x_test=x_test)
    params = take(run.params, 0)
    final = recipe(code=configure(codes.top_k, k=3))
    output = np.tanh(x_test @ params["encoder"][0]["weight"] + params["encoder"][0]["bias"])
    output = output @ params["encoder"][0]["weight"].T + params["decoder"][0]["bias"]
    expected = np.mean(np.sum((np.asarray(output, np.float64) - x_test) ** 2, axis=1))
    np.testing.assert_allclose(run.curve["test_error"][0, -1], expected, rtol=1e-5)
    got = jax.jit(evaluation_error, static_argnums=0)(MODEL, final, params, x_test)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def grid_of_counted(learning_rates, k, weight, epochs=2, parallel_runs=1):
    recipes, seeds, _ = expand(
        recipe(
            configure(optax.adam, learning_rate=learning_rates),
            loss=configure(counted_squared_error),
            code=configure(codes.top_k, k=k),
            penalty=configure(penalties.contractive_closed_form),
            weight=weight,
        )
    )
    before = TRACES["loss"]
    fit_grid(
        MODEL, recipes, data(), seeds=seeds, epochs=epochs, batch_size=5, x_test=data(7), parallel_runs=parallel_runs
    )
    return TRACES["loss"] - before


@pytest.mark.slow
def test_other_numbers_and_more_epochs_compile_nothing():
    first = grid_of_counted([0.01, 0.02], 3, 0.0)
    assert first > 0
    assert grid_of_counted([0.1, 0.5], 1, 0.7) == 0
    assert grid_of_counted([0.1, 0.5], 2.0, 1, epochs=5) == 0  # also of another Python type
    assert (
        grid_of_counted([0.1, 0.5], 2, 1, parallel_runs=2) > 0
    )  # the parallel_runs is structure: the counter does count


@pytest.mark.slow
def test_other_numbers_of_a_schedule_compile_nothing():
    assert grid_of_counted([0.01, 0.02], linear(3.0, 1.0), 0.0) > 0
    assert grid_of_counted([0.03, 0.04], linear(2.0, 3.0), 0.5) == 0


@pytest.mark.slow
def test_on_epoch_is_called_after_every_epoch_with_its_row_of_the_curve():
    rows = []
    recipes, seeds, _ = expand(recipe(sgd([0.01, 0.02])))
    run = fit_grid(
        MODEL,
        recipes,
        data(),
        seeds=seeds,
        epochs=3,
        batch_size=5,
        x_test=data(7),
        on_epoch=lambda index, row: rows.append((index, jax.tree.map(np.asarray, row))),
    )
    assert [index for index, _ in rows] == [0, 1, 2]
    for index, row in rows:
        assert set(row) == {"loss", "error", "penalty", "test_error"}
        for name, values in row.items():
            np.testing.assert_array_equal(values, run.curve[name][:, index])


def test_without_test_data_there_is_no_test_error():
    recipes, _, _ = expand(recipe(sgd([0.1, 0.2, 0.3, 0.4])))
    run = fit_grid(MODEL, recipes, data(), seeds=[0, 1, 2, 3], epochs=1, batch_size=5)
    assert set(run.curve) == {"loss", "error", "penalty"}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0.*between 1 and.*20"),
        ({"batch_size": 21}, "batch_size is 21.*between 1 and.*20"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": True}, "epochs is True: it must be a whole number"),
        ({"batch_size": True}, "batch_size is True.*and whole"),
        ({"x_test": data(0)}, r"x_test has shape \(0, 6\): it must be \[n, 6\] as x is, with n from 1 on, or None"),
        ({"x_test": data()[:, :5]}, r"x_test has shape \(20, 5\): it must be \[n, 6\] as x is"),
        ({"x_test": data()[0]}, r"x_test has shape \(6,\): it must be \[n, 6\] as x is"),
        ({"x_test": []}, r"x_test has shape \(0,\): it must be \[n, 6\] as x is"),
        ({"parallel_runs": 0}, "parallel_runs is 0.*from 1 on, or 'auto'"),
        ({"parallel_runs": "wide"}, "parallel_runs is 'wide'.*from 1 on, or 'auto'"),
        ({"precision": "half"}, "precision is 'half'.*one of float32, tf32, bfloat16"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_name(sizes, message):
    recipes, seeds, _ = expand(recipe())
    with pytest.raises(ValueError, match=message):
        fit_grid(MODEL, recipes, data(), seeds=seeds, **{"epochs": 1, "batch_size": 5, **sizes})
    if "parallel_runs" not in sizes:
        with pytest.raises(ValueError, match=message):
            fit(MODEL, recipe(), data(), **{"epochs": 1, "batch_size": 5, **sizes})
