"""The Taylor method against exact solutions: accuracy follows the tolerance, on every number, in both directions."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from fastsci_kernels.compile import CompilationError, jit
from fastsci_kernels.methods.taylor import LONGEST_TEXT, Taylor, order
from fastsci_kernels.numbers import functions  # noqa: F401  (binds the elementary functions)
from fastsci_kernels.numbers.memory import load, number, store

WIDTH = {64: 8, 32: 16}


def logistic(t, u, p):
    return (p[0] * u[0] * (1.0 - u[0]),)


def logistic_solution(t, u, p):
    return 1.0 / (1.0 + (1.0 / u - 1.0) * np.exp(-p[0] * t))


def falling(t, u, p):
    """From u(0) = 1: u = 1 / (1 + t^2)."""
    return (-2.0 * t * u[0] ** 2,)


def rotation(t, u, p):
    x, y = u
    return -p[0] * y, p[0] * x


def pendulum(t, u, p):
    theta, omega = u
    return omega, -p[0] * math.sin(theta)


def clock(t, u, p):
    """Straight lines: no coefficient of second order bounds the step."""
    return 1.0, p[0]


@cache
def advancing(fun, dim, tolerance, bits, width, compensated, dense):
    """A compiled ``advance(y, c, clock, params, q, rtol, atol)``: one step of every member.

    Rows of ``clock``: the time, the longest step allowed, the step taken.
    """
    method = Taylor.of(fun, style="tuple", dim=dim, n_params=1, tolerance=tolerance)
    names = {"load": load, "store": store, "number": number}
    for line in method.imports:
        exec(line, names)
    exec(method.series_attempt(compensated, dense), names)
    names["attempt"] = jit(names["attempt"])
    row = ", ".join
    outputs = [f"store(y, {i}, o, v[{i}])" for i in range(dim)]
    outputs += [f"store(c, {i}, o, e[{i}])" for i in range(dim) if compensated]
    outputs += [f"store(q, {m * dim + i}, o, z[{m}][{i}])" for m in range(method.degree) for i in range(dim) if dense]
    lines = "".join(f"\n        {line}" for line in [*outputs, "store(clock, 2, o, h)"])
    source = f"""
def advance(y, c, clock, params, q, rtol, atol):
    for o in range(0, y.shape[1], {width}):
        u = ({row(f"load(y, {i}, o, {width})" for i in range(dim))},)
        low = ({" ".join(f"load(c, {i}, o, {width})," for i in range(dim) if compensated)})
        t, limit = load(clock, 0, o, {width}), load(clock, 1, o, {width})
        r, a = number(rtol, {bits}, {width}), number(atol, {bits}, {width})
        v, e, h, z = attempt(t, u, low, (load(params, 0, o, {width}),), limit, r, ({"a," * dim})){lines}
