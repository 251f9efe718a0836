import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from jaxae.measures.image_tangents import AFFINE, MARGIN, TRANSFORMATIONS, affine, derivatives, dilate, spline

SIZE = 28
V, U = np.meshgrid(np.arange(SIZE) - 13.5, np.arange(SIZE) - 13.5, indexing="ij")  # down, right
SX, SY, U0, V0 = 2.0, 2.5, 2.0, -1.5


def blob(u, v):
    """A smooth Gaussian blob off the centre, as a formula of the position."""
    return np.exp(-((u - U0) ** 2) / (2 * SX**2) - (v - V0) ** 2 / (2 * SY**2))


def gradient(u, v):
    return -(u - U0) / SX**2 * blob(u, v), -(v - V0) / SY**2 * blob(u, v)


IMAGE = jnp.asarray(blob(U, V)[None], jnp.float32)


def test_the_spline_passes_through_the_pixels_and_is_scipys():
    noise = np.random.default_rng(0).normal(size=(SIZE, SIZE))
    np.testing.assert_allclose(affine(jnp.asarray(noise)), noise, atol=1e-5)
    # The border conditions differ, so that the coefficients agree away from it.
    expected = ndimage.spline_filter(noise, order=3, mode="mirror")
    np.testing.assert_allclose(spline(jnp.asarray(noise))[10:-10, 10:-10], expected[10:-10, 10:-10], atol=1e-4)


def test_a_whole_shift_moves_the_pixels_and_a_quarter_turn_is_clockwise():
    image = jnp.zeros((SIZE, SIZE)).at[10, 12].set(1.0)
    np.testing.assert_allclose(affine(image, shift=(3.0, -2.0)), jnp.roll(image, (-2, 3), (0, 1)), atol=1e-5)
    np.testing.assert_allclose(affine(image, rotation=np.pi / 2), np.rot90(image, k=-1), atol=1e-5)


def test_finite_transformations_are_those_of_the_formula():
    c, s = np.cos(0.3), np.sin(0.3)
    turned = blob(c * U + s * V, c * V - s * U)  # the position turned back by the inverse
    np.testing.assert_allclose(affine(IMAGE, rotation=0.3)[0], turned, atol=2e-3)
    np.testing.assert_allclose(affine(IMAGE, scaling=0.2)[0], blob(U * np.exp(-0.2), V * np.exp(-0.2)), atol=2e-3)
    np.testing.assert_allclose(affine(IMAGE, shift=(0.4, -0.7))[0], blob(U - 0.4, V + 0.7), atol=2e-3)


def test_derivatives_are_the_analytic_ones():
    gu, gv = gradient(U, V)
    expected = [-gu, -gv, gu * V - gv * U, -(gu * U + gv * V), np.hypot(gu, gv)]
    for name, found, exact in zip(TRANSFORMATIONS, derivatives(IMAGE)[0], expected, strict=True):
        np.testing.assert_allclose(found, exact, atol=5e-3 * np.abs(exact).max(), err_msg=name)


def test_derivatives_are_central_differences_on_a_digit():
    from jaxae import data

    x = jnp.asarray(data.load("mnist5k", "test").x[:2].reshape(2, SIZE, SIZE))
    step = 0.02
    for i, (name, numbers) in enumerate(
        [
            ("shift", lambda t: {"shift": (t, 0.0)}),
            ("shift", lambda t: {"shift": (0.0, t)}),
            ("rotation", lambda t: {"rotation": t / 10}),
            ("scaling", lambda t: {"scaling": t / 10}),
        ]
    ):
        scale = 1 if name == "shift" else 10
        difference = scale * (affine(x, **numbers(step)) - affine(x, **numbers(-step))) / (2 * step)
        exact = derivatives(x)[:, i]
        np.testing.assert_allclose(difference, exact, atol=5e-3 * float(jnp.abs(exact).max()), err_msg=name)


def test_thickening_is_the_growth_of_a_dilation():
    radius = 0.02
    growth = (dilate(IMAGE, radius=radius) - IMAGE)[0] / radius
    slope = derivatives(IMAGE)[0, -1]
    np.testing.assert_allclose(growth, slope, atol=0.02 * float(slope.max()))


def test_no_dark_frame_moves_in_with_a_picture_that_is_bright_at_its_edge():
    # 0 outside would give 0.7 along the edge. The spline's ripple decays by 2 - sqrt(3) a pixel; a turn has a lever of 20.
    ripple = 0.7 * (2 - np.sqrt(3)) ** MARGIN
    for name, found in zip(TRANSFORMATIONS, derivatives(jnp.full((1, SIZE, SIZE), 0.7))[0], strict=True):
        lever = 20 if name in ("rotation", "scaling") else 1
        np.testing.assert_allclose(found, 0, atol=ripple * lever, err_msg=name)
    ramp = 0.4 + 0.01 * U + 0.005 * V
    inside = (slice(6, -6), slice(6, -6))
    expected = [-0.01, -0.005, 0.01 * V - 0.005 * U, -(0.01 * U + 0.005 * V), np.hypot(0.01, 0.005)]
    for name, found, exact in zip(
        TRANSFORMATIONS, derivatives(jnp.asarray(ramp[None], jnp.float32))[0], expected, strict=True
    ):
        exact = np.broadcast_to(exact, ramp.shape)
        np.testing.assert_allclose(found[inside], exact[inside], atol=1e-4, err_msg=name)


def test_thickening_is_the_only_transformation_that_is_not_affine():
    assert set(TRANSFORMATIONS) - set(AFFINE) == {"thickening"}
    assert TRANSFORMATIONS[: len(AFFINE)] == AFFINE
