"""Text of ``pull``, the transposed derivative of a right-hand side, which an adjoint calls.

For a state in registers ``pull(t, u, p, k)`` returns ``J^T k`` and ``(df/dp)^T k``, two tuples; for a state in memory
``pull(t, u, p, k, e, g)`` fills ``e`` with the one and adds the other to ``g``.  Without parameters the second tuple is
empty, and nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Protocol

from ..compile import CompilationError
from ..fingerprint import fingerprint
from ..numbers.reverse import Reverse, reverse
from .method import TUPLE_LIMIT

FLAT_TANGENTS = 16  # directions a pass
LONG_TANGENTS = 8


class Pull(Protocol):
    """How a right-hand side of ``size`` components is pulled back, by ``n_params`` parameters too or by none."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Further functions of the user that the text calls."""
        ...

    @property
    def imports(self) -> tuple[str, ...]: ...
    def source(self, style: str, flat: bool, size: int, n_params: int, bits: int, width: int) -> str: ...


@dataclass(frozen=True)
class ByReverse:
    """By a reverse sweep over the function's own operations."""

    swept: Reverse

    parts = ()
    imports = ("import math",)

    def __str__(self) -> str:
        return "a reverse sweep"

    def source(self, style: str, flat: bool, size: int, n_params: int, bits: int, width: int) -> str:
        constant = f"number({{}}, {bits}, {width})"
        if flat:
            names = {"state": "e", "params": "g"}
            lines = self.swept.lines(lambda which, i, value: f"{names[which]}{i} = {value}", constant)
            e, g = (_tuple(f"{name}{i}" for i in range(count)) for name, count in (("e", size), ("g", n_params)))
            return _function("t, u, p, k", *lines, f"return {e}, {g}")
        puts = {"state": "e[{0}] = {1}", "params": "g[{0}] = g[{0}] + {1}"}
        lines = self.swept.lines(lambda which, i, value: puts[which].format(i, value), constant)
        return _function("t, u, p, k, e, g", *lines)


@dataclass(frozen=True)
class ByTangents:
    """By the derivatives along all unit vectors, some at a time, for functions that no line of operations holds."""

    parts = ()
    imports = ("from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents",)

    def __str__(self) -> str:
        return "all tangents"

    def source(self, style: str, flat: bool, size: int, n_params: int, bits: int, width: int) -> str:
        one = f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})"
        if flat:
            return _function("t, u, p, k", one, *_flat_passes(size, n_params))
        return _function("t, u, p, k, e, g", one, *_long_passes(size, n_params, bits, width))


@dataclass(frozen=True)
class ByUser:
    """By the user's own ``jvp(t, u, p, v)`` along all unit vectors; it knows nothing of parameters."""

    parts = ("jvp",)
    imports = ("from fastsci_kernels.numbers.memory import scratch",)

    def __str__(self) -> str:
        return "the user's tangents"

    def source(self, style: str, flat: bool, size: int, n_params: int, bits: int, width: int) -> str:
        each = range(size)
        one = f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})"
        if flat:
            units = (_tuple("one" if i == j else "zero" for i in each) for j in each)
            lines = [f"f{j} = user_jvp(t, u, p, {unit})" for j, unit in enumerate(units)]
            products = (" + ".join(f"f{j}[{i}] * k[{i}]" for i in each) for j in each)
            return _function("t, u, p, k", one, *lines, f"return {_tuple(products)}, ()")
        if style == "tuple":
            unit = _tuple(f"where(j == {i}, one, zero)" for i in each)
            called = [f"f = user_jvp(t, {_tuple(f'u[{i}]' for i in each)}, p, {unit})"]
            product = [f"    e[j] = {' + '.join(f'f[{i}] * k[{i}]' for i in each)}"]
            return _function("t, u, p, k, e, g", one, f"for j in range({size}):", *_indented(called), *product)
        return _function(
            "t, u, p, k, e, g",
            one,
            *(f"{name} = scratch({bits}, {width}, {size})" for name in "vf"),
            f"for j in range({size}):",
            f"    for i in range({size}):",
            "        v[i] = where(i == j, one, zero)",
            "    user_jvp(t, u, p, v, f)",
            "    total = zero",
            f"    for i in range({size}):",
            "        total = total + f[i] * k[i]",
            "    e[j] = total",
        )


def pull_of(
    fun: FunctionType, *, style: str, dim: int, n_params: int, by_params: bool, by_user: bool
) -> ByReverse | ByTangents | ByUser:
    """The cheapest way to pull a function back: its own reverse sweep where it has one."""
    if by_user:
        return ByUser()
    return _swept(_Function(fun), style, dim, n_params, by_params)


