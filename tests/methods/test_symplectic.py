"""Symplectic methods: orders, invariants, reversibility and orbits whose future is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

import fastsci
from fastsci._hamiltonian import hamiltonian
from fastsci_kernels.methods.midpoint import MIDPOINT
from fastsci_kernels.methods.symplectic import SYMPLECTIC, Composition

NAMES = [composition.name for composition in SYMPLECTIC]
every_composition = pytest.mark.parametrize("composition", SYMPLECTIC, ids=NAMES)
every_method = pytest.mark.parametrize("method", [*SYMPLECTIC, MIDPOINT], ids=[*NAMES, MIDPOINT.name])

ECCENTRICITY = 0.3


def kepler(t, u, p):
    x, y, vx, vy = u
    r2 = x * x + y * y
    pull = -1.0 / (r2 * math.sqrt(r2))
    return vx, vy, pull * x, pull * y


PERIHELION = [1.0 - ECCENTRICITY, 0.0, 0.0, math.sqrt((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY))]


def kepler_ellipse(t):
    """The orbit of semi-major axis 1 from its perihelion, by Kepler's equation."""
    anomaly = t
    for _ in range(50):
        anomaly -= (anomaly - ECCENTRICITY * math.sin(anomaly) - t) / (1.0 - ECCENTRICITY * math.cos(anomaly))
    minor, rate = math.sqrt(1.0 - ECCENTRICITY**2), 1.0 / (1.0 - ECCENTRICITY * math.cos(anomaly))
    sine, cosine = math.sin(anomaly), math.cos(anomaly)
    return np.array([cosine - ECCENTRICITY, minor * sine, -sine * rate, minor * cosine * rate])


def driven(t, u, p):
    """q'' = -q + cos(2 t), and a velocity that depends on time as well."""
    q, v = u
    return v + math.sin(3.0 * t), -q + math.cos(2.0 * t)


def driven_solution(t):
    """From rest at the origin: the free oscillation, and both forcings at their own frequencies."""
    # q'' + q = 3 cos 3t + cos 2t, with q(0) = 0 and q'(0) = 0.
    q = 3.0 / 8.0 * (math.cos(t) - math.cos(3.0 * t)) + 1.0 / 3.0 * (math.cos(t) - math.cos(2.0 * t))
    rate = 3.0 / 8.0 * (3.0 * math.sin(3.0 * t) - math.sin(t)) + 1.0 / 3.0 * (2.0 * math.sin(2.0 * t) - math.sin(t))
    return np.array([q, rate - math.sin(3.0 * t)])


# Steps to the end, on the ellipse and in the forced oscillation: enough for the leading term to rule, too few for
# rounding to show.
STEPS = {
    "Leapfrog": ((400, 3200), (100, 800)),
    "VelocityVerlet": ((400, 3200), (100, 800)),
    "ImplicitMidpoint": ((400, 3200), (100, 800)),
    "Yoshida4": ((100, 1000), (30, 300)),
    "Suzuki4": ((40, 400), (30, 300)),
    "Yoshida6": ((63, 253), (16, 100)),
    "Yoshida8": ((50, 140), (16, 40)),
    "KahanLi8": ((16, 44), (9, 25)),
}


def observed_order(system, y0, end, exact, method, fewest, most):
    dt = end / np.unique(np.geomspace(fewest, most, 8).astype(int))
    result = fastsci.solve_ensemble(system, (0.0, end), y0, method=method, dt=dt)
    assert result.success.all()
    errors = np.linalg.norm(result.y_final - exact, axis=1)
    return np.polyfit(np.log(dt), np.log(errors), 1)[0]


@every_method
def test_error_on_an_ellipse_falls_with_the_order(method):
    end = 4.0
    slope = observed_order(kepler, PERIHELION, end, kepler_ellipse(end), method.name, *STEPS[method.name][0])
    assert slope == pytest.approx(method.order, abs=0.1)


@every_method
def test_time_is_taken_where_the_order_needs_it(method):
    end = 3.0
    exact = driven_solution(end)
    slope = observed_order(driven, [0.0, 0.0], end, exact, method.name, *STEPS[method.name][1])
    assert slope == pytest.approx(method.order, abs=0.1)


