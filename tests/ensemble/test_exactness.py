"""What explicit Runge-Kutta methods do exactly, and what a slow implementation in NumPy gives."""

import numpy as np
import pytest
from scipy.linalg import expm

import fastsci
from fastsci_kernels.methods.catalogue import TABLEAUS
from tests.ensemble.models import LORENZ, clock, clock_reads, harmonic, lorenz, ring, spread
from tests.naive import runge_kutta

MATRIX = np.array([[-0.5, 2.0, 0.0], [-2.0, -0.5, 0.25], [0.125, 0.0, -1.0]])


def linear(t, u, p):
    x, y, z = u
    return -0.5 * x + 2.0 * y, -2.0 * x - 0.5 * y + 0.25 * z, 0.125 * x - z


def stability_matrix(order, h):
    """1 + hA + ... + (hA)^order / order!, what a method of as many stages as its order does to a linear system."""
    power, total = np.eye(3), np.eye(3)
    for k in range(1, order + 1):
        power = power @ (h * MATRIX) / k
        total = total + power
    return total


def test_explicit_euler_multiplies_the_energy_of_an_oscillator_every_step():
    w = np.array([0.5, 1.0, 3.0, 7.0])
    dt, steps = 0.03, 200
    result = fastsci.solve_ensemble(
        harmonic,
        (0.0, dt * steps),
        [0.3, -1.1],
        params={"w": w},
        dt=dt,
        method="Euler",
        t_eval=dt * np.arange(steps + 1),
    )
    x, v = np.moveaxis(result.y, 1, 0)
    energy = v**2 + (w[:, np.newaxis] * x) ** 2
    factor = 1.0 + (w * dt) ** 2
    np.testing.assert_allclose(energy[:, 1:] / energy[:, :-1], np.tile(factor[:, np.newaxis], steps), rtol=1e-12)


def test_a_linear_system_follows_its_matrix_exponential():
    y0 = spread(7)
    result = fastsci.solve_ensemble(linear, (0.0, 3.0), y0, dt=1e-3)
    np.testing.assert_allclose(result.y_final, y0 @ expm(3.0 * MATRIX).T, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("h", [0.01, 0.25, 1.0])
def test_a_step_of_rk4_on_a_linear_system_is_its_stability_polynomial(h):
    y0 = spread(5)
    result = fastsci.solve_ensemble(linear, (0.0, h), y0, dt=h)
    np.testing.assert_allclose(result.y_final, y0 @ stability_matrix(4, h).T, rtol=1e-14, atol=1e-14)


def test_rk4_integrates_a_cubic_in_time_exactly():
    result = fastsci.solve_ensemble(clock, (-1.0, 2.0), [[0.0], [5.0]], dt=0.3)
    np.testing.assert_allclose(result.y_final[:, 0] - [0.0, 5.0], clock_reads(2.0) - clock_reads(-1.0), rtol=1e-14)


@pytest.mark.parametrize("method", ["RK4", "Ralston"])
def test_lorenz_equals_the_slow_method(method):
    y0 = spread(19)
    rho = np.linspace(20.0, 30.0, 19)
    result = fastsci.solve_ensemble(lorenz, (0.0, 0.4), y0, dt=0.01, method=method, params={**LORENZ, "rho": rho})
    slow = runge_kutta.integrate(lorenz, TABLEAUS[method], 0.0, y0, 0.01, 40, (10.0, rho, 8.0 / 3.0))
    assert result.path == "lanes"
    np.testing.assert_allclose(result.y_final, slow, rtol=1e-12)


def test_an_in_place_ring_equals_the_slow_method():
    y0 = spread(11, 6)
    result = fastsci.solve_ensemble(ring, (0.0, 0.5), y0, dt=0.01, params=[8.0])
    slow = runge_kutta.integrate(runge_kutta.in_place(ring), TABLEAUS["RK4"], 0.0, y0, 0.01, 50, (8.0,))
    assert result.path == "lanes"
    np.testing.assert_allclose(result.y_final, slow, rtol=1e-12)


def test_the_time_that_a_stage_sees_is_the_slow_methods():
    def driven(t, u, p):
        (x,) = u
        return (np.cos(3.0 * t) - t * x,)

    y0 = spread(3, 1)
    result = fastsci.solve_ensemble(driven, (2.0, 3.0), y0, dt=0.05, method="RK4_38")
    slow = runge_kutta.integrate(driven, TABLEAUS["RK4_38"], 2.0, y0, 0.05, 20)
    np.testing.assert_allclose(result.y_final, slow, rtol=1e-13)


def test_single_precision_stays_beside_double():
    y0 = spread(20)
    double = fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0, dt=0.01, params=LORENZ)
    single = fastsci.solve_ensemble(lorenz, (0.0, 0.5), y0.astype(np.float32), dt=0.01, params=LORENZ)
    assert single.y_final.dtype == np.float32
    assert single.path == "lanes"
    difference = np.abs(single.y_final - double.y_final).max()
    # Fifty steps of rounding at 6e-8 on numbers of about 30, not those of double precision.
    assert 1e-9 < difference < 2e-3
