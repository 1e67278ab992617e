"""Symplectic, implicit and stochastic methods and maps on the simulator, against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import systems

pytestmark = pytest.mark.cuda_sim


@pytest.mark.parametrize(("method", "order"), [("VelocityVerlet", 2), ("Yoshida4", 4)])
def test_a_symplectic_method_has_its_order_and_returns(method, order):
    spring = fastsci.hamiltonian(
        velocity=lambda t, p, params: (p[0],),
        force=lambda t, q, params: (-params[0] * q[0],),
        params=["k"],
        state=("q", "p"),
    )
    run = {"params": {"k": 4.0}, "method": method, "device": "cuda"}
    errors = []
    for steps in (20, 40):
        end = fastsci.solve_ensemble(spring, (0.0, 1.0), [[1.0, 0.0]], dt=1.0 / steps, **run).y_final[0]
        errors.append(np.abs(end - [math.cos(2.0), -2.0 * math.sin(2.0)]).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.3)
    back = fastsci.solve_ensemble(spring, (1.0, 0.0), [end], dt=1.0 / 40, **run)
    np.testing.assert_allclose(back.y_final, [[1.0, 0.0]], atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_implicit_midpoint_rule_keeps_the_energy_of_a_spring(dtype):
    def spring(t, u, p):
        x, v = u
        return v, -x

    y0 = np.array([[1.0, 0.001], [0.3, -0.4]], dtype)
    result = fastsci.solve_ensemble(spring, (0.0, 4.0), y0, method="ImplicitMidpoint", dt=0.2, device="cuda")
    tolerance = 1e-13 if dtype == "float64" else 2e-6
    np.testing.assert_allclose((result.y_final**2).sum(axis=1), (y0**2).sum(axis=1), rtol=tolerance)
    # Twenty steps turn it by 2 arctan(h / 2) each.
    angle = 40.0 * math.atan(0.1)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    np.testing.assert_allclose(result.y_final, y0 @ turn.T, atol=tolerance)


@pytest.mark.parametrize("name", ["henon", "chialvo"])
def test_a_map_is_iterated(name):
    system = systems.get(name)
    result = fastsci.iterate_map(system, 12, save_every=4, device="cuda")
    assert result.path == "cuda"
    state, expected = tuple(system.default_y0), []
    for step in range(13):
        if step % 4 == 0:
            expected.append(state)
        state = system.fun(step, state, tuple(system.params.values()))
    np.testing.assert_allclose(result.y[0].T, expected, rtol=1e-10)


def test_noise_of_a_seed_is_that_of_the_cpu():
    def drift(t, u, p):
        (x,) = u
        return (-p[0] * x,)

    def diffusion(t, u, p):
        return (p[1],)

    system = fastsci.system(drift, params={"rate": 1.0, "noise": 0.5}, state=("x",), noise=diffusion)
    run = {"method": "EulerMaruyama", "dt": 0.1, "seed": 7, "t_eval": [0.2, 0.5]}
    gpu, cpu = (
        fastsci.solve_ensemble(system, (0.0, 0.5), [[1.0], [1.0], [2.0]], device=device, **run)
        for device in ("cuda", "cpu")
    )
    np.testing.assert_allclose(gpu.y, cpu.y, rtol=1e-13)
    assert np.ptp(gpu.y[:2, 0, 0]) > 0.0
