"""Which examples, keys and noise the steps of a run see."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_fits import MODEL, data, recipe, sgd

from jaxae import corruptions
from jaxae.functions import configure
from jaxae.sweeps import expand
from jaxae.training import fit_grid


def label(encoder, x):
    """Not a penalty: it shows in the curve which examples a step has seen."""
    return x[:, 0]


def dice(encoder, x, *, key):
    """Not a penalty: it shows in the curve which key a step has had."""
    return jnp.broadcast_to(jax.random.uniform(key), x.shape[:1])


def labelled(n):
    """Example i carries the label 2^i, so that a sum of labels is a set of examples."""
    x = data(n)
    x[:, 0] = 2.0 ** np.arange(n)
    return x


def labels_seen(n, batch_size, epochs, seeds, learning_rate=0.0, weight=0.0):
    """The sum of the labels of an epoch's examples, [runs, epochs]."""
    recipes, _, _ = expand(recipe(sgd(learning_rate), penalty=configure(label), weight=weight))
    curve = fit_grid(MODEL, recipes, labelled(n), seeds=seeds, epochs=epochs, batch_size=batch_size).curve
    return np.asarray(curve["penalty"]) * (n // batch_size * batch_size)


@pytest.mark.slow
def test_an_epoch_sees_every_example_once_but_for_those_left_out_anew():
    whole = labels_seen(12, 4, 3, [0])
    np.testing.assert_array_equal(whole, np.full((1, 3), 2**12 - 1))
    partial = labels_seen(11, 4, 20, [0])[0].astype(int)
    assert all(int(seen).bit_count() == 8 for seen in partial)  # three are left out; a repeat would carry over
    left_out = {seen ^ (2**11 - 1) for seen in partial}
    assert len(left_out) > 15  # of 165 sets of three; 20 draws are expected to hit 19
    assert np.bitwise_or.reduce(list(left_out)) == 2**11 - 1


@pytest.mark.slow
def test_runs_of_one_seed_see_the_same_examples_whatever_the_numbers():
    seen = labels_seen(11, 4, 8, [0, 0, 1], learning_rate=[0.0], weight=[0.0, 0.7, 0.7])
    np.testing.assert_array_equal(seen[0], seen[1])
    assert np.any(seen[0] != seen[2])


@pytest.mark.slow
def test_runs_of_one_seed_have_the_same_keys_which_are_new_at_every_step():
    recipes, _, _ = expand(recipe(sgd(0.0), penalty=configure(dice), weight=[0.0, 1.0, 1.0]))
    drawn = fit_grid(MODEL, recipes, data(), seeds=[0, 0, 1], epochs=8, batch_size=20).curve["penalty"]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert len(set(np.asarray(drawn[1:]).ravel().tolist())) == 16  # 8 steps of two seeds


@pytest.mark.slow
def test_noise_is_drawn_anew_in_training_and_not_at_all_in_testing():
    recipes, _, _ = expand(recipe(sgd(0.0), corruption=configure(corruptions.masking, rate=0.5)))
    x = data()
    curve = fit_grid(MODEL, recipes, x, seeds=[0], epochs=4, batch_size=5, x_test=x).curve
    assert len(set(np.asarray(curve["error"][0]).tolist())) == 4
    assert len(set(np.asarray(curve["test_error"][0]).tolist())) == 1


def test_different_seeds_start_from_different_weights():
    recipes, _, _ = expand(recipe(sgd([0.0, 0.0, 0.0, 0.0])))
    run = fit_grid(MODEL, recipes, data(), seeds=[0, 0, 1, 2], epochs=1, batch_size=5)
    weights = run.params["encoder"][0]["weight"]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.all(weights[0] != weights[2]) and np.all(weights[2] != weights[3])