"""
    exec(source, names)
    return jit(names["advance"]), method


def integrate(
    fun, y0, end, *, tolerance, parameter=1.0, start=0.0, bits=64, width=None, compensated=True, longest=math.inf
):
    """Final states (dim, n) and steps (n,) from ``y0`` (dim, n)."""
    dtype = np.dtype(f"f{bits // 8}")
    width = WIDTH[bits] if width is None else width
    advance, _ = advancing(fun, len(y0), tolerance, bits, width, compensated, False)
    y = np.array(y0, dtype)
    c, q = np.zeros_like(y), np.zeros((1, y.shape[1]), dtype)
    times = np.zeros((3, y.shape[1]), dtype)
    times[0] = start
    carried = np.zeros_like(times[0])  # digits of the time below its last one
    params = np.broadcast_to(np.asarray(parameter, dtype), (1, y.shape[1])).copy()
    steps = np.zeros(y.shape[1], int)
    left = (end - times[0]).astype(dtype)
    while left.any():
        steps += left != 0.0
        times[1] = np.clip(left, -longest, longest)
        advance(y, c, times, params, q, dtype.type(tolerance), dtype.type(tolerance))
        step = carried + times[2]
        later = times[0] + step
        carried = step - (later - times[0])
        # A last step ends where it should, whatever t + (end - t) rounds to.
        left = np.where(times[2] == left, 0.0, (end - later) - carried).astype(dtype)
        times[0] = later
        assert steps.max() < 5000
    return y, steps


MEMBERS = np.linspace(0.1, 0.9, 16)


def test_a_nonlinear_equation_to_full_precision():
    rates = np.linspace(0.5, 2.0, 16)
    y, _ = integrate(logistic, MEMBERS[None], 4.0, tolerance=1e-15, parameter=rates)
    np.testing.assert_allclose(y[0], logistic_solution(4.0, MEMBERS, rates[None]), rtol=1e-14)


def test_an_equation_with_time_to_full_precision():
    y, _ = integrate(falling, np.ones((1, 8)), 3.0, tolerance=1e-15)
    np.testing.assert_allclose(y[0], 0.1, rtol=1e-14)


def test_the_pendulum_keeps_its_energy():
    y0 = np.stack([np.linspace(-2.5, 2.5, 16), np.linspace(-1.0, 1.5, 16)])

    def energy(y):
        return 0.5 * y[1] ** 2 - 4.0 * np.cos(y[0])

    y, steps = integrate(pendulum, y0, 50.0, tolerance=1e-15, parameter=4.0)
    assert steps.min() > 50
    np.testing.assert_allclose(energy(y), energy(y0), atol=2e-14)


def test_there_and_back_again():
    y0 = np.stack([np.linspace(-2.5, 2.5, 8), np.linspace(-1.0, 1.5, 8)])
    there, _ = integrate(pendulum, y0, 5.0, tolerance=1e-15, parameter=4.0)
    back, _ = integrate(pendulum, there, 0.0, start=5.0, tolerance=1e-15, parameter=4.0)
    np.testing.assert_allclose(back, y0, atol=1e-13)


def test_the_error_follows_the_tolerance():
    exact = logistic_solution(4.0, MEMBERS, np.ones(16))
    errors, steps = [], []
    for tolerance in (1e-3, 1e-5, 1e-7, 1e-9, 1e-11):
        y, taken = integrate(logistic, MEMBERS[None], 4.0, tolerance=tolerance)
        errors.append(np.abs(y[0] - exact).max() / tolerance)
        steps.append(taken.max())
    assert max(errors) < 10.0
    # The order grows with the digits asked for, the number of steps hardly.
    assert max(steps) < 20


def test_the_order_is_that_of_least_work():
    """One more than heyoka's 20 at the tolerance of double precision (F. Biscani, D. Izzo, MNRAS 504, 2614, 2021)."""
    assert order(np.finfo(np.float64).eps) == 21
    assert order(1e-6) == 9
    assert [order(1e-300), order(0.5)] == [30, 4]


def test_float32():
    y, _ = integrate(logistic, MEMBERS[None], 4.0, tolerance=1e-6, bits=32)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y[0], logistic_solution(4.0, MEMBERS, np.ones(16)), rtol=2e-6)


@pytest.mark.parametrize("bits", [32, 64])
def test_scalars_agree_with_lanes(bits):
    y0 = np.stack([np.linspace(-2.5, 2.5, 16), np.linspace(-1.0, 1.5, 16)])
    tolerance = 1e-6
    lanes, _ = integrate(pendulum, y0, 3.0, tolerance=tolerance, bits=bits)
    scalars, _ = integrate(pendulum, y0, 3.0, tolerance=tolerance, bits=bits, width=1)
    np.testing.assert_allclose(lanes, scalars, atol=1e-4 if bits == 32 else 1e-12)


def test_members_do_not_see_their_neighbours():
    y0 = np.stack([np.linspace(-2.5, 2.5, 16), np.linspace(-1.0, 1.5, 16)])
    together, _ = integrate(pendulum, y0, 3.0, tolerance=1e-9)
    for member in (0, 5, 15):
        company = np.full((2, 8), np.inf)
        company[:, 3] = y0[:, member]
        ends = np.zeros(8)
        ends[3] = 3.0
        alone, _ = integrate(pendulum, company, ends, tolerance=1e-9)
        np.testing.assert_array_equal(alone[:, 3], together[:, member])


