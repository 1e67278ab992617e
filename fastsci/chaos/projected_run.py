"""Integration that keeps conserved quantities: a step of any method, then the way back to the level set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import _validate
from ..ensemble import as_system, solve_ensemble
from ..result import MESSAGES
from ..system import System
from ._invariant import Invariant, Quantity, quantity, rows
from ._series import positive, whole
from .invariants import NEWTON_ITERATIONS

NOT_PROJECTED = -5
NO_STATE = "The projection found no state where the invariant has its value."


@dataclass(frozen=True, eq=False)
class ProjectedRun:
    """What `solve_projected` hands back.

    Attributes
    ----------
    t : (n_times,) ndarray
        The start and the times of the projections.
    y : (n_members, dim, n_times) ndarray
        States there, after the projection; NaN from where a member failed.
    y_final : (n_members, dim) ndarray
    status : (n_members,) ndarray of int8
        0 reached the end, -5 a projection failed, else as of `EnsembleResult`; `message` says how.
    values : (n_members, n_invariants) ndarray
        The levels that were kept.
    drift_before, drift_after : (n_members, n_invariants, n_times) ndarray
        Distance of the invariants from their levels before and after each projection, in their own unit; what the
        method alone has added since the last projection, and what is left.
    """

    t: np.ndarray
    y: np.ndarray
    y_final: np.ndarray
    status: np.ndarray
    values: np.ndarray
    drift_before: np.ndarray
    drift_after: np.ndarray

    @property
    def success(self) -> np.ndarray:
        """Whether each member reached its end."""
        return self.status >= 0

    def message(self, i: int) -> str:
        """How member ``i`` ended, in words."""
        status = int(self.status[i])
        return NO_STATE if status == NOT_PROJECTED else MESSAGES[status]


def solve_projected(
    system: System | Callable[..., Any],
    invariant: Invariant,
    t_span: ArrayLike,
    y0: ArrayLike | None = None,
    *,
    dt: float,
    params: Mapping[str, ArrayLike] | ArrayLike | None = None,
    method: str = "RK4",
    every: int = 1,
    tol: float = 1e-12,
) -> ProjectedRun:
    """Integrate an ensemble by a fixed step and keep conserved quantities by projection.

    After every few steps the states are brought back to the level that the invariant had at the start, as
    `project_to_invariant` does.  The order of the method stays what it is.

    Parameters
    ----------
    system : System or function
        As for `fastsci.solve_ensemble`.
    invariant : function
        ``invariant(t, u, p)`` that returns a number or a tuple of them; its parameters are those of the system.
    t_span : (2,) array
        Start and end, in the units of ``t``; an end before the start integrates backwards.
    y0 : (dim,) or (n_members, dim) array, optional
        Initial states, which set the level of each member; the system's default where it has one.
    dt : float
        The longest step; all are equal and fill the span.
    params : mapping or array, optional
        As for `fastsci.solve_ensemble`.
    method : str
        One of `fastsci.methods()` that runs with a fixed step.
    every : int
        Steps between projections, each of which is also a save.  Each costs a few tenths of a
        millisecond of calls; the drift between two of them is of the method's own order.
    tol : float
        As for `project_to_invariant`.

    Returns
    -------
    ProjectedRun
        A member that fails carries a negative status and takes no other down.

    Raises
    ------
    ValueError, TypeError
        One line that names the argument, what it was, what was expected and what to try.
    CompilationError
        A TypeError: a function uses something that cannot be compiled.

    References
    ----------
    Hairer, Lubich and Wanner, Geometric Numerical Integration, 2nd ed. (2006), algorithm IV.4.2.

    Examples
    --------
    >>> import fastsci
    >>> from fastsci.chaos.projected_run import solve_projected
    >>> def energy(t, u, p):
    ...     x, v = u
    ...     return 0.5 * (v * v + x * x)
    >>> oscillator = lambda t, u, p: (u[1], -u[0])
    >>> run = solve_projected(oscillator, energy, (0.0, 100.0), [1.0, 0.0], dt=0.1, every=10)
    >>> bool(run.drift_after.max() < 1e-12), bool(run.drift_before.max() > 1e-8)
    (True, True)
    """
    described = as_system(system)
    step, tolerance, stride = positive("dt", dt), positive("tol", tol), whole("every", every, 1)
    members = _validate.ensemble(described, t_span, y0, params, step, None, "float64")
    if members.t_span.ndim != 1:
        raise ValueError(f"t_span: has shape {members.t_span.shape}, expected (t0, t1), the same for all members")
    if not members.n_members:
        raise ValueError(f"y0: has shape {members.y0.shape}, expected at least one member; give its start")
    t0, t1 = (float(time) for time in members.t_span)
    times, size = _grid(t0, t1, step, stride)
    states = np.broadcast_to(members.y0, (members.n_members, members.dim)).astype(np.float64)
    p = np.zeros((members.n_members, len(members.params)))
    for place, values in enumerate(members.params):
        p[:, place] = values
    kept = quantity(invariant, rows(states, p, times[0], invariant))
    run = _Saves(kept, p, states, times, tolerance)
    for place in range(1, len(times)):
        span = times[place - 1], times[place]
        block = solve_ensemble(
            described, span, run.states, params=p if members.params else None, method=method, dt=size
        )
        run.add(place, block.y_final, block.status)
    return run.finished()


def _grid(t0: float, t1: float, step: float, stride: int) -> tuple[np.ndarray, float]:
    """Times of the projections, every ``stride`` equal steps of at most ``step`` and at the end, and their size."""
    # A quotient that misses a whole number by rounding is that number.
    n_steps = math.ceil(abs(t1 - t0) / step * (1.0 - 1e-12))
    if n_steps == 0:
        return np.array([t0]), step
    counts = np.append(np.arange(0, n_steps, stride), n_steps)
    return t0 + (t1 - t0) * counts / n_steps, abs(t1 - t0) / n_steps


class _Saves:
    """The states of a run and how far they were from their levels."""

    def __init__(self, kept: Quantity, p: np.ndarray, states: np.ndarray, times: np.ndarray, tolerance: float) -> None:
        members, dim = states.shape
        self.kept, self.p, self.times, self.tolerance = kept, p, times, tolerance
        self.states = states
        self.levels = self.values(states, times[0])
        self.status = np.zeros(members, np.int8)
        self.y = np.empty((len(times), dim, members))
        self.y[0] = states.T
        self.before, self.after = np.zeros((2, len(times), kept.count, members))

    def values(self, states: np.ndarray, time: float) -> np.ndarray:
        return self.kept.values(rows(states, self.p, time, self.kept.fun))

    def add(self, place: int, reached: np.ndarray, status: np.ndarray) -> None:
        """Project what a block of steps has led to, and save it."""
        time = self.times[place]
        at = rows(reached, self.p, time, self.kept.fun)
        states = self.kept.projected(at, self.levels, self.tolerance, NEWTON_ITERATIONS)
        lost = np.where(np.isfinite(states).all(axis=1), 0, NOT_PROJECTED)
        self.status = np.where(self.status == 0, np.where(status < 0, status, lost), self.status).astype(np.int8)
        states[self.status < 0] = np.nan
        with np.errstate(invalid="ignore"):
            self.before[place] = np.abs(self.kept.values(at) - self.levels).T
            self.after[place] = np.abs(self.values(states, time) - self.levels).T
        self.y[place], self.states = states.T, states

    def finished(self) -> ProjectedRun:
        before, after = (np.moveaxis(drift, -1, 0).swapaxes(1, 2) for drift in (self.before, self.after))
        y = np.moveaxis(self.y, -1, 0).swapaxes(1, 2)
        return ProjectedRun(self.times, y, self.states, self.status, self.levels, before, after)
