"""Newton's method from many starts at once, each with a step length of its own.

Every pass evaluates all starts that are still on their way in one batch.  A start follows its own path, with its own
step length, whatever the others do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

CONVERGED, NON_FINITE, RAISED, SINGULAR, STALLED, EXHAUSTED = 0, -1, -2, -3, -4, -5

MESSAGES = {
    CONVERGED: "Newton's method converged.",
    NON_FINITE: "The start, or the function or its derivative there, is infinite or NaN.",
    RAISED: "The function raised an exception at the start.",
    SINGULAR: "The Jacobian became singular, and no direction lowers the residual.",
    STALLED: "No step along Newton's direction lowers the residual: a minimum that is no zero.",
    EXHAUSTED: "The number of steps reached max_iter.",
}

LARGEST = 1e150  # squares of more are infinite
ARMIJO = 1e-4  # share of the decrease foretold by the slope that a step has to bring
SHORTEST = 2.0**-16  # a step that fails at this length fails
NO_DESCENT = 1e-12  # share of the squared residual below which a direction lowers nothing
# Near a zero of whatever multiplicity m a Newton step multiplies the residual by ((m - 1) / m)^m or less; near a pole
# of order m by (m / (m + 1))^m, and on the way to a zero at infinity by 1 / e, which lies between.
ZERO_NEAR = math.exp(-1.0) * (1.0 - 1e-9)
BLOCK_NUMBERS = 4_000_000  # entries of Jacobians worked on at a time


@dataclass(frozen=True)
class Values:
    """Equations ``f (n, k)``, their ``jacobian (n, k, k)``, and where the user's function ``raised (n,)``."""

    f: np.ndarray
    jacobian: np.ndarray
    raised: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """Where the numbers are finite and their squares too; NaN is not below anything."""
        return np.all(np.abs(self.f) < LARGEST, 1) & np.all(np.abs(self.jacobian) < LARGEST, (1, 2))


Evaluate = Callable[[np.ndarray, np.ndarray], Values]  # of states (n, k) and the starts (n,) that they belong to


@dataclass(frozen=True)
class Criteria:
    """When a start has arrived, and how its steps are found.

    A step farther than ``far (1 + max |x|)`` is taken for that of a singular Jacobian: the shortest least-squares
    step takes its place, without the singular values below ``cutoff`` times the largest, or below ``noise``.
    """

    tol: float
    max_iter: int
    far: float = 1e8
    cutoff: float = 1e-13
    noise: float = 0.0


@dataclass(frozen=True)
class Roots:
    """Where every start ended: ``x (n, k)``, the largest ``residual (n,)`` there, and ``status (n,)``."""

    x: np.ndarray
    residual: np.ndarray
    status: np.ndarray


