"""Stiff problems with published states at their ends, each as a tuple, in place and with a Jacobian by hand."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType

import numpy as np

import fastsci
from fastsci import systems
from fastsci.system import System


@dataclass(frozen=True)
class Problem:
    """A system, the end of its span and the state there, with the absolute tolerance that its scale asks for.

    ``atol`` is that per unit of ``rtol``.  Errors count relative to ``abs(state) + atol / rtol``, as steps do.
    """

    system: System
    end: float
    state: tuple[float, ...]
    atol: np.ndarray

    def error(self, y: np.ndarray) -> float:
        """The largest error of a final state, in the units of ``rtol``."""
        return float(np.max(np.abs(y - self.state) / (np.abs(self.state) + self.atol)))

    def solve(self, rtol: float, *, system: System | None = None, method: str = "Rodas5P", **options):
        options = {
            **{"y0": self.system.default_y0, "params": self.system.params, "method": method},
            **{"rtol": rtol, "atol": rtol * self.atol, **options},
        }
        return fastsci.solve_ensemble(system or self.system, (0.0, self.end), **options)


def published(name: str, atol: object) -> Problem:
    """A problem of the catalogue and its fact ``y_at_...``."""
    system = systems.get(name)
    (key,) = (key for key in system.facts if key.startswith("y_at_") and not key.endswith("_source"))
    return Problem(system, float(key.removeprefix("y_at_")), system.facts[key], np.broadcast_to(atol, system.dim))


ROBERTSON = published("robertson", [1e-8, 1e-13, 1e-2])
# SciPy's Radau at rtol 1e-12; with rtol 1e-11 it differs by 1e-14.
ROBERTSON_EARLY = Problem(
    ROBERTSON.system,
    1e5,
    (0.017865921142100474, 7.274751468436721e-8, 0.9821340061103869),
    np.array([0.01, 1e-7, 0.01]),
)
# The published state at mu = 1000, t = 2000: F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers,
# release 2.4 (Bari, 2008), problem VDPOL.
VAN_DER_POL = Problem(
    systems.van_der_pol.with_params(mu=1000.0), 2000.0, (1.706167732170469, -8.928097010248125e-4), np.full(2, 1e-3)
)
HIRES = published("hires", 1e-4)
OREGONATOR = published("oregonator", 1e-2)
POLLUTION = published("pollution", 1e-7)
RING_MODULATOR = published("ring_modulator", 1e-2)

PROBLEMS = {
    "robertson": ROBERTSON_EARLY,
    "van_der_pol": VAN_DER_POL,
    "hires": HIRES,
    "oregonator": OREGONATOR,
    "pollution": POLLUTION,
    "ring_modulator": RING_MODULATOR,
}


def in_place(system: System) -> System:
    """The same system, its function of the style that writes ``du``."""
    names = ", ".join(f"u[{i}]" for i in range(system.dim))
    stores = "".join(f"    du[{i}] = values[{i}]\n" for i in range(system.dim))
    names_of = {"inner": system.fun}
    exec(f"def written(t, u, p, du):\n    values = inner(t, ({names}), p)\n{stores}", names_of)
    written = names_of["written"]
    assert isinstance(written, FunctionType)
    return fastsci.system(written, name=f"{system.name}_in_place", params=system.params, state=system.state)


def robertson_jacobian(t, u, p):
    _, y2, y3 = u
    k1, k2, k3 = p
    return (-k1, k3 * y3, k3 * y2), (k1, -k3 * y3 - 2.0 * k2 * y2, -k3 * y2), (0.0, 2.0 * k2 * y2, 0.0)


def hires_jacobian(t, u, p):
    _, _, _, _, _, y6, _, y8 = u
    (k,) = p
    by6, by8 = k * y8, k * y6
    return (
        (-1.71, 0.43, 8.32, 0, 0, 0, 0, 0),
        (1.71, -8.75, 0, 0, 0, 0, 0, 0),
        (0, 0, -10.03, 0.43, 0.035, 0, 0, 0),
        (0, 8.32, 1.71, -1.12, 0, 0, 0, 0),
        (0, 0, 0, 0, -1.745, 0.43, 0.43, 0),
        (0, 0, 0, 0.69, 1.71, -by6 - 0.43, 0.69, -by8),
        (0, 0, 0, 0, 0, by6, -1.81, by8),
        (0, 0, 0, 0, 0, -by6, 1.81, -by8),
    )


def with_jacobian(system: System, jacobian) -> System:
    return fastsci.system(system.fun, name=system.name, params=system.params, state=system.state, jac=jacobian)
