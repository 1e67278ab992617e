"""Error against work: a solver run at several tolerances, and what it costs at an error that all have to meet."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.compare.timing import Ratio, seconds


@dataclass(frozen=True)
class Point:
    """One tolerance: the median error of the members and the seconds of the whole ensemble."""

    tolerance: float
    error: float
    seconds: float


@dataclass(frozen=True)
class Solver:
    """What takes a tolerance; it integrates every ``stride``-th member, and the time of all is ``stride`` times that.

    ``prepare(tolerance)`` is a call that integrates them, already compiled, and returns ``(members, dim)``.
    """

    name: str
    tolerances: tuple[float, ...]
    prepare: Callable[[float], Callable[[], np.ndarray]]
    stride: int = 1
    ours: bool = False


@dataclass(frozen=True)
class Curve:
    """A solver's points, from the loosest tolerance to the tightest, and the calls that gave them."""

    solver: Solver
    points: tuple[Point, ...]
    calls: tuple[Callable[[], np.ndarray], ...]

    def around(self, error: float) -> int | None:
        """The first of two neighbouring points with the error between them."""
        for index, (loose, tight) in enumerate(zip(self.points, self.points[1:], strict=False)):
            if loose.error >= error >= tight.error:
                return index
        return None

    def weight(self, index: int, error: float) -> float:
        """How far the error lies from one point to the next, on logarithmic scales."""
        loose, tight = (math.log(point.error) for point in self.points[index : index + 2])
        return (loose - math.log(error)) / (loose - tight)

    def seconds_at(self, error: float) -> float:
        """Work at the error, by interpolation on logarithmic scales; infinite outside the tolerances run."""
        index = self.around(error)
        if index is None:
            return math.inf
        times = [point.seconds for point in self.points[index : index + 2]]
        return between(times, self.weight(index, error))


def between(times: list[float], weight: float) -> float:
    """Geometric mean of two times."""
    return times[0] ** (1.0 - weight) * times[1] ** weight


def scan(solvers: list[Solver], reference: np.ndarray, stride: int) -> Iterator[Curve]:
    """Run every solver at its tolerances; ``reference`` holds every ``stride``-th member.

    The time is the better of two calls, which serves the picture and the choice of a method; a ratio is taken by
    `compare_at`.
    """
    for solver in solvers:
        calls = tuple(solver.prepare(tolerance) for tolerance in solver.tolerances)
        points = []
        for tolerance, call in zip(solver.tolerances, calls, strict=True):
            y = call()
            error = median_error(y, reference, solver.stride, stride)
            points.append(Point(tolerance, error, min(seconds(call) for _ in range(2)) * solver.stride))
        yield Curve(solver, tuple(points), calls)


def median_error(y: np.ndarray, reference: np.ndarray, stride: int, reference_stride: int) -> float:
    """Median over the common members of ||y - reference||; infinite for a member that is not finite."""
    y, reference = y[:: max(1, reference_stride // stride)], reference[:: max(1, stride // reference_stride)]
    distance = np.linalg.norm(y - reference, axis=1)
    return float(np.median(np.where(np.isfinite(distance), distance, np.inf)))


def compare_at(error: float, ours: Curve, theirs: Curve, pairs: int) -> Ratio:
    """Time of theirs over time of ours at equal error, A B A B; each is that between its two nearest tolerances."""
    times = []
    for _ in range(pairs):
        pair = []
        for curve in (ours, theirs):
            index = curve.around(error)
            if index is None:
                raise ValueError(f"{curve.solver.name} was run at no tolerances around the error {error:g}")
            taken = [seconds(call) * curve.solver.stride for call in curve.calls[index : index + 2]]
            pair.append(between(taken, curve.weight(index, error)))
        times.append(pair)
    ratios = [theirs / ours for ours, theirs in times]
    a, b = (statistics.median(side) for side in zip(*times, strict=True))
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), a, b)
