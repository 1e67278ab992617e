"""Cotangents on the simulator are those of the CPU."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci import systems
from fastsci.adjoint import flow_vjp

pytestmark = pytest.mark.cuda_sim

Y0 = np.array([[1.0, 2.0, 20.0], [-3.0, 1.0, 15.0]])
W = np.array([[1.0, -1.0, 0.5], [0.2, 0.3, -0.7]])


def both(system, t_span, y0, w, dtype="float64", **run):
    found = flow_vjp(system, t_span, y0, w, wrt="both", dtype=dtype, device="cuda", **run)
    expected = flow_vjp(system, t_span, y0, w, wrt="both", dtype=dtype, device="cpu", **run)
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    for ours, other in zip(found, expected, strict=True):
        assert ours.dtype == np.dtype(dtype)
        np.testing.assert_allclose(ours, other, rtol=tolerance, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize(("method", "dtype"), [("RK4", "float64"), ("RK4", "float32"), ("Heun", "float64")])
def test_a_flow_and_its_shorter_last_step(method, dtype):
    both(systems.lorenz63, (0.0, 0.105), Y0, W, dtype, method=method, dt=0.01)


def test_long_states_in_place():
    y0 = np.linspace(-1.0, 1.0, 27).reshape(3, 9)
    both(systems.get("lorenz96", n=9), (0.0, 0.05), y0, y0[:, ::-1], dt=0.01)


def test_a_function_that_branches_is_pulled_back_by_its_tangents():
    def bouncing(t, u, p):
        x, v = u
        if x > 0.0:
            return v, -p[0] * x
        return v, -p[1] * x

    both(bouncing, (0.0, 0.2), Y0[:, :2], W[:, :2], params=[1.0, 30.0], dt=0.05)


def test_long_states_that_branch():
    def ring(t, u, p, du):
        for i in range(len(u)):
            du[i] = p[0] * (u[i - 1] - u[i])
            if u[i] > 0.5:
                du[i] -= p[1] * u[i] * u[i - 2]

    y0 = np.linspace(-1.0, 1.0, 36).reshape(2, 18)
    both(ring, (0.0, 0.1), y0, y0[:, ::-1], params=[1.0, 0.2], dt=0.05)


def test_a_map():
    both(systems.henon, (0, 7), np.array([[0.1, 0.1], [0.2, 0.0]]), W[:, :2])


def test_blocks_follow_one_another():
    """Longer than a block, so that states between blocks are kept."""
    system = fastsci.system(lambda t, u, p: (p[0] * u[0] * (1.0 - u[0]),), kind="map", params={"r": 2.5})
    both(system, (0, 1100), np.array([[0.3]]), np.array([[1e300]]))
