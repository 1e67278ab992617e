"""Conserved quantities: their drift, and the way back along the gradient."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import fastsci
from fastsci.chaos.invariants import invariant_drift, project_to_invariant
from fastsci_kernels.compile import CompilationError
from tests.chaos.conserved import (
    chain_energy,
    kepler_both,
    kepler_energy,
    kepler_starts,
    pendulum_energy,
    rigid_body_invariants,
)

ECCENTRICITIES = np.array([0.1, 0.3, 0.6])


def radius(t, u, p):
    x, y = u
    return x * x + y * y


def states_nearby(seed, members=37):
    """States around the pericentre of Kepler orbits."""
    rng = np.random.default_rng(seed)
    return kepler_starts(rng.uniform(0.1, 0.6, members)) + rng.normal(0.0, 0.05, (members, 4))


# --- drift ---


def test_drift_is_that_of_the_plain_function():
    states = states_nearby(0, 24).reshape(3, 8, 4)
    strengths = np.array([[1.0], [1.1], [0.9]])
    found = invariant_drift(states, kepler_both, params=strengths)
    for member in range(3):
        plain = np.array([kepler_both(0.0, state, strengths[member]) for state in states[member]])
        np.testing.assert_allclose(found.values[member], plain, rtol=1e-14)
        drift = np.abs(plain - plain[0]) / np.abs(plain[0])
        np.testing.assert_allclose(found.drift[member], drift, atol=1e-14)
        np.testing.assert_allclose(found.largest[member], drift.max(axis=0), atol=1e-14)
        np.testing.assert_allclose(found.end[member], drift[-1], atol=1e-14)
    absolute = invariant_drift(states, kepler_both, params=strengths, relative=False)
    np.testing.assert_array_equal(absolute.drift, np.abs(found.values - found.values[:, :1]))


def test_the_elements_of_an_orbit():
    # Energy -1 / (2 a) and angular momentum sqrt(a (1 - e^2)).
    values = invariant_drift(kepler_starts(ECCENTRICITIES), kepler_both, params=[1.0]).values
    np.testing.assert_allclose(values[:, 0], -0.5, rtol=1e-14)
    np.testing.assert_allclose(values[:, 1], np.sqrt(1.0 - ECCENTRICITIES**2), rtol=1e-14)


def test_drift_shapes():
    states = np.random.default_rng(1).normal(size=(5, 7, 2))
    lone, pair = invariant_drift(states, radius), invariant_drift(states, lambda t, u, p: (u[0], u[1]))
    assert (lone.values.shape, lone.drift.shape, lone.largest.shape, lone.end.shape) == ((5, 7), (5, 7), (5,), (5,))
    assert (pair.values.shape, pair.largest.shape) == ((5, 7, 2), (5, 2))
    one = invariant_drift(states[2], radius)
    np.testing.assert_array_equal(one.values, lone.values[2])
    assert one.largest == lone.largest[2]


def test_the_oscillator_loses_what_the_theory_says():
    # RK4 multiplies the energy of x'' = -x by 1 - h^6/72 + h^8/576 a step (Hairer and Wanner II, section IV.2).
    steps, h = 500, 0.2
    run = fastsci.solve_ensemble(
        lambda t, u, p: (u[1], -u[0]), (0.0, steps * h), [[1.0, 0.0], [0.3, -2.0]], dt=h, t_eval=[0.0, steps * h]
    )
    found = invariant_drift(run, lambda t, u, p: 0.5 * (u[0] * u[0] + u[1] * u[1]))
    np.testing.assert_allclose(found.end, 1.0 - (1.0 - h**6 / 72.0 + h**8 / 576.0) ** steps, rtol=1e-10)


def test_time_and_parameters_reach_the_invariant():
    def moving(t, u, p):
        (x,) = u
        speed, start = p
        return x - speed * t - start

    times = np.linspace(0.0, 3.0, 5)
    speeds, starts = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    states = (starts[:, None] + speeds[:, None] * times)[..., None]
    by_name = invariant_drift(states, moving, params={"start": starts, "speed": speeds}, times=times, relative=False)
    np.testing.assert_allclose(by_name.values, 0.0, atol=1e-15)
    by_place = invariant_drift(states, moving, params=np.stack([speeds, starts], 1), times=times, relative=False)
    np.testing.assert_array_equal(by_place.values, by_name.values)
    assert np.isnan(invariant_drift(np.zeros((3, 1)), lambda t, u, p: u[0]).largest)
    own = invariant_drift(states, moving, params=np.stack([speeds, starts], 1), times=[times, times], relative=False)
    np.testing.assert_array_equal(own.values, by_name.values)


def test_a_result_brings_its_times_and_parameters():
    def growth(t, u, p):
        (x,) = u
        (rate,) = p
        return (rate * x,)

    def start(t, u, p):
        (x,) = u
        (rate,) = p
        return x * math.exp(-rate * t)

    spans = [[0.0, 1.0], [0.5, 2.0]]
    run = fastsci.solve_ensemble(
        growth, spans, [1.0], params={"rate": [0.5, -1.0]}, dt=0.01, t_eval=np.linspace(0.0, 1.0, 5)
    )
    found = invariant_drift(run, start)
    assert found.values.shape == (2, 5)
    # Over a time T the method's relative error is T |rate|^5 dt^4 / 120.
    np.testing.assert_allclose(found.largest, [0.5**5 * 0.01**4 / 120.0, 1.5 * 0.01**4 / 120.0], rtol=0.02)
    assert invariant_drift(run, start, times=0.0).largest.min() > 0.5
    states = np.swapaxes(run.y, 1, 2)
    by_hand = invariant_drift(states, start, params={"rate": np.array([0.5, -1.0])}, times=run.t)
    np.testing.assert_array_equal(found.values, by_hand.values)


# --- projection ---


def along_the_gradient(state, level):
    """The root on the line through the state along the gradient, by bisection."""
    x, y, vx, vy = state
    r3 = math.hypot(x, y) ** 3
    gradient = np.array([x / r3, y / r3, vx, vy])
    step = brentq(lambda s: kepler_energy(0.0, state + s * gradient, (1.0,)) - level, -0.1, 0.1, xtol=1e-15)
    return state + step * gradient


def test_it_is_the_root_along_the_gradient():
    states = states_nearby(2)
    levels = np.array([kepler_energy(0.0, state, (1.0,)) for state in states]) + np.linspace(-0.02, 0.02, len(states))
    found = project_to_invariant(states, kepler_energy, levels, params=[1.0])
    expected = [along_the_gradient(state, level) for state, level in zip(states, levels, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_circle_is_reached_by_its_radius():
    points = np.random.default_rng(3).normal(size=(50, 2))
    found = project_to_invariant(points, radius, 4.0)
    np.testing.assert_allclose(found, 2.0 * points / np.hypot(*points.T)[:, None], rtol=1e-11)


def test_levels_that_rounding_hides():
    # 1 - cos cancels, and a large angle has few digits behind the point.
    def small(t, u, p):
        angle, momentum = u
        return 0.5 * momentum * momentum + (1.0 - math.cos(angle))

    states = np.array([[1e-3, 0.0], [1e-3, 1e-3], [1e4, 2.5]])
    levels = np.array([small(0.0, state, ()) for state in states]) * 1.01
    found = project_to_invariant(states, small, levels)
    reached = [small(0.0, state, ()) for state in found]
    np.testing.assert_allclose(reached, levels, rtol=1e-9)
    np.testing.assert_allclose(found, states, rtol=0.02, atol=1e-12)


def test_several_invariants_at_once_are_all_met():
    states = states_nearby(4)
    targets = np.array([kepler_both(0.0, state, (1.0,)) for state in states]) + np.array([0.01, -0.02])
    found = project_to_invariant(states, kepler_both, targets, params=[1.0])
    reached = np.array([kepler_both(0.0, state, (1.0,)) for state in found])
    np.testing.assert_allclose(reached, targets, rtol=0, atol=1e-11)
    # The way is a combination of the two gradients at the start.
    for state, end in zip(states, found, strict=True):
        x, y, vx, vy = state
        r3 = math.hypot(x, y) ** 3
        gradients = np.array([[x / r3, y / r3, vx, vy], [vy, -vx, -y, x]])
        rest = np.linalg.lstsq(gradients.T, end - state)[1]
        assert rest < 1e-24


def test_states_on_the_level_keep_their_bits():
    states = states_nearby(5)
    levels = np.array([kepler_energy(0.0, state, (1.0,)) for state in states])
    np.testing.assert_array_equal(project_to_invariant(states, kepler_energy, levels, params=[1.0]), states)


@pytest.mark.parametrize("length", [8, 33])
def test_long_states(length):
    states = np.random.default_rng(length).normal(size=(11, 2 * length))
    energies = np.array([chain_energy(0.0, state, ()) for state in states])
    np.testing.assert_allclose(invariant_drift(states, chain_energy).values, energies, rtol=1e-13)
    found = project_to_invariant(states, chain_energy, 1.01 * energies)
    reached = np.array([chain_energy(0.0, state, ()) for state in found])
    np.testing.assert_allclose(reached, 1.01 * energies, rtol=1e-11)
    assert np.abs(found - states).max() < 0.1


def test_a_first_state_without_a_value_is_nan_for_itself_alone():
    for bad in (np.nan, np.inf):
        states = np.array([[[bad, 0.0], [1.0, 2.0]], [[0.5, 0.0], [0.5, 0.1]]])
        drift = invariant_drift(states, pendulum_energy)
        assert np.isnan(drift.largest[0])
        assert drift.largest[1] == invariant_drift(states[1], pendulum_energy).largest
    # 1 / r at the origin raises in Python and is infinite in compiled code.
    at_origin = invariant_drift([[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]], kepler_energy, params=[1.0])
    np.testing.assert_array_equal(at_origin.values, [-np.inf, -0.5])


def test_shapes_of_states_and_levels():
    states = states_nearby(6, 12)
    level, both = -0.5, np.array([-0.5, 0.9])
    lone = project_to_invariant(states, kepler_energy, level, params=[1.0])
    np.testing.assert_array_equal(project_to_invariant(states[3], kepler_energy, level, params=[1.0]), lone[3])
    cube = project_to_invariant(states.reshape(3, 4, 4), kepler_energy, level, params=[1.0])
    np.testing.assert_array_equal(cube.reshape(12, 4), lone)
    of_members = project_to_invariant(states.reshape(3, 4, 4), kepler_energy, [level] * 3, params=np.ones((3, 1)))
    np.testing.assert_array_equal(of_members, cube)
    pair = project_to_invariant(states, kepler_both, both, params={"strength": 1.0})
    np.testing.assert_array_equal(project_to_invariant(states, kepler_both, [both] * 12, params=[1.0]), pair)


def test_neither_company_nor_threads_change_a_bit(monkeypatch):
    states = states_nearby(7, 3001)
    alone = np.array([project_to_invariant(state, kepler_energy, -0.51, params=[1.0]) for state in states[:19]])
    for threads in ("1", "3"):
        monkeypatch.setenv("FASTSCI_NUM_THREADS", threads)
        found = project_to_invariant(states, kepler_energy, -0.51, params=[1.0])
        np.testing.assert_array_equal(found[:19], alone)
    spoiled = states.copy()
    spoiled[5] = np.nan
    found = project_to_invariant(spoiled, kepler_energy, -0.51, params=[1.0])
    assert np.isnan(found[5]).all()
    np.testing.assert_array_equal(np.delete(found[:19], 5, axis=0), np.delete(alone, 5, axis=0))


def test_what_has_no_way_back_is_nan():
    # The energy of a pendulum is never below -1, and its gradient vanishes at rest; a circular orbit has the least
    # energy of its angular momentum.
    found = project_to_invariant([[0.3, 0.2], [0.0, 0.0], [1.0, 0.5]], pendulum_energy, [-1.5, 0.0, 0.0])
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [True, True, False])
    assert pendulum_energy(0.0, found[2], ()) == pytest.approx(0.0, abs=1e-11)
    circular = project_to_invariant(kepler_starts(0.0), kepler_both, [-0.6, 1.0], params=[1.0])
    assert np.isnan(circular).all()


def test_a_quantity_that_branches_runs_on_scalars():
    def crooked(t, u, p):
        x, y = u
        if x > 0.0:
            return x * x + y * y
        return 2.0 * x * x + y * y

    points = np.random.default_rng(8).normal(size=(21, 2))
    found = project_to_invariant(points, crooked, 1.0)
    assert [crooked(0.0, point, ()) for point in found] == pytest.approx([1.0] * 21, abs=1e-11)
    plain = [crooked(0.0, point, ()) for point in points]
    np.testing.assert_allclose(invariant_drift(points, crooked).values, plain, rtol=1e-15)


def test_any_array_of_numbers():
    points = np.array([[3, 4], [1, 2], [-5, 7]])
    expected = project_to_invariant(points.astype(float), radius, 25.0)
    np.testing.assert_array_equal(project_to_invariant(points, radius, 25), expected)
    np.testing.assert_array_equal(project_to_invariant(points.astype(np.float32), radius, 25.0), expected)
    frozen = np.asfortranarray(points)
    frozen.flags.writeable = False
    np.testing.assert_array_equal(project_to_invariant(frozen, radius, 25.0), expected)
    np.testing.assert_array_equal(project_to_invariant(np.repeat(points, 2, axis=0)[::2], radius, 25.0), expected)


@pytest.mark.parametrize(
    ("states", "invariant", "values", "options", "error", "names"),
    [
        (1.0, radius, 1.0, {}, ValueError, "states"),
        (np.zeros((2, 2, 2, 2)), radius, 1.0, {}, ValueError, "states"),
        (np.zeros((0, 2)), radius, 1.0, {}, ValueError, "states"),
        (np.zeros((2, 2001)), lambda t, u, p: u[0], 1.0, {}, ValueError, "states"),
        ([["a", "b"]], radius, 1.0, {}, TypeError, "states"),
        (np.zeros((4, 3)), radius, 1.0, {}, ValueError, "invariant"),
        (np.zeros((4, 2)), 3.0, 1.0, {}, TypeError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p, du: None, 1.0, {}, TypeError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p: None, 1.0, {}, TypeError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p: (), 1.0, {}, ValueError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p: [u[0]], 1.0, {}, TypeError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p: (u[0], u[1], u[0]), 1.0, {}, ValueError, "invariant"),
        (np.zeros((4, 2)), lambda t, u, p: u[5], 1.0, {}, TypeError, "invariant"),
        (np.ones((4, 2)), radius, [1.0, 2.0], {}, ValueError, "values"),
        (np.ones((4, 2)), radius, "high", {}, TypeError, "values"),
        (np.ones((4, 3)), rigid_body_invariants, 1.0, {"params": [1.0, 2.0, 3.0]}, ValueError, "values"),
        (np.ones((4, 2)), radius, 1.0, {"tol": 0.0}, ValueError, "tol"),
        (np.ones((4, 2)), radius, 1.0, {"times": [1.0, 2.0]}, ValueError, "times"),
        (np.ones((4, 4)), kepler_energy, 1.0, {"params": np.ones((3, 1))}, ValueError, "params"),
        (np.ones((4, 4)), kepler_energy, 1.0, {"params": {"mass": 1.0}}, ValueError, "params"),
        (np.ones((4, 2)), lambda t, u, p: u[0] * p[0], 1.0, {"params": {"a": 1.0}}, ValueError, "params"),
    ],
)
def test_mistakes_are_named(states, invariant, values, options, error, names):
    with pytest.raises(error, match=f"^{names}: "):
        project_to_invariant(states, invariant, values, **options)


def test_what_cannot_be_compiled_is_named():
    def opened(t, u, p):
        return float(str(u[0]))

    with pytest.raises(CompilationError, match="invariant: opened cannot be compiled"):
        invariant_drift(np.ones((3, 2)), opened)
