"""Periodic orbits by shooting: periods and Floquet multipliers that theory or the literature know."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk, mathieu_a

import fastsci
from fastsci import systems
from fastsci.orbits import periodic_orbits

# Viswanath, Nonlinearity 16, 1035 (2003): the orbit that goes once around each eye, and the pair that goes twice
# around one of them.
AB, AAB = 1.558652210716, 2.305907263940
AB_POINT = (-13.763610682134, -19.578751942452, 27.0)


@fastsci.system(params={"a": 1.0, "mu": 0.0, "b": 0.0, "c": 0.0, "q": 0.0, "F": 0.0})
def oscillator(t, u, p):
    """Van der Pol (mu), Duffing (b, c, F), Mathieu (q) in one."""
    x, v = u
    a, mu, b, c, q, F = p
    return v, mu * (1.0 - x * x) * v - c * v - (a - 2.0 * q * math.cos(2.0 * t)) * x - b * x * x * x + F * math.cos(t)


def reference(made, times, u0, **params):
    """States (n_times, dim) by SciPy at 1e-13, the first time that of ``u0``."""
    p = tuple({**made.params, **params}.values())
    accuracy = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    return solve_ivp(lambda t, u: made.fun(t, tuple(u), p), (times[0], times[-1]), u0, t_eval=times, **accuracy).y.T


def test_van_der_pols_limit_cycle():
    starts = [[2.0, 0.0], [1.0, -1.5], [-2.0, 0.5], [0.5, 2.5]]
    found = periodic_orbits(oscillator, starts, 6.5, params={"mu": 1.0}, n_steps=300)
    assert found.hits.tolist() == [4]
    assert found.periods[0] == pytest.approx(6.6632868593231, rel=1e-12)
    around = reference(oscillator, [0.0, found.periods[0]], found.points[0], mu=1.0)[-1]
    np.testing.assert_allclose(around, found.points[0], atol=1e-11)
    assert found.residual[0] < 1e-12
    assert found.trivial[0] == 0
    assert abs(found.multipliers[0, 0] - 1.0) < 1e-10
    # Liouville: what areas are multiplied by is the exponential of the divergence along the way.
    t, u = found.orbit(0, 400)
    divergence = (1.0 - u[:, 0] ** 2).mean() * found.periods[0]
    assert found.multipliers[0, 1].real == pytest.approx(math.exp(divergence), rel=1e-9)
    np.testing.assert_allclose(found.exponents[0, 1], divergence / found.periods[0], rtol=1e-9)
    assert found.stable[0]
    assert t[-1] < found.periods[0]


def test_van_der_pols_period_at_weak_damping():
    """2 pi (1 + mu^2 / 16 - 5 mu^4 / 3072 + ...): Andersen and Geer, SIAM J. Appl. Math. 42, 678 (1982)."""
    mu = np.array([0.05, 0.1, 0.2, 0.4])
    found = periodic_orbits(oscillator, [2.0, 0.0], 6.3, params={"mu": mu})
    assert np.array_equal(found.params["mu"], mu)
    missed = found.periods - 2 * np.pi * (1 + mu**2 / 16 - 5 * mu**4 / 3072)
    assert (np.abs(missed) < 0.02 * mu**6).all()
    assert found.stable.all()


def test_the_orbit_has_the_order_of_the_method():
    errors = [
        periodic_orbits(oscillator, [2.0, 0.0], 6.5, params={"mu": 1.0}, method="RK4", n_steps=n).periods[0]
        - 6.6632868593231
        for n in (100, 200, 400)
    ]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert (np.log2(np.abs(ratios)) > 3.7).all()
    assert (np.log2(np.abs(ratios)) < 4.5).all()


def test_rounds_and_phases_are_one_orbit():
    starts = np.array([[2.00861986, 0.0], [2.00861986, 0.0], [-2.00861986, 0.0], [1.0, -1.5]])
    found = periodic_orbits(oscillator, starts, [6.6, 13.3, 20.0, 6.7], params={"mu": 1.0})
    assert found.reached.tolist() == [0, 0, 0, 0]
    assert found.periods[0] == pytest.approx(6.6632868593231, rel=1e-11)


def test_one_start_and_several_periods():
    found = periodic_orbits(oscillator, [2.0, 0.0], [6.4, 6.9], params={"mu": 1.0})
    assert found.hits.tolist() == [2]


def test_the_member_of_a_given_period_of_a_conservative_family():
    """The period of Duffing's oscillator depends on its amplitude by an elliptic integral."""
    amplitudes = np.array([0.5, 1.0, 2.0])
    square = amplitudes**2
    periods = 4.0 * ellipk(square / (2.0 * (1.0 + square))) / np.sqrt(1.0 + square)
    starts = np.outer(amplitudes, [1.03, 0.05])
    found = periodic_orbits(oscillator, starts, periods, params={"b": 1.0}, fixed_period=True)
    x, v = found.points.T
    np.testing.assert_allclose(v**2 / 2 + x**2 / 2 + x**4 / 4, square / 2 + square**2 / 4, rtol=1e-10)
    np.testing.assert_allclose(np.prod(found.multipliers, 1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(found.multipliers, 1.0, atol=1e-5)  # a double one, of which errors show their root
    assert not found.stable.any()


def test_every_orbit_of_a_linear_centre_returns():
    starts = np.array([[1.0, 0.0], [0.0, 3.0]])
    found = periodic_orbits(oscillator, starts, np.pi, params={"a": 4.0}, fixed_period=True)
    np.testing.assert_allclose(found.points, starts, atol=1e-12)
    np.testing.assert_allclose(found.monodromy, [np.eye(2)] * 2, atol=1e-11)
    assert found.trivial.tolist() == [-1, -1]
    assert not found.stable.any()


@pytest.mark.parametrize(("order", "multiplier"), [(0, 1.0), (1, -1.0), (2, 1.0)])
def test_mathieus_equation_on_its_characteristic_curves(order, multiplier):
    """There one solution has period pi or 2 pi; the curves border the tongues of instability."""
    q, inside = 0.8, 0.05 if order else -0.05
    a = mathieu_a(order, q)
    on, unstable = (
        periodic_orbits(
            oscillator, [0.1, 0.0], np.pi, params={"a": value, "q": -q}, fixed_period=True, n_steps=400
        ).multipliers[0]
        for value in (a, a - inside if order else a + inside)
    )
    np.testing.assert_allclose(on, multiplier, atol=1e-5)  # a double one
    np.testing.assert_allclose(np.prod(on), 1.0, rtol=1e-11)
    assert np.abs(unstable).max() > 1.01
    assert np.prod(unstable) == pytest.approx(1.0, rel=1e-10)


def test_a_forced_linear_oscillator_answers_as_the_textbook_says():
    a, c, force = 2.0, 0.3, 1.5
    found = periodic_orbits(
        oscillator, [5.0, 5.0], 2 * np.pi, params={"a": a, "c": c, "F": force}, fixed_period=True, n_steps=300
    )
    response = force / (a - 1.0 + 1j * c)  # of exp(i t)
    np.testing.assert_allclose(found.points[0], [response.real, (1j * response).real], rtol=1e-11)
    rates = np.roots([1.0, c, a])
    np.testing.assert_allclose(np.sort(found.multipliers[0]), np.sort(np.exp(2 * np.pi * rates)), rtol=1e-9)
    assert found.stable[0]
    assert found.periods[0] == 2 * np.pi


def test_duffings_forced_oscillator_has_three_answers():
    """In the bistable range two stable responses and one unstable between them."""
    params = {"a": 1.0, "b": -0.05, "c": 0.02, "F": 0.08}
    starts = np.random.default_rng(1).uniform(-4.0, 4.0, (200, 2))
    found = periodic_orbits(oscillator, starts, 2 * np.pi, params=params, fixed_period=True)
    expected = math.exp(-2 * np.pi * params["c"])
    for point, multipliers in zip(found.points, found.multipliers, strict=True):
        around = reference(oscillator, [0.0, 2 * np.pi], point, **params)[-1]
        np.testing.assert_allclose(around, point, atol=1e-10)
        assert np.prod(multipliers).real == pytest.approx(expected, rel=1e-9)
    small = np.abs(found.points).max(1) < 4.0
    assert sorted(found.stable[small]) == [False, True, True] or small.sum() == 1


def test_lorenzs_shortest_orbit():
    found = periodic_orbits(systems.lorenz63, AB_POINT, 1.56, method="Verner7", n_steps=400)
    assert found.periods[0] == pytest.approx(AB, abs=1e-11)
    assert found.residual[0] < 1e-10
    assert found.trivial[0] == 1
    assert not found.stable[0]
    sigma, _, beta = systems.lorenz63.params.values()
    shrunk = math.exp(-(sigma + 1 + beta) * found.periods[0])
    assert np.prod(found.multipliers[0]).real == pytest.approx(shrunk, rel=1e-4)


def test_search_on_lorenzs_attractor():
    """The symmetric orbit is found once, and of a pair that mirror one another both."""
    states = reference(systems.lorenz63, np.linspace(0.0, 40.0, 150), systems.lorenz63.default_y0)[50:]
    found = periodic_orbits(systems.lorenz63, states, 2.0, method="Verner7", n_steps=300, max_iter=25)
    once = np.abs(found.periods - AB) < 1e-9
    pair = np.abs(found.periods - AAB) < 1e-9
    assert once.sum() == 1
    assert pair.sum() == 2
    assert found.residual.max() < 1e-9
    assert not found.stable.any()
    one, other = (found.orbit(i, 2000)[1] for i in np.flatnonzero(pair))
    mirrored = other * [-1.0, -1.0, 1.0]
    assert all(np.abs(mirrored - u).max(1).min() < 0.5 for u in one[::200])


def test_multiple_shooting_finds_the_same_orbit():
    whole, arcs = (
        periodic_orbits(systems.lorenz63, AB_POINT, 1.56, method="Verner7", n_steps=400, segments=segments)
        for segments in (1, 4)
    )
    assert arcs.periods[0] == pytest.approx(whole.periods[0], rel=1e-12)
    np.testing.assert_allclose(arcs.multipliers[0, :2], whole.multipliers[0, :2], rtol=1e-9)
    t, u = arcs.orbit(0, 10)
    np.testing.assert_allclose(u[0], arcs.points[0])
    np.testing.assert_allclose(u, reference(systems.lorenz63, t, arcs.points[0]), atol=1e-8)


def test_starts_that_fail_take_no_other_down():
    starts = np.array([[2.0, 0.0], [np.nan, 0.0], [0.0, 0.0], [-2.0, 0.1], [1e200, 0.0]])
    mixed = periodic_orbits(oscillator, starts, 6.6, params={"mu": np.linspace(0.9, 1.1, 5)})
    assert mixed.status.tolist() == [0, -1, -6, 0, -1]
    assert "fixed point" in mixed.message(2)
    assert mixed.reached.tolist() == [0, -1, -1, 1, -1]
    for start, mu, place in ((0, 0.9, 0), (3, 1.05, 1)):
        alone = periodic_orbits(oscillator, starts[start], 6.6, params={"mu": np.linspace(0.9, 1.1, 5)[start]})
        assert mixed.params["mu"][place] == pytest.approx(mu)
        assert np.array_equal(alone.points[0], mixed.points[place])
        assert alone.periods[0] == mixed.periods[place]
        assert np.array_equal(alone.monodromy[0], mixed.monodromy[place])


def test_a_function_that_raises_fails_its_start_alone():
    def bounded(t, u, p):
        x, v = u
        if x > 50.0:
            raise ValueError("too far")
        return v, (1.0 - x * x) * v - x

    starts = [[60.0, 0.0], [2.0, 0.0]]
    found = periodic_orbits(bounded, starts, 6.6, method="RK4", n_steps=400)
    assert found.status.tolist() == [-2, 0]
    assert "raised" in found.message(0)
    assert found.periods[0] == pytest.approx(6.66328686, rel=1e-6)


def test_no_start():
    found = periodic_orbits(oscillator, np.empty((0, 2)), 6.6)
    assert found.points.shape == found.multipliers.shape == (0, 2)
    assert found.monodromy.shape == (0, 2, 2)
    assert found.periods.shape == found.status.shape == (0,)
    assert repr(found) == "<PeriodicOrbits of oscillator: 0 from 0 starts, 0 failed>"


def test_a_longest_step_in_the_place_of_their_number():
    by_step, by_number = (
        periodic_orbits(oscillator, [2.0, 0.0], 6.5, params={"mu": 1.0}, **steps)
        for steps in ({"dt": 0.05}, {"n_steps": 130})
    )
    assert by_step.periods[0] == by_number.periods[0]


def test_starts_in_float32_are_computed_in_float64():
    single, double = (
        periodic_orbits(oscillator, np.array([2.0, 0.5], dtype), 6.5, params={"mu": 1.0}) for dtype in ("f4", "f8")
    )
    assert np.array_equal(single.points, double.points)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"system": systems.henon}, ValueError, "system: henon is a map"),
        ({"starts": [1.0]}, ValueError, r"starts: has shape \(1,\)"),
        ({"periods": -1.0}, ValueError, "periods: holds -1"),
        ({"periods": [[1.0]]}, ValueError, "periods: has shape"),
        ({"starts": [[1.0, 0.0]] * 3, "periods": [1.0, 2.0]}, ValueError, "periods: are 2, but starts are 3"),
        ({"method": "implicit"}, ValueError, "method: is 'implicit'"),
        ({"n_steps": 0}, ValueError, "n_steps: is 0"),
        ({"dt": -0.1}, ValueError, "dt: is -0.1"),
        ({"segments": 1.5}, ValueError, "segments: is 1.5"),
        ({"tol": 2.0}, ValueError, "tol: is 2.0"),
        ({"params": {"nu": 1.0}}, ValueError, "params: oscillator has no parameter 'nu'"),
    ],
)
def test_mistakes_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        periodic_orbits(**{"system": oscillator, "starts": [2.0, 0.0], "periods": 6.5, **arguments})
