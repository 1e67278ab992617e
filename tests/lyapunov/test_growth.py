"""Growth over a finite time: exact stretching, conserved volumes, and what eigenvalues do not see."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastsci
from fastsci import systems
from fastsci.growth import error_growth, ftle
from fastsci_kernels.measures import stretching


@fastsci.system(state=("x", "y"))
def saddle(t, u, p):
    x, y = u
    return x, -2.0 * y


@fastsci.system(state=("x", "y"))
def double_gyre(t, u, p):
    """Shadden, Lekien and Marsden, Physica D 212 (2005) 271, with A = 0.1, epsilon = 0.25, omega = 2 pi / 10."""
    x, y = u
    a = 0.25 * math.sin(0.2 * math.pi * t)
    b = 1.0 - 2.0 * a
    f = a * x * x + b * x
    return (
        -0.1 * math.pi * math.sin(math.pi * f) * math.cos(math.pi * y),
        0.1 * math.pi * math.cos(math.pi * f) * math.sin(math.pi * y) * (2.0 * a * x + b),
    )


@fastsci.system(kind="map", state=("x", "y"), params=["a", "b", "c", "d"])
def linear(t, u, p):
    x, y = u
    a, b, c, d = p
    return a * x + b * y, c * x + d * y


NON_NORMAL, SYMMETRIC, FLAT = [0.9, 10.0, 0.0, 0.8], [0.9, 0.5, 0.5, -0.8], [1.0, 1.0, 0.0, 0.0]


def log_singular_values(matrices):
    found = np.empty(matrices.shape[:2])
    stretching.log_singular_values(np.ascontiguousarray(matrices), 0, len(matrices), found)
    return found


def grid(nx, ny):
    return np.stack(np.meshgrid(np.linspace(0.05, 1.95, nx), np.linspace(0.05, 0.95, ny), indexing="ij"), axis=-1)


# --- finite-time exponents ---


@pytest.mark.parametrize("shape", [(2,), (5, 2), (3, 4, 2), (2, 3, 2, 2), (0, 2)])
def test_a_saddle_stretches_everywhere_alike(shape):
    y0 = np.random.default_rng(0).normal(size=shape)
    forwards, backwards = (ftle(saddle, span, y0, k=2, dt=0.01) for span in ((0, 2), (2, 0)))
    assert forwards.shape == shape
    # The factor of a step of order 4 differs from exp(z) by z^5 / 120, which is 3e-11 a step here.
    np.testing.assert_allclose(forwards, np.broadcast_to([1.0, -2.0], shape), atol=1e-8)
    np.testing.assert_allclose(backwards, np.broadcast_to([2.0, -1.0], shape), atol=1e-8)
    assert ftle(saddle, (0, 2), y0, dt=0.01).shape == shape[:-1]


def test_the_double_gyre_separates_along_a_ridge():
    points = grid(41, 21)
    found = ftle(double_gyre, (0, 15), points, k=2, dt=0.05)
    # Areas are preserved: what is stretched one way is squeezed the other.
    np.testing.assert_allclose(found.sum(axis=-1), 0.0, atol=1e-6)
    # The difference of neighbours that are integrated on their own, at the highest point and everywhere.
    small, flat = 1e-6, points.reshape(-1, 2)
    ends = [
        fastsci.solve_ensemble(double_gyre, (0, 15), flat + shift, dt=0.05).y_final
        for shift in small * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    ]
    gradient = np.stack([ends[0] - ends[1], ends[2] - ends[3]], axis=-1) / (2.0 * small)
    expected = np.log(np.linalg.norm(gradient, ord=2, axis=(1, 2))) / 15.0
    np.testing.assert_allclose(found[..., 0].ravel(), expected, atol=1e-6)
    assert found[..., 0].max() > 3.0 * np.median(found[..., 0])


def test_of_a_hamiltonian_they_come_in_pairs():
    y0 = np.array([[0.0, 0.55, 0.2417, 0.0], [0.0, -0.016, 0.49974, 0.0]])
    found = ftle(systems.henon_heiles, (0, 40), y0, k=4, dt=0.01)
    np.testing.assert_allclose(found[:, :2], -found[:, :1:-1], atol=1e-8)
    assert (found[:, 0] > 0.01).all()


@pytest.mark.parametrize(("name", "total"), [("standard", 0.0), ("henon", math.log(0.3))])
def test_of_a_map_they_add_up_to_the_change_of_areas(name, total):
    y0 = np.random.default_rng(0).uniform(-0.1, 0.1, (4, 5, 2))
    found = ftle(systems.get(name), (0, 10), y0, k=2)
    # What rounding leaves of the smaller singular value beside the larger one.
    ratio = np.exp(10.0 * (found[..., 0] - found[..., 1]))
    assert (np.abs(found.sum(axis=-1) - total) < 1e-15 * ratio + 1e-15).all()


def test_every_point_may_have_its_own_span_and_parameters():
    points = grid(3, 2)
    spans = np.array([[0.0, 1.0 + i] for i in range(6)])
    found = ftle(double_gyre, spans, points, dt=0.05)
    alone = [
        ftle(double_gyre, tuple(span), point, dt=0.05) for span, point in zip(spans, points.reshape(-1, 2), strict=True)
    ]
    np.testing.assert_allclose(found.ravel(), alone, rtol=1e-12)
    a = np.array([1.0, 1.2, 1.4])
    found = ftle(systems.henon, (0, 5), np.zeros((3, 2)), params={"a": a})
    for value, exponent in zip(a, found, strict=True):
        assert exponent == ftle(systems.henon, (0, 5), np.zeros(2), params={"a": value})


def test_a_point_does_not_depend_on_its_company_and_fails_alone():
    points = grid(11, 13).reshape(-1, 2)
    whole = ftle(double_gyre, (0, 5), points, k=2, dt=0.05)
    np.testing.assert_array_equal(ftle(double_gyre, (0, 5), points[17:20], k=2, dt=0.05), whole[17:20])
    points[3] = np.nan
    broken = ftle(double_gyre, (0, 5), points, k=2, dt=0.05)
    assert np.isnan(broken[3]).all()
    np.testing.assert_array_equal(np.delete(broken, 3, axis=0), np.delete(whole, 3, axis=0))


def test_float32_and_a_direction_taken_to_zero():
    found = ftle(linear, (0, 1), np.zeros((2, 2), "float32"), k=2, params=NON_NORMAL)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [np.log([10.0719854, 0.72 / 10.0719854])] * 2, rtol=1e-5)
    found = ftle(linear, (0, 1), np.zeros(2), k=2, params=FLAT)
    np.testing.assert_allclose(found, [0.5 * math.log(2.0), -math.inf], rtol=1e-14)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(0.0, 12.0))
def test_singular_values_are_those_of_lapack(size, seed, decades):
    rng = np.random.default_rng(seed)
    matrices = rng.normal(size=(5, size, size)) * 10.0 ** rng.uniform(-decades / 2, decades / 2, (5, size, 1))
    expected = np.linalg.svd(matrices, compute_uv=False)
    found = np.exp(log_singular_values(matrices))
    assert (np.abs(found - expected) <= 1e-14 * size * expected[:, :1]).all()
    # Their product is the determinant, small ones included.
    logarithm = np.linalg.slogdet(matrices)[1]
    np.testing.assert_allclose(log_singular_values(matrices).sum(axis=1), logarithm, atol=1e-10)


def test_singular_values_of_matrices_that_are_not_as_they_should_be():
    matrices = np.zeros((5, 2, 2))
    matrices[1] = [[1.0, np.nan], [1.0, 1.0]]
    matrices[2] = [[np.inf, 1.0], [1.0, 1.0]]
    matrices[3] = [[1e300, 1e300], [1e300, -1e300]]
    matrices[4] = [[0.0, 3e-308], [4e-308, 0.0]]
    found = log_singular_values(matrices)
    assert (found[0] == -np.inf).all()
    assert np.isnan(found[1:3]).all()
    np.testing.assert_allclose(found[3], math.log(1e300) + 0.5 * math.log(2.0), rtol=1e-14)
    np.testing.assert_allclose(found[4], np.log([4e-308, 3e-308]), rtol=1e-12)


# --- growth of errors over a window ---


def test_eigenvalues_below_one_do_not_keep_errors_small():
    once, later = (error_growth(linear, (0, n), [0.0, 0.0], params=NON_NORMAL) for n in (1, 300))
    np.testing.assert_allclose(once.eigenvalues, [[0.9, 0.8]], rtol=1e-14)
    assert once.worst[0] > 10.0
    # Of [[a, b], [0, c]]: the squares of the singular values add up to a^2 + b^2 + c^2, and their product is a c.
    np.testing.assert_allclose((once.singular_values**2).sum(), 0.9**2 + 10.0**2 + 0.8**2, rtol=1e-14)
    np.testing.assert_allclose(once.singular_values.prod(), 0.72, rtol=1e-13)
    np.testing.assert_allclose(once.mean, np.sqrt((0.81 + 100.0 + 0.64) / 2.0), rtol=1e-14)
    growth = [error_growth(linear, (0, n), [0.0, 0.0], params=NON_NORMAL).worst[0] for n in range(1, 60)]
    assert max(growth) > 25.0
    # In the end the eigenvalues decide.
    assert later.worst[0] < 1e-10
    assert np.log(later.worst[0]) / 300 == pytest.approx(math.log(0.9), abs=0.02)


def test_of_a_symmetric_jacobian_both_say_the_same():
    found = error_growth(linear, (0, 3), [0.0, 0.0], params=SYMMETRIC)
    np.testing.assert_allclose(found.singular_values, np.abs(found.eigenvalues), rtol=1e-13)


def test_the_optimal_perturbation_becomes_what_is_said():
    y0 = np.random.default_rng(0).normal([0.0, 0.0, 25.0], 5.0, (6, 3))
    found = error_growth(systems.lorenz63, (0, 0.5), y0, dt=0.005)
    ends, carried = fastsci.flow_jvp(systems.lorenz63, (0, 0.5), y0, found.optimal, dt=0.005)
    np.testing.assert_array_equal(ends, found.y_final)
    np.testing.assert_allclose(carried, found.singular_values[:, np.newaxis] * found.evolved, atol=1e-12)
    for vectors in (found.optimal, found.evolved):
        np.testing.assert_allclose(vectors.transpose(0, 2, 1) @ vectors, np.tile(np.eye(3), (6, 1, 1)), atol=1e-13)
    assert (np.take_along_axis(found.optimal, np.abs(found.optimal).argmax(axis=1)[:, np.newaxis], axis=1) > 0.0).all()
    # Errors of all directions alike: those along the axes.
    np.testing.assert_allclose(found.mean, np.sqrt((found.propagator**2).sum(axis=(1, 2)) / 3.0), rtol=1e-13)
    directions = np.random.default_rng(1).normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = np.linalg.norm(found.propagator @ directions.T, axis=1)
    assert (lengths <= found.worst[:, np.newaxis] * (1.0 + 1e-12)).all()


def test_eigenvalues_over_a_period_are_the_multipliers_of_the_orbit():
    def cycle(t, u, p):
        x, y = u
        damping = 1.0 - x * x - y * y
        return -y + 0.25 * damping * x, x + 0.25 * damping * y

    found = error_growth(cycle, (0, 2.0 * math.pi), [1.0, 0.0], method="Tsit5", rtol=1e-10, atol=1e-12)
    # An error along the orbit stays, one across it decays as exp(-t / 2).
    np.testing.assert_allclose(found.eigenvalues, [[1.0, math.exp(-math.pi)]], atol=1e-8)


def test_growth_of_a_member_does_not_depend_on_its_company_and_fails_alone():
    y0 = np.random.default_rng(0).normal([0.0, 0.0, 25.0], 5.0, (40, 3))
    whole = error_growth(systems.lorenz63, (0, 0.3), y0, dt=0.01)
    y0[5] = np.nan
    broken = error_growth(systems.lorenz63, (0, 0.3), y0, dt=0.01)
    some = error_growth(systems.lorenz63, (0, 0.3), y0[6:9], dt=0.01)
    rest = np.arange(40) != 5
    for name in ("propagator", "singular_values", "optimal", "evolved", "eigenvalues", "y_final"):
        values = getattr(broken, name)
        assert np.isnan(values[5]).all(), name
        np.testing.assert_array_equal(values[rest], getattr(whole, name)[rest], err_msg=name)
        np.testing.assert_array_equal(values[6:9], getattr(some, name), err_msg=name)
    none = error_growth(systems.lorenz63, (0, 0.3), y0[:0], dt=0.01)
    assert none.worst.shape == (0,)
    assert none.optimal.shape == (0, 3, 3)


def test_growth_in_float32():
    found = error_growth(linear, (0, 1), np.zeros(2, "float32"), params=NON_NORMAL)
    assert found.singular_values.dtype == np.float32
    assert found.eigenvalues.dtype == np.complex64
    np.testing.assert_allclose(found.worst, 10.0719854, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ftle(saddle, (0, 1), 1.0, dt=0.1), "y0: has shape"),
        (lambda: ftle(saddle, (0, 1), np.zeros((3, 3)), dt=0.1), "y0: has shape"),
        (lambda: ftle(saddle, (0, 1), np.zeros(2), k=3, dt=0.1), "k: is 3"),
        (lambda: ftle(saddle, (1, 1), np.zeros(2), dt=0.1), "t_span: ends where it starts"),
        (lambda: ftle(saddle, (0, 1), np.zeros(2)), "dt: is missing"),
        (lambda: ftle(systems.henon, (5, 0), np.zeros(2)), "t_span: is"),
        (lambda: ftle(systems.henon, (0, 2.5), np.zeros(2)), "t_span: is"),
        (lambda: ftle(systems.henon, (0, 2), np.zeros(2), params={"a": [1.0, 1.1]}), "params: are for 2"),
        (lambda: error_growth(systems.henon, (0, 0)), "t_span: ends where it starts"),
        (lambda: error_growth(saddle, (0, 1), np.zeros((2, 3)), dt=0.1), "y0: has shape"),
        (lambda: error_growth(saddle, (0, 1), np.zeros(2), dt=0.1, device="tpu"), "device: is"),
    ],
)
def test_a_mistake_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
