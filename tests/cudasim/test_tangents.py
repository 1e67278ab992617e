"""Tangents and exponents on the simulator are those of the CPU."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastsci
from fastsci import systems

pytestmark = pytest.mark.cuda_sim

Y0 = np.array([[1.0, 2.0, 20.0], [-3.0, 1.0, 15.0]])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("wrt", ["state", "params"])
def test_perturbations_are_those_of_the_cpu(dtype, wrt):
    run = {"wrt": wrt, "dt": 0.01, "dtype": dtype}
    y, carried = fastsci.flow_jvp(systems.lorenz63, (0.0, 0.1), Y0, device="cuda", **run)
    expected = fastsci.flow_jvp(systems.lorenz63, (0.0, 0.1), Y0, device="cpu", **run)
    tolerance = 1e-13 if dtype == "float64" else 3e-6
    np.testing.assert_allclose(y, expected[0], rtol=tolerance)
    np.testing.assert_allclose(carried, expected[1], rtol=tolerance, atol=tolerance * np.abs(expected[1]).max())


def test_a_method_that_chooses_its_steps():
    run = {"method": "Tsit5", "rtol": 1e-6, "atol": 1e-8}
    y, carried = fastsci.flow_jvp(systems.van_der_pol, (0.0, 0.5), device="cuda", **run)
    expected = fastsci.flow_jvp(systems.van_der_pol, (0.0, 0.5), device="cpu", **run)
    np.testing.assert_allclose(y, expected[0], rtol=1e-12)
    np.testing.assert_allclose(carried, expected[1], rtol=1e-10, atol=1e-12)


def test_long_states_in_place():
    system = systems.get("lorenz96", n=9)
    y0 = np.linspace(-1.0, 1.0, 9)
    _, carried = fastsci.flow_jvp(system, (0.0, 0.02), y0, dt=0.01, device="cuda")
    _, expected = fastsci.flow_jvp(system, (0.0, 0.02), y0, dt=0.01, device="cpu")
    np.testing.assert_allclose(carried, expected, rtol=1e-12, atol=1e-14)


def test_a_spectrum_is_that_of_the_cpu():
    spans = {"dt": 0.01, "t_transient": 0.2, "t_total": 0.5}
    found = fastsci.lyapunov_spectrum(systems.lorenz63, y0=Y0, device="cuda", **spans)
    expected = fastsci.lyapunov_spectrum(systems.lorenz63, y0=Y0, device="cpu", **spans)
    assert found.path == "cuda"
    np.testing.assert_allclose(found.exponents, expected.exponents, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found.qr_every, expected.qr_every)


def test_the_exponent_of_a_map_and_a_member_that_escapes():
    y0 = np.array([[0.1, 0.1], [90.0, 0.0]])
    found = fastsci.lyapunov_spectrum(systems.henon, y0=y0, t_transient=8, t_total=64, device="cuda")
    assert found.status.tolist() == [0, -1]
    assert found.exponents[0].sum() == pytest.approx(math.log(0.3), abs=1e-12)


def test_the_divergence():
    found = fastsci.mean_divergence(systems.lorenz63, y0=Y0, dt=0.01, t_transient=0.0, t_total=0.1, device="cuda")
    np.testing.assert_allclose(found, -(10.0 + 1.0 + 8.0 / 3.0), rtol=1e-12)
