"""``fastsci run``: an ensemble from the command's words to a summary, a store and a picture."""

from __future__ import annotations

import argparse
import math
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import ensemble, storage
from .._progress import bar
from .._version import __version__
from ..result import EnsembleResult
from ..system import System
from .errors import RunError, UsageError
from .initial import read_initial
from .members import Members, gather_members, parse_parameters
from .progress import share
from .source import find_system
from .steps import Steps, read_steps
from .summary import Tally, summary
from .targets import check_picture

SMALLEST_BLOCK = 64  # members that draw their noise together
BLOCK_BYTES = 2**29  # of trajectories and what is made of them on their way to the disk
DEFAULT_STEPS = 2000


@dataclass(frozen=True)
class Run:
    """A run that has been asked for, checked as far as can be without computing."""

    system: System
    members: Members
    t_span: tuple[float, float]
    steps: Steps
    t_eval: np.ndarray | None
    device: Any

    @property
    def times(self) -> np.ndarray:
        """Times that are kept: the end alone unless saves are asked."""
        return np.array([self.t_span[1]]) if self.t_eval is None else self.t_eval

    @property
    def block(self) -> int:
        """Members computed at a time."""
        numbers = self.members.dim * (2 * len(self.times) + 4) * self.members.dtype.itemsize
        return max(SMALLEST_BLOCK, storage.block_members(BLOCK_BYTES // numbers))

    def blocks(self) -> Iterator[range]:
        """Ranges of members, in order."""
        for first in range(0, self.members.count, self.block):
            yield range(first, min(first + self.block, self.members.count))

    def solve(
        self, members: Any, y0: np.ndarray, *, t_eval: np.ndarray | None,
        t_span: tuple[float, float] | None = None, progress: Callable[[float], None] | bool = False,
    ) -> EnsembleResult:  # fmt: skip
        """Integrate a range or an array of members from ``y0``; those of a range keep their numbers."""
        first = members.start if isinstance(members, range) else 0
        return ensemble.solve_ensemble(
            self.system, t_span or self.t_span, y0, params=self.members.params(members), t_eval=t_eval,
            dtype=self.members.dtype, device=self.device, progress=progress,
            first_member=first, **self.steps.arguments,
        )  # fmt: skip

    def try_out(self) -> EnsembleResult:
        """The first member's first steps: what is wrong with the run shows here, and the kernel is compiled."""
        start, end = self.steps.trial(*self.t_span)
        saves = None if self.t_eval is None else np.array([start, end])
        one = range(1)
        return self.solve(one, self.members.states(one), t_eval=saves, t_span=(start, end))


def run(parsed: argparse.Namespace) -> int:
    """The command: 0, or `RunError` where no member reached its end."""
    _check_targets(parsed)
    asked = _read(parsed)
    began = time.perf_counter()
    first = asked.try_out()
    compiling = time.perf_counter() - began
    tally = _compute(asked, first, parsed)
    if not parsed.quiet:
        print(summary(asked.system, asked.members, asked.t_span, asked.steps, tally, compiling))
    if parsed.out:
        _say(parsed, f"store      {parsed.out}")
    if tally.failed == asked.members.count:
        remedy = "a stiff method, a looser --rtol" if asked.steps.dt is None else "a smaller --dt"
        raise RunError(f"every member failed ({tally.messages()}); try {remedy}, or other states")
    if parsed.plot:
        from .picture import draw_run

        draw_run(asked, tally, Path(parsed.plot))
        _say(parsed, f"picture    {parsed.plot}")
    return 0


def _say(parsed: argparse.Namespace, line: str) -> None:
    if not parsed.quiet:
        print(line)


def _check_targets(parsed: argparse.Namespace) -> None:
    """What is written at the end has a place to go, or nothing begins."""
    if parsed.out:
        try:
            storage.check_target(Path(parsed.out), overwrite=parsed.overwrite)
        except OSError as error:
            raise UsageError(f"--out: {error}") from error
    if parsed.plot:
        check_picture(Path(parsed.plot))


def _read(parsed: argparse.Namespace) -> Run:
    system = find_system(parsed.system)
    parameters = parse_parameters(parsed.param, system)
    initial = read_initial(Path(parsed.y0), system) if parsed.y0 else None
    members = gather_members(
        system, asked=parsed.members, initial=initial, parameters=parameters, seed=parsed.seed, dtype=parsed.dtype
    )
    steps = read_steps(parsed, system)
    t_span = (parsed.t_start, _end(parsed, system))
    if not all(map(math.isfinite, t_span)):
        raise UsageError(f"--t-end: times are {t_span[0]:g} to {t_span[1]:g}, expected finite ones")
    return Run(system, members, t_span, steps, _save_times(parsed, t_span), parsed.device)


def _end(parsed: argparse.Namespace, system: System) -> float:
    if parsed.t_end is not None:
        return parsed.t_end
    if system.dt is None:
        raise UsageError(f"--t-end: is missing, and {system.name} has no step of its own; give --t-end, such as 20")
    return parsed.t_start + DEFAULT_STEPS * system.dt


def _save_times(parsed: argparse.Namespace, t_span: tuple[float, float]) -> np.ndarray | None:
    start, end = t_span
    if parsed.saves is not None:
        if parsed.saves < 2:
            raise UsageError(f"--saves: is {parsed.saves}, expected at least 2, for the start and the end")
        return np.linspace(start, end, parsed.saves)
    if parsed.save_every is None:
        return None
    if not (math.isfinite(parsed.save_every) and parsed.save_every > 0):
        raise UsageError(f"--save-every: is {parsed.save_every:g}, expected a positive time")
    # A last save that rounding puts beyond the end is at the end.
    count = math.floor(abs(end - start) / parsed.save_every * (1 + 1e-12))
    times = start + math.copysign(parsed.save_every, end - start) * np.arange(count + 1)
    return np.clip(times, min(start, end), max(start, end))


def _compute(asked: Run, first: EnsembleResult, parsed: argparse.Namespace) -> Tally:
    """Every block of members, to the store where one is asked for."""
    members = asked.members
    tally = Tally(members, keep=bool(parsed.plot), seed=parsed.seed)
    show = None if parsed.quiet else bar()
    with ExitStack() as stack:
        store = None
        if parsed.out:
            layout = _layout(asked, first, parsed)
            store = stack.enter_context(storage.create_store(parsed.out, layout, overwrite=parsed.overwrite))
        for block in asked.blocks():
            y0 = members.states(block)
            began = time.perf_counter()
            done = share(show, block.start, block.stop, members.count)
            result = asked.solve(block, y0, t_eval=asked.t_eval, progress=done)
            computed = time.perf_counter()
            if store is not None:
                store.write(block.start, y0, result)
            tally.add(block.start, result, computing=computed - began, writing=time.perf_counter() - computed)
    return tally


def _layout(asked: Run, result: EnsembleResult, parsed: argparse.Namespace) -> storage.Layout:
    members = asked.members
    attributes = {
        "system": asked.system.name,
        "source": parsed.system,
        "method": result.method,
        "path": result.path,
        **asked.steps.attributes,
        "t_span": list(asked.t_span),
        "params": _described(asked, result, parsed.y0),
        "varied": list(members.varied),
        "seed": parsed.seed,
        "dtype": str(members.dtype),
        "fastsci_version": __version__,
        "command": shlex.join(["fastsci", *parsed.words]),
    }
    return storage.Layout(
        n_members=members.count,
        block=asked.block,
        dim=members.dim,
        times=asked.times,
        dtype=members.dtype,
        state=result.state,
        params=list(result.params),
        attributes=attributes,
    )


def _described(asked: Run, result: EnsembleResult, file: str | None) -> dict[str, Any]:
    """Parameters as numbers where all members share them, else as what was asked."""
    described: dict[str, Any] = {}
    for name, values in result.params.items():
        parameter = asked.members.parameters.get(name)
        if name in asked.members.columns:
            described[name] = f"a column of {file}"
        elif parameter is not None and parameter.last is not None:
            described[name] = str(parameter).partition(" = ")[2]
        else:
            described[name] = float(values[0])
    return described
