"""Stochastic methods converge with their orders and keep what the exact processes keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import linalg

from fastsci_kernels.methods.stochastic import (
    BAOAB,
    EULER_MARUYAMA,
    RUNGE_KUTTA_MILSTEIN,
    SRA1,
    STOCHASTIC,
    STOCHASTIC_HEUN,
)
from fastsci_kernels.numbers.arithmetic import where
from fastsci_kernels.random.normal import normals
from tests.random.ensembles import integrate

BY_NAME = {method.name: method for method in STOCHASTIC}


# --- steps in NumPy, along a given Brownian path ------------------------------------------------------------------


def numpy_step(method, dim, rhs, **parts):
    """``step(t, u, p, h, noise)`` on arrays of paths; ``noise`` holds the method's normals, (noises, dim, paths)."""
    drawn = {}

    def take(like, count, key, member, index, slot):
        noise, first = divmod(4 * slot, 4 * -(-drawn["size"] // 4))
        return tuple(drawn["noise"][noise, first : first + count])

    names = {
        "math": np_math(),
        "where": np.where,
        "normals": take,
        "rhs": rhs,
        **parts,
    }
    exec(method.flat_step(dim), names)

    def step(t, u, p, h, noise):
        drawn.update(noise=noise, size=noise.shape[1])
        return np.array(names["step"](t, u, p, h, None, 0, 0))

    return step


def np_math():
    class Math:
        sqrt = staticmethod(np.sqrt)
        expm1 = staticmethod(np.expm1)

    return Math


class BrownianPath:
    """Increments ``w`` of W and integrals ``z`` of W - W(t_n) over fine steps, (steps, dim, paths); sums of them are
    those of coarser steps.
    """

    def __init__(self, steps, dim, paths, t_end, seed):
        rng = np.random.default_rng(seed)
        self.h = t_end / steps
        first, second = rng.standard_normal((2, steps, dim, paths))
        self.w = math.sqrt(self.h) * first
        self.z = 0.5 * self.h**1.5 * (first + second / math.sqrt(3.0))

    def coarsened(self):
        path = object.__new__(BrownianPath)
        path.h = 2.0 * self.h
        path.w = self.w[0::2] + self.w[1::2]
        path.z = self.z[0::2] + self.z[1::2] + self.h * self.w[0::2]
        return path

    def noise(self, n, noises):
        """The standard normals behind step ``n``."""
        first = self.w[n] / math.sqrt(self.h)
        second = math.sqrt(3.0) * (2.0 * self.z[n] / self.h**1.5 - first)
        return np.stack([first, second][:noises])


def strong_order(method, rhs, diffusion, y0, exact, *, t_end=1.0, dim=1, paths=4000, finest=512, finer=1, levels=5):
    """Slope of log mean |error at the end| against log h; ``exact(path)`` is the solution on the finest path.

    The smallest step is ``2^finer`` of the finest, where the solution itself has an error of order h^1.5.
    """
    path = BrownianPath(finest, dim, paths, t_end, seed=1)
    truth = exact(path)
    step = numpy_step(method, dim, rhs, diffusion=diffusion)
    sizes, errors = [], []
    for _ in range(finer - 1):
        path = path.coarsened()
    for _ in range(levels):
        path = path.coarsened()
        u = np.full((dim, paths), y0)
        for n in range(len(path.w)):
            u = step(n * path.h, u, None, path.h, path.noise(n, len(method.noises)))
        sizes.append(path.h)
        errors.append(np.abs(u - truth).mean())
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


MU, SIGMA = 1.5, 0.8


def geometric_drift(t, u, p):
    return tuple(MU * x for x in u)


def geometric_noise(t, u, p):
    return tuple(SIGMA * x for x in u)


def ito_solution(path):
    return np.exp((MU - SIGMA**2 / 2) + SIGMA * path.w.sum(axis=0))


def stratonovich_solution(path):
    return np.exp(MU + SIGMA * path.w.sum(axis=0))


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize(
    ("method", "solution"),
    [(EULER_MARUYAMA, ito_solution), (RUNGE_KUTTA_MILSTEIN, ito_solution), (STOCHASTIC_HEUN, stratonovich_solution)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_strong_order_on_geometric_brownian_motion(method, solution, dim):
    order = strong_order(method, geometric_drift, geometric_noise, 1.0, solution, dim=dim)
    assert order == pytest.approx(method.order, abs=0.1)


# Kloeden and Platen, equation (4.4.42): additive noise whose size changes in time, with a solution in W(t) alone.
ALPHA, BETA = 0.6, 0.5


def additive_drift(t, u, p):
    return tuple(BETA / math.sqrt(1.0 + t) - x / (2.0 * (1.0 + t)) for x in u)


def additive_noise(t, u, p):
    return tuple(ALPHA * BETA / math.sqrt(1.0 + t) for _ in u)


def additive_solution(path):
    return (1.0 + BETA * (1.0 + ALPHA * path.w.sum(axis=0))) / math.sqrt(2.0)


def decay(t, u, p):
    return tuple(-2.0 * x for x in u)


def constant_noise(t, u, p):
    return tuple(0.5 for _ in u)


def ornstein_uhlenbeck_solution(path):
    """The integral of exp(-2 (1 - t)) dW by parts within each fine step, exact to h^2 there."""
    ends = 1.0 - path.h * np.arange(len(path.w) - 1, -1, -1)[:, np.newaxis, np.newaxis]
    return math.exp(-2.0) + 0.5 * (np.exp(-2.0 * (1.0 - ends)) * (path.w - 2.0 * path.z)).sum(axis=0)


LINEAR = [(additive_drift, additive_noise, additive_solution), (decay, constant_noise, ornstein_uhlenbeck_solution)]


@pytest.mark.parametrize(("drift", "noise", "solution"), LINEAR, ids=["Kloeden-Platen", "Ornstein-Uhlenbeck"])
@pytest.mark.parametrize(("method", "order"), [(EULER_MARUYAMA, 1.0), (SRA1, 2.0)], ids=["EulerMaruyama", "SRA1"])
def test_strong_order_with_additive_noise_and_linear_drift(method, order, drift, noise, solution):
    """Half an order more than in general: what is left out there holds a derivative of g, or the second one of f."""
    assert strong_order(method, drift, noise, 1.0, solution, finest=2048) == pytest.approx(order, abs=0.1)


# The logarithm x of a population with logistic growth in a random environment, dy = y (a + s^2 / 2 - y) dt + s y dW.
GROWTH, ENVIRONMENT = 1.0, 1.2


def logistic_drift(t, u, p):
    return tuple(GROWTH - np.exp(x) for x in u)


def environment(t, u, p):
    return tuple(ENVIRONMENT for _ in u)


def logistic_solution(path):
    """log of free growth over 1 + its integral, exact to h^2 within each fine step."""
    h = path.h
    free = np.concatenate([np.zeros((1, *path.w.shape[1:])), np.cumsum(GROWTH * h + ENVIRONMENT * path.w, axis=0)])
    within = h + (GROWTH + ENVIRONMENT**2 / 2) * h**2 / 2 + ENVIRONMENT * path.z
    return free[-1] - np.log(1.0 + (np.exp(free[:-1]) * within).sum(axis=0))


@pytest.mark.parametrize(("method", "order"), [(EULER_MARUYAMA, 1.0), (SRA1, 1.5)], ids=["EulerMaruyama", "SRA1"])
def test_strong_order_with_additive_noise(method, order):
    found = strong_order(method, logistic_drift, environment, 0.0, logistic_solution, paths=1000, finest=8192, finer=5)
    assert found == pytest.approx(order, abs=0.1)


def test_milstein_and_euler_agree_with_additive_noise():
    noise = np.random.default_rng(2).standard_normal((1, 2, 50))
    u = np.random.default_rng(3).standard_normal((2, 50))
    steps = [
        numpy_step(method, 2, decay, diffusion=constant_noise)(0.0, u, None, 0.1, noise)
        for method in (EULER_MARUYAMA, RUNGE_KUTTA_MILSTEIN)
    ]
    np.testing.assert_allclose(*steps, rtol=1e-14)


# --- the step in registers, in memory, and compiled ---------------------------------------------------------------


def mixed_drift(t, u, p):
    a, b, c, d, e, f = u
    return d, e, f, -a + t, -b * a, -math.sin(c) * p[0]


def mixed_noise(t, u, p):
    a, b, _, d, _, _ = u
    return 0.1 * a, 0.2 + 0.1 * b, 0.3, 0.2 + 0.1 * d, 0.3 + 0.1 * t, 0.2


def mixed_drift_in_place(t, u, p, du):
    for i in range(3):
        du[i] = u[i + 3]
    du[3], du[4], du[5] = -u[0] + t, -u[1] * u[0], -math.sin(u[2]) * p[0]


def mixed_noise_in_place(t, u, p, du):
    du[0], du[1], du[2] = 0.1 * u[0], 0.2 + 0.1 * u[1], 0.3
    du[3], du[4], du[5] = 0.2 + 0.1 * u[3], 0.3 + 0.1 * t, 0.2


def friction(t, u, p):
    return 0.0, 0.0, 0.0, 0.0, 0.7, 1.3


def friction_in_place(t, u, p, du):
    du[3], du[4], du[5] = 0.0, 0.7, 1.3


PARTS = {"diffusion": mixed_noise, "friction": friction}
PARTS_IN_PLACE = {"diffusion": mixed_noise_in_place, "friction": friction_in_place}
START = np.random.default_rng(5).standard_normal((6, 11))


@pytest.mark.parametrize("name", BY_NAME)
def test_compiled_steps_are_the_formulas_with_the_numbers_of_each_member(name):
    method = BY_NAME[name]
    compiled = integrate(method, mixed_drift, START, 0.5, 0.1, parts=PARTS, params=(0.8,))[-1]
    for member in range(START.shape[1]):
        names = {"normals": normals, "rhs": mixed_drift, "math": math, "where": np.where, **PARTS}
        exec(method.flat_step(6), names)
        u = tuple(START[:, member])
        for index in range(5):
            u = names["step"](index * 0.1, u, (0.8,), np.float64(0.1), (7, 9), member, index)
        np.testing.assert_allclose(compiled[:, member], u, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, "float64") for name in BY_NAME), ("SRA1", "float32"), ("BAOAB", "float32")]
)
def test_the_step_in_memory_is_the_step_in_registers(name, dtype):
    run = {"dtype": dtype, "params": (0.8,)}
    flat = integrate(BY_NAME[name], mixed_drift, START, 0.5, 0.1, parts=PARTS, **run)
    long = integrate(BY_NAME[name], mixed_drift_in_place, START, 0.5, 0.1, parts=PARTS_IN_PLACE, style="inplace", **run)
    tolerance = {"float64": 1e-13, "float32": 3e-6}[dtype]
    np.testing.assert_allclose(long, flat, rtol=tolerance, atol=tolerance)


def branching_drift(t, u, p):
    x, y = u
    return (-x, y) if x > 0.0 else (-2.0 * x, y)


def straight_drift(t, u, p):
    x, y = u
    return where(x > 0.0, -x, -2.0 * x), y


def two_noises(t, u, p):
    return 0.3, 0.1 * u[1]


def slicing_drift(t, u, p, du):
    du[:] = -u[:]


def ring_drift(t, u, p, du):
    for i in range(len(u)):
        du[i] = -u[i]


def ring_noise(t, u, p, du):
    for i in range(len(u)):
        du[i] = 0.1 * u[i]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("style", "scalar", "lanes", "noise", "dim"),
    [
        ("tuple", branching_drift, straight_drift, two_noises, 2),
        ("inplace", slicing_drift, ring_drift, ring_noise, 5),
    ],
    ids=["branches", "slices"],
)
def test_functions_that_do_not_run_on_lanes_draw_the_same_numbers(style, scalar, lanes, noise, dim, dtype):
    run = {"parts": {"diffusion": noise}, "style": style, "dtype": dtype}
    start = START[:dim]
    found = integrate(RUNGE_KUTTA_MILSTEIN, scalar, start, 0.5, 0.1, path="scalar", **run)
    expected = integrate(RUNGE_KUTTA_MILSTEIN, lanes, start, 0.5, 0.1, **run)
    tolerance = {"float64": 1e-13, "float32": 1e-6}[dtype]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_other_seeds_give_other_paths_and_the_same_seed_the_same():
    run = [
        integrate(EULER_MARUYAMA, mixed_drift, START, 0.5, 0.1, parts=PARTS, params=(0.8,), key=key)[-1]
        for key in ((7, 9), (7, 9), (7, 10), (8, 9))
    ]
    np.testing.assert_array_equal(run[0], run[1])
    assert (run[0] != run[2]).all()
    assert (run[0] != run[3]).all()


