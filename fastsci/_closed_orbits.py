"""From the solutions of shooting to orbits: fixed points and repetitions taken out, and the same orbit recognised."""

from __future__ import annotations

import numpy as np

from ._newton import CONVERGED, Criteria, Roots, Values, roots
from ._shooting import Shooting
from ._starts import projection

RESTS = -6
MOST_ROUNDS = 8  # how many times a solution may run around a shorter orbit and be taken for that
SAMPLES = 256  # states along an orbit, from the nearest of which another orbit's point is reached
CORRECTIONS = 3  # each squares what the time along the orbit still misses


def closed_orbits(shooting: Shooting, criteria: Criteria, unique_tol: float) -> Roots:
    """Solve for every member; one that rests has failed, and one that runs around several times is solved once."""
    every = np.arange(shooting.members.n_members)
    ends = roots(shooting, shooting.unknowns(shooting.members.y0, shooting.periods, every), criteria)
    if shooting.fixed:
        return ends
    solved = every[ends.status == CONVERGED]
    resting = _rests(shooting, ends.x, solved, unique_tol)
    ends.status[solved[resting]] = RESTS
    solved = solved[~resting]
    rounds = _rounds(shooting, ends.x, solved, unique_tol)
    again, rounds = solved[rounds > 1], rounds[rounds > 1]
    if again.size:
        once = _once_around(shooting, ends.x, again, rounds, criteria)
        ends.x[again], ends.residual[again], ends.status[again] = once.x, once.residual, once.status
    return ends


def _rests(shooting: Shooting, x: np.ndarray, which: np.ndarray, unique_tol: float) -> np.ndarray:
    """Whether a state goes nowhere in what would be its period."""
    begins, periods = shooting.parts(x[which], which)
    way = np.abs(shooting.velocity(begins[:, :1], which)[:, 0]) * periods[:, np.newaxis]
    return np.all(way <= unique_tol * (1.0 + np.abs(begins[:, 0])), 1)


def _rounds(shooting: Shooting, x: np.ndarray, which: np.ndarray, unique_tol: float) -> np.ndarray:
    """How many times each solution runs around its orbit."""
    begins, periods = shooting.parts(x[which], which)
    point = begins[:, 0]
    rounds = np.arange(MOST_ROUNDS, 0, -1)
    states = shooting.follow(point, periods, which, 1.0 / rounds)
    missed = np.abs(states - point[:, np.newaxis])
    back = np.all(missed <= unique_tol * (1.0 + np.abs(point[:, np.newaxis])), 2)
    back[:, -1] = True
    return rounds[back.argmax(1)]


def _once_around(shooting: Shooting, x: np.ndarray, again: np.ndarray, rounds: np.ndarray, criteria: Criteria) -> Roots:
    """Solutions that run around several times, solved for the period of once."""
    begins, periods = shooting.parts(x[again], again)
    shooting.periods[again] = once = periods / rounds

    def equations(states: np.ndarray, which: np.ndarray) -> Values:
        return shooting(states, again[which])

    return roots(equations, shooting.unknowns(begins[:, 0], once, again), criteria)


class SameOrbit:
    """Which orbits are a leader again: of its period, and each through a point that the leader passes."""

    def __init__(self, shooting: Shooting, x: np.ndarray, unique_tol: float) -> None:
        self.shooting, self.x, self.unique_tol = shooting, x, unique_tol

    def key(self) -> tuple[np.ndarray, np.ndarray]:
        """A number of every orbit, and how far that of the same may be from it: of the point, or the period."""
        points, periods = self._point_and_period(np.arange(len(self.x)))
        if self.shooting.fixed:
            return projection(points, self.unique_tol)
        return periods, periods * self.unique_tol * (1.0 + 1e-9)

    def __call__(self, leader: int, others: np.ndarray) -> np.ndarray:
        point, period = self._point_and_period(np.array([leader]))
        points, periods = self._point_and_period(others)
        same = np.abs(periods - period) <= self.unique_tol * period
        if self.shooting.fixed:
            return same & self._near(points, point)
        same[same] = self._near(points[same], self._passes(leader, points[same]))
        return same

    def _point_and_period(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        begins, periods = self.shooting.parts(self.x[which], which)
        return begins[:, 0], periods

    def _near(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        return np.all(np.abs(points - others) <= self.unique_tol * (1.0 + np.abs(points)), 1)

    def _passes(self, leader: int, points: np.ndarray) -> np.ndarray:
        """Where the leader passes nearest to points (n, dim)."""
        if not len(points):
            return points
        samples = self.shooting.around(self.x[leader], leader, SAMPLES)
        along = samples[[np.square(samples - point).sum(1).argmin() for point in points]]
        which = np.full(len(points), leader)
        periods = self._point_and_period(which)[1]
        for _ in range(CORRECTIONS):
            flow = self.shooting.velocity(along[:, np.newaxis], which)[:, 0]
            ahead = (flow * (points - along)).sum(1) / (flow * flow).sum(1)
            # The nearest state is one sample away at most; a cusp may say otherwise.
            limit = periods / SAMPLES
            along = self.shooting.shift(along, np.clip(ahead, -limit, limit), periods, which)
        return along
