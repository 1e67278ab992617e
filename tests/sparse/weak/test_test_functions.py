"""Test functions against their definition: smooth, compact, and integrating by parts."""

import math

import numpy as np
import pytest

from fastsci.sparse import _test_functions as test


def even(length=400, spacing=0.05, half_width=30, power=9, stride=5, periodic=False):
    return test.EvenAxis("x", length, spacing, half_width, power, stride, periodic)


@pytest.mark.parametrize("power", [3, 7, 14])
@pytest.mark.parametrize("derivative", range(5))
def test_derivatives_are_those_of_the_expanded_polynomial(power, derivative):
    polynomial = np.polynomial.Polynomial([1.0])
    for _ in range(power):
        polynomial *= np.polynomial.Polynomial([1.0, 0.0, -1.0])
    s = np.linspace(-0.6, 0.6, 41)
    wanted = polynomial.deriv(derivative)(s) if derivative else polynomial(s)
    np.testing.assert_allclose(test.bump(s, power, derivative), wanted, rtol=1e-9, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize("derivative", range(6))
def test_all_derivatives_below_the_power_vanish_at_the_ends_and_beyond(derivative):
    ends = np.array([-1.5, -1.0, 1.0, 1.0 + 1e-9, 2.0])
    assert np.all(test.bump(ends, 6, derivative) == 0.0)
    assert np.any(test.bump(np.array([-0.3, 0.5]), 6, derivative) != 0.0)


@pytest.mark.parametrize("power", [2, 5, 13, 30])
def test_mass_is_the_integral(power):
    wanted = 2.0 * np.prod([2 * k / (2 * k + 1) for k in range(1, power + 1)])  # Wallis
    assert math.isclose(test.mass(power), wanted, rel_tol=1e-13)


def test_weights_have_unit_mass_and_derivatives_none():
    axis = even(power=14)
    assert math.isclose(axis.weights(0).sum(), 1.0, rel_tol=1e-12)
    for derivative in (1, 2, 3, 4):
        weights = axis.weights(derivative)
        assert abs(weights.sum()) < 1e-10 * np.abs(weights).sum()


@pytest.mark.parametrize("derivative", [1, 2, 3, 4])
def test_derivatives_are_exact_on_polynomials_of_their_degree(derivative):
    axis = even(power=14)
    x = axis.spacing * np.arange(axis.length)
    values = x**derivative / math.factorial(derivative)
    weights = axis.weights(derivative)
    found = [weights @ values[first : first + axis.reach] for first in range(0, 100, 10)]
    np.testing.assert_allclose(found, 1.0, rtol=1e-7)


@pytest.mark.parametrize("derivative", [1, 2, 3])
def test_integration_by_parts_on_a_smooth_function(derivative):
    """The test function's derivative on u is the test function on u's derivative."""
    axis = even(power=14)
    x = axis.spacing * np.arange(axis.length)
    u = np.sin(1.3 * x + 0.4) * np.exp(0.1 * x)
    growth = (0.1 + 1.3j) ** derivative
    exact = np.imag(growth * np.exp(1j * (1.3 * x + 0.4) + 0.1 * x))
    for first in range(0, axis.length - axis.reach, 37):
        window = slice(first, first + axis.reach)
        assert abs(axis.weights(derivative) @ u[window] - axis.weights(0) @ exact[window]) < 1e-8


def test_uneven_axis_agrees_with_the_even_one_on_even_times():
    axis = even(power=8)
    times = 3.0 + axis.spacing * np.arange(axis.length)
    radius = axis.half_width * axis.spacing
    centres = times[0] + radius + axis.stride * axis.spacing * np.arange(axis.count)
    other = test.UnevenAxis(times, radius, axis.power, centres)
    for derivative in (0, 1):
        every = (0, axis.count), (0, axis.extent)
        np.testing.assert_allclose(
            other.matrix(derivative, *every), axis.matrix(derivative, *every), rtol=1e-9, atol=1e-10
        )


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_corner_is_where_a_flat_band_ends_in_noise(share):
    rng = np.random.default_rng(3)
    n, spacing = 1000, 0.01
    k = np.arange(n // 2 + 1)
    edge = int(share * len(k))
    spectrum = np.exp(2j * np.pi * rng.uniform(size=len(k))) * np.where(k <= edge, 1.0, 1e-3)
    u = np.fft.irfft(spectrum, n)[:, None]
    found = test.corner(u, 0, spacing)
    assert abs(found - 2 * np.pi * edge / (n * spacing)) < 0.03 * found


def test_corner_search_is_the_naive_one():
    y = np.cumsum(np.random.default_rng(0).uniform(size=60) * np.exp(-np.arange(60) / 10))
    k = np.arange(60)
    naive = []
    for place in range(1, 59):
        line = np.interp(k, [0, place, 59], [y[0], y[place], y[59]])
        naive.append(np.sum((y - line) ** 2))
    np.testing.assert_allclose(test._two_lines(y), naive, rtol=1e-9)


def test_half_width_grows_with_the_wavelength_and_stops_at_the_most():
    widths = [test.half_width(frequency, 0.01, 500, 1e-10, 2.0, 1) for frequency in (100.0, 30.0, 10.0, 1e-3)]
    assert widths == sorted(widths)
    assert widths[-1] == 500
    assert widths[0] < 50


def test_functions_fall_to_the_tolerance_one_sample_before_the_end():
    for half_width in (5, 20, 80):
        power = test.powers(np.array([float(half_width)]), 1e-10, 1)[0]
        assert test.bump(np.array([1 - 1 / half_width]), int(power), 0)[0] <= 1e-10
        assert test.bump(np.array([1 - 1 / half_width]), int(power) - 1, 0)[0] > 1e-10
