"""Polynomials over moving windows, against SciPy's filter and NumPy's least squares."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from scipy.signal import savgol_filter

from fastsci.sparse.differentiation import FiniteDifference, SavitzkyGolay, SmoothedFiniteDifference
from tests.sparse.differentiation.rational import solved

RNG = np.random.default_rng(21)


def uneven(count: int) -> np.ndarray:
    return np.cumsum(RNG.uniform(0.2, 1.8, count)) / count


@pytest.mark.parametrize("d", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(("window_length", "polyorder"), [(5, 4), (11, 4), (21, 5), (31, 4)])
def test_even_times_as_scipy(window_length: int, polyorder: int, d: int) -> None:
    x = RNG.normal(size=(120, 2)).cumsum(axis=0)
    step = 0.25
    method = SavitzkyGolay(window_length, polyorder)
    found = method.differentiate(x, step, order=d) if d else method.smooth(x, step)
    expected = savgol_filter(x, window_length, polyorder, deriv=d, delta=step, axis=0, mode="interp")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("d", [0, 1, 2, 4])
def test_long_windows_as_rational_arithmetic(d: int) -> None:
    """Normal equations in fractions, where SciPy's Vandermonde matrix has lost half of the digits."""
    half, degree = 25, 7
    nodes = [Fraction(node) for node in range(-half, half + 1)]
    rows = [[sum(node ** (i + j) for node in nodes) for j in range(degree + 1)] for i in range(degree + 1)]
    shares = solved(rows, [Fraction(factorial(d) if i == d else 0) for i in range(degree + 1)])
    exact = [float(sum(share * node**power for power, share in enumerate(shares))) for node in nodes]
    impulse = np.zeros(4 * half + 1)
    impulse[2 * half] = 1.0
    method = SavitzkyGolay(2 * half + 1, degree)
    found = method.differentiate(impulse, 1.0, order=d) if d else method.smooth(impulse, 1.0)
    np.testing.assert_allclose(found[half:-half][::-1], exact, rtol=0, atol=1e-13 * np.abs(exact).max())


@pytest.mark.parametrize("d", [1, 2, 3])
def test_periodic_as_scipy(d: int) -> None:
    x = RNG.normal(size=(40, 3))
    found = SavitzkyGolay(9, 4, d=d, periodic=True)(x, 0.5)
    expected = savgol_filter(x, 9, 4, deriv=d, delta=0.5, axis=0, mode="wrap")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("d", [0, 1, 2, 3])
def test_uneven_times_as_polyfit(d: int) -> None:
    t, x = uneven(60), RNG.normal(size=60)
    size, degree = 13, 4
    method = SavitzkyGolay(size, degree)
    found = method.differentiate(x, t, order=d) if d else method.smooth(x, t)
    for i in range(60):
        start = min(max(i - size // 2, 0), 60 - size)
        fitted = np.polyfit(t[start : start + size] - t[i], x[start : start + size], degree)
        expected = np.polyval(np.polyder(fitted, d), 0.0)
        assert found[i] == pytest.approx(expected, rel=1e-8, abs=1e-9 * size**d)


@pytest.mark.parametrize("even", [True, False])
def test_polynomials_are_exact(even: bool) -> None:
    t = np.linspace(-1, 1, 50) if even else 2 * uneven(50) - 1
    for degree in range(5):
        polynomial = np.polynomial.Polynomial(RNG.normal(size=degree + 1))
        method = SavitzkyGolay(9, 4)
        np.testing.assert_allclose(method.smooth(polynomial(t), t), polynomial(t), atol=1e-12)
        for d in (1, 2, 3):
            found = method.differentiate(polynomial(t), t, order=d)
            np.testing.assert_allclose(found, polynomial.deriv(d)(t), atol=2e-13 * 30**d)


def test_a_window_that_is_all_used_up_interpolates() -> None:
    t, x = uneven(40), RNG.normal(size=40)
    found = SavitzkyGolay(5, 4)(x, t)
    expected = FiniteDifference(order=4)(x, t)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


def test_smoothed_differences_are_differences_of_the_smoothed() -> None:
    x = RNG.normal(size=(80, 2))
    for t in (0.1, uneven(80)):
        smooth = SavitzkyGolay(15, 2).smooth(x, t)
        method = SmoothedFiniteDifference(order=4, window_length=15, polyorder=2)
        np.testing.assert_array_equal(method.smooth(x, t), smooth)
        np.testing.assert_array_equal(method(x, t), FiniteDifference(order=4)(smooth, t))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_noisy_field_in_space(order: int) -> None:
    """Windows of a noisy periodic field beat differences for every derivative of an equation in space."""
    grid = np.arange(256) * (2 * np.pi / 256)
    field = np.sin(2 * grid)[None, :, None] * np.cos(RNG.uniform(0, 6, (5, 1, 3)))
    noisy = field + 1e-3 * RNG.normal(size=field.shape)
    truth = FiniteDifference(8, order, periodic=True).differentiate(field, grid, axis=1)
    rough = FiniteDifference(2, periodic=True).differentiate(noisy, grid, order=order, axis=1)
    smooth = SavitzkyGolay(31, 5, periodic=True).differentiate(noisy, grid, order=order, axis=1)
    assert np.std(smooth - truth) * 4 < np.std(rough - truth)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_length": 10}, "window_length: is 10, expected an odd number of samples; take 11"),
        ({"window_length": 0}, "window_length: is 0, expected at least 1"),
        ({"polyorder": 11}, "polyorder: is 11, expected at least 1, the order of the derivative, and less than"),
        ({"polyorder": 0}, "polyorder: is 0, expected at least 1, the order"),
        ({"window_length": 41}, "x: has 40 samples along the axis, expected at least 41 for window_length=41"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_bad_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SavitzkyGolay(**options)(np.zeros(40), 0.1)
