"""``fastsci bifurcate``: where the late iterations of a map lie, for every value of a parameter."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import storage
from .._progress import bar
from ..iterate import iterate_map
from ..result import MESSAGES, EnsembleResult
from ..system import System
from .diagram_files import OUT_SUFFIXES, write_diagram
from .errors import RunError, UsageError
from .initial import written_or_read
from .members import Members, gather_members, parse_parameters
from .progress import share
from .source import find_system
from .summary import scaled
from .targets import check_file, check_picture, check_suffix

BLOCK_BYTES = 2**28  # of all kept iterations of all components, before the one that is asked for is taken out


@dataclass(frozen=True)
class Sweep:
    """A diagram that has been asked for, checked as far as can be without computing."""

    system: System
    members: Members
    parameter: str
    component: int
    transient: int
    keep: int
    device: Any

    @property
    def component_name(self) -> str:
        """Name of the component, or its place."""
        return self.system.state[self.component] if self.system.state else f"u[{self.component}]"

    @property
    def iterations(self) -> np.ndarray:
        """Numbers of the iterations that are kept."""
        return np.arange(self.transient + 1, self.transient + self.keep + 1)

    @property
    def values(self) -> np.ndarray:
        """The parameter's values, one a member."""
        swept = self.members.parameters[self.parameter]
        return np.linspace(swept.first, swept.first if swept.last is None else swept.last, self.members.count)

    @property
    def block(self) -> int:
        """Members computed at a time."""
        numbers = self.members.dim * (self.keep + 4) * self.members.dtype.itemsize
        return storage.block_members(max(1, BLOCK_BYTES // numbers))

    def blocks(self) -> Iterator[range]:
        """Ranges of members, in order."""
        for first in range(0, self.members.count, self.block):
            yield range(first, min(first + self.block, self.members.count))

    def iterate(self, members: range, n_steps: int, keep: int, progress: Any = False) -> EnsembleResult:
        """Iterate a range of members; the result holds the asked component alone."""
        result = iterate_map(
            self.system, n_steps, self.members.states(members), params=self.members.params(members), save_last=keep,
            dtype=self.members.dtype, device=self.device, progress=progress,
        )  # fmt: skip
        one = slice(self.component, self.component + 1)
        return replace(result, y=result.y[:, one], y_final=result.y_final[:, one], state=(self.component_name,))


@dataclass(frozen=True)
class Computed:
    """The kept iterations of one component, and what it took to have them."""

    values: np.ndarray  # (n_members,) of the parameter
    states: np.ndarray  # (n_members, keep)
    status: np.ndarray  # (n_members,)
    params: Mapping[str, np.ndarray]  # of the first member, repeated
    path: str
    reason: str
    seconds: float
    compiling: float

    @property
    def failed(self) -> np.ndarray:
        """Whether each member failed."""
        return self.status < 0


def bifurcate(parsed: argparse.Namespace) -> int:
    """The command: 0, or `RunError` where every member escaped."""
    _check_targets(parsed)
    asked = _read(parsed)
    computed = _compute(asked, parsed)
    if not parsed.quiet:
        print(_summary(asked, computed))
    if parsed.out:
        write_diagram(Path(parsed.out), asked, computed, parsed)
        _say(parsed, f"kept in    {parsed.out}")
    if computed.failed.all():
        raise RunError(f"every member failed ({_failures(computed)}); try another range, or --y0")
    if parsed.plot:
        from ..bifurcation_plot import Diagram, draw

        states = np.where(computed.failed[:, np.newaxis], np.nan, computed.states)
        draw(
            Diagram(_title(asked, computed), asked.parameter, asked.component_name, computed.values, states),
            Path(parsed.plot),
        )
        _say(parsed, f"picture    {parsed.plot}")
    return 0


def _say(parsed: argparse.Namespace, line: str) -> None:
    if not parsed.quiet:
        print(line)


def _check_targets(parsed: argparse.Namespace) -> None:
    """What is written at the end has a place to go, or nothing begins."""
    if parsed.plot:
        check_picture(Path(parsed.plot))
    if not parsed.out:
        return
    out = Path(parsed.out)
    check_suffix(out, OUT_SUFFIXES)
    if out.suffix != ".zarr":
        check_file(out, overwrite=parsed.overwrite)
        return
    try:
        storage.check_target(out, overwrite=parsed.overwrite)
    except OSError as error:
        raise UsageError(f"--out: {error}") from error


def _read(parsed: argparse.Namespace) -> Sweep:
    system = find_system(parsed.system, "map")
    parameters = parse_parameters(parsed.param, system)
    swept = [name for name, parameter in parameters.items() if parameter.last is not None]
    if len(swept) != 1 or parameters[swept[0]].count is None:
        example = next(iter(system.params), "p0")
        raise UsageError(
            f"--param: {', '.join(parsed.param) or 'nothing'} is given, expected one range with its number of values,"
            f" such as {example}=A:B:2000"
        )
    initial = written_or_read(parsed.y0, system)
    members = gather_members(system, asked=None, initial=initial, parameters=parameters, seed=0, dtype=parsed.dtype)
    for option, value, least in (("--transient", parsed.transient, 0), ("--keep", parsed.keep, 1)):
        if value < least:
            raise UsageError(f"{option}: is {value}, expected at least {least}")
    component = _component(parsed.component, system, members.dim)
    return Sweep(system, members, swept[0], component, parsed.transient, parsed.keep, parsed.device)


def _component(text: str | None, system: System, dim: int) -> int:
    """Index of a component from its name, or from its place among those that have none."""
    names = system.state or tuple(f"u[{index}]" for index in range(dim))
    if text is None:
        return 0
    if text in names:
        return names.index(text)
    known = ", ".join(names) if dim <= 8 else f"{names[0]} to {names[-1]}"
    raise UsageError(f"--component: {system.name} has no {text!r}; it has {known}")


def _compute(asked: Sweep, parsed: argparse.Namespace) -> Computed:
    """Every block of members; what is kept of each is the component that is asked for."""
    members = asked.members
    began = time.perf_counter()
    first = asked.iterate(range(1), 1, 1)
    compiling = time.perf_counter() - began
    show = None if parsed.quiet else bar()
    states = np.empty((asked.keep, members.count), members.dtype).T  # laid out as the results are
    status = np.empty(members.count, np.int8)
    began = time.perf_counter()
    for block in asked.blocks():
        done = share(show, block.start, block.stop, members.count)
        result = asked.iterate(block, asked.transient + asked.keep, asked.keep, done)
        states[block.start : block.stop], status[block.start : block.stop] = result.y[:, 0], result.status
    return Computed(
        values=asked.values,
        states=states,
        status=status,
        params={name: np.full(members.count, value[0]) for name, value in first.params.items()},
        path=first.path,
        reason=first.reason,
        seconds=time.perf_counter() - began,
        compiling=compiling,
    )


def _failures(computed: Computed) -> str:
    """How many members failed in which way."""
    counts = Counter(computed.status[computed.failed].tolist())
    return "; ".join(f"{count:,}: {MESSAGES[status].rstrip('.')}" for status, count in sorted(counts.items()))


def _summary(asked: Sweep, computed: Computed) -> str:
    """The lines that tell a person what came out."""
    rate = len(computed.values) * (asked.transient + asked.keep) / computed.seconds
    failed = int(computed.failed.sum())
    swept = asked.members.parameters[asked.parameter]
    lines = [
        f"parameter  {swept} of {asked.system.name}, {len(computed.values):,} values",
        f"iterations {asked.transient:,} left out, {asked.keep:,} kept, {asked.members.dtype}",
        f"path       {computed.path}" + (f": {computed.reason}" if computed.reason else ""),
        f"time       {computed.seconds:.3g} s, {scaled(rate)} iterations/s; {computed.compiling:.3g} s to make the"
        " kernel ready",
        f"failed     {failed:,}" + (f" ({_failures(computed)})" if failed else ""),
    ]
    if failed < len(computed.values):
        kept = computed.states[~computed.failed]
        lines.append(f"kept       {asked.component_name} in [{kept.min():.6g}, {kept.max():.6g}]")
    return "\n".join(lines)


def _title(asked: Sweep, computed: Computed) -> str:
    fixed = [str(given) for name, given in asked.members.parameters.items() if name != asked.parameter]
    parts = [
        f"{len(computed.values):,} values of {asked.parameter}",
        f"iterations {asked.iterations[0]:,} to {asked.iterations[-1]:,}",
        *fixed,
    ]
    if computed.failed.any():
        parts.append(f"tinted: {int(computed.failed.sum()):,} escaped")
    return f"{asked.system.name}:  " + ",  ".join(parts)
