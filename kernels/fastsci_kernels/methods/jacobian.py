"""Text of ``jacobian``, the derivatives of a right-hand side that a stiff method calls.

For a state in registers ``jacobian(t, u, p)`` returns the rows of the Jacobian, a tuple of tuples, and the derivative
by time, a tuple.  For a state in memory ``jacobian(t, u, p, J, ft)`` fills ``J``, row-major, and ``ft``.  The text
calls ``rhs`` on Duals, or the user's own ``jac(t, u, p)``, which returns the rows.
"""

from __future__ import annotations

import dis
from types import FunctionType

# Directions a pass.  More would save passes and lose registers.
FLAT_TANGENTS = 16
LONG_TANGENTS = 8

IMPORTS = ("from fastsci_kernels.numbers.dual import dual, dual_scratch, tangents",)


def uses_time(fun: FunctionType) -> bool:
    """Whether a right-hand side reads its first argument, the time."""
    name = fun.__code__.co_varnames[0]
    loads = {
        "LOAD_FAST",
        "LOAD_DEREF",
        "LOAD_CLOSURE",
        "LOAD_FAST_LOAD_FAST",
        "LOAD_FAST_CHECK",
        "STORE_FAST_LOAD_FAST",
    }
    return name in fun.__code__.co_cellvars or any(
        instruction.opname in loads and name in _names(instruction.argval) for instruction in dis.get_instructions(fun)
    )


def _names(argument) -> tuple:
    return argument if isinstance(argument, tuple) else (argument,)


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _indent(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def flat_jacobian(dim: int, bits: int, width: int, *, by_user: bool = False, autonomous: bool = False) -> str:
    """Source of ``jacobian(t, u, p)``; ``by_user`` where there is a ``jac`` to call."""
    components = range(dim)
    lines = [f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})"]
    if by_user:
        lines.append("own = jac(t, u, p)")
        rows = [_tuple(f"number(own[{i}][{j}], {bits}, {width})" for j in components) for i in components]
    else:
        passes = range(0, dim, FLAT_TANGENTS)
        for first in passes:
            along = range(first, min(first + FLAT_TANGENTS, dim))
            seeds = [f"dual(u[{i}], {_tuple('one' if i == j else 'zero' for j in along)})" for i in components]
            lines.append(f"x = {_tuple(seeds)}")
            lines.append("f = rhs(t, x, p)")
            lines += [f"row{i}_{first} = tangents(f[{i}], x[0])" for i in components]
        rows = [" + ".join(f"row{i}_{first}" for first in passes) for i in components]
    if autonomous:
        time = _tuple("zero" for _ in components)
    else:
        lines += ["s = dual(t, (one,))", "f = rhs(s, u, p)"]
        time = _tuple(f"tangents(f[{i}], s)[0]" for i in components)
    lines.append(f"return {_tuple(rows)}, {time}")
    return "def jacobian(t, u, p):\n" + _indent(lines)


def long_jacobian(
    dim: int, bits: int, width: int, *, style: str, by_user: bool = False, autonomous: bool = False
) -> str:
    """Source of ``jacobian(t, u, p, J, ft)``.

    A ``jac`` of the user returns a tuple of rows; in the style "inplace" it sees ``u`` in memory.
    """
    lines = [f"one, zero = number(1.0, {bits}, {width}), number(0.0, {bits}, {width})"]
    if by_user:
        state = "u" if style == "inplace" else _tuple(f"u[{i}]" for i in range(dim))
        lines.append(f"own = jac(t, {state}, p)")
        lines += [f"J[{i * dim + j}] = own[{i}][{j}]" for i in range(dim) for j in range(dim)]
    else:
        lines += _passes(dim, bits, width)
    if autonomous:
        lines += [f"for i in range({dim}):", "    ft[i] = zero"]
    else:
        lines += [
            f"f1 = dual_scratch({bits}, {width}, 1, {dim})",
            "s = dual(t, (one,))",
            "rhs(s, u, p, f1)",
            f"for i in range({dim}):",
            "    ft[i] = tangents(f1[i], s)[0]",
        ]
    return "def jacobian(t, u, p, J, ft):\n" + _indent(lines)


def _passes(dim: int, bits: int, width: int) -> list[str]:
    """Columns of the Jacobian, a few at a time."""
    count = min(dim, LONG_TANGENTS)
    seeds = _tuple(f"where(i == first + {place}, one, zero)" for place in range(count))
    lines = [
        f"x = dual_scratch({bits}, {width}, {count}, {dim})",
        f"f = dual_scratch({bits}, {width}, {count}, {dim})",
        f"for first in range(0, {dim}, {count}):",
        f"    for i in range({dim}):",
        f"        x[i] = dual(u[i], {seeds})",
        "    rhs(t, x, p, f)",
        f"    for i in range({dim}):",
        "        row = tangents(f[i], x[0])",
    ]
    for place in range(count):
        inside = place < (dim % count or count)
        lines += [] if inside else [f"        if first + {place} < {dim}:"]
        lines.append(("" if inside else "    ") + f"        J[i * {dim} + first + {place}] = row[{place}]")
    return lines