def test_members_do_not_depend_on_those_that_follow():
    many = np.repeat(START, 300, axis=1)
    whole = integrate(SRA1, mixed_drift, many, 0.5, 0.1, parts=PARTS, params=(0.8,))[-1]
    part = integrate(SRA1, mixed_drift, many[:, :777], 0.5, 0.1, parts=PARTS, params=(0.8,))[-1]
    np.testing.assert_array_equal(part, whole[:, :777])


def test_an_odd_number_of_components_has_no_positions_and_velocities():
    with pytest.raises(ValueError, match="3 components"):
        BAOAB.flat_step(3)
    with pytest.raises(ValueError, match="17 components"):
        BAOAB.long_step(17)


# --- what the processes keep --------------------------------------------------------------------------------------


def within_standard_errors(estimates, expected, errors=4.0):
    """Whether the mean of independent estimates is the expected number."""
    standard_error = estimates.std(ddof=1) / math.sqrt(estimates.size)
    return abs(estimates.mean() - expected) < errors * standard_error


def one_decay(t, u, p):
    return (-p[0] * u[0],)


def one_noise(t, u, p):
    return (p[1],)


def rest(t, u, p):
    return (0.0,)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_quadratic_variation_of_brownian_motion(dtype):
    t_end, steps, sigma = 2.0, 128, 0.7
    times = np.linspace(0.0, t_end, steps + 1)
    run = {"parts": {"diffusion": one_noise}, "params": (1.0, sigma), "dtype": dtype, "t_eval": times}
    w = integrate(EULER_MARUYAMA, rest, np.zeros((1, 5000)), t_end, t_end / steps, **run)[: steps + 1, 0]
    increments = np.diff(w.astype(np.float64), axis=0)
    assert within_standard_errors((increments**2).sum(axis=0), sigma**2 * t_end)
    assert within_standard_errors(w[-1].astype(np.float64) ** 2, sigma**2 * t_end)


