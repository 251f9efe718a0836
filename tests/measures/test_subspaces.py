import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxae.measures.subspaces import explained, local_directions


def test_explained_is_the_fraction_of_the_projection():
    key = jax.random.key(0)
    q = jnp.linalg.qr(jax.random.normal(key, (4, 20, 6)))[0].transpose(0, 2, 1)
    vectors = jax.random.normal(jax.random.key(1), (4, 3, 20))
    found = explained(q, vectors)
    for b in range(4):
        for m in range(1, 7):
            inside = vectors[b] @ q[b, :m].T @ q[b, :m]
            expected = np.sum(np.square(inside), -1) / np.sum(np.square(vectors[b]), -1)
            np.testing.assert_allclose(found[b, :, m - 1], expected, rtol=1e-4)
    np.testing.assert_allclose(explained(q, q)[:, :, -1], 1, rtol=1e-4)


def test_random_directions_hold_their_share_of_the_dimensions():
    q = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (400, 20, 6)))[0].transpose(0, 2, 1)
    found = explained(q, jax.random.normal(jax.random.key(1), (400, 1, 20))).mean(axis=(0, 1))
    np.testing.assert_allclose(found, np.arange(1, 7) / 20, atol=0.02)


def test_local_directions_are_the_principal_ones_of_the_neighbours():
    from sklearn.decomposition import PCA
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    data, x = rng.normal(size=(60, 8)).astype(np.float32), rng.normal(size=(2, 8)).astype(np.float32)
    found = local_directions(x, data, neighbours=20, count=3)
    near = NearestNeighbors(n_neighbors=20).fit(data).kneighbors(x, return_distance=False)
    for directions, index in zip(found, near, strict=True):
        expected = PCA(3).fit(data[index]).components_
        np.testing.assert_allclose(np.abs(directions @ expected.T), np.eye(3), atol=1e-4)


def test_more_directions_than_neighbours_are_refused():
    with pytest.raises(ValueError, match="count is 5 and neighbours 5"):
        local_directions(jnp.zeros((1, 4)), jnp.zeros((9, 4)), neighbours=5, count=5)
