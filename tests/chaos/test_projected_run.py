"""Runs that keep what the exact motion keeps, and lose nothing else."""

import numpy as np
import pytest

import fastsci
from fastsci.chaos.invariants import invariant_drift
from fastsci.chaos.projected_run import solve_projected
from tests.chaos.conserved import (
    kepler,
    kepler_both,
    kepler_energy,
    kepler_starts,
    pendulum,
    pendulum_energy,
    rigid_body,
    rigid_body_invariants,
)

INERTIA = [1.0, 2.0, 3.0]


def drift_of(run, invariant, params):
    return invariant_drift(np.swapaxes(run.y, 1, 2), invariant, params=params).largest


@pytest.mark.parametrize(
    ("system", "invariant", "starts", "params", "dt"),
    [
        (kepler, kepler_energy, kepler_starts([0.2, 0.4, 0.6]), [1.0], 0.05),
        (kepler, kepler_both, kepler_starts([0.2, 0.4, 0.6]), [1.0], 0.05),
        (pendulum, pendulum_energy, np.array([[0.5, 0.0], [2.0, 0.0], [0.0, 2.5]]), None, 0.2),
        (rigid_body, rigid_body_invariants, np.array([[1.0, 0.1, 0.0], [0.3, 1.0, 0.1]]), INERTIA, 0.3),
    ],
)
def test_a_hundred_thousand_steps_keep_the_invariants(system, invariant, starts, params, dt):
    end = 100_000 * dt
    run = solve_projected(system, invariant, (0.0, end), starts, dt=dt, params=params, every=200)
    assert run.success.all()
    assert run.y.shape == (*starts.shape, 501)
    free = fastsci.solve_ensemble(system, (0.0, end), starts, dt=dt, params=params, t_eval=run.t)
    assert drift_of(run, invariant, params).max() < 1e-10
    assert drift_of(free, invariant, params).min() > 1e-6
    assert run.drift_before.max() > 1e3 * run.drift_after.max()


def test_the_order_of_the_method_stays():
    starts, end = kepler_starts([0.3]), 2.0 * np.pi
    errors = []
    for steps in (200, 400, 800):
        run = solve_projected(kepler, kepler_both, (0.0, end), starts, dt=end / steps, params=[1.0])
        errors.append(np.abs(run.y_final - starts).max())
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert rates.min() > 3.8
    free = fastsci.solve_ensemble(kepler, (0.0, end), starts, dt=end / 400, params=[1.0])
    assert errors[1] < np.abs(free.y_final - starts).max()


def test_between_projections_it_is_the_method():
    starts = kepler_starts([0.1, 0.5])
    run = solve_projected(kepler, kepler_energy, (0.0, 1.0), starts, dt=0.03, params=[1.0], every=1000)
    free = fastsci.solve_ensemble(kepler, (0.0, 1.0), starts, dt=1.0 / 34.0, params=[1.0])
    assert run.t.tolist() == [0.0, 1.0]
    before = np.array([kepler_energy(0.0, state, (1.0,)) for state in free.y_final])
    np.testing.assert_allclose(run.drift_before[:, 0, 1], np.abs(before + 0.5), rtol=1e-6)
    np.testing.assert_array_equal(run.y[:, :, 0], starts)
    np.testing.assert_array_equal(run.y[:, :, -1], run.y_final)


def test_the_times_of_saves_fill_the_span():
    run = solve_projected(pendulum, pendulum_energy, (1.0, -1.0), [0.5, 0.0], dt=0.1, every=6)
    np.testing.assert_allclose(run.t, [1.0, 0.4, -0.2, -0.8, -1.0], atol=1e-15)
    assert run.values.shape == (1, 1)
    assert (run.drift_before.shape, run.drift_after.shape) == ((1, 1, 5), (1, 1, 5))
    there = solve_projected(pendulum, pendulum_energy, (-1.0, 1.0), run.y_final, dt=0.1, every=6)
    np.testing.assert_allclose(there.y_final, [[0.5, 0.0]], atol=1e-6)
    nothing = solve_projected(pendulum, pendulum_energy, (1.0, 1.0), [0.5, 0.0], dt=0.1)
    np.testing.assert_array_equal(nothing.y, [[[0.5], [0.0]]])


def test_a_member_that_fails_takes_no_other_down():
    starts = kepler_starts([0.1, 0.2, 0.3])
    starts[1, 2] = np.nan
    spoiled = solve_projected(kepler, kepler_energy, (0.0, 1.0), starts, dt=0.05, params=[1.0], every=5)
    assert spoiled.status.tolist() == [0, -1, 0]
    assert "NaN" in spoiled.message(1)
    assert "end" in spoiled.message(0)
    alone = solve_projected(kepler, kepler_energy, (0.0, 1.0), starts[2], dt=0.05, params=[1.0], every=5)
    np.testing.assert_array_equal(spoiled.y[2], alone.y[0])


def test_a_projection_that_fails_is_a_status():
    # On a circular orbit the gradients of energy and angular momentum are parallel.
    run = solve_projected(kepler, kepler_both, (0.0, 10.0), kepler_starts([0.0, 0.4]), dt=0.5, params=[1.0], every=5)
    assert run.status.tolist() == [-5, 0]
    assert "projection" in run.message(0)
    assert np.isnan(run.y_final[0]).all()
    assert np.isfinite(run.y[1]).all()


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"dt": 0.0}, ValueError, "dt"),
        ({"dt": None}, TypeError, "dt"),
        ({"every": 0}, ValueError, "every"),
        ({"every": 1.5}, TypeError, "every"),
        ({"tol": -1.0}, ValueError, "tol"),
        ({"method": "RK5"}, ValueError, "method"),
        ({"t_span": [[0.0, 1.0], [0.0, 2.0]]}, ValueError, "t_span"),
        ({"y0": np.zeros(3)}, ValueError, "y0"),
        ({"y0": np.zeros((0, 2))}, ValueError, "y0"),
        ({"invariant": lambda t, u, p: [1.0]}, TypeError, "invariant"),
        ({"system": None}, TypeError, "system"),
    ],
)
def test_mistakes_are_named(changes, error, names):
    given = {"system": pendulum, "invariant": pendulum_energy, "t_span": (0.0, 1.0), "y0": [0.5, 0.0], "dt": 0.1}
    given.update(changes)
    first = [given.pop(name) for name in ("system", "invariant", "t_span", "y0")]
    with pytest.raises(error, match=f"^{names}: "):
        solve_projected(*first, **given)
