"""Taylor coefficients through plain functions, against mpmath's derivatives; and what has no series is refused."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest

from fastsci_kernels.compile import CompilationError
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.numbers.taylor import coefficient_lines
from fastsci_kernels.numbers.taylor_sums import MOST_FACTORS, MOST_TERMS, combination, terms
from fastsci_kernels.numbers.taylor_trace import trace

from .lane_driver import on_lanes

ORDER = 12
TIME = 0.375
POLE = 2.5
RADIUS = POLE - TIME


def series_of_slope(fun, parameters=(), order=ORDER):
    """Coefficients of ``fun(t, u, p)[0]`` in t, computed in plain Python."""
    lines, names = coefficient_lines(trace(fun, style="tuple", dim=1, n_params=len(parameters)), order + 1)
    values = {"t": TIME, "u": (0.0,), "p": parameters, "math": math, "where": where, "combination": combination}
    exec("\n".join(lines), values)
    return [(k + 1) * eval(name or "0.0", values) for k, name in enumerate(names[0][1:])]


def argument(t, low, high):
    """A series without zeros that runs from about ``low`` to about ``high`` on the unit interval.

    A function whose nearest pole lies further away has ill-conditioned coefficients, so the ranges avoid that.
    """
    return low + (high - low) * (0.2 + t) / (POLE - t)


# name: the plain function of a series, the same in mpmath, and the range of its argument
RECURRENCES = {
    "add": (lambda s, t: s + t + 2.0, lambda s, t: s + t + 2, 0.3, 1.5),
    "subtract": (lambda s, t: 1.0 - s - t * s, lambda s, t: 1 - s - t * s, 0.3, 1.5),
    "negative": (lambda s, t: -(-s * -2.0), lambda s, t: -2 * s, 0.3, 1.5),
    "product": (lambda s, t: s * (1.5 + t * s), lambda s, t: s * (1.5 + t * s), 0.3, 1.5),
    "square": (lambda s, t: s * s, lambda s, t: s**2, 0.3, 1.5),
    "np.square": (lambda s, t: np.square(s), lambda s, t: s**2, 0.3, 1.5),
    "quotient": (lambda s, t: (2.0 + t) / (s + 0.125), lambda s, t: (2 + t) / (s + 0.125), 0.3, 1.5),
    "negative denominator": (lambda s, t: 1.0 / (-0.125 - s), lambda s, t: 1 / (-0.125 - s), 0.3, 1.5),
    "reciprocal": (lambda s, t: np.reciprocal(s) + 1.0 / s, lambda s, t: 2 / s, 0.3, 1.5),
    "divided by a number": (lambda s, t: s / 3.0, lambda s, t: s / 3, 0.3, 1.5),
    "fifth power": (lambda s, t: s**5, lambda s, t: s**5, 0.3, 1.5),
    "power -3": (lambda s, t: s**-3, lambda s, t: s**-3, 0.3, 1.5),
    "power 1.7": (lambda s, t: s**1.7, lambda s, t: s ** mpmath.mpf(1.7), 0.5, 1.5),
    "power of powers": (lambda s, t: s**s, lambda s, t: s**s, 0.5, 1.5),
    "base 3": (lambda s, t: 3.0**s, lambda s, t: mpmath.mpf(3) ** s, 0.5, 1.5),
    "math.pow": (lambda s, t: math.pow(s, 0.3), lambda s, t: s ** mpmath.mpf(0.3), 0.5, 1.5),
    "sqrt": (lambda s, t: math.sqrt(s), lambda s, t: mpmath.sqrt(s), 0.5, 1.5),
    "power 0.5": (lambda s, t: s**0.5, lambda s, t: mpmath.sqrt(s), 0.5, 1.5),
    "cbrt": (lambda s, t: np.cbrt(s), lambda s, t: mpmath.cbrt(s), 0.5, 1.5),
    "hypot": (lambda s, t: math.hypot(s, 1.0 + t), lambda s, t: mpmath.sqrt(s**2 + (1 + t) ** 2), 0.5, 1.5),
    "hypot with a number": (lambda s, t: math.hypot(2.0, s), lambda s, t: mpmath.sqrt(s**2 + 4), 0.5, 1.5),
    "exp": (lambda s, t: math.exp(s), lambda s, t: mpmath.exp(s), -0.5, 1.5),
    "exp2": (lambda s, t: np.exp2(s), lambda s, t: mpmath.mpf(2) ** s, -0.5, 1.5),
    "expm1": (lambda s, t: math.expm1(s), lambda s, t: mpmath.expm1(s), 0.3, 1.5),
    "log": (lambda s, t: math.log(s), lambda s, t: mpmath.log(s), 1.2, 2.5),
    "log with a base": (lambda s, t: math.log(s, 3.0), lambda s, t: mpmath.log(s, 3), 1.2, 2.5),
    "log1p": (lambda s, t: math.log1p(s), lambda s, t: mpmath.log1p(s), 0.3, 1.5),
    "log2": (lambda s, t: math.log2(s), lambda s, t: mpmath.log(s, 2), 1.2, 2.5),
    "log10": (lambda s, t: np.log10(s), lambda s, t: mpmath.log10(s), 1.2, 2.5),
    "sin": (lambda s, t: math.sin(s), lambda s, t: mpmath.sin(s), 0.3, 1.5),
    "cos": (lambda s, t: np.cos(s), lambda s, t: mpmath.cos(s), 0.3, 1.2),
    "sin and cos": (lambda s, t: math.sin(s) * math.cos(s), lambda s, t: mpmath.sin(2 * s) / 2, 0.2, 0.9),
    "tan": (lambda s, t: math.tan(s), lambda s, t: mpmath.tan(s), 0.2, 1.1),
    "asin": (lambda s, t: math.asin(s), lambda s, t: mpmath.asin(s), 0.1, 0.6),
    "acos": (lambda s, t: np.arccos(s), lambda s, t: mpmath.acos(s), 0.1, 0.6),
    "atan": (lambda s, t: math.atan(s), lambda s, t: mpmath.atan(s), 0.3, 1.5),
    "atan2": (lambda s, t: math.atan2(s, 0.5 - t), lambda s, t: mpmath.atan2(s, 0.5 - t), 0.3, 1.5),
    "atan2 with a number": (lambda s, t: math.atan2(1.0, s), lambda s, t: mpmath.atan2(1, s), 0.3, 1.5),
    "sinh": (lambda s, t: math.sinh(s), lambda s, t: mpmath.sinh(s), 0.3, 1.5),
    "cosh": (lambda s, t: math.cosh(s), lambda s, t: mpmath.cosh(s), 0.3, 1.5),
    "tanh": (lambda s, t: math.tanh(s), lambda s, t: mpmath.tanh(s), 0.3, 1.5),
    "asinh": (lambda s, t: math.asinh(s), lambda s, t: mpmath.asinh(s), 0.3, 1.5),
    "acosh": (lambda s, t: math.acosh(s), lambda s, t: mpmath.acosh(s), 1.5, 2.5),
    "atanh": (lambda s, t: math.atanh(s), lambda s, t: mpmath.atanh(s), 0.1, 0.6),
    "erf": (lambda s, t: math.erf(s), lambda s, t: mpmath.erf(s), 0.3, 1.0),
    "erfc": (lambda s, t: math.erfc(s), lambda s, t: mpmath.erfc(s), 0.3, 1.0),
    "abs above zero": (lambda s, t: abs(s), lambda s, t: s, 0.3, 1.5),
    "abs below zero": (lambda s, t: math.fabs(s), lambda s, t: -s, -1.5, -0.3),
    "min": (lambda s, t: min(s, 10.0, t), lambda s, t: t, 0.5, 2.0),
    "max": (lambda s, t: np.maximum(s, t), lambda s, t: s, 0.5, 2.0),
    "clip": (lambda s, t: np.clip(s, -1.0, 5.0), lambda s, t: s, 0.5, 2.0),
    "where": (lambda s, t: where((s > t) & (t < 1.0), s * t, 0.0), lambda s, t: s * t, 0.5, 2.0),
    "np.where": (lambda s, t: np.where(s < t, 3.0, -s), lambda s, t: -s, 0.5, 2.0),
    "radians": (lambda s, t: np.radians(s), lambda s, t: s * mpmath.mpf(math.pi / 180), 10.0, 90.0),
}


@pytest.mark.parametrize("name", RECURRENCES)
def test_coefficients_are_the_derivatives_of_the_function(name):
    plain, exact, low, high = RECURRENCES[name]
    got = series_of_slope(lambda t, u, p: (plain(argument(t, low, high), t),))
    with mpmath.workdps(60):
        want = mpmath.taylor(lambda t: exact(argument(t, mpmath.mpf(low), mpmath.mpf(high)), t), TIME, ORDER)
        # A coefficient that nearly vanishes is measured by its neighbours, which share its rounding errors.
        scaled = [abs(b) * mpmath.mpf(RADIUS) ** k for k, b in enumerate(want)]
        size = [max(scaled[max(k - 1, 0) : k + 2]) / mpmath.mpf(RADIUS) ** k or 1 for k in range(ORDER + 1)]
        errors = [float(abs(a - b) / s) for a, b, s in zip(got, want, size, strict=True)]
    assert max(errors) < 1e-13, errors


def test_parameters_are_numbers_of_the_series():
    def fun(t, u, p):
        a, b = p
        return (a**b * (t + 1.0) ** b / (a - b) + math.sin(b) * t,)

    a, b = 1.75, 2.25
    got = series_of_slope(fun, (a, b))
    with mpmath.workdps(40):
        a, b = mpmath.mpf(a), mpmath.mpf(b)
        want = mpmath.taylor(lambda t: a**b * (t + 1) ** b / (a - b) + mpmath.sin(b) * t, TIME, ORDER)
    np.testing.assert_allclose(got, [float(value) for value in want], rtol=1e-13)


def test_solution_of_a_system_has_the_series_of_its_exact_solution():
    """u = (sin, cos, exp(sin)) solves it."""

    def fun(t, u, p, du):
        du[0] = u[1]
        du[1] = -u[0]
        du[2] = u[2] * u[1]

    lines, names = coefficient_lines(trace(fun, style="inplace", dim=3, n_params=0), 16)
    state = (math.sin(0.5), math.cos(0.5), math.exp(math.sin(0.5)))
    values = {"t": 0.0, "u": state, "p": (), "combination": combination}
    exec("\n".join(lines), values)
    with mpmath.workdps(40):
        exact = [
            mpmath.taylor(f, mpmath.mpf(0.5), 16) for f in (mpmath.sin, mpmath.cos, lambda t: mpmath.exp(mpmath.sin(t)))
        ]
    for row, want in zip(names, exact, strict=True):
        np.testing.assert_allclose(
            [eval(name, values) for name in row], [float(value) for value in want], rtol=1e-13, atol=1e-18
        )


def test_long_sums_are_taken_in_parts():
    """1 / (1 - t) from u' = u^2: all coefficients are one, and the sums have more factors than a call takes."""
    order = MOST_TERMS + 5

    def fun(t, u, p):
        return (u[0] * (u[0] + 0.0 * t),)

    lines, names = coefficient_lines(trace(fun, style="tuple", dim=1, n_params=0), order)
    values = {"t": 0.0, "u": (1.0,), "p": (), "combination": combination}
    exec("\n".join(lines), values)
    patterns = [int(line.split("(")[1].split(",")[0], 8) for line in lines if "0o" in line]
    factors = [sum(count for _, count in terms(pattern)) for pattern in patterns]
    assert max(factors) in (MOST_FACTORS - 1, MOST_FACTORS)
    np.testing.assert_allclose([eval(name, values) for name in names[0]], 1.0, rtol=1e-14)


