"""Systems of any size: chains and networks of equal parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastsci.system import System, system
from fastsci.systems.registry import sized

# The constant that `_kuramoto` reads; `kuramoto` gives its value.
omega: Any

GOLDEN_RATIO = (1.0 + math.sqrt(5.0)) / 2.0


@sized(n=4)
def lorenz96(*, n: int = 40) -> System:
    """Lorenz's ring of n sectors of a latitude circle, forced by F."""
    # Mean and spread of the attractor at F = 8.
    y0 = 2.3 + 3.6 * math.sqrt(2.0) * np.sin(2.0 * np.pi * GOLDEN_RATIO * np.arange(n))
    facts: dict[str, Any] = {
        "source": "E. N. Lorenz, Predictability: a problem partly solved, ECMWF Seminar on Predictability I"
        " (1996); E. N. Lorenz, K. A. Emanuel, J. Atmos. Sci. 55, 399 (1998)",
        "divergence": -float(n),
        "fixed_points": (("F",) * n,),
    }
    if n == 40:
        facts["doubling_time"] = 0.42
        facts["doubling_time_source"] = "Lorenz and Emanuel (1998): errors double in 2.1 days of 0.2 time units"
    return system(
        _lorenz96,
        name="lorenz96",
        params={"F": 8.0},
        state=tuple(f"x{i}" for i in range(n)),
        default_y0=y0,
        dt=0.01,
        facts=facts,
    )


def _lorenz96(t, u, p, du):
    n = len(du)
    F = p[0]
    # The ring is closed by hand, since a modulo in every sector would cost more than the sector itself.
    du[0] = (u[1] - u[n - 2]) * u[n - 1] - u[0] + F
    du[1] = (u[2] - u[n - 1]) * u[0] - u[1] + F
    for i in range(2, n - 1):
        du[i] = (u[i + 1] - u[i - 2]) * u[i - 1] - u[i] + F
    du[n - 1] = (u[0] - u[n - 3]) * u[n - 2] - u[n - 1] + F


@sized(n=1)
def kuramoto(*, n: int = 64) -> System:
    """Kuramoto's n phases, in radians, each pulled towards all others by K.

    The natural frequencies, the constant `omega`, are the quantiles (i + 1/2) / n of the standard normal
    distribution.
    """
    # Imported here because it takes longer to load than all of the catalogue.
    from statistics import NormalDist

    normal = NormalDist()
    return system(
        _kuramoto,
        name="kuramoto",
        params={"K": 2.0},
        state=tuple(f"theta{i}" for i in range(n)),
        constants={"omega": np.array([normal.inv_cdf((i + 0.5) / n) for i in range(n)])},
        default_y0=2.0 * np.pi * (GOLDEN_RATIO * np.arange(n) % 1.0),
        dt=0.02,
        facts={
            "source": "Y. Kuramoto, Chemical Oscillations, Waves, and Turbulence (Springer, 1984);"
            " S. H. Strogatz, Physica D 143, 1 (2000)",
            "critical_coupling": math.sqrt(8.0 / math.pi),
            "critical_coupling_when": "n to infinity, from 2 / (pi g(0)) with the standard normal density g",
            "mean_phase": "constant: the pulls cancel, and the mean of omega is 0",
        },
    )


def _kuramoto(t, u, p, du):
    n = len(du)
    # The pull of all others on one phase needs their mean sine and cosine alone.
    s = 0.0
    c = 0.0
    for i in range(n):
        s += math.sin(u[i])
        c += math.cos(u[i])
    pull = p[0] / n
    for i in range(n):
        du[i] = omega[i] + pull * (s * math.cos(u[i]) - c * math.sin(u[i]))  # noqa: F821 (a constant)
