"""``fastsci lyapunov``: the Lyapunov exponents of a flow or a map, at one place or over ranges of parameters."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import storage
from .._progress import bar
from .._steps import step_size
from ..lyapunov import LyapunovResult, lyapunov_spectrum
from ..system import System
from .errors import RunError, UsageError
from .exponent_report import OUT_SUFFIXES, draw_exponents, report, write_exponents
from .initial import written_or_read
from .members import Members, Parameter, gather_members, parse_parameters
from .progress import share
from .source import find_system
from .targets import check_file, check_picture, check_suffix

TRANSIENT_STEPS, STEPS, FEWEST_STEPS = 10_000, 50_000, 10_000
MEMBER_STEPS = 10**9  # beyond these the members of a long sweep take fewer steps, but not fewer than FEWEST_STEPS
VALUES = {1: 400, 2: 100}  # of a range without a number of its own, by the number of ranges
MOST_SWEPT = 10  # exponents of a sweep that does not say how many
TRIAL_STEPS = 8
BLOCK_NUMBERS = 2**24  # of the history of the members that are computed at a time
HISTORY = 128


@dataclass(frozen=True)
class Asked:
    """Exponents that have been asked for, checked as far as can be without computing."""

    system: System
    members: Members
    ranges: tuple[Parameter, ...]
    k: int
    step: float
    t_transient: float
    t_total: float
    method: str | None
    qr_every: int | None
    dt: float | None
    device: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of values of the ranges."""
        return tuple(parameter.count or 1 for parameter in self.ranges)

    @property
    def values(self) -> list[np.ndarray]:
        """Values of each range."""
        pairs = zip(self.ranges, self.shape, strict=True)
        return [np.linspace(swept.first, _last(swept), count) for swept, count in pairs]

    @property
    def steps(self) -> int:
        """Steps of a member."""
        return round(self.t_transient / self.step) + round(self.t_total / self.step)

    @property
    def unit(self) -> str:
        """Of the exponents."""
        return "per iteration" if self.system.kind == "map" else "per unit of t"

    @property
    def block(self) -> int:
        """Members computed at a time."""
        return storage.block_members(max(1, BLOCK_NUMBERS // (HISTORY * self.k)))

    def blocks(self) -> Iterator[range]:
        """Ranges of members, in order."""
        for first in range(0, self.members.count, self.block):
            yield range(first, min(first + self.block, self.members.count))

    def measure(
        self, members: range, t_transient: float, t_total: float, *, qr_every: int | None = None, progress: Any = False
    ) -> LyapunovResult:
        """Exponents of a range of members."""
        return lyapunov_spectrum(
            self.system, y0=self.members.states(members), params=self.members.params(members), k=self.k, dt=self.dt,
            t_transient=t_transient, t_total=t_total, method=self.method or "RK4", qr_every=qr_every,
            dtype=self.members.dtype, device=self.device, progress=progress,
        )  # fmt: skip


@dataclass(frozen=True)
class Computed:
    """The exponents of all members, and what it took to have them."""

    exponents: np.ndarray  # (n_members, k)
    stderr: np.ndarray  # (n_members, k)
    dimension: np.ndarray  # (n_members,) Kaplan and Yorke's
    entropy: np.ndarray  # (n_members,)
    qr_every: np.ndarray
    status: np.ndarray
    t: np.ndarray  # of the history
    history: np.ndarray  # (k, n_times), of the first member
    path: str
    reason: str
    method: str
    seconds: float
    compiling: float

    @property
    def failed(self) -> np.ndarray:
        """Whether each member failed."""
        return self.status < 0


def lyapunov(parsed: argparse.Namespace) -> int:
    """The command: 0, or `RunError` where every member failed."""
    if parsed.plot:
        check_picture(Path(parsed.plot))
    if parsed.out:
        check_suffix(Path(parsed.out), OUT_SUFFIXES)
        check_file(Path(parsed.out), overwrite=parsed.overwrite)
    asked = _read(parsed)
    computed = _compute(asked, parsed)
    if computed.failed.all():
        remedy = "" if asked.system.kind == "map" else "a smaller --dt, "
        raise RunError(f"every member failed: the state became infinite or NaN; try {remedy}other parameters, or --y0")
    said = [] if parsed.quiet else report(asked, computed)
    if parsed.out:
        write_exponents(Path(parsed.out), asked, computed)
        said.append(f"kept in    {parsed.out}")
    if parsed.plot:
        draw_exponents(Path(parsed.plot), asked, computed)
        said.append(f"picture    {parsed.plot}")
    if not parsed.quiet:
        print("\n".join(said))
    return 0


def _read(parsed: argparse.Namespace) -> Asked:
    system = find_system(parsed.system, "map" if parsed.map else "flow", either=True)
    if parsed.method and system.kind == "map":
        raise UsageError(f"--method: is {parsed.method}, but {system.name} is a map, which is iterated; leave it out")
    step = step_size(system, parsed.dt)
    parameters = parse_parameters(parsed.param, system)
    swept = [name for name, parameter in parameters.items() if parameter.last is not None]
    if len(swept) > max(VALUES):
        raise UsageError(f"--param: {', '.join(swept)} are ranges, expected two at most; fix one of them at a value")
    for name in swept:
        parameters[name] = replace(parameters[name], count=parameters[name].count or VALUES[len(swept)])
    initial = written_or_read(parsed.y0, system)
    if initial is not None and len(initial) > 1:
        raise UsageError(f"--y0: {parsed.y0} has {len(initial):,} rows, expected one state, where every member starts")
    members = gather_members(system, asked=None, initial=initial, parameters=parameters, seed=0, dtype=parsed.dtype)
    transient, total = _default_steps(members.count)
    return Asked(
        system=system,
        members=members,
        ranges=tuple(parameters[name] for name in swept),
        k=_count(parsed.k, members.dim, len(swept)),
        step=step,
        t_transient=transient * step if parsed.t_transient is None else parsed.t_transient,
        t_total=total * step if parsed.t_total is None else parsed.t_total,
        method=parsed.method,
        qr_every=parsed.qr_every,
        dt=parsed.dt,
        device=parsed.device,
    )


def _default_steps(n_members: int) -> tuple[int, int]:
    """Steps before and while the exponents are measured, fewer for very many members."""
    total = int(np.clip(MEMBER_STEPS // n_members, FEWEST_STEPS, STEPS)) // 1000 * 1000
    return total * TRANSIENT_STEPS // STEPS, total


def _count(k: int | None, dim: int, n_ranges: int) -> int:
    """How many exponents: all, of a sweep the first few, of a grid the largest."""
    if k is None:
        return {0: dim, 1: min(dim, MOST_SWEPT)}.get(n_ranges, 1)
    if not 1 <= k <= dim:
        raise UsageError(f"--k: is {k}, expected 1 to {dim}, the number of state variables")
    return k


def _last(parameter: Parameter) -> float:
    return parameter.first if parameter.last is None else parameter.last


def _compute(asked: Asked, parsed: argparse.Namespace) -> Computed:
    """Every block of members; the history is that of the first one."""
    began = time.perf_counter()
    trial = asked.measure(range(1), TRIAL_STEPS * asked.step, TRIAL_STEPS * asked.step)
    compiling = time.perf_counter() - began
    show = None if parsed.quiet else bar()
    count = asked.members.count
    results: list[tuple[Any, ...]] = []
    found = first = trial
    began = time.perf_counter()
    for block in asked.blocks():
        found = asked.measure(
            block, asked.t_transient, asked.t_total, qr_every=asked.qr_every,
            progress=share(show, block.start, block.stop, count),
        )  # fmt: skip
        if not results:
            first = found
        kept = (found.exponents, found.stderr, found.kaplan_yorke_dimension, found.entropy, found.qr_every)
        results.append((*kept, found.status))
    if show is not None:
        show(1.0)
    exponents, stderr, dimension, entropy, qr_every, status = map(np.concatenate, zip(*results, strict=True))
    return Computed(
        exponents=exponents,
        stderr=stderr,
        dimension=dimension,
        entropy=entropy,
        qr_every=qr_every,
        status=status,
        t=first.t,
        history=first.history[0],
        path=found.path,
        reason=found.reason,
        method=found.method,
        seconds=time.perf_counter() - began,
        compiling=compiling,
    )