def test_combination_adds_and_subtracts_products():
    assert terms(0o1625) == [(False, 1), (True, 2), (False, 2), (True, 1)]
    assert combination(0o1625, 2.0, 3.0, 5.0, 7.0, 11.0, 13.0) == 2.0 - 3.0 * 5.0 + 7.0 * 11.0 - 13.0


def leaping(t, u, p):
    return (u[0] if u[0] > 0.0 else -u[0],)


def whole(t, u, p):
    return (math.floor(u[0]),)


def counting(t, u, p):
    return (sum(1.0 for _ in range(int(u[0]))),)


def random_kicks(t, u, p):
    return (-u[0] + random.random(),)


def factorial(t, u, p):
    return (math.gamma(u[0]),)


def remainder(t, u, p):
    return (u[0] % 1.0,)


def rounded(t, u, p):
    return (np.rint(u[0]),)


def too_few(t, u, p):
    return ()


REFUSED = {
    leaping: "branches on its state",
    whole: "knows no series",
    counting: "knows no series",
    random_kicks: "draws random numbers",
    factorial: "knows no series",
    remainder: "uses a remainder",
    rounded: "numpy.rint",
    too_few: "something else than 1 numbers",
}


@pytest.mark.parametrize("fun", REFUSED, ids=lambda fun: fun.__name__)
def test_a_function_without_a_series_is_refused_by_name(fun):
    with pytest.raises(CompilationError, match=rf"(?s){fun.__name__} has no .*{REFUSED[fun]}.*DOP853"):
        trace(fun, style="tuple", dim=1, n_params=0)


