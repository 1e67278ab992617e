"""Order of convergence of every method on an equation whose solution is known in closed form."""

import math

import numpy as np
import pytest

import fastsci
from fastsci_kernels.methods.catalogue import TABLEAUS

ZETA, OMEGA, FORCE, OMEGA_D = 0.1, 1.3, 0.7, 0.9
X0, V0, END = 1.0, -0.4, 5.0

# Steps to the end: few enough that rounding does not show, many enough that the leading term rules.
STEPS = {1: 2 ** np.arange(13, 20), 2: 2 ** np.arange(8, 15), 3: 2 ** np.arange(7, 13), 4: 2 ** np.arange(6, 12)}
HIGH = {
    5: np.array([48, 64, 96, 128, 192, 256, 384]),
    7: np.array([28, 32, 36, 40, 48, 56]),
    8: np.array([8, 10, 12, 14, 16, 18, 20, 24]),
}

# The others, of order 6 and 9, meet rounding before their leading term rules; test_embedded takes more digits.
METHODS = [name for name, tableau in TABLEAUS.items() if tableau.order in {**STEPS, **HIGH}]


def exact(t):
    """Damped driven oscillator: steady oscillation and a decaying one that meets the initial state."""
    detuning = OMEGA**2 - OMEGA_D**2
    loss = 2.0 * ZETA * OMEGA * OMEGA_D
    c = FORCE * detuning / (detuning**2 + loss**2)
    s = FORCE * loss / (detuning**2 + loss**2)
    w = OMEGA * math.sqrt(1.0 - ZETA**2)
    a = X0 - c
    b = (V0 - OMEGA_D * s + ZETA * OMEGA * a) / w
    decay = math.exp(-ZETA * OMEGA * t)
    cos, sin = math.cos(w * t), math.sin(w * t)
    x = decay * (a * cos + b * sin) + c * math.cos(OMEGA_D * t) + s * math.sin(OMEGA_D * t)
    v = decay * ((b * w - ZETA * OMEGA * a) * cos - (a * w + ZETA * OMEGA * b) * sin)
    return np.array([x, v + OMEGA_D * (s * math.cos(OMEGA_D * t) - c * math.sin(OMEGA_D * t))])


@pytest.mark.parametrize("name", METHODS)
def test_error_falls_with_the_order_of_the_method(name):
    order = TABLEAUS[name].order
    steps = {**STEPS, **HIGH}[order]
    dt = END / steps
    result = fastsci.solve_ensemble(
        fastsci.systems.oscillator,
        (0.0, END),
        [X0, V0],
        dt=dt,
        method=name,
        params={"zeta": ZETA, "omega": OMEGA, "F": FORCE, "omega_d": OMEGA_D},
    )
    assert len(steps) >= 6
    assert (result.naccepted == steps).all()
    errors = np.linalg.norm(result.y_final - exact(END), axis=1)
    slope = np.polyfit(np.log(dt), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.05 if order in (1, 2, 4) else 0.1)
