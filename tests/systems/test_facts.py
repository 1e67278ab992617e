"""What the catalogue says of its systems is true: the expressions in `facts` are evaluated as they stand."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipk

import fastsci
from fastsci import systems

ALL = systems.names()
# An explicit method takes too many steps for them over more than a moment.
STIFF = ("robertson", "pollution")


def having(fact, kind=None):
    return [name for name in systems.names(kind) if fact in systems.get(name).facts]


def evaluate(made, expression, u, **more):
    """Value of an expression of `facts` at a state and the default parameters."""
    functions = {name: getattr(math, name) for name in ("cos", "sin", "exp", "log", "sqrt", "pi")}
    state = dict(zip(made.state, u, strict=True))
    return eval(str(expression), functions, {**made.params, **state, **more})


def jacobian(made, u, t=0.3):
    """Central differences of fourth order; their error is near 1e-11 of the function's size."""
    columns = []
    for direction in np.eye(made.dim):
        h = 1e-3 * direction
        f = [made.rhs(t, u + k * h) for k in (-2, -1, 1, 2)]
        columns.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * 1e-3))
    return np.array(columns).T


def solve(made, t_span, y0, **options):
    p = tuple(made.params.values())
    call = (lambda t, u: made.fun(t, tuple(u), p)) if made.style == "tuple" else made.rhs
    return solve_ivp(call, t_span, y0, **{"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, **options})


def states_near_the_default(made, n=5):
    return made.default_y0 + 0.3 * np.random.default_rng(5).normal(size=(n, made.dim))


@pytest.mark.parametrize("name", having("divergence"))
def test_divergence(name):
    made = systems.get(name)
    scale = 1e-9 if name != "robertson" else 1e-2
    for u in states_near_the_default(made):
        expected = evaluate(made, made.facts["divergence"], u)
        assert np.trace(jacobian(made, u)) == pytest.approx(expected, rel=1e-9, abs=scale)


@pytest.mark.parametrize("name", having("jacobian_determinant", "map"))
def test_determinant_of_the_jacobian_of_a_map(name):
    made = systems.get(name)
    for u in states_near_the_default(made):
        expected = evaluate(made, made.facts["jacobian_determinant"], u)
        assert np.linalg.det(jacobian(made, u)) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", having("fixed_points"))
def test_fixed_points(name):
    made = systems.get(name)
    points = made.facts["fixed_points"]
    assert len(set(points)) == len(points)
    for point in points:
        u = np.array([evaluate(made, coordinate, made.default_y0) for coordinate in point], dtype=float)
        expected = u if made.kind == "map" else np.zeros(made.dim)
        np.testing.assert_allclose(made.rhs(0.0, u), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", having("conserved", "flow"))
def test_conserved_quantities(name):
    made = systems.get(name)
    t_end, options = (40.0, {"method": "Radau", "rtol": 1e-8, "atol": 1e-12}) if name in STIFF else (20.0, {})
    solution = solve(made, (0.0, t_end), made.default_y0, **options)
    assert solution.success
    for expression in made.facts["conserved"].values():
        values = np.array([evaluate(made, expression, u) for u in solution.y.T])
        assert np.ptp(values) <= 1e-9 * max(1.0, abs(values[0]))
        elsewhere = [evaluate(made, expression, factor * made.default_y0) for factor in (0.5, 2.0)]
        assert np.ptp(elsewhere) > 1e-3  # the expression does depend on the state


@pytest.mark.parametrize("name", having("kaplan_yorke"))
def test_kaplan_yorke_dimension_follows_from_the_exponents(name):
    facts = systems.get(name).facts
    sums = np.cumsum(facts["exponents"])
    j = int(np.flatnonzero(sums >= 0)[-1]) + 1
    dimension = j + sums[j - 1] / abs(facts["exponents"][j])
    assert facts["kaplan_yorke"] == pytest.approx(dimension, abs=1e-4)


def test_exponents_sum_to_the_mean_contraction():
    assert sum(systems.lorenz63.facts["exponents"]) == pytest.approx(-(10 + 1 + 8 / 3), abs=1e-4)
    assert sum(systems.henon.facts["exponents"]) == pytest.approx(math.log(0.3), abs=1e-5)
    made = systems.rossler
    orbit = solve(made, (0.0, 2000.0), made.default_y0, rtol=1e-8, atol=1e-9, t_eval=np.linspace(100.0, 2000.0, 40001))
    contraction = np.mean(0.2 + orbit.y[0] - 5.7)
    assert sum(made.facts["exponents"]) == pytest.approx(contraction, abs=0.02)


@pytest.mark.parametrize("name", ["logistic", "tent"])
def test_exponent_of_a_map_of_the_interval(name):
    made = systems.get(name)
    p = tuple(made.params.values())
    x, total, n = float(made.default_y0[0]), 0.0, 200_000
    for i in range(n):
        slope = p[0] * (1 - 2 * x) if name == "logistic" else p[0]
        total += math.log(abs(slope))
        (x,) = made.fun(i, (x,), p)
    assert made.facts["exponents"][0] == pytest.approx(total / n, abs=3e-3)


def test_greatest_exponent_of_henon():
    made = systems.henon
    a, b = made.params.values()
    x, y = made.default_y0
    v, w, total, n = 1.0, 0.0, 0.0, 200_000
    for i in range(n):
        v, w = -2 * a * x * v + w, b * v
        x, y = made.fun(i, (x, y), (a, b))
        size = math.hypot(v, w)
        v, w, total = v / size, w / size, total + math.log(size)
    assert total / n == pytest.approx(made.facts["exponents"][0], abs=3e-3)


def test_oscillator_has_its_exact_solution():
    made = systems.oscillator
    times = np.linspace(0.0, 30.0, 61)
    solution = solve(made, (0.0, 30.0), (0.7, -0.4), t_eval=times)

    def exact(t):
        known = {"t": t, "x0": 0.7, "v0": -0.4}
        for name in ("steady_cosine", "steady_sine", "damped_frequency"):
            known[name] = evaluate(made, made.facts[name], (0.0, 0.0))
        return evaluate(made, made.facts["solution"], (0.0, 0.0), **known)

    np.testing.assert_allclose(solution.y[0], [exact(t) for t in times], atol=1e-10)
    slopes = [(exact(t + 1e-6) - exact(t - 1e-6)) / 2e-6 for t in times]
    np.testing.assert_allclose(solution.y[1], slopes, atol=1e-8)


def test_period_of_van_der_pol():
    made = systems.van_der_pol

    def upward(t, u):
        return u[0]

    upward.direction = 1.0
    crossings = solve(made, (0.0, 100.0), made.default_y0, events=upward).t_events[0]
    assert np.diff(crossings)[-1] == pytest.approx(made.facts["period"], abs=1e-8)


def test_period_of_the_pendulum():
    made = systems.pendulum

    def turning(t, u):
        return u[1]

    turning.direction = -1.0
    turns = solve(made, (0.0, 10.0), (2.0, 0.0), events=turning).t_events[0]
    expected = 4 * math.sqrt(1.0 / 9.81) * ellipk(math.sin(1.0) ** 2)
    assert np.diff(turns)[-1] == pytest.approx(expected, rel=1e-9)


def test_robertson_at_1e11():
    made = systems.robertson
    solution = solve(made, (0.0, 1e11), made.default_y0, method="Radau", rtol=1e-8, atol=1e-20)
    np.testing.assert_allclose(solution.y[:, -1], made.facts["y_at_1e11"], rtol=1e-6)


def test_brusselator_oscillates_only_beyond_its_hopf_bifurcation():
    def swing(b):
        made = systems.brusselator.with_params(b=b)
        late = solve(made, (0.0, 400.0), (1.1, b), rtol=1e-8, atol=1e-9, t_eval=np.linspace(350.0, 400.0, 500))
        return np.ptp(late.y[0])

    assert swing(1.9) < 1e-6
    assert swing(2.1) > 0.1


def test_kuramoto_locks_beyond_the_critical_coupling():
    critical = systems.kuramoto.facts["critical_coupling"]
    assert critical == pytest.approx(1.5957691, abs=1e-7)

    def order(K):
        made = systems.get("kuramoto", n=128)
        u, h = made.default_y0.copy(), 0.1
        orders = []
        for step in range(600):
            k1 = made.rhs(0.0, u, [K])
            u = u + h * made.rhs(0.0, u + 0.5 * h * k1, [K])
            if step >= 400:
                orders.append(abs(np.exp(1j * u).mean()))
        return np.mean(orders)

    assert order(0.5 * critical) < 0.2
    assert order(1.5 * critical) > 0.7


def test_the_mean_phase_of_kuramoto_stands_still():
    made = systems.kuramoto
    u = np.random.default_rng(1).uniform(0.0, 6.0, made.dim)
    assert made.rhs(0.0, u).mean() == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("name", systems.names("flow"))
def test_the_step_resolves_the_flow(name):
    made = systems.get(name)
    y, h, n = made.default_y0.copy(), made.dt, 40
    for step in range(n):
        t = step * h
        k1 = made.rhs(t, y)
        k2 = made.rhs(t + h / 2, y + h / 2 * k1)
        k3 = made.rhs(t + h / 2, y + h / 2 * k2)
        k4 = made.rhs(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    reference = solve(made, (0.0, n * h), made.default_y0).y[:, -1]
    assert np.abs(y - reference).max() < 1e-5 * np.abs(reference).max()


@pytest.mark.parametrize("name", ALL)
def test_orbits_from_the_default_state_stay_bounded(name):
    made = systems.get(name)
    if made.kind == "map":
        result = fastsci.iterate_map(made, 5000)
        assert np.isfinite(result.y_final).all()
        return
    t_end = 1000 * made.dt
    method = "Radau" if name in STIFF else "DOP853"
    # A bold trial step of the ring modulator's diodes would leave the range of Python's exponential.
    limits = {"rtol": 1e-6, "atol": 1e-8, "max_step": 20 * made.dt}
    solution = solve_ivp(made.rhs, (0.0, t_end), made.default_y0, method=method, **limits)
    assert solution.success
    assert np.abs(solution.y).max() < 100.0