def test_the_refusal_names_the_line():
    line = leaping.__code__.co_firstlineno + 1
    with pytest.raises(CompilationError, match=rf"test_taylor\.py, line {line}\)"):
        trace(leaping, style="tuple", dim=1, n_params=0)


def test_long_states_are_refused():
    def chain(t, u, p, du):
        for i in range(len(du)):
            du[i] = -u[i]

    with pytest.raises(CompilationError, match="17 components, more than 16"):
        trace(chain, style="inplace", dim=17, n_params=0)


def test_an_unwritten_slope_is_refused():
    def forgetful(t, u, p, du):
        du[0] = u[1]

    with pytest.raises(CompilationError, match="something else than 2 numbers"):
        trace(forgetful, style="inplace", dim=2, n_params=0)


def test_functions_within_functions_and_closures_are_followed():
    rate = 0.5

    def decay(x):
        return math.exp(-rate * x)

    got = series_of_slope(lambda t, u, p: (decay(t),))
    want = [math.exp(-rate * TIME) * (-rate) ** k / math.factorial(k) for k in range(ORDER + 1)]
    np.testing.assert_allclose(got, want, rtol=1e-13)


def everything(t, u, p):
    """Every function that has a series, but the cube root, at an argument between 1/4 and 1/2."""
    x = argument(t, 0.25, 0.5)
    roots = math.sqrt(x) + math.hypot(x, t) + x**1.25 + x**3 / (x + t) + x ** p[0]
    exponentials = math.exp(x) + np.exp2(x) + math.expm1(x) + math.log(x) + math.log1p(x) + math.log2(x) + math.log10(x)
    circular = math.sin(x) + math.cos(x) + math.tan(x) + math.asin(x) + math.acos(x) + math.atan(x) + math.atan2(x, t)
    hyperbolic = math.sinh(x) + math.cosh(x) + math.tanh(x) + math.asinh(x) + math.acosh(1.0 + x) + math.atanh(x)
    corners = abs(x) + min(x, t) + max(x, t) + where((x > t) & (t < 1.0) | (x == 2.0), x, -x) + np.clip(x, 0.0, 1.0)
    return (roots + exponentials + circular + hyperbolic + corners + math.erf(x) - math.erfc(x),)


