"""flow_jvp: the derivative of the steps that are taken."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import systems
from fastsci_kernels.methods.explicit import RungeKutta
from fastsci_kernels.methods.registry import ADAPTIVE, FIXED
from tests.naive import runge_kutta

EXPLICIT = [name for name, method in FIXED.items() if isinstance(method, RungeKutta)]
EMBEDDED = [name for name in EXPLICIT if name in ADAPTIVE]


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


LORENZ = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}
VALUES = tuple(LORENZ.values())
Y0 = np.random.default_rng(1).normal(size=(5, 3)) * 3.0 + [0.0, 0.0, 20.0]
V = np.random.default_rng(2).normal(size=(5, 3))
SIZE = 1e-30  # of a complex step: the derivative of an analytic computation without a difference


def stepped(fun, name, y0, params, dt, n_steps):
    """States after some steps of the slow method, in whatever numbers they come."""
    u, tableau = list(np.asarray(y0).T), FIXED[name].tableau
    for index in range(n_steps):
        u = runge_kutta.step(fun, tableau, index * dt, u, params, dt)
    return np.array(u).T


@pytest.mark.parametrize("name", EXPLICIT)
def test_it_is_the_complex_step_of_every_method(name):
    y, carried = fastsci.flow_jvp(lorenz, (0.0, 0.2), Y0, V, params=list(VALUES), method=name, dt=0.01)
    exact = stepped(lorenz, name, Y0 + 1j * SIZE * V, VALUES, 0.01, 20)
    np.testing.assert_allclose(y, exact.real, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(carried, exact.imag / SIZE, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["RK4", "DOP853"])
def test_the_value_is_that_of_the_run_alone(name):
    y, _ = fastsci.flow_jvp(lorenz, (0.0, 1.0), Y0, V, params=list(VALUES), method=name, dt=0.01)
    alone = fastsci.solve_ensemble(lorenz, (0.0, 1.0), Y0, params=list(VALUES), method=name, dt=0.01)
    np.testing.assert_array_equal(y, alone.y_final)


def test_several_perturbations_are_each_carried_alone():
    several = np.random.default_rng(3).normal(size=(5, 3, 4))
    _, carried = fastsci.flow_jvp(lorenz, (0.0, 1.0), Y0, several, params=list(VALUES), dt=0.01)
    assert carried.shape == (5, 3, 4)
    for j in range(4):
        _, alone = fastsci.flow_jvp(lorenz, (0.0, 1.0), Y0, several[:, :, j], params=list(VALUES), dt=0.01)
        np.testing.assert_array_equal(carried[:, :, j], alone)


def test_without_perturbations_it_is_the_jacobian_of_the_flow():
    """Of a linear flow the matrix exponential."""
    matrix = np.array([[-0.1, 2.0], [-2.0, -0.3]])

    def linear(t, u, p):
        x, y = u
        return -0.1 * x + 2.0 * y, -2.0 * x - 0.3 * y

    values, vectors = np.linalg.eig(matrix)
    exact = (vectors * np.exp(1.5 * values) @ np.linalg.inv(vectors)).real
    y, jacobian = fastsci.flow_jvp(linear, (0.0, 1.5), [1.0, -2.0], method="DOP853", rtol=1e-12, atol=1e-12)
    assert (y.shape, jacobian.shape) == ((2,), (2, 2))
    np.testing.assert_allclose(jacobian, exact, atol=1e-10)
    np.testing.assert_allclose(y, exact @ [1.0, -2.0], atol=1e-10)


@pytest.mark.parametrize("name", EMBEDDED)
def test_methods_that_choose_their_steps(name):
    # A method of low order takes many steps to these tolerances.
    tolerance = 1e-6 if name in ("BS3", "BogackiShampine") else 1e-9
    _, carried = fastsci.flow_jvp(
        lorenz, (0.0, 1.0), Y0, V, params=list(VALUES), method=name, rtol=tolerance, atol=tolerance
    )
    _, exact = fastsci.flow_jvp(lorenz, (0.0, 1.0), Y0, V, params=list(VALUES), method="DOP853", dt=0.001)
    np.testing.assert_allclose(carried, exact, rtol=0, atol=1e3 * tolerance * np.abs(exact).max())


def test_perturbed_parameters():
    directions = np.eye(3)
    _, carried = fastsci.flow_jvp(lorenz, (0.0, 0.5), Y0, params=list(VALUES), wrt="params", dt=0.01)
    assert carried.shape == (5, 3, 3)
    for j, direction in enumerate(directions):
        exact = stepped(lorenz, "RK4", Y0 + 0j, np.array(VALUES) + 1j * SIZE * direction, 0.01, 50).imag / SIZE
        np.testing.assert_allclose(carried[:, :, j], exact, rtol=1e-11, atol=1e-12)


def test_parameters_and_perturbations_of_every_member_its_own():
    params = np.array(VALUES) * np.linspace(0.9, 1.1, 5)[:, np.newaxis]
    direction = np.random.default_rng(4).normal(size=(5, 3))
    _, carried = fastsci.flow_jvp(lorenz, (0.0, 0.5), Y0, direction, params=params, wrt="params", dt=0.01)
    for i in range(5):
        exact = stepped(lorenz, "RK4", Y0[i : i + 1] + 0j, params[i] + 1j * SIZE * direction[i], 0.01, 50).imag / SIZE
        np.testing.assert_allclose(carried[i], exact[0], rtol=1e-11, atol=1e-12)


def test_more_parameters_than_registers_hold():
    weights = np.random.default_rng(5).normal(size=40)

    def chain(t, u, p, du):
        for i in range(4):
            du[i] = -u[i]
            for j in range(4):
                du[i] += p[10 * i + j] * math.tanh(u[j])

    y0 = np.array([0.3, -0.2, 0.5, 0.1])
    _, carried = fastsci.flow_jvp(chain, (0.0, 0.5), y0, params=weights, wrt="params", dt=0.05)
    assert carried.shape == (4, 40)
    size = 1e-6
    for j in (0, 13, 32):
        ends = [
            fastsci.solve_ensemble(chain, (0.0, 0.5), y0, params=weights + sign * size * np.eye(40)[j], dt=0.05).y_final
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(carried[:, j], (ends[0] - ends[1])[0] / (2.0 * size), atol=1e-8)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 17])
def test_long_states_in_passes_of_any_length(count):
    system = systems.get("lorenz96", n=20)
    rng = np.random.default_rng(6)
    y0, several = rng.normal(size=(3, 20)), rng.normal(size=(3, 20, count))
    _, carried = fastsci.flow_jvp(system, (0.0, 0.5), y0, several, dt=0.05)
    size = 1e-6
    for j in {0, count - 1}:
        ends = [
            fastsci.solve_ensemble(system, (0.0, 0.5), y0 + sign * size * several[:, :, j], dt=0.05).y_final
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(carried[:, :, j], (ends[0] - ends[1]) / (2.0 * size), atol=1e-7)


def test_a_map_gives_the_derivative_of_its_iterates():
    a, b = systems.henon.params["a"], systems.henon.params["b"]
    state, matrix = np.array([0.1, 0.2]), np.eye(2)
    y, jacobian = fastsci.flow_jvp(systems.henon, (0, 7), state)
    for _ in range(7):
        matrix = np.array([[-2.0 * a * state[0], 1.0], [b, 0.0]]) @ matrix
        state = np.array([1.0 - a * state[0] ** 2 + state[1], b * state[0]])
    np.testing.assert_allclose(jacobian, matrix, rtol=1e-13)
    np.testing.assert_allclose(y, state, rtol=1e-13)


def test_the_user_s_own_derivative_is_taken():
    def doubled(t, u, p, v):
        a, b, c = v
        return 2.0 * a, 2.0 * b, 2.0 * c

    still = fastsci.system(lambda t, u, p: (0.0 * u[0], 0.0 * u[1], 0.0 * u[2]), state=("x", "y", "z"), jvp=doubled)
    _, carried = fastsci.flow_jvp(still, (0.0, 1.0), [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], method="DOP853", dt=0.05)
    np.testing.assert_allclose(carried, np.exp(2.0) * np.array([1.0, 2.0, 3.0]), rtol=1e-12)


@pytest.mark.parametrize("size", [3, 30])
def test_the_user_s_own_derivative_in_place(size):
    def slope(t, u, p, du):
        for i in range(len(u)):
            du[i] = -u[i] * u[i]

    def along(t, u, p, v, dv):
        for i in range(len(u)):
            dv[i] = -2.0 * u[i] * v[i]

    y0 = np.linspace(0.5, 1.0, size)
    own = fastsci.system(slope, jvp=along)
    _, carried = fastsci.flow_jvp(own, (0.0, 1.0), y0, np.stack([y0, y0**2], -1), method="DOP853", dt=0.05)
    # u = u0 / (1 + u0 t), so that the derivative is (1 + u0 t)^-2.
    np.testing.assert_allclose(carried, np.stack([y0, y0**2], -1) / (1.0 + y0[:, np.newaxis]) ** 2, rtol=1e-11)


def test_a_long_tuple_with_the_user_s_own_derivative():
    def slope(t, u, p):
        a, b, c, d = u
        return -a, -2.0 * b, -3.0 * c, -4.0 * d

    own = fastsci.system(slope, jvp=lambda t, u, p, v: (-v[0], -2.0 * v[1], -3.0 * v[2], -4.0 * v[3]))
    _, carried = fastsci.flow_jvp(own, (0.0, 1.0), np.ones(4), np.tile(np.eye(4), 2), method="DOP853", dt=0.05)
    np.testing.assert_allclose(carried, np.tile(np.diag(np.exp([-1.0, -2.0, -3.0, -4.0])), 2), atol=1e-11)


# --- branches, time, spans ---


def test_a_function_that_branches():
    def bouncing(t, u, p):
        x, v = u
        force = -4.0 * x if x < 0.0 else -x
        return v, force

    y0 = np.array([1.0, 0.0])
    _, carried = fastsci.flow_jvp(bouncing, (0.0, 2.0), y0, method="DOP853", dt=0.001)
    size = 1e-6
    for j in range(2):
        ends = [
            fastsci.solve_ensemble(
                bouncing, (0.0, 2.0), y0 + sign * size * np.eye(2)[j], method="DOP853", dt=0.001
            ).y_final[0]
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(carried[:, j], (ends[0] - ends[1]) / (2.0 * size), atol=1e-3)


def test_every_member_has_its_own_span():
    spans = np.array([[0.0, 0.5], [0.0, 1.0], [1.0, 0.2]])

    def decay(t, u, p):
        (x,) = u
        return (-x * np.cos(t),)

    _, carried = fastsci.flow_jvp(decay, spans, [[1.0]] * 3, [[1.0]] * 3, method="DOP853", dt=0.05)
    exact = np.exp(np.sin(spans[:, :1]) - np.sin(spans[:, 1:]))
    np.testing.assert_allclose(carried, exact, rtol=1e-10)


# --- what it does not depend on ---


def test_a_member_has_the_numbers_it_has_alone(monkeypatch):
    rng = np.random.default_rng(7)
    y0, v = rng.normal(size=(300, 3)) + np.array([0.0, 0.0, 20.0]), rng.normal(size=(300, 3))
    run = {"params": list(VALUES), "dt": 0.01}
    together = fastsci.flow_jvp(lorenz, (0.0, 1.0), y0, v, **run)
    for i in (0, 137, 299):
        alone = fastsci.flow_jvp(lorenz, (0.0, 1.0), y0[i], v[i], **run)
        np.testing.assert_array_equal(alone[0], together[0][i])
        np.testing.assert_array_equal(alone[1], together[1][i])
    monkeypatch.setenv("FASTSCI_NUM_THREADS", "1")
    again = fastsci.flow_jvp(lorenz, (0.0, 1.0), y0, v, **run)
    np.testing.assert_array_equal(again[1], together[1])


def test_a_member_that_fails_takes_no_other_down():
    def explosive(t, u, p):
        (x,) = u
        return (x * x,)

    y0 = np.array([[0.1], [5.0], [np.nan], [0.2]])
    y, carried = fastsci.flow_jvp(explosive, (0.0, 1.0), y0, np.ones((4, 1)), method="DOP853", dt=0.01)
    assert np.isfinite(y[:, 0]).tolist() == [True, False, False, True]
    exact = 1.0 / (1.0 - y0[[0, 3]]) ** 2
    np.testing.assert_allclose(carried[[0, 3]], exact, rtol=1e-10)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3)])
def test_few_members(shape):
    y, carried = fastsci.flow_jvp(lorenz, (0.0, 0.1), np.ones(shape), np.ones(shape), params=list(VALUES), dt=0.01)
    assert y.shape == carried.shape == shape


def test_single_precision_stays_single():
    y0, v = Y0.astype(np.float32), V.astype(np.float32)
    y, carried = fastsci.flow_jvp(lorenz, (0.0, 0.2), y0, v, params=list(VALUES), dt=0.01)
    assert (y.dtype, carried.dtype) == (np.float32, np.float32)
    _, exact = fastsci.flow_jvp(lorenz, (0.0, 0.2), Y0, V, params=list(VALUES), dt=0.01)
    np.testing.assert_allclose(carried, exact, atol=3e-5 * np.abs(exact).max())


def test_arrays_of_any_memory_order_are_read_and_left_alone():
    y0, v = np.asfortranarray(Y0), np.repeat(V, 2, axis=1)[:, ::2]
    y0.flags.writeable = v.flags.writeable = False
    before = y0.copy(), v.copy()
    first = fastsci.flow_jvp(lorenz, (0.0, 0.2), y0, v, params=list(VALUES), dt=0.01)
    second = fastsci.flow_jvp(lorenz, (0.0, 0.2), Y0, V, params=list(VALUES), dt=0.01)
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_array_equal(y0, before[0])
    np.testing.assert_array_equal(v, before[1])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"v": [1.0, 2.0]}, ValueError, r"v: has shape \(2,\), expected \(3,\) or \(3, n_tangents\)"),
        ({"v": np.ones((2, 3, 4))}, ValueError, "v: has shape"),
        ({"v": np.ones((3, 0))}, ValueError, "v: has shape"),
        ({"v": ["a", "b", "c"]}, TypeError, "v: dtype"),
        ({"wrt": "time"}, ValueError, "wrt: is 'time'"),
        ({"method": "Leapfrog"}, ValueError, "method: is 'Leapfrog', expected an explicit Runge-Kutta"),
        ({"method": "RK4", "dt": None}, ValueError, "dt: is missing"),
        ({"method": "Rodas5P", "dt": None}, ValueError, "method: is 'Rodas5P'"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    given = {"params": list(VALUES), "v": [1.0, 0.0, 0.0], "dt": 0.01, **arguments}
    with pytest.raises(error, match=words):
        fastsci.flow_jvp(lorenz, (0.0, 0.1), [1.0, 1.0, 1.0], **given)


def test_a_system_without_parameters_has_none_to_perturb():
    with pytest.raises(ValueError, match="wrt: is 'params', but the system has no parameters"):
        fastsci.flow_jvp(lambda t, u, p: (-u[0],), (0.0, 1.0), [1.0], wrt="params", dt=0.1)


def test_what_cannot_be_differentiated_says_where_and_why():
    def gamma(t, u, p):
        (x,) = u
        return (math.gamma(x),)

    with pytest.raises(
        TypeError, match=r"gamma cannot be differentiated: .*gamma.* line .*math\.gamma\(x\).*jvp="
    ) as raised:
        fastsci.flow_jvp(gamma, (0.0, 1.0), [1.5], [1.0], dt=0.1)
    assert "\n" not in str(raised.value)
