"""Runs by intervals that a QR factorisation ends: a transient, and then saves, for a part of the members at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from fastsci_kernels.methods.interval import Interval
from fastsci_kernels.methods.method import Method

from . import _extended
from ._cpu import NON_FINITE, RAISED
from ._spectrum_run import HELD
from ._validate import Ensemble
from .result import EnsembleResult
from .system import System

STEPS_OF_AN_INTERVAL = {"flow": 10, "map": 1}
STRIP = 64  # members of a part at least, so that no lanes idle


@dataclass(frozen=True)
class Stages:
    """When a run starts, when its perturbations are there too, when it is saved, and how it steps.

    Between ``start`` and ``aligning`` the state alone moves, and from there to ``saving`` takes whole intervals.
    """

    start: float
    aligning: float
    saving: float
    times: np.ndarray  # of the saves
    end: float
    step: float
    every: int  # steps of an interval

    @property
    def span(self) -> tuple[float, float]:
        return self.start, self.end


@dataclass(frozen=True)
class Part:
    """Members ``first`` to ``last``: their saves (n_times, numbers, members), in order of memory."""

    first: int
    last: int
    saves: np.ndarray
    final: np.ndarray  # (members, dim): states at the end
    status: np.ndarray
    path: str
    reason: str


@dataclass(frozen=True)
class Run:
    """One call: what runs and where; ``beginning (1 or n_members, numbers)`` is what begins beside the states."""

    system: System
    members: Ensemble
    method: Interval
    stages: Stages
    beginning: np.ndarray
    on_cuda: bool
    meter: Callable[[float], None] | None

    def parts(self) -> Iterator[Part]:
        """Run the members, as many at a time as the memory for their saves allows."""
        n = self.members.n_members
        width = max(1, HELD[self.on_cuda] // (self.method.total * len(self.stages.times)) // STRIP) * STRIP
        for first in range(0, max(n, 1), width):
            numbers = np.arange(first, min(first + width, n))
            alone = len(self.beginning) == 1
            some = replace(
                self,
                members=self.members.some(numbers),
                beginning=self.beginning if alone else self.beginning[numbers],
                meter=_share(self.meter, first / max(n, 1), len(numbers) / max(n, 1)),
            )
            yield some.part(first)

    def part(self, first: int) -> Part:
        """Run all members at once, the first of which is number ``first`` of the call."""
        result, raised = self.saved()
        saves, final = np.ascontiguousarray(result.y.T), result.y_final[:, : self.members.dim]
        finite = np.isfinite(result.y_final[:, : self.method.moving]).all(axis=1)
        status = np.where(raised, RAISED, np.where(finite, 0, NON_FINITE)).astype(np.int8)
        return Part(first, first + len(status), saves, final, status, result.path, result.reason)

    def saved(self) -> tuple[EnsembleResult, np.ndarray]:
        """The saved stage, and whose right-hand side raised in any."""
        stages, members = self.stages, self.members
        states: Any = np.broadcast_to(members.y0, (members.n_members, members.dim)).astype(members.dtype)
        raised = np.zeros(members.n_members, bool)
        if stages.aligning != stages.start:
            result = self._stage(self.method.tangent.base, states, stages.start, stages.aligning, 1)
            states, raised = result.y_final, result.status == RAISED
        states = _extended.beside(states, self.beginning)
        states[:, -1] = stages.every
        if stages.saving != stages.aligning:
            result = self._stage(self.method, states, stages.aligning, stages.saving, stages.every)
            states, raised = result.y_final, raised | (result.status == RAISED)
        result = self._stage(self.method, states, stages.saving, stages.end, stages.every, stages.times)
        return result, raised | (result.status == RAISED)

    def _stage(
        self, by: Method, states: np.ndarray, start: float, end: float, length: int, times: np.ndarray | None = None
    ) -> EnsembleResult:
        stages = self.stages
        whole = (stages.end - stages.start) or 1.0
        clock = replace(self.members, t_span=np.array([start, end]), dt=np.asarray(length * stages.step), t_eval=times)
        meter = _share(self.meter, (start - stages.start) / whole, (end - start) / whole)
        return _extended.run(self.system, clock, by, states, on_cuda=self.on_cuda, progress=meter)


def _share(meter: Callable[[float], None] | None, before: float, share: float) -> Callable[[float], None] | None:
    """What tells ``meter`` the fraction done of a share of the work."""
    return None if meter is None else partial(_tell, meter, before, share)


def _tell(meter: Callable[[float], None], before: float, share: float, fraction: float) -> None:
    meter(min(1.0, before + share * fraction))