def test_carried_digits_outlive_rounding():
    """A thousand short steps: what each rounds off the state adds up where it is not carried."""
    angles = np.linspace(0.1, 1.5, 64)
    y0 = np.stack([np.cos(angles), np.sin(angles)])
    cosine, sine = math.cos(10.0), math.sin(10.0)
    exact = np.stack([cosine * y0[0] - sine * y0[1], sine * y0[0] + cosine * y0[1]])
    kept, dropped = (
        np.abs(integrate(rotation, y0, 10.0, tolerance=1e-12, compensated=flag, longest=0.01)[0] - exact).mean()
        for flag in (True, False)
    )
    assert kept < 0.3 * dropped


def test_dense_output_is_the_series_itself():
    advance, method = advancing(rotation, 2, 1e-12, 64, 8, True, True)
    angles = np.linspace(0.1, 1.5, 8)
    y = np.stack([np.cos(angles), np.sin(angles)])
    times = np.zeros((3, 8))
    times[1] = np.linspace(0.01, 10.0, 8)
    c, q, start = np.zeros((2, 8)), np.zeros((2 * method.degree, 8)), y.copy()
    advance(y, c, times, np.ones((1, 8)), q, 1e-12, 1e-12)
    q = q.reshape(method.degree, 2, 8)
    np.testing.assert_allclose(start + q.sum(0), y, atol=1e-15)
    for theta in (0.25, 0.5, 1.0):
        powers = theta ** np.arange(1, method.degree + 1)
        angle = angles + theta * times[2]
        got = start + np.tensordot(powers, q, 1)
        np.testing.assert_allclose(got, [np.cos(angle), np.sin(angle)], atol=2e-12)


def test_a_step_keeps_within_its_limit():
    advance, _ = advancing(rotation, 2, 1e-12, 64, 8, True, False)
    y0 = np.stack([np.ones(8), np.arange(8.0)])
    limits = np.array([1e-3, -1e-3, 0.0, 1e3, -1e3, 1e-300, -1e300, 1e300])
    y, times = y0.copy(), np.stack([np.zeros(8), limits, np.zeros(8)])
    advance(y, np.zeros_like(y), times, np.ones((1, 8)), np.zeros((1, 8)), 1e-12, 1e-12)
    steps = times[2]
    np.testing.assert_array_equal(steps[[0, 1, 2, 5]], limits[[0, 1, 2, 5]])
    np.testing.assert_array_equal(np.sign(steps), np.sign(limits))
    assert (np.abs(steps[[3, 4, 6, 7]]) < 4.0).all()
    np.testing.assert_array_equal(y[:, 2], y0[:, 2])


def test_straight_lines_take_one_step():
    y, steps = integrate(clock, np.zeros((2, 8)), 1000.0, tolerance=1e-9, parameter=np.arange(8.0))
    np.testing.assert_array_equal(y, [np.full(8, 1000.0), 1000.0 * np.arange(8.0)])
    assert steps.max() == 1


def test_a_right_hand_side_too_long_to_compile_is_refused():
    def everyone_with_everyone(t, u, p, du):
        for i in range(len(du)):
            du[i] = 0.0
            for j in range(len(u)):
                du[i] += math.sin(u[j] - u[i]) * p[0]

    method = Taylor.of(everyone_with_everyone, style="inplace", dim=14, n_params=1, tolerance=1e-12)
    assert method.degree == 16
    with pytest.raises(CompilationError, match=r"everyone_with_everyone .* order 16 .* too many .*DOP853"):
        method.series_attempt(True, False)
    shorter = Taylor.of(everyone_with_everyone, style="inplace", dim=4, n_params=1, tolerance=1e-6)
    assert len(shorter.series_attempt(True, False)) < LONGEST_TEXT