def roots(evaluate: Evaluate, starts: np.ndarray, criteria: Criteria) -> Roots:
    """Newton's method with backtracking from every start ``(n, k)``.

    A start has arrived where the next step is at most ``tol (1 + |x|)`` in every component and leads to a zero, or
    where the equations vanish to rounding.
    """
    n, k = starts.shape
    length = max(1, BLOCK_NUMBERS // (k * (k + 1)))
    x, residual, status = starts.copy(), np.full(n, np.nan), np.zeros(n, np.int8)
    with np.errstate(all="ignore"):
        for first in range(0, n, length):
            part = slice(first, first + length)
            block = _Block(evaluate, starts[part], np.arange(first, min(first + length, n)), criteria)
            x[part], residual[part], status[part] = block.run()
    return Roots(x, residual, status)


class _Block:
    """Starts on their way, as rows of arrays."""

    def __init__(self, evaluate: Evaluate, starts: np.ndarray, numbers: np.ndarray, criteria: Criteria) -> None:
        self.evaluate, self.numbers, self.criteria = evaluate, numbers, criteria
        values = evaluate(starts, numbers)
        self.x, self.f, self.jacobian = starts.copy(), values.f.copy(), values.jacobian.copy()
        self.status = np.where(values.usable, EXHAUSTED, NON_FINITE).astype(np.int8)
        self.status[values.raised] = RAISED
        self.step = np.zeros_like(self.x)
        self.slope, self.length = np.zeros(len(starts)), np.ones(len(starts))
        self.taken = np.zeros(len(starts), np.int64)

    def run(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        going = self._aim(np.flatnonzero(self.status == EXHAUSTED))
        while going.size:
            going = self._try(going)
        return self.x, np.abs(self.f).max(1), self.status

    def _aim(self, rows: np.ndarray) -> np.ndarray:
        """Find the Newton steps of rows, and keep those that have one."""
        at_zero = ~self.f[rows].any(1)
        self.status[rows[at_zero]] = CONVERGED
        rows = rows[~at_zero & (self.taken[rows] < self.criteria.max_iter)]
        f, jacobian = self.f[rows], self.jacobian[rows]
        step = _newton_steps(f, jacobian, self.x[rows], self.criteria)
        self.step[rows], self.length[rows] = step, 1.0
        self.slope[rows] = slope = _dot(f, (jacobian @ step[..., np.newaxis])[..., 0])
        lost = ~(slope < -NO_DESCENT * _dot(f, f))  # NaN too
        settled = _vanishes(f[lost], jacobian[lost], self.x[rows[lost]], self.criteria.tol)
        self.status[rows[lost]] = np.where(settled, CONVERGED, SINGULAR)
        return rows[~lost]

    def _try(self, rows: np.ndarray) -> np.ndarray:
        """Try the steps of rows at their present lengths; what is left of them goes on."""
        tol = self.criteria.tol
        x, f, step, length = self.x[rows], self.f[rows], self.step[rows], self.length[rows]
        trial = x + length[:, np.newaxis] * step
        values = self.evaluate(trial, self.numbers[rows])
        before, after = _dot(f, f), np.where(values.usable, _dot(values.f, values.f), np.inf)
        lower = after <= before + 2.0 * ARMIJO * length * self.slope[rows]
        small = (length == 1.0) & (np.abs(step) <= tol * (1.0 + np.abs(x))).all(1)
        arrived = small & (after <= before)
        slow = arrived & (after >= ZERO_NEAR**2 * before)
        arrived[slow] = _vanishes(values.f[slow], values.jacobian[slow], trial[slow], tol)
        stays = ~arrived & ~lower & (small | (length <= SHORTEST))
        stays[stays] = _vanishes(f[stays], self.jacobian[rows[stays]], x[stays], tol)
        stalled = ~arrived & ~lower & ~stays & (length <= SHORTEST)
        self.status[rows[arrived | stays]] = CONVERGED
        self.status[rows[stalled]] = STALLED
        moved = arrived | lower
        self.x[rows[moved]], self.f[rows[moved]] = trial[moved], values.f[moved]
        self.jacobian[rows[moved]] = values.jacobian[moved]
        onward, again = rows[lower & ~arrived], rows[~moved & ~stays & ~stalled]
        self.taken[onward] += 1
        self.length[again] *= 0.5
        return np.concatenate([self._aim(onward), again])


def _newton_steps(f: np.ndarray, jacobian: np.ndarray, x: np.ndarray, criteria: Criteria) -> np.ndarray:
    """Solutions of ``jacobian step = -f``, the shortest in the sense of least squares where there is none or many."""
    reach = criteria.far * (1.0 + np.abs(x).max(1, initial=0.0, keepdims=True))
    step = _solutions(jacobian, -f)
    lost = ~(np.abs(step) <= reach).all(1)
    if lost.any():
        step[lost] = _shortest(jacobian[lost], -f[lost], criteria)
    return step


def _shortest(matrices: np.ndarray, right: np.ndarray, criteria: Criteria) -> np.ndarray:
    """The shortest least-squares solution of one system a row."""
    u, s, vt = np.linalg.svd(matrices)
    counts = s > np.maximum(criteria.cutoff * s[:, :1], criteria.noise)
    along = (right[:, np.newaxis] @ u)[:, 0]
    return (np.where(counts, along / s, 0.0)[:, np.newaxis] @ vt)[:, 0]


def _solutions(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of one system a row, NaN where its matrix is exactly singular."""
    try:
        return np.linalg.solve(matrices, right[..., np.newaxis])[..., 0]
    except np.linalg.LinAlgError:
        regular = np.linalg.slogdet(matrices)[0] != 0.0
        found = np.full_like(right, np.nan)
        found[regular] = np.linalg.solve(matrices[regular], right[regular][..., np.newaxis])[..., 0]
        return found


def _vanishes(f: np.ndarray, jacobian: np.ndarray, x: np.ndarray, tol: float) -> np.ndarray:
    """Whether the equations are zero beside what a change of ``x`` by the factor ``1 + tol`` makes of them."""
    change = (np.abs(jacobian) @ np.abs(x)[..., np.newaxis])[..., 0]
    return np.all(np.abs(f) <= tol * (1.0 + change), 1)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1)


def checked(tol: Any, max_iter: Any, unique_tol: Any) -> tuple[float, int, float]:
    """Tolerances and number of steps, or an error that names the argument."""
    for name, value in (("tol", tol), ("unique_tol", unique_tol)):
        if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
            raise TypeError(f"{name}: is {value!r}, expected a positive number, for example 1e-10")
        if not 0.0 < value < 1.0:
            raise ValueError(f"{name}: is {value!r}, expected a number between 0 and 1, for example 1e-10")
    if isinstance(max_iter, bool) or not hasattr(max_iter, "__index__"):
        raise TypeError(f"max_iter: is {max_iter!r}, expected a positive integer, for example 50")
    if max_iter < 1:
        raise ValueError(f"max_iter: is {max_iter}, expected at least 1, for example 50")
    return float(tol), int(max_iter), float(unique_tol)