class _Function:
    """A function that equals every other of the same text and the same captured values."""

    def __init__(self, fun: FunctionType) -> None:
        self.fun, self.digest = fun, fingerprint(fun)

    def __eq__(self, other) -> bool:
        return isinstance(other, _Function) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(maxsize=64)
def _swept(function: _Function, style: str, dim: int, n_params: int, by_params: bool) -> ByReverse | ByTangents:
    try:
        return ByReverse(reverse(function.fun, style=style, dim=dim, n_params=n_params, by_params=by_params))
    except CompilationError:
        return ByTangents()


def _flat_passes(size: int, n_params: int) -> list[str]:
    """All directions, those of the state and then those of the parameters, some a call."""
    total = size + n_params
    lines = []
    for first in range(0, total, FLAT_TANGENTS):
        along = range(first, min(first + FLAT_TANGENTS, total))

        def seeded(name: str, count: int, before: int, along: range = along) -> str:
            if not any(before <= j < before + count for j in along):
                return name
            units = (_tuple("one" if before + i == j else "zero" for j in along) for i in range(count))
            return _tuple(f"dual({name}[{i}], {unit})" for i, unit in enumerate(units))

        u, p = seeded("u", size, 0), seeded("p", n_params, size)
        lines += [f"x = {u}", f"q = {p}", "f = rhs(t, x, q)"]
        lines.append(f"like = {'x[0]' if u != 'u' else 'q[0]'}")
        lines += [f"row{i} = tangents(f[{i}], like)" for i in range(size)]
        for place, j in enumerate(along):
            lines.append(f"d{j} = " + " + ".join(f"row{i}[{place}] * k[{i}]" for i in range(size)))
    return [*lines, f"return {_tuple(f'd{j}' for j in range(size))}, {_tuple(f'd{j}' for j in range(size, total))}"]


def _long_passes(size: int, n_params: int, bits: int, width: int) -> list[str]:
    def room(name: str, count: int, numbers: int) -> str:
        return f"{name} = dual_scratch({bits}, {width}, {count}, {numbers})"

    count = min(size, LONG_TANGENTS)
    lines = [
        room("x", count, size),
        room("f", count, size),
        f"for first in range(0, {size}, {count}):",
        f"    for i in range({size}):",
        f"        x[i] = dual(u[i], {_unit(count)})",
        "    rhs(t, x, p, f)",
        *_indented(_contracted(size, count, "f", "x[0]")),
        *_put("e[first + {0}] = d{0}", size, count),
    ]
    if n_params:
        count = min(n_params, LONG_TANGENTS)
        seeds, seeded = "q", [f"    for i in range({n_params}):", f"        q[i] = dual(p[i], {_unit(count)})"]
        lines.append(room("fp", count, size))
        if n_params > TUPLE_LIMIT:
            lines.append(room("q", count, n_params))
        else:
            duals = (f"dual(p[{i}], {_unit(count).replace('i ==', f'{i} ==')})" for i in range(n_params))
            seeded = [f"    q = {_tuple(duals)}"]
        lines += [
            f"for first in range(0, {n_params}, {count}):",
            *seeded,
            f"    rhs(t, u, {seeds}, fp)",
            *_indented(_contracted(size, count, "fp", "q[0]")),
            *_put("g[first + {0}] = g[first + {0}] + d{0}", n_params, count),
        ]
    return lines


def _unit(count: int) -> str:
    return _tuple(f"where(i == first + {place}, one, zero)" for place in range(count))


def _contracted(size: int, count: int, slopes: str, like: str) -> list[str]:
    """The products of a few columns with ``k``."""
    return [
        *(f"d{place} = zero" for place in range(count)),
        f"for i in range({size}):",
        f"    row = tangents({slopes}[i], {like})",
        *(f"    d{place} = d{place} + row[{place}] * k[i]" for place in range(count)),
    ]


def _put(line: str, size: int, count: int) -> list[str]:
    """Store a pass's products; the last pass may hold fewer."""
    lines = []
    for place in range(count):
        inside = place < (size % count or count)
        lines += [] if inside else [f"    if first + {place} < {size}:"]
        lines.append("    " * (1 if inside else 2) + line.format(place))
    return lines


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _indented(lines) -> list[str]:
    return [f"    {line}" for line in lines]


def _function(arguments: str, *lines: str) -> str:
    return f"def pull({arguments}):\n" + "".join(f"{line}\n" for line in _indented(lines))