@every_composition
def test_weights_satisfy_the_order_conditions_and_no_more(composition):
    assert max(map(abs, composition.defects(composition.order).values())) < 1e-13
    assert max(map(abs, composition.defects(composition.order + 1).values())) > 1e-6
    assert sum(composition.weights) == pytest.approx(1.0, abs=1e-15)


@every_composition
def test_a_wrong_weight_is_refused(composition):
    wrong = (composition.weights[0] + 1e-9, *composition.weights[1:-1], composition.weights[-1] + 1e-9)
    with pytest.raises(ValueError, match=rf"composition {composition.name}: order condition \(1,\)"):
        replace(composition, weights=wrong).check()


@every_composition
def test_every_order_condition_holds(composition):
    composition.check()


def test_an_unsymmetric_composition_is_refused():
    with pytest.raises(ValueError, match="composition Lopsided: the weights differ"):
        Composition("Lopsided", 1, (0.25, 0.75), source="none")


@every_composition
def test_drifts_and_kicks_both_fill_the_step(composition):
    moves = composition.moves()
    for kind in (False, True):
        assert sum(length for is_kick, length in moves if is_kick is kind) == pytest.approx(1.0, abs=1e-14)
    assert moves == moves[::-1]
    assert sum(is_kick for is_kick, _ in moves) == composition.stages


def henon_heiles_energy(y):
    x, y, px, py = y
    return (px * px + py * py + x * x + y * y) / 2 + x * x * y - y**3 / 3


@pytest.mark.parametrize("method", ["Leapfrog", "VelocityVerlet"])
def test_energy_error_of_a_million_steps_has_no_trend(method):
    dt, steps = 5e-3, 1_000_000
    times = np.linspace(0.0, steps * dt, 2001)
    result = fastsci.solve_ensemble(
        fastsci.systems.henon_heiles, (0.0, steps * dt), [[0.0, 0.1, 0.48, 0.0]], method=method, dt=dt, t_eval=times
    )
    energy = henon_heiles_energy(result.y[0])
    error = energy - energy[0]
    assert np.abs(error).max() < 1e-6
    assert np.abs(error).max() > 1e-8  # the step is no smaller than the bound needs
    drift = np.polyfit(times, error, 1)[0] * times[-1]
    assert abs(drift) < 0.05 * np.abs(error).max()


@pytest.mark.parametrize(("method", "steps"), [("Yoshida4", 16000), ("Yoshida8", 2000), ("KahanLi8", 600)])
def test_three_bodies_close_their_figure_eight(method, steps):
    eight = fastsci.systems.figure_eight
    period = eight.facts["period"]
    result = fastsci.solve_ensemble(eight, (0.0, period), method=method, dt=period / steps)
    assert np.abs(result.y_final[0] - eight.default_y0).max() < 1e-6


def test_frequencies_of_independent_oscillators():
    frequencies = np.array([1.0, math.sqrt(2.0), math.pi / 2.0])

    def springs(t, u, p):
        q0, q1, q2, p0, p1, p2 = u
        a, b, c = p
        return p0, p1, p2, -a * a * q0, -b * b * q1, -c * c * q2

    end = 500.0
    start = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    result = fastsci.solve_ensemble(springs, (0.0, end), start, params=frequencies, method="KahanLi8", dt=0.05)
    q, v = result.y_final[0].reshape(2, 3)
    phase = np.arctan2(-v / frequencies, q)
    turns = np.round((frequencies * end - phase) / (2.0 * np.pi))
    np.testing.assert_allclose((phase + 2.0 * np.pi * turns) / end, frequencies, rtol=1e-8)


