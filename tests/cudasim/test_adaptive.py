"""The adaptive CUDA driver on the simulator takes the steps that the CPU takes, and meets the same events."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci_kernels.loops import adaptive_cuda
from fastsci_kernels.loops.adaptive_cuda_source import LOG_SLOTS
from tests.adaptive import models

pytestmark = pytest.mark.cuda_sim

# Compiled code chooses its steps by a power with an error of some 1e-5, the simulator by an exact one: where rtol is
# 1e-6 (float32: 1e-4), as in `both`, that moves the states by some 1e-5 of rtol (float32: less than its rounding).
TOLERANCE = {"float64": 1e-9, "float32": 2e-4}
RTOL = {"float64": 1e-6, "float32": 1e-4}
LORENZ = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}


def lorenz(t, u, p):
    x, y, z = u
    sigma, rho, beta = p
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def turns(t, u, p):
    return u[0] * u[1] - p[2] * u[2]


def above(t, u, p):
    return u[2] - 33.0


def states(n):
    return np.random.default_rng(1).normal(0.0, 3.0, (n, 3)) + 1.0


def same_steps(gpu, cpu):
    for name in ("status", "nfev", "naccepted", "nrejected"):
        np.testing.assert_array_equal(getattr(gpu, name), getattr(cpu, name))


def same_events(gpu, cpu, close):
    for e in range(len(cpu.t_events)):
        np.testing.assert_array_equal(gpu.t_events[e].members, cpu.t_events[e].members)
        np.testing.assert_allclose(gpu.t_events[e].values, cpu.t_events[e].values, **close)
        np.testing.assert_allclose(gpu.y_events[e].values, cpu.y_events[e].values, **close)


def both(system, t_span, y0, dtype="float64", **run):
    run = {"method": "Tsit5", "dtype": dtype, **run}
    if "dt" not in run:
        run = {"rtol": RTOL[dtype], "atol": 0.01 * RTOL[dtype], **run}
    gpu = fastsci.solve_ensemble(system, t_span, y0, device="cuda", **run)
    cpu = fastsci.solve_ensemble(system, t_span, y0, device="cpu", **run)
    close = {"rtol": TOLERANCE[dtype], "atol": 10.0 * TOLERANCE[dtype]}
    assert gpu.path == "cuda"
    assert gpu.y.dtype == gpu.y_final.dtype == gpu.t_final.dtype == np.dtype(dtype)
    same_steps(gpu, cpu)
    np.testing.assert_array_equal(gpu.t, cpu.t)
    for name in ("y", "y_final", "t_final"):
        np.testing.assert_allclose(getattr(gpu, name), getattr(cpu, name), **close)
    if "events" in run:
        same_events(gpu, cpu, close)
    return gpu


EVERYTHING = {
    "params": LORENZ,
    "t_eval": [0.0, 0.013, 0.2, 0.5],
    "events": [fastsci.event(turns, direction=-1), fastsci.event(above, direction=1, terminal=True)],
}


@pytest.mark.parametrize(
    ("method", "dtype", "controller"),
    [
        *((name, "float64", "I") for name in ("Tsit5", "DOP853", "Rodas5P", "Taylor")),
        ("Tsit5", "float32", "PID"),
    ],
)
def test_lorenz_with_saves_and_events(method, dtype, controller):
    y0 = [[1.0, 1.0, 1.0], [8.5, 8.5, 22.0], [-3.0, -3.0, 9.0]]
    result = both(lorenz, (0.0, 0.5), y0, dtype, **EVERYTHING, method=method, controller=controller)
    assert sorted(set(result.status.tolist())) == [0, 1]
    ended = result.status == 1
    np.testing.assert_allclose(result.y_final[ended, 2], 33.0, rtol=1e-5)
    assert np.isnan(result.y[ended, :, -1]).all()
    np.testing.assert_array_equal(result.y[~ended, :, -1], result.y_final[~ended])
    assert len(result.t_events[0].values) > 0


def test_a_fixed_step_with_events_and_saves():
    result = both(lorenz, (0.0, 0.5), [[1.0, 1.0, 1.0]], **{**EVERYTHING, "events": turns}, method="RK4", dt=0.02)
    assert result.naccepted.tolist() == [25]
    assert len(result.t_events[0][0]) > 0


def ring(t, u, p, du):
    n = len(u)
    for i in range(n):
        du[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + p[0]


def first_crosses(t, u, p):
    return u[0] - 8.0


def pull_back(t, u, p, v):
    for i in range(len(u)):
        v[i] = 0.5 * (u[i] + 8.5)


@pytest.mark.parametrize(("method", "compensated"), [("Tsit5", True), ("Rodas4", False)])
def test_long_states_in_place(method, compensated):
    y0 = 8.0 + np.array([[0.1, -0.2, 1.0, 0.3, -0.5], [-0.3, 1.0, 0.1, -0.9, 0.2]])
    events = fastsci.event(first_crosses, apply=pull_back)
    result = both(ring, (0.0, 0.4), y0, method=method, params=[8.0], events=events, t_eval=[0.05, 0.2],
                  compensated=compensated)  # fmt: skip
    assert len(result.t_events[0].values) > 0


# --- against what is known, so that nothing is compiled for the CPU ---------------------------------------------------


def on_cuda(system, t_span, y0, **run):
    return fastsci.solve_ensemble(system, t_span, y0, device="cuda", **{"method": "Tsit5", **run})


@pytest.mark.parametrize("method", ["Tsit5", "Rodas4", "Taylor"])
def test_a_pendulum_swings_in_time(method):
    events = [models.hangs, fastsci.event(models.rests, direction=-1)]
    result = on_cuda(models.pendulum, (0.0, 6.0), [[1.0, 0.0], [0.1, 0.0]], params=[1.0], method=method, events=events)
    assert [len(times) for times in result.t_events[0]] == [2, 2]
    # The first terms of the series of the period, in the square of the amplitude.
    for times, amplitude in zip(result.t_events[0], (1.0, 0.1), strict=True):
        half = math.pi * (1.0 + amplitude**2 / 16.0 + 11.0 * amplitude**4 / 3072.0)
        np.testing.assert_allclose(np.diff(times), half, rtol=1e-3)
    # At the start it rests, and does not come to: where it turns, its speed goes up.
    assert [len(times) for times in result.t_events[1]] == [0, 0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_ball_bounces(dtype):
    bounce = fastsci.event(models.floor, direction=-1, apply=models.bounce)
    result = on_cuda(models.ball, (0.0, 1.5), [[1.0, 0.0]], params=[0.8, models.G], events=bounce, dtype=dtype)
    fall = math.sqrt(2.0 / models.G)
    np.testing.assert_allclose(result.t_events[0][0], [fall, fall * 2.6], rtol=2e-6)
    np.testing.assert_allclose(result.y_events[0][0][:, 1], [-fall * models.G, -0.8 * fall * models.G], rtol=2e-6)
    left, up = 1.5 - 2.6 * fall, 0.64 * fall * models.G
    exact = [up * left - models.G * left**2 / 2, up - models.G * left]
    np.testing.assert_allclose(result.y_final[0], exact, atol=1e-5)


def test_a_jump_written_in_place():
    bounce = fastsci.event(models.floor, direction=-1, apply=models.bounce_in_place)
    result = on_cuda(models.ball_in_place, (0.0, 1.2), [[1.0, 0.0]], params=[0.8, models.G], events=bounce)
    np.testing.assert_allclose(result.t_events[0][0], math.sqrt(2.0 / models.G) * np.array([1.0, 2.6]), rtol=1e-8)


def test_more_events_than_a_launch_can_note():
    reset = fastsci.event(models.threshold, direction=1, apply=models.reset)
    period = math.log(20.0 / 19.0)
    result = on_cuda(models.neuron, (0.0, (LOG_SLOTS + 3.5) * period), [[0.0]], params=[20.0], events=reset, rtol=1e-5)
    assert result.status.tolist() == [0]
    np.testing.assert_allclose(result.t_events[0][0], period * np.arange(1, LOG_SLOTS + 4), rtol=1e-5)


def turning(t, u, p):
    """Eighteen numbers, in pairs that turn like the hands of a clock, each pair at its own speed."""
    a, b, c, d, e, f, g, h, i, j, k, v, m, n, o, q, r, s = u
    return (
        *(-p[31] * b, p[31] * a, -p[32] * d, p[32] * c, -p[33] * f, p[33] * e, -p[34] * h, p[34] * g, -p[35] * j),
        *(p[35] * i, -p[36] * v, p[36] * k, -p[37] * n, p[37] * m, -p[38] * q, p[38] * o, -p[39] * s, p[39] * r),
    )


def test_a_long_tuple_and_many_parameters():
    speeds = np.linspace(0.0, 4.0, 40)
    result = on_cuda(turning, (0.0, 1.0), [[1.0, 0.0] * 9], params=speeds, t_eval=[0.3, 1.0], rtol=1e-8)
    for save, t in enumerate((0.3, 1.0)):
        angles = speeds[31:] * t
        exact = np.stack([np.cos(angles), np.sin(angles)], axis=1).ravel()
        np.testing.assert_allclose(result.y[0, :, save], exact, atol=1e-7)


def stiff(t, u, p):
    return p[0] * (math.cos(t) - u[0]), u[0] - u[1]


def stiff_in_place(t, u, p, du):
    du[0] = p[0] * (math.cos(t) - u[0])
    du[1] = u[0] - u[1]


def stiff_jacobian(t, u, p):
    return (-p[0], 0), (1.0, -1.0)


@pytest.mark.parametrize("fun", [stiff, stiff_in_place])
@pytest.mark.parametrize("jac", [None, stiff_jacobian])
def test_a_stiff_problem_in_few_steps(fun, jac):
    system = fastsci.system(fun, params={"rate": 1e4}, state=("x", "y"), jac=jac)
    rate = np.array([1e2, 1e6])
    result = on_cuda(system, (0.0, 0.5), [[0.0, 1.0]], method="Rodas4", params={"rate": rate}, rtol=1e-5)
    assert result.success.all()
    assert result.naccepted.max() < 60
    exact = (rate**2 * math.cos(0.5) + rate * math.sin(0.5)) / (1.0 + rate**2)
    np.testing.assert_allclose(result.y_final[:, 0], exact, rtol=2e-5)


def test_spans_times_and_first_steps_of_ones_own():
    spans = np.array([[0.0, 1.0], [1.0, 0.25], [0.5, 0.5], [-1.0, 0.5]])
    start = np.stack([np.exp(np.sin(spans[:, 0])), 1.0 / (1.0 + spans[:, 0] ** 2)], axis=1)
    run = {"t_eval": [0.0, 0.31, 1.0], "rtol": 1e-7}
    result = on_cuda(models.closed_forms, spans, start, **run)
    t = spans[:, :1] + np.array([0.0, 0.31, 1.0]) * (spans[:, 1:] - spans[:, :1])
    np.testing.assert_allclose(result.t, t, rtol=1e-14)
    np.testing.assert_allclose(result.y[:, 0], np.exp(np.sin(t)), rtol=1e-6)
    np.testing.assert_allclose(result.y[:, 1], 1.0 / (1.0 + t**2), rtol=1e-6)
    np.testing.assert_array_equal(result.y_final[2], start[2])
    moving = [0, 1, 3]
    cautious = on_cuda(models.closed_forms, spans[moving], start[moving], first_step=[1e-9, 1e-1, 1e-9], **run)
    assert (cautious.naccepted > result.naccepted[moving]).tolist() == [True, False, True]


def test_members_fail_each_in_its_way_and_the_others_do_not_notice():
    run = {"params": [1.0], "rtol": 1e-4, "t_eval": [0.1, 1.9], "max_steps": 3000}
    together = on_cuda(models.escape, (0.0, 1.9), [[0.5], [1.0], [np.nan], [0.2]], **run)
    assert together.success.tolist() == [True, False, False, True]
    assert together.status[2] == -1
    assert together.t_final[1] == pytest.approx(1.0, rel=1e-3)
    assert np.isnan(together.y[1:3, 0, 1]).all()
    np.testing.assert_allclose(together.y_final[[0, 3], 0], [0.5 / 0.05, 0.2 / 0.62], rtol=1e-2)
    alone = on_cuda(models.escape, (0.0, 1.9), [[0.2], [0.5]], **run)
    np.testing.assert_array_equal(alone.y, together.y[[3, 0]])


def test_max_steps_is_counted_over_launches(monkeypatch):
    monkeypatch.setattr(adaptive_cuda, "FIRST_ATTEMPTS", 3)
    monkeypatch.setattr(adaptive_cuda, "MOST_ATTEMPTS", 3)
    result = on_cuda(lorenz, (0.0, 2.0), states(2), params=LORENZ, max_steps=10)
    assert result.status.tolist() == [-4, -4]
    assert (result.naccepted + result.nrejected).tolist() == [10, 10]
    assert ((result.t_final > 0.0) & (result.t_final < 2.0)).all()


def test_launches_are_cut_and_change_nothing(monkeypatch):
    events = [fastsci.event(models.hangs, direction=1), models.rests]
    run = {"params": [1.0], "events": events, "t_eval": [0.5, 3.7]}
    y0 = [[1.0, 0.0], [0.1, 0.2], [2.0, 0.0]]
    whole = on_cuda(models.pendulum, (0.0, 4.0), y0, **run)
    monkeypatch.setattr(adaptive_cuda, "FIRST_ATTEMPTS", 1)
    monkeypatch.setattr(adaptive_cuda, "MOST_ATTEMPTS", 2)
    fractions = []
    cut = on_cuda(models.pendulum, (0.0, 4.0), y0, progress=fractions.append, **run)
    same_steps(cut, whole)
    for name in ("y", "y_final", "t_final"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))
    same_events(cut, whole, {"rtol": 0.0})
    assert len(fractions) > 5
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_nobody_and_no_time():
    run = {"params": LORENZ, "t_eval": [2.0]}
    nobody = on_cuda(lorenz, (2.0, 3.0), np.empty((0, 3)), **run)
    assert nobody.y.shape == (0, 3, 1)
    still = on_cuda(lorenz, (2.0, 2.0), states(2), **run)
    np.testing.assert_array_equal(still.y_final, states(2))
    np.testing.assert_array_equal(still.y[:, :, 0], states(2))
    assert still.status.tolist() == [0, 0]


def test_a_polynomial_of_every_step_is_refused():
    with pytest.raises(ValueError, match="dense_output: is True, but a GPU keeps no polynomials"):
        on_cuda(lorenz, (0.0, 1.0), states(1), params=LORENZ, dense_output=True)
