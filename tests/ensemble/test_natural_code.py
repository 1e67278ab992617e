"""What people write in a right-hand side stays on lanes, and says what Python says."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import fastsci

STATES = np.random.default_rng(5).normal(size=(19, 2))


def truth_values(t, u, p):
    x, y = u
    return (x > y) * 1.0, (x > 0.0) * (y > 0.0) - x


def limits(t, u, p):
    x, y = u
    return np.clip(x, -0.5, 0.5), pow(y, 2)


def of_three(t, u, p):
    x, y = u
    return min(x, y, 0.25), max(x, 0.5, y)


def negation(t, u, p):
    x, y = u
    return fastsci.where(not x > 0.0, 1.0, 2.0), y


def comprehension(t, u, p, du):
    doubled = [2.0 * value for value in u]
    for i in range(len(u)):
        du[i] = doubled[i]


def sum_over(t, u, p, du):
    total = 0.0
    for value in u:
        total += value
    du[0] = total
    du[-1] = math.floor(u[0]) - total


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("fun", [truth_values, limits, of_three, negation, comprehension, sum_over])
def test_a_euler_step_is_that_of_the_plain_function(fun, dtype):
    result = fastsci.solve_ensemble(fun, (0.0, 0.25), STATES.astype(dtype), method="Euler", dt=0.25)
    assert result.path == "lanes", result.reason
    plain = fastsci.system(fun)
    expected = STATES + 0.25 * plain.rhs(0.0, STATES.astype(dtype).astype(float))
    np.testing.assert_allclose(result.y_final, expected, rtol=8 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", fastsci.systems.names("flow"))
def test_a_shared_grid_and_a_grid_a_member_give_the_same_bits(name):
    system = fastsci.systems.get(name)
    y0 = system.default_y0 * np.linspace(0.9, 1.1, 5)[:, np.newaxis]
    span = np.array([0.0, 7.5 * system.dt])
    times = np.array([0.0, 2.25, 3.0, 7.5]) * system.dt
    shared = fastsci.solve_ensemble(system, span, y0, dt=system.dt, t_eval=times)
    own = fastsci.solve_ensemble(system, np.tile(span, (5, 1)), y0, dt=system.dt, t_eval=np.tile(times, (5, 1)))
    np.testing.assert_array_equal(own.y.view(np.uint64), shared.y.view(np.uint64))


def test_saves_at_grid_points_cost_nothing_where_float32_cannot_hold_the_step():
    system = fastsci.systems.lorenz63
    times = 0.01 * np.arange(101)
    result = fastsci.solve_ensemble(system, (0.0, 1.0), [1.0, 1.0, 1.0], dt=0.01, t_eval=times, dtype="float32")
    assert result.nfev[0] == 400
    exact = fastsci.solve_ensemble(system, (0.0, 1.0), [1.0, 1.0, 1.0], dt=0.01, t_eval=times)
    np.testing.assert_allclose(result.y, exact.y, rtol=2e-4, atol=2e-4)


def draws(t, u, p):
    x, y = u
    return x * random.random(), y


def test_random_numbers_are_refused_because_members_would_share_them():
    with pytest.raises(TypeError, match=r"draws random numbers.*pass them as parameters"):
        fastsci.solve_ensemble(draws, (0.0, 1.0), STATES, dt=0.1)
