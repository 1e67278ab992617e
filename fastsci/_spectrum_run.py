"""The stages of a Lyapunov run: transient, alignment, and the counted part in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from fastsci_kernels.methods.method import Method
from fastsci_kernels.methods.spectrum import Spectrum

from . import _extended
from ._cpu import RAISED
from ._validate import Ensemble
from .system import System

BLOCKS = 64  # parts of a run whose scatter gives the standard errors, up to twice as many
FEWEST_BLOCKS = 8
ALIGNING = 4  # the last part, one in so many, of a transient turns the perturbations to their directions
PILOT = 256  # steps of it that are made orthonormal every time, and tell how long an interval may be
LARGEST_SPREAD = 7.0  # between the logarithms of fastest and slowest growth in an interval: costs three digits
LONGEST_INTERVAL = 64  # steps
SHORTER = 4  # times, where an interval was too long
LEAST_PART = {4: 1e-5, 8: 1e-13}  # left of a perturbation, squared, below which rounding shows in its growth
HELD = {False: 2**24, True: 2**27}  # numbers of states on the way that are held at once, on the CPU and on CUDA


@dataclass(frozen=True)
class Plan:
    """Steps of the stages, and how the counted ones are cut into blocks."""

    before: int
    counted: int
    qr_every: int | None

    @property
    def pilot(self) -> int:
        return min(PILOT, self.before // ALIGNING)

    @property
    def aligning(self) -> int:
        """Steps after the pilot, in whole intervals of any length."""
        unit = self.qr_every or LONGEST_INTERVAL
        return (self.before // ALIGNING - self.pilot) // unit * unit

    @property
    def longest(self) -> int:
        """The longest interval: a power of two that a block holds, or what the caller says."""
        return self.qr_every or min(LONGEST_INTERVAL, 1 << (max(1, self.counted // BLOCKS).bit_length() - 1))

    @property
    def block(self) -> int:
        """Steps of a block, a multiple of every interval."""
        return max(1, self.counted // BLOCKS // self.longest) * self.longest

    @property
    def blocks(self) -> int:
        return self.counted // self.block

    def ends(self) -> np.ndarray:
        """Steps counted at the end of every block; the last one takes the rest."""
        ends = np.arange(1, self.blocks + 1) * self.block
        ends[-1] = self.counted
        return ends


@dataclass(frozen=True)
class Measured:
    """What the counted part of a run leaves."""

    growth: np.ndarray  # (n_members, k, n_blocks): logarithms so far at the end of every block
    final: np.ndarray  # (n_members, dim * (1 + k))
    interval: np.ndarray  # (n_members,)
    status: np.ndarray
    path: str
    reason: str


@dataclass
class Run:
    """One call: what runs, for how many steps, and where."""

    system: System
    members: Ensemble
    method: Spectrum
    step: float
    plan: Plan
    on_cuda: bool
    meter: Callable[[float], None] | None
    path: str = ""
    reason: str = ""
    done: float = field(default=0.0, repr=False)

    @property
    def moving(self) -> int:
        """Numbers of the state and its perturbations."""
        return self.method.moving

    @property
    def count(self) -> int:
        return self.method.count

    @property
    def growth(self) -> slice:
        """Where a run's state has the logarithms."""
        return slice(self.moving, self.moving + self.count)

    def measure(self) -> Measured:
        n, plan = self.members.n_members, self.plan
        dtype = self.members.dtype
        growth = np.full((n, self.count, plan.blocks), np.nan)
        final = np.full((n, self.moving), np.nan, dtype)
        interval, status = np.ones(n, np.int64), np.zeros(n, np.int8)
        for part in self._parts():
            some = self.members.some(part)
            states, status[part] = self._aligned(some)
            waiting, length = np.arange(len(part)), self._intervals(states)
            # What grows faster than in its transient is measured again, at shorter intervals.
            while len(waiting):
                left = []
                for every in np.unique(length[waiting]):
                    group = waiting[length[waiting] == every]
                    found, moved, short, raised = self._counted(some.some(group), states[group], int(every))
                    growth[part[group]], final[part[group]] = found, moved
                    status[part[group]] = np.where(raised, RAISED, status[part[group]])
                    left.append(group[short])
                waiting = np.concatenate(left)
                length[waiting] = np.maximum(length[waiting] // SHORTER, 1)
            interval[part] = length
        return Measured(growth, final, interval, status, self.path, self.reason)

    def _parts(self) -> Iterator[np.ndarray]:
        """Members a few at a time, as many as the memory for their blocks allows."""
        n = self.members.n_members
        size = max(1, HELD[self.on_cuda] // (self.method.total * self.plan.blocks))
        return (np.arange(first, min(first + size, n)) for first in range(0, n, size))

    def _aligned(self, some: Ensemble) -> tuple[np.ndarray, np.ndarray]:
        """States at the end of the transient, with orthonormal perturbations and their growth in the pilot."""
        plan, slope, n = self.plan, self.method.tangent.slope, some.n_members
        value = plan.before - plan.pilot - plan.aligning
        states = np.broadcast_to(some.y0, (n, slope.size)).astype(some.dtype)
        raised = np.zeros(n, bool)
        if value:
            states, raised = self._run(some, self.method.tangent.base, states, 0, value, 1)
        unit = np.eye(slope.count, slope.size, dtype=some.dtype)[np.newaxis]
        states = _extended.beside(states, unit, np.zeros((1, self.method.kept + 1), some.dtype))
        if plan.pilot:
            states, lost = self._run(some, self.method, states, value, plan.pilot, 1)
            raised |= lost
        if plan.aligning:
            pilot = states[:, self.growth].copy()
            interval = self._intervals(states)
            for length in np.unique(interval):
                group = np.flatnonzero(interval == length)
                moved, lost = self._run(
                    some.some(group), self.method, states[group], value + plan.pilot, plan.aligning, int(length)
                )
                states[group] = moved
                raised[group] |= lost
            states[:, self.growth] = pilot
        return states, np.where(raised, RAISED, 0)

    def _intervals(self, states: np.ndarray) -> np.ndarray:
        """Steps between two orthonormalisations, a power of two a member, from the growth in the pilot."""
        plan = self.plan
        if plan.qr_every is not None:
            return np.full(len(states), plan.qr_every)
        if not plan.pilot:
            return np.ones(len(states), np.int64)
        growth = states[:, self.growth].astype(np.float64)
        with np.errstate(all="ignore"):
            spread = np.maximum(growth.max(axis=1), 0.0) - np.minimum(growth.min(axis=1), 0.0)
            steps = LARGEST_SPREAD * plan.pilot / spread
        steps = np.where(np.isfinite(steps), np.clip(steps, 1, plan.longest), np.where(spread == 0.0, plan.longest, 1))
        return 1 << np.floor(np.log2(steps)).astype(np.int64)

    def _counted(
        self, some: Ensemble, states: np.ndarray, length: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Growth at the ends of the blocks, final states and perturbations, who needs shorter intervals, who raised."""
        plan, least = self.plan, self.moving + self.count
        whole, rest = plan.blocks * plan.block, plan.counted - plan.blocks * plan.block
        states[:, self.growth], states[:, least] = 0.0, 1.0
        result = self._integrate(some, self.method, states, plan.before, whole, length, plan.block)
        growth = result.y[:, self.growth].astype(np.float64)
        final, raised = result.y_final, result.status == RAISED
        if rest:
            final, lost = self._run(some, self.method, final, plan.before + whole, rest, math.gcd(rest, length))
            raised = raised | lost
        growth[:, :, -1] = final[:, self.growth]
        short = np.zeros(len(states), bool)
        if plan.qr_every is None and length > 1:
            short = final[:, least] < LEAST_PART[some.dtype.itemsize]
        return growth, final[:, : self.moving], short, raised

    def _run(
        self, some: Ensemble, method: Method, states: np.ndarray, at: int, steps: int, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """States after ``steps`` more, and whose right-hand side raised."""
        result = self._integrate(some, method, states, at, steps, length, None)
        return result.y_final, result.status == RAISED

    def _integrate(
        self, some: Ensemble, method: Method, states: np.ndarray, at: int, steps: int, length: int, every: int | None
    ):
        """A run of whole intervals, saved ``every`` so many steps."""
        if method is self.method:
            states[:, -1] = length
        some = replace(
            some,
            t_span=np.array([at, at + steps]) * self.step,
            dt=np.asarray(length * self.step),
            t_eval=None if every is None else (at + np.arange(every, steps + 1, every)) * self.step,
        )
        meter, share = self.meter, steps * some.n_members / max(1, self._work())
        before = self.done
        inner = None if meter is None else lambda fraction: meter(min(1.0, before + share * fraction))
        result = _extended.run(self.system, some, method, states, on_cuda=self.on_cuda, progress=inner)
        self.done += share
        if method is self.method:
            self.path, self.reason = result.path, result.reason
        return result

    def _work(self) -> int:
        return (self.plan.before + self.plan.counted) * self.members.n_members
