"""Who is in the ensemble: how many members, and the initial state and parameters of each.

Any range of members can be had without the others, so that an ensemble larger than memory is made chunk by chunk, and
a member's values do not depend on the chunks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..system import System
from .errors import UsageError
from .initial import Table

RELATIVE_SPREAD, ABSOLUTE_SPREAD = 1e-2, 1e-3
BLOCK = 4096  # members drawn from one seed


@dataclass(frozen=True)
class Parameter:
    """``NAME=V``, ``NAME=A:B`` or ``NAME=A:B:N``."""

    name: str
    first: float
    last: float | None = None
    count: int | None = None

    def __str__(self) -> str:
        values = (self.first,) if self.last is None else (self.first, self.last)
        return f"{self.name} = " + " to ".join(f"{value:g}" for value in values)


def parse_parameters(texts: Sequence[str], system: System) -> dict[str, Parameter]:
    """The ``--param`` options of a command, in the order given.

    Raises
    ------
    UsageError
        For a name that the system does not have, one given twice, and values that are none.

    Examples
    --------
    >>> import fastsci
    >>> str(parse_parameters(["b=2.5:3.5"], fastsci.systems.get("brusselator"))["b"])
    'b = 2.5 to 3.5'
    """
    parsed: dict[str, Parameter] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise UsageError(f"--param: {text!r} is no parameter; write NAME=V, NAME=A:B or NAME=A:B:N")
        if name in parsed:
            raise UsageError(f"--param: {name} is given twice; give it once")
        parsed[name] = _parse_values(name, values, text)
    _check_names(parsed, system)
    return parsed


def _parse_values(name: str, values: str, text: str) -> Parameter:
    parts = values.split(":")
    try:
        numbers = [float(part) for part in parts[:2]]
        count = int(parts[2]) if len(parts) > 2 else None
    except ValueError:
        raise UsageError(f"--param: {text!r} holds no numbers; write {name}=V, {name}=A:B or {name}=A:B:N") from None
    if len(parts) > 3 or (count is not None and count < 1):
        raise UsageError(f"--param: {text!r} is no range; write {name}=A:B:N with N of at least 1")
    if not all(map(math.isfinite, numbers)):
        raise UsageError(f"--param: {text!r} holds a value that is not finite; give numbers")
    return Parameter(name, *numbers, count=count)


def _check_names(parsed: Mapping[str, Parameter], system: System) -> None:
    # A function that reads p[0], p[1] without naming them.
    known = list(system.params) or [f"p{index}" for index in range(len(parsed))]
    for name in parsed:
        if name not in known:
            has = f"it has {', '.join(known)}" if system.params else "its function names none; write p0=V for p[0]"
            raise UsageError(f"--param: {system.name} has no parameter {name!r}; {has}")


@dataclass(frozen=True)
class Members:
    """The members of one run."""

    count: int
    dim: int
    dtype: np.dtype[Any]
    initial: Table | _Spread
    parameters: Mapping[str, Parameter]
    grid: tuple[str, ...]  # parameters of every combination, the last varying fastest
    columns: Mapping[str, Any]  # parameters of a file
    by_position: bool  # parameters without names

    @property
    def varied(self) -> tuple[str, ...]:
        """Parameters that differ between members."""
        ranges = (name for name, parameter in self.parameters.items() if parameter.last is not None)
        return (*ranges, *self.columns)

    def states(self, members: Any) -> np.ndarray:
        """Initial states (n, dim) of a range or an array of members."""
        if isinstance(self.initial, _Spread):
            return self.initial(_indices(members)).astype(self.dtype)
        if len(self.initial) == 1:
            row = np.asarray(self.initial.states[0:1], self.dtype)
            return np.broadcast_to(row, (len(members), self.dim))
        return _take(self.initial.states, members).astype(self.dtype)

    def params(self, members: Any) -> Any:
        """Parameters of a range or an array of members, by name (by position where the function names none)."""
        values = {name: self._values(parameter, members) for name, parameter in self.parameters.items()}
        for name, column in self.columns.items():
            values[name] = column[0] if len(column) == 1 else _take(column, members)
        if not self.by_position:
            return values
        ordered = [values[name] for name in sorted(values, key=lambda name: int(name[1:]))]
        return np.stack([np.broadcast_to(value, len(members)) for value in ordered], axis=1) if ordered else None

    def _values(self, parameter: Parameter, members: Any) -> Any:
        if parameter.last is None:
            return parameter.first
        index, count = _indices(members), self.count
        if parameter.count is not None:
            sizes = [self.parameters[name].count or 1 for name in self.grid]
            index, count = np.unravel_index(index, sizes)[self.grid.index(parameter.name)], parameter.count
        if count == 1:
            return np.full(len(members), parameter.first)
        # As np.linspace computes it, for these members alone.
        values = index * ((parameter.last - parameter.first) / (count - 1)) + parameter.first
        return np.where(index == count - 1, parameter.last, values)


@dataclass(frozen=True)
class _Spread:
    """A normal spread about one state; every block of members has a seed of its own."""

    centre: np.ndarray
    deviation: np.ndarray
    seed: int

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        states = np.empty((len(indices), self.centre.size))
        blocks = indices // BLOCK
        edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(indices)]
        for first, last in pairwise(edges):
            seeds = [self.seed, int(blocks[first])]
            draws = np.random.default_rng(seeds).standard_normal((BLOCK, self.centre.size))
            states[first:last] = self.centre + self.deviation * draws[indices[first:last] % BLOCK]
        return states


def _indices(members: Any) -> np.ndarray:
    return np.arange(members.start, members.stop) if isinstance(members, range) else np.asarray(members)


def _take(rows: Any, members: Any) -> np.ndarray:
    """Rows of an array in memory, on the disk, or of Zarr, which reads each chunk once."""
    if isinstance(members, range):
        return np.asarray(rows[members.start : members.stop])
    return rows[members] if isinstance(rows, np.ndarray) else rows.oindex[members]


def gather_members(
    system: System, *, asked: int | None, initial: Table | None, parameters: Mapping[str, Parameter], seed: int,
    dtype: str | None,
) -> Members:  # fmt: skip
    """The ensemble that a command describes, once everything that counts members agrees.

    Raises
    ------
    UsageError
        Where numbers of members disagree, a parameter has no value, or there is no initial state.
    """
    grid = tuple(name for name, parameter in parameters.items() if parameter.count is not None)
    columns = {name: column for name, column in (initial.params if initial else {}).items() if name not in parameters}
    by_position = not system.params
    _check_given(system, {*parameters, *columns})
    count = _count(asked, initial, parameters, grid)
    precision = _precision(dtype, initial)
    if initial is not None:
        dim = initial.states.shape[1]
        return Members(count, dim, precision, initial, parameters, grid, columns, by_position)
    if system.default_y0 is None:
        names = f" ({', '.join(system.state)})" if system.state else ""
        raise UsageError(f"--y0: is missing, and {system.name} has no default state; give a file of states{names}")
    if seed < 0:
        raise UsageError(f"--seed: is {seed}, expected an integer of at least 0")
    centre = system.default_y0
    scale = float(np.abs(centre).max()) or 1.0
    deviation = RELATIVE_SPREAD * np.abs(centre) + ABSOLUTE_SPREAD * scale
    spread = Table(centre[np.newaxis]) if count == 1 else _Spread(centre, deviation, seed)
    return Members(count, centre.size, precision, spread, parameters, grid, columns, by_position)


def _check_given(system: System, given: set[str]) -> None:
    missing = [name for name, value in system.params.items() if math.isnan(value) and name not in given]
    if missing:
        options = " ".join(f"--param {name}=VALUE" for name in missing)
        raise UsageError(f"--param: {system.name} has no default for {', '.join(missing)}; give {options}")


def _count(asked: int | None, initial: Table | None, parameters: Mapping[str, Parameter], grid: tuple[str, ...]) -> int:
    if asked is not None and asked < 1:
        raise UsageError(f"--members: is {asked}, expected at least 1")
    rows = len(initial) if initial is not None and len(initial) > 1 else None
    counts = {"--members": asked, "the rows of --y0": rows}
    if grid:
        counts[f"--param {' x '.join(grid)}"] = math.prod(parameters[name].count or 1 for name in grid)
    said = {what: count for what, count in counts.items() if count is not None}
    if len(set(said.values())) > 1:
        differ = ", ".join(f"{what}: {count}" for what, count in said.items())
        raise UsageError(f"the numbers of members disagree ({differ}); make them the same, or leave all but one out")
    spread = [name for name, parameter in parameters.items() if parameter.last is not None and parameter.count is None]
    if not said and spread:
        raise UsageError(f"--members: is missing; say over how many members {', '.join(spread)} is spread, or A:B:N")
    return next(iter(said.values()), 1)


def _precision(dtype: str | None, initial: Table | None) -> np.dtype[Any]:
    if dtype is None:
        own = np.float32 if initial is not None and initial.states.dtype == np.float32 else np.float64
        return np.dtype(own)
    if not re.fullmatch(r"float(32|64)|f[48]", dtype):
        raise UsageError(f"--dtype: is {dtype!r}, expected float64 or float32")
    return np.dtype(dtype)
