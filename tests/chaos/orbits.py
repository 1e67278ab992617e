"""Series whose nature is known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import fastsci


@lru_cache
def logistic(r, count):
    """An orbit of the logistic map after a transient."""
    return fastsci.iterate_map(fastsci.systems.logistic, count + 1000, [0.3], params={"r": r}, save_last=count).y[0, 0]


@lru_cache
def henon(count):
    """Points of the Henon attractor ``(count, 2)``."""
    return fastsci.iterate_map(fastsci.systems.henon, count + 1000, [0.1, 0.1], save_last=count).y[0].T


@lru_cache
def lorenz(count, spacing):
    """Points of the Lorenz attractor ``(count, 3)``, so far apart in time."""
    times = 50.0 + spacing * np.arange(count)
    result = fastsci.solve_ensemble(
        fastsci.systems.lorenz63, (0.0, times[-1]), [1.0, 1.0, 1.0], method="RK4", dt=0.01, t_eval=times
    )
    return result.y[0].T
