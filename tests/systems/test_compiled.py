"""Every flow of the catalogue, compiled: on lanes, and what the plain function says."""

from __future__ import annotations

import numpy as np
import pytest

import fastsci

MEMBERS = 21


@pytest.mark.parametrize("name", fastsci.systems.names("flow"))
def test_a_euler_step_on_lanes_is_that_of_the_plain_function(name):
    system = fastsci.systems.get(name)
    spread = np.random.default_rng(3).uniform(0.9, 1.1, (MEMBERS, system.dim))
    y0 = system.default_y0 * spread + 0.01 * (spread - 1.0)
    result = fastsci.solve_ensemble(system, (0.0, 0.125), y0, method="Euler", dt=0.125)
    assert result.path == "lanes", result.reason
    expected = y0 + 0.125 * system.rhs(0.0, y0)
    np.testing.assert_allclose(result.y_final, expected, rtol=1e-13, atol=1e-13 * np.abs(expected).max())
