"""Bodies under Newton's gravity: positions first, then velocities, body by body."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastsci.system import System
from fastsci.systems.registry import sized

# The constant that the forces read; `nbody` gives its value.
masses: Any

GOLDEN_RATIO = (1.0 + math.sqrt(5.0)) / 2.0


@sized(n=2, space=1)
def nbody(*, n: int = 3, space: int = 3) -> System:
    """Bodies in space of any dimension, n of them; the constant `masses` is 1/n each, and `softening` a length.

    The momenta of the state are velocities.
    """
    from fastsci._hamiltonian import hamiltonian

    part = np.arange(1, n * space + 1)
    places = 2.0 * (GOLDEN_RATIO * part % 1.0) - 1.0
    speeds = (math.sqrt(2.0) * part % 1.0) - 0.5
    # The centre of mass rests at the origin.
    at_rest = [
        (values.reshape(n, space) - values.reshape(n, space).mean(axis=0)).ravel() for values in (places, speeds)
    ]
    axes = "xyz" if space <= 3 else [f"x{axis}_" for axis in range(space)]
    coordinates = [f"{axes[axis]}{body}" for body in range(n) for axis in range(space)]
    return hamiltonian(
        velocity=_velocity,
        force=_gravity(space),
        name="nbody",
        params={"G": 1.0, "softening": 0.0},
        state=(*coordinates, *(f"v{name}" for name in coordinates)),
        constants={"masses": np.full(n, 1.0 / n)},
        default_y0=np.concatenate(at_rest),
        dt=0.001,
        facts={
            "source": "S. J. Aarseth, Gravitational N-Body Simulations (Cambridge University Press, 2003), sec. 1.2",
            "divergence": 0.0,
        },
    )


def _velocity(t, v, p, dq):
    for i in range(len(dq)):
        dq[i] = v[i]


def _gravity(space: int):
    """Accelerations in a space of so many dimensions, each pair computed once."""

    def gravity(t, q, p, dv):
        """Newton's gravity of bodies whose coordinates lie body by body."""
        G, softening = p
        for i in range(len(dv)):
            dv[i] = 0.0
        for i in range(len(q) // space):
            for j in range(i):
                r2 = softening * softening
                for axis in range(space):
                    d = q[space * j + axis] - q[space * i + axis]
                    r2 += d * d
                pull = G / (r2 * math.sqrt(r2))
                for axis in range(space):
                    d = q[space * j + axis] - q[space * i + axis]
                    dv[space * i + axis] += masses[j] * pull * d  # noqa: F821 (a constant)
                    dv[space * j + axis] -= masses[i] * pull * d  # noqa: F821 (a constant)

    return gravity


@sized()
def figure_eight() -> System:
    """Three bodies of mass 1 that chase one another along one curve, an eight, in the plane."""
    from fastsci._hamiltonian import hamiltonian

    x, y, vx, vy = 0.97000435669734, -0.24308753153583, -0.93240737144104, -0.86473146092102
    coordinates = ("x0", "y0", "x1", "y1", "x2", "y2")
    return hamiltonian(
        velocity=_velocity,
        force=_gravity(2),
        name="figure_eight",
        params={"G": 1.0, "softening": 0.0},
        state=(*coordinates, *(f"v{name}" for name in coordinates)),
        constants={"masses": np.ones(3)},
        default_y0=(x, y, -x, -y, 0.0, 0.0, -vx / 2, -vy / 2, -vx / 2, -vy / 2, vx, vy),
        dt=0.001,
        facts={
            "source": "A. Chenciner, R. Montgomery, A remarkable periodic solution of the three-body problem in the"
            " case of equal masses, Ann. of Math. 152, 881 (2000), with the initial state of C. Simo",
            "divergence": 0.0,
            "period": 6.32591398292621,
        },
    )
