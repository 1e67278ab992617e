"""The equations of multiple shooting for periodic orbits, and what else the flow along an orbit tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastsci_kernels.methods.explicit import RungeKutta
from fastsci_kernels.methods.iteration import ITERATION, Iteration
from fastsci_kernels.methods.tangent import Tangent

from . import _extended, _starts
from ._arrays import NUMPY
from ._cpu import RAISED, integrate
from ._newton import Values
from ._validate import Ensemble
from .system import System

WIDEST = 4.0  # a period within this factor of its guess is looked for; at 0 every state returns


class Shooting:
    """``segments`` arcs that join to a closed orbit, of every member.

    The unknowns of a member are the states where its arcs begin and, unless the period is ``fixed``, the period
    behind them.  Arc ``j`` is to end where the next begins, the last where the first does; a free period adds the
    condition that a step is orthogonal to the flow at the first, along which an orbit is a whole line of solutions.

    The derivative by the period is the flow's own at the end of each arc.  It differs from that of the discrete steps
    by as much as these miss the flow, which no solution notices, because Newton's step vanishes there.
    """

    def __init__(
        self,
        system: System,
        members: Ensemble,
        periods: np.ndarray,
        base: RungeKutta | Iteration,
        n_steps: np.ndarray,
        segments: int,
        fixed: bool,
    ) -> None:
        self.system, self.members, self.periods, self.fixed = system, members, periods, fixed
        self.segments, self.steps = segments, -(-n_steps // segments)
        self.dim, self.begin = members.dim, float(members.t_span[0])
        self.slope = _extended.tangent_slope(system, self.dim, self.dim)
        self.method = Tangent(base, self.slope)

    def __call__(self, x: np.ndarray, which: np.ndarray) -> Values:
        begins, periods = self.parts(x, which)
        guess = self.periods[which]
        within = (periods > guess / WIDEST) & (periods < guess * WIDEST)
        ends, along, raised = self._arcs(begins, np.where(within, periods, guess), which)
        missed = ends - np.roll(begins, -1, axis=1)
        missed[~within] = np.nan
        n, k = x.shape
        f, jacobian = np.zeros((n, k)), np.zeros((n, k, k))
        f[:, : self.segments * self.dim] = missed.reshape(n, -1)
        for arc in range(self.segments):
            here, after = (slice(j * self.dim, (j + 1) * self.dim) for j in (arc, (arc + 1) % self.segments))
            jacobian[:, here, here] += along[:, arc]
            jacobian[:, here, after] -= np.eye(self.dim)
        if not self.fixed:
            flow = self.velocity(np.concatenate([ends, begins[:, :1]], 1), which)
            jacobian[:, :-1, -1] = flow[:, :-1].reshape(n, -1) / self.segments
            jacobian[:, -1, : self.dim] = _directions(flow[:, -1])
        return Values(f, jacobian, raised)

    def parts(self, x: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States (n, segments, dim) where the arcs begin, and periods (n,), of unknowns (n, k)."""
        begins = x[:, : self.segments * self.dim].reshape(-1, self.segments, self.dim)
        return begins, (self.periods[which] if self.fixed else x[:, -1])

    def unknowns(self, points: np.ndarray, periods: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Unknowns (n, k) whose arcs follow the trajectories from ``points (n, dim)``."""
        fractions = np.arange(self.segments) / self.segments
        begins = self.follow(points, periods, which, fractions) if self.segments > 1 else points
        rows = begins.reshape(len(points), self.segments * self.dim)
        return rows if self.fixed else np.column_stack([rows, periods])

    def follow(self, points: np.ndarray, periods: np.ndarray, which: np.ndarray, fractions: np.ndarray) -> np.ndarray:
        """States (n, fractions, dim) on the trajectories from points, at fractions of their periods."""
        begin = np.full(len(points), self.begin)
        seen = self._carry(points, which, begin, periods, self._step(periods, which), fractions)[1]
        return seen[:, : self.dim].transpose(0, 2, 1)

    def around(self, x: np.ndarray, which: int, count: int) -> np.ndarray:
        """States (count, dim) evenly along one orbit, of unknowns (k,), each from the beginning of its arc."""
        each = np.full(count, which)
        begins, periods = self.parts(np.broadcast_to(x, (count, x.size)), each)
        place = np.arange(count) * self.segments / count
        arc = place.astype(np.int64)
        length = periods / self.segments
        states, step = begins[np.arange(count), arc], self._step(periods, each)
        return self._carry(states, each, self.begin + arc * length, (place - arc) * length, step)[0][:, : self.dim]

    def monodromy(self, x: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The derivative (n, dim, dim) of the flow once around the orbits."""
        begins, periods = self.parts(x, which)
        along = self._arcs(begins, periods, which)[1]
        product = along[:, 0]
        for arc in range(1, self.segments):
            product = along[:, arc] @ product
        return product

    def velocity(self, states: np.ndarray, which: np.ndarray) -> np.ndarray:
        """The right-hand side at states (n, count, dim)."""
        flat, each = states.reshape(-1, self.dim), np.repeat(which, states.shape[1])
        if not len(flat):
            return states
        members = _starts.of_members(self.members, flat, each)
        # One iteration of a flow's function gives its value.
        return integrate(self.system, members, ITERATION, NUMPY, None).y_final.reshape(states.shape)

    def shift(self, states: np.ndarray, times: np.ndarray, periods: np.ndarray, which: np.ndarray) -> np.ndarray:
        """States (n, dim) carried on, or back, for times of their own."""
        begin = np.full(len(states), self.begin)
        return self._carry(states, which, begin, times, self._step(periods, which))[0][:, : self.dim]

    def _arcs(
        self, begins: np.ndarray, periods: np.ndarray, which: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where arcs end, (n, segments, dim), the derivatives along them, and for which members the function raised."""
        n, segments, dim = begins.shape
        length = np.repeat(periods / segments, segments)
        begin = self.begin + np.tile(np.arange(segments), n) * length
        step = np.repeat(self._step(periods, which), segments)
        final, _, status = self._carry(begins.reshape(-1, dim), np.repeat(which, segments), begin, length, step)
        ends, along = _extended.apart(final, self.slope)
        raised = (status == RAISED).reshape(n, segments).any(1)
        return ends.reshape(n, segments, dim), along.reshape(n, segments, dim, dim), raised

    def _step(self, periods: np.ndarray, which: np.ndarray) -> np.ndarray:
        return periods / (self.segments * self.steps[which])

    def _carry(
        self,
        states: np.ndarray,
        which: np.ndarray,
        begin: np.ndarray,
        duration: np.ndarray,
        step: np.ndarray,
        fractions: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Integrate states and all perturbations of them, each for a time of its own.

        What comes back are the ends (n, numbers), what they were at fractions of the times (n, numbers, fractions),
        and how they ended (n,).
        """
        n, numbers = len(states), self.slope.total
        if not n:
            return (
                np.empty((0, numbers)),
                np.empty((0, numbers, 0 if fractions is None else len(fractions))),
                np.empty(0, np.int8),
            )
        members = replace(
            _starts.of_members(self.members, states, which),
            t_span=np.stack([begin, begin + duration], 1),
            dt=step,
            t_eval=None if fractions is None else begin + fractions[:, np.newaxis] * duration,
        )
        run = _extended.run(self.system, members, self.method, _starts.perturbed(members.y0))
        return run.y_final, run.y, run.status


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, dim) of length 1, or 0 where they are."""
    length = np.sqrt((vectors * vectors).sum(1, keepdims=True))
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0.0)