@pytest.mark.parametrize("method", [EULER_MARUYAMA, SRA1], ids=lambda method: method.name)
def test_variance_of_the_ornstein_uhlenbeck_process(method):
    rate, sigma, h = 1.0, 0.5, 1.0 / 64
    x = integrate(
        method, one_decay, np.zeros((1, 200_000)), 2.0, h, parts={"diffusion": one_noise}, params=(rate, sigma)
    )[-1, 0]
    exact = sigma**2 / (2.0 * rate) * (1.0 - math.exp(-4.0 * rate))
    # Euler's own: a geometric series of (1 - rate h)^2.
    squared = (1.0 - rate * h) ** 2
    euler = sigma**2 * h * (1.0 - squared**128) / (1.0 - squared)
    assert within_standard_errors(x**2, euler if method is EULER_MARUYAMA else exact)
    assert within_standard_errors(x, 0.0)


def spring(t, u, p):
    return u[1], -u[0]


def bath(t, u, p):
    return 0.0, math.sqrt(2.0 * p[0] * p[1])


def bath_friction(t, u, p):
    return 0.0, p[0]


def test_stationary_covariance_of_baoab_is_exact_in_the_positions():
    """Leimkuhler and Matthews (2013), section 3: no error in the positions of a harmonic oscillator, at any step."""
    gamma, temperature = 0.8, 1.7
    for h in (0.1, 0.5, 1.0, 1.9):
        step = numpy_step(BAOAB, 2, spring, diffusion=bath, friction=bath_friction)
        u, noise = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), np.array([[[0.0, 0.0, 1.0]]])
        columns = step(0.0, u, (gamma, temperature), h, noise)
        covariance = linalg.solve_discrete_lyapunov(columns[:, :2], np.outer(columns[:, 2], columns[:, 2]))
        expected = np.diag([temperature, temperature * (1.0 - h * h / 4.0)])
        np.testing.assert_allclose(covariance, expected, atol=1e-12)