def test_frequencies_of_the_pais_uhlenbeck_oscillator():
    """The midpoint rule turns a mode of frequency w by exactly 2 atan(w h / 2) a step (h = 1e-4: off by 3e-9)."""

    def pais_uhlenbeck(t, u, p):
        x, v, a, j = u
        w1, w2 = p
        return v, a, j, -(w1 * w1 + w2 * w2) * a - w1 * w1 * w2 * w2 * x

    w = np.array([1.0, 2.0])
    end, dt = 20.0, 1e-4
    result = fastsci.solve_ensemble(
        pais_uhlenbeck, (0.0, end), [1.0, 0.0, 0.5, 0.0], params=w, method="ImplicitMidpoint", dt=dt
    )
    x, v, a, j = result.y_final[0]
    mode, rate = np.array([a + w[1] ** 2 * x, a + w[0] ** 2 * x]), np.array([j + w[1] ** 2 * v, j + w[0] ** 2 * v])
    phase = np.arctan2(-rate / w * np.sign([4.5, 1.5]), mode * np.sign([4.5, 1.5]))
    turns = np.round((w * end - phase) / (2.0 * np.pi))
    measured = (phase + 2.0 * np.pi * turns) / end
    np.testing.assert_allclose(measured, 2.0 / dt * np.arctan(w * dt / 2.0), rtol=1e-11)
    np.testing.assert_allclose(measured, w, rtol=1e-8)


@every_method
def test_a_run_backwards_returns(method):
    there = fastsci.solve_ensemble(kepler, (0.0, 20.0), PERIHELION, method=method.name, dt=0.01)
    back = fastsci.solve_ensemble(kepler, (20.0, 0.0), there.y_final, method=method.name, dt=0.01)
    assert np.abs(there.y_final - back.y_final).max() > 0.1
    np.testing.assert_allclose(back.y_final[0], PERIHELION, atol=1e-11)


@every_composition
def test_angular_momentum_of_an_orbit_stays_to_rounding(composition):
    times = np.linspace(0.0, 1000.0, 101)
    result = fastsci.solve_ensemble(kepler, (0.0, 1000.0), PERIHELION, method=composition.name, dt=0.01, t_eval=times)
    x, y, vx, vy = result.y[0]
    momentum = x * vy - y * vx
    assert np.abs(momentum / momentum[0] - 1.0).max() < 1e-12


def rigid_body(t, u, p):
    """Euler's equations: the body's own angular momentum turns, its length and its energy stay."""
    a, b, c = u
    i1, i2, i3 = p
    return (1 / i3 - 1 / i2) * b * c, (1 / i1 - 1 / i3) * c * a, (1 / i2 - 1 / i1) * a * b


def test_midpoint_keeps_both_quadratic_invariants_of_a_rigid_body():
    inertia = np.array([1.0, 2.0, 3.0])
    times = np.linspace(0.0, 2000.0, 101)
    result = fastsci.solve_ensemble(
        rigid_body, (0.0, 2000.0), [0.3, 1.0, 0.2], params=inertia, method="ImplicitMidpoint", dt=0.2, t_eval=times
    )
    m = result.y[0]
    for invariant in ((m * m).sum(axis=0), (m * m / inertia[:, np.newaxis]).sum(axis=0)):
        assert np.abs(invariant / invariant[0] - 1.0).max() < 1e-12
    assert np.ptp(m[0]) > 0.25


def test_midpoint_is_exact_on_its_own_equation():
    """One step solves v = u + h f((u + v) / 2) to rounding."""
    u, h = np.array([0.3, 1.0, 0.2]), 0.2
    v = fastsci.solve_ensemble(rigid_body, (0.0, h), u, params=[1.0, 2.0, 3.0], method="ImplicitMidpoint", dt=h)
    middle = (u + v.y_final[0]) / 2
    np.testing.assert_allclose(v.y_final[0], u + h * np.array(rigid_body(0.0, middle, (1, 2, 3))), rtol=0, atol=4e-16)


def decay(t, u, p):
    (x,) = u
    (rate,) = p
    return (-rate * x,)