def cube_root(t, u, p):
    return (np.cbrt(argument(t, 0.25, 0.5)) + p[0],)


# Numba has no cube root of one number on the CPU.
NUMBERS = [(everything, 64, 8), (everything, 64, 1), (everything, 32, 16), (everything, 32, 1)]
NUMBERS += [(cube_root, 64, 8), (cube_root, 32, 16)]


@pytest.mark.parametrize(("fun", "bits", "width"), NUMBERS)
def test_every_series_compiles_for_every_number(fun, bits, width):
    lines, names = coefficient_lines(trace(fun, style="tuple", dim=1, n_params=1), 4)
    text = "def series(t, u0, p0):\n    u, p = (u0,), (p0,)\n" + "".join(f"    {line}\n" for line in lines)
    values = {"math": math, "where": where, "combination": combination}
    exec(f"{text}    return {', '.join(names[0])}", values)
    arguments = np.stack([np.linspace(0.1, 0.4, 16), np.linspace(-1.0, 1.0, 16), np.linspace(0.5, 1.75, 16)])
    got = on_lanes(values["series"], arguments.astype(f"f{bits // 8}"), 5, width)
    want = np.transpose([values["series"](*column.tolist()) for column in arguments.T])
    np.testing.assert_allclose(got, want, rtol=1e-13 if bits == 64 else 2e-5)


def test_the_same_function_gives_the_same_text():
    first, second = (coefficient_lines(trace(everything, style="tuple", dim=1, n_params=1), 4) for _ in range(2))
    assert first == second
    system = trace(everything, style="tuple", dim=1, n_params=1)
    assert coefficient_lines(system, 4) == coefficient_lines(system, 4) == first


RATES = np.array([0.25, -1.5])


def test_arrays_and_numbers_of_numpy_are_constants():
    def fun(t, u, p):
        return (RATES[0] * t * RATES[1] + np.float64(3.0) * np.sin(RATES[1] * t) - np.int64(2),)

    got = series_of_slope(fun)
    with mpmath.workdps(40):
        want = mpmath.taylor(lambda t: -0.375 * t + 3 * mpmath.sin(-1.5 * t) - 2, TIME, ORDER)
    np.testing.assert_allclose(got, [float(value) for value in want], rtol=1e-13)


def test_corners_are_known():
    def smooth(t, u, p):
        return (math.sin(u[0]),)

    def cornered(t, u, p):
        return (abs(u[0]),)

    assert not trace(smooth, style="tuple", dim=1, n_params=0).kinks
    assert trace(cornered, style="tuple", dim=1, n_params=0).kinks


def test_common_subexpressions_stand_once():
    def fun(t, u, p):
        return (math.sin(u[0]) + math.sin(u[0]) * math.cos(u[0]),)

    names = [operation.name for operation in trace(fun, style="tuple", dim=1, n_params=0).tape.operations]
    assert names.count("sin") == 1
