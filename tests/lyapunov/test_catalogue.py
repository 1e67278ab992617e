"""What is true of the exponents of every flow of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci
from fastsci import systems

SHORTER = {"lorenz96": 8, "kuramoto": 5}  # components of those that come in any length
STIFF = {"hires", "oregonator", "pollution", "ring_modulator", "robertson"}
FLOWS = [name for name in fastsci.systems.names() if fastsci.systems.get(name).kind == "flow"]
STEPS = 20_000
# Close encounters, and reactions that become faster than they are at the start.
FINER = {"nbody": 16.0, "hires": 8.0, "robertson": 4.0}


def flow(name):
    return fastsci.systems.get(name, n=SHORTER[name]) if name in SHORTER else fastsci.systems.get(name)


def fine_step(system):
    """A step that resolves the system: a hundredth of the fastest time of its linearisation, or less."""
    fastest = float(np.linalg.norm(fastsci.jacobian(system), 2))
    return min(system.dt, 0.01 / fastest) / FINER.get(system.name, 1.0)


def measured(name, **kwargs):
    system = flow(name)
    dt = fine_step(system)
    spans = {"dt": dt, "t_transient": 0.2 * STEPS * dt, "t_total": STEPS * dt}
    found = fastsci.lyapunov_spectrum(system, **spans, **kwargs)
    assert found.success.all(), found.message(0)
    return found, fastsci.mean_divergence(system, **spans), spans["t_total"]


@pytest.mark.parametrize("name", FLOWS)
def test_the_exponents_sum_to_the_mean_divergence(name):
    """And their Kaplan-Yorke dimension is at most that of the state."""
    found, divergence, _ = measured(name)
    total = found.exponents.sum(axis=1)
    assert (np.abs(total - divergence) <= 1e-6 * np.maximum(1.0, np.abs(divergence))).all()
    assert (np.diff(found.exponents) <= 0.0).all()
    dimension = found.kaplan_yorke_dimension
    assert ((dimension >= 0.0) & (dimension <= found.exponents.shape[1])).all()


# Of a forced flow the direction of time is no component; the stiff ones rest, or move too slowly for explicit steps.
AUTONOMOUS = sorted(set(FLOWS) - STIFF - {"duffing", "oscillator"})


@pytest.mark.parametrize("name", AUTONOMOUS)
def test_an_orbit_that_never_rests_has_an_exponent_zero(name):
    system = flow(name)
    dt = system.dt
    found = fastsci.lyapunov_spectrum(system, dt=dt, t_transient=0.2 * STEPS * dt, t_total=STEPS * dt)
    smallest = np.abs(found.exponents[0]).argmin()
    assert abs(found.exponents[0, smallest]) <= max(3.0 * found.stderr[0, smallest], 10.0 / (STEPS * dt))


@pytest.mark.parametrize(
    ("name", "y0", "dt", "time"),
    [("henon_heiles", (0.0, -0.25, 0.42, 0.0), 0.02, 1e5), ("double_pendulum", None, 0.004, 2e4)],
)
def test_exponents_of_a_chaotic_hamiltonian_flow_come_in_pairs(name, y0, dt, time):
    found = fastsci.lyapunov_spectrum(systems.get(name), y0=y0, dt=dt, t_transient=0.1 * time, t_total=time)
    np.testing.assert_allclose(found.exponents + found.exponents[:, ::-1], 0.0, atol=1e-4)
    assert found.exponents[0, 0] > 20.0 * abs(found.exponents[0, 1])