def test_midpoint_gives_up_on_a_stiff_member_alone():
    rates = np.array([1.0, 1e4, 2.0, 0.5, 12.0])
    together = fastsci.solve_ensemble(decay, (0.0, 1.0), [1.0], params={"rate": rates}, method="Gauss1", dt=0.1)
    assert together.success.tolist() == [True, False, True, True, True]
    assert np.isnan(together.y_final[1]).all()
    factor = (1.0 - 0.05 * rates) / (1.0 + 0.05 * rates)
    good = together.success
    np.testing.assert_allclose(together.y_final[good, 0], factor[good] ** 10, rtol=1e-12)
    for member, rate in enumerate(rates):
        alone = fastsci.solve_ensemble(decay, (0.0, 1.0), [1.0], params=[rate], method="Gauss1", dt=0.1)
        assert alone.y_final[0].tobytes() == together.y_final[member].tobytes()


def kepler_in_place(t, u, p, du):
    r2 = u[0] * u[0] + u[1] * u[1]
    pull = -1.0 / (r2 * math.sqrt(r2))
    du[0] = u[2]
    du[1] = u[3]
    du[2] = pull * u[0]
    du[3] = pull * u[1]


def kepler_velocity(t, v, p):
    vx, vy = v
    return vx, vy


def kepler_force(t, q, p):
    x, y = q
    r2 = x * x + y * y
    pull = -1.0 / (r2 * math.sqrt(r2))
    return pull * x, pull * y


def kepler_velocity_in_place(t, v, p, dq):
    for i in range(len(v)):
        dq[i] = v[i]


def kepler_force_in_place(t, q, p, dv):
    r2 = q[0] * q[0] + q[1] * q[1]
    pull = -1.0 / (r2 * math.sqrt(r2))
    for i in range(len(q)):
        dv[i] = pull * q[i]


@pytest.mark.parametrize("method", ["Leapfrog", "VelocityVerlet", "Yoshida4"])
def test_every_form_of_a_system_gives_the_same_bits(method):
    forms = [
        kepler,
        kepler_in_place,
        hamiltonian(velocity=kepler_velocity, force=kepler_force),
        hamiltonian(velocity=kepler_velocity_in_place, force=kepler_force_in_place),
    ]
    y0 = PERIHELION + np.linspace(0.0, 0.1, 37)[:, np.newaxis]
    results = [fastsci.solve_ensemble(form, (0.0, 3.0), y0, method=method, dt=0.01).y_final for form in forms]
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_midpoint_of_a_long_state_gives_the_same_bits():
    y0 = PERIHELION + np.linspace(0.0, 0.1, 37)[:, np.newaxis]
    for dtype in ("float64", "float32"):
        short, long = (
            fastsci.solve_ensemble(form, (0.0, 3.0), y0, method="ImplicitMidpoint", dt=0.01, dtype=dtype).y_final
            for form in (kepler, kepler_in_place)
        )
        np.testing.assert_array_equal(short, long)
        assert np.isfinite(short).all()


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("double_pendulum", r"method: 'Leapfrog' needs a separable system, but dp/dt of double_pendulum"),
        ("lotka_volterra", r"dq/dt of lotka_volterra depends on the positions \(component prey\)"),
        ("lorenz63", "y0: has 3 components, but method 'Leapfrog' takes as many momenta as positions"),
    ],
)
def test_a_system_without_halves_is_refused(system, message):
    with pytest.raises(ValueError, match=message):
        fastsci.solve_ensemble(fastsci.systems.get(system), (0.0, 1.0), method="Leapfrog", dt=0.01)


def test_one_damped_member_is_enough_to_be_refused():
    damping = np.array([0.0, 0.0, 0.1])
    with pytest.raises(ValueError, match=r"dp/dt of pendulum depends on the momenta \(component omega\)"):
        fastsci.solve_ensemble(
            fastsci.systems.pendulum, (0.0, 1.0), params={"damping": damping}, method="Leapfrog", dt=0.01
        )


def test_the_midpoint_rule_conserves_from_a_state_at_rest_in_one_component():
    """Components that start at zero converge in turns with the others."""

    def spring(t, u, p):
        return u[1], -u[0]

    y0 = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    result = fastsci.solve_ensemble(spring, (0.0, 20.0), y0, method="ImplicitMidpoint", dt=0.2)
    np.testing.assert_allclose((result.y_final**2).sum(axis=1), (y0**2).sum(axis=1), rtol=1e-14)