def test_temperature_of_a_compiled_harmonic_oscillator():
    gamma, temperature, h = 1.0, 0.6, 0.5
    run = {"parts": {"diffusion": bath, "friction": bath_friction}, "params": (gamma, temperature)}
    q, v = integrate(BAOAB, spring, np.zeros((2, 200_000)), 30.0, h, **run)[-1]
    assert within_standard_errors(q**2, temperature)
    assert within_standard_errors(v**2, temperature * (1.0 - h * h / 4.0))
    assert within_standard_errors(q * v, 0.0)


def test_baoab_without_friction_and_noise_is_the_leapfrog():
    step = numpy_step(BAOAB, 2, spring, diffusion=lambda t, u, p: (0.0, 0.0), friction=lambda t, u, p: (0.0, 0.0))
    u, h = np.array([[1.0], [0.3]]), 0.1
    stepped = step(0.0, u, None, h, np.ones((1, 1, 1)))
    half = u[1] - 0.5 * h * u[0]
    q = u[0] + h * half
    np.testing.assert_allclose(stepped, [q, half - 0.5 * h * q], rtol=1e-14)


def flock(t, u, p, du):
    """Particles that are drawn to their mean, and it to nothing."""
    mean = 0.0
    for x in u:
        mean += x
    mean /= len(u)
    for i in range(len(u)):
        du[i] = p[0] * (mean - u[i])


def flock_noise(t, u, p, du):
    for i in range(len(u)):
        du[i] = p[1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_particles_in_mean_field_interaction(dtype):
    """The mean of n is a Brownian motion, sigma^2 t / n; what deviates from it, an Ornstein-Uhlenbeck process."""
    n, attraction, sigma, t_end, h = 21, 1.0, 0.5, 4.0, 1.0 / 32
    x = integrate(
        EULER_MARUYAMA,
        flock,
        np.zeros((n, 4000)),
        t_end,
        h,
        parts={"diffusion": flock_noise},
        params=(attraction, sigma),
        style="inplace",
        dtype=dtype,
    )[-1].astype(np.float64)
    mean = x.mean(axis=0)
    assert within_standard_errors(mean**2, sigma**2 * t_end / n)
    squared = (1.0 - attraction * h) ** 2
    spread = sigma**2 * h * (1.0 - squared ** (t_end / h)) / (1.0 - squared)
    assert within_standard_errors(((x - mean) ** 2).sum(axis=0) / (n - 1), spread)
