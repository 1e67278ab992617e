"""The text of derivatives at a point with the state in memory, for states too long for registers.

As many tangents as pay are carried at a time, so that the memory a point takes grows with the state and not with its
square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .derivative import Derivative, as_tuple, seeded
from .method import TUPLE_LIMIT


@dataclass(frozen=True)
class Buffer:
    """A state of ``size`` numbers in memory, with tangents, and with those of tangents where ``nested``."""

    name: str
    size: int
    tangents: int = 0
    nested: bool = False

    def numbers(self) -> int:
        """Plain numbers a member."""
        return self.size * (1 + self.tangents) * (1 + self.nested)


@dataclass(frozen=True)
class LongText:
    """Lines that answer for the points of one strip.

    ``get(name, index)`` is the text of a number of an input row, ``put(name, index, value)`` that of writing one of an
    output row.
    """

    derivative: Derivative
    style: str
    dim: int
    n_params: int
    bits: int
    width: int
    get: Callable[[str, str], str]
    put: Callable[[str, str, str], str]

    @property
    def size(self) -> int:
        return self.derivative.size(self.dim, self.n_params)

    @property
    def _pass_sizes(self) -> list[int]:
        directions = self.derivative.directions(self.dim, self.n_params)
        most = self.derivative.at_once
        return [size for size in (most if directions >= most else 0, directions % most) if size]

    def buffers(self) -> list[Buffer]:
        derivative, dim = self.derivative, self.dim
        found = []
        if derivative.kind == "value" or derivative.given:
            found += [Buffer("u", dim), Buffer("g", dim)]
            if derivative.given == "jvp":
                found += [Buffer("v", dim), Buffer("w", dim)]
            if derivative.given == "jac" or (derivative.given and derivative.by_units):
                found.append(Buffer("J", dim * dim))
        else:
            found += [Buffer("u", dim)] if derivative.by_params else []
            for count in self._pass_sizes:
                if not (derivative.by_params and self.size <= TUPLE_LIMIT):
                    found.append(Buffer(f"x{count}", self.size, count, derivative.nested))
                found.append(Buffer(f"g{count}", dim, count, derivative.nested))
        if self.n_params > TUPLE_LIMIT and not (derivative.by_params and not derivative.given):
            found.append(Buffer("p", self.n_params))
        return found

    def params(self) -> list[str]:
        """The parameters, where they are not perturbed."""
        if self.derivative.by_params and not self.derivative.given:
            return []
        if self.n_params > TUPLE_LIMIT:
            return [f"for i in range({self.n_params}):", f"    p[i] = {self.get('p', 'i')}"]
        return [f"p = {as_tuple(self.get('p', str(i)) for i in range(self.n_params))}"]

    def lines(self) -> list[str]:
        derivative, dim = self.derivative, self.dim
        lines = [
            f"one, zero = number(1.0, {self.bits}, {self.width}), number(0.0, {self.bits}, {self.width})",
            f"t = {self.get('t', '0')}",
            *self.params(),
        ]
        if derivative.kind == "value" or derivative.given or derivative.by_params:
            lines += [f"for i in range({dim}):", f"    u[i] = {self.get('u', 'i')}"]
        if derivative.kind == "value" or derivative.given:
            lines.append("rhs(t, u, p, g)")
            if derivative.kind != "jacobian":
                lines += [f"for i in range({dim}):", f"    {self.put('f', 'i', 'g[i]')}"]
            return lines + (self._given() if derivative.given else [])
        directions = derivative.directions(dim, self.n_params)
        most = derivative.at_once
        whole = directions - directions % most
        if whole:
            lines.append(f"for first in range(0, {whole}, {most}):")
            lines += [f"    {line}" for line in self._pass(most)]
        if directions > whole:
            lines += [f"first = {whole}", *self._pass(directions - whole)]
        return lines + self._value(self._pass_sizes[-1])

    # --- Duals ---

    def _seeded(self, i: str, count: int) -> str:
        derivative, perturbed = self.derivative, "p" if self.derivative.by_params else "u"
        if derivative.by_units:
            along = [f"where({i} == first + {k}, one, zero)" for k in range(count)]
        else:
            along = [self.get("a", f"{i} * {derivative.count} + first + {k}") for k in range(count)]
        second = self.get("b" if derivative.kind == "second" else "a", i) if derivative.nested else ""
        return seeded(derivative, self.get(perturbed, i), along, second)

    def _pass(self, count: int) -> list[str]:
        """One call of the function, for the tangents from ``first`` on."""
        derivative = self.derivative
        if derivative.by_params and self.size <= TUPLE_LIMIT:
            lines = [f"x{count} = {as_tuple(self._seeded(str(i), count) for i in range(self.size))}"]
        else:
            lines = [f"for i in range({self.size}):", f"    x{count}[i] = {self._seeded('i', count)}"]
        lines.append(f"rhs(t, {f'u, x{count}' if derivative.by_params else f'x{count}, p'}, g{count})")
        places = range(count)
        if derivative.kind in ("vjp", "hessian"):
            return lines + self._combined(f"range({derivative.count})", self._row(count), [f"row[{k}]" for k in places])
        lines += [f"for i in range({self.dim}):", *(f"    {line}" for line in self._row(count))]
        if derivative.kind == "second":
            return [*lines, f"    {self.put('s', 'i', 'row[0]')}"]
        pitch = derivative.count if derivative.kind == "jvp" else self.size
        return lines + [f"    {self.put('r', f'i * {pitch} + first + {k}', f'row[{k}]')}" for k in places]

    def _row(self, count: int) -> list[str]:
        """The derivatives of component ``i``: ``row``."""
        x, g = f"x{count}[0]", f"g{count}[i]"
        if not self.derivative.nested:
            return [f"row = tangents({g}, {x})"]
        return [f"row = tangents(tangents({g}, {x})[0], primal({x}, {x}))"]

    def _combined(self, cotangents: str, row: list[str], entries: list[str]) -> list[str]:
        """The components of cotangents times the Jacobian, from ``first`` on."""
        count, places = self.derivative.count, range(len(entries))
        output = "s" if self.derivative.kind == "hessian" else "r"
        lines = [
            f"for c in {cotangents}:",
            *(f"    s{k} = zero" for k in places),
            f"    for i in range({self.dim}):",
            *(f"        {line}" for line in row),
            f"        weight = {self.get('b', f'i * {count} + c')}",
            *(f"        s{k} = s{k} + weight * {entry}" for k, entry in enumerate(entries)),
        ]
        return lines + [f"    {self.put(output, f'(first + {k}) * {count} + c', f's{k}')}" for k in places]

    def _value(self, count: int) -> list[str]:
        """The value, and of second derivatives the first along ``a``, from the last call."""
        if self.derivative.kind == "jacobian":
            return []
        x, g = f"x{count}[0]", f"g{count}[i]"
        lines = [f"for i in range({self.dim}):"]
        if not self.derivative.nested:
            return [*lines, f"    {self.put('f', 'i', f'primal({g}, {x})')}"]
        along = (
            f"tangents(primal({g}, {x}), like)[0]"
            if self.derivative.kind == "second"
            else f"primal(tangents({g}, {x})[0], like)"
        )
        return [
            f"like = primal({x}, {x})",
            *lines,
            f"    {self.put('f', 'i', f'primal(primal({g}, {x}), like)')}",
            f"    {self.put('r', 'i', along)}",
        ]

    # --- the user's own derivative ---

    def _given(self) -> list[str]:
        derivative, dim = self.derivative, self.dim
        if derivative.given == "jvp" and derivative.kind == "jvp":
            place = f"i * {derivative.count} + c"
            along = self._along(self.get("a", place), self.put("r", place, "w[i]"))
            return [f"for c in range({derivative.count}):", *along]
        if derivative.given == "jvp":
            lines = [f"for c in range({dim}):", *self._along("where(i == c, one, zero)", f"J[i * {dim} + c] = w[i]")]
        else:
            state = "u" if self.style == "inplace" else as_tuple(f"u[{i}]" for i in range(dim))
            lines = [f"own = user_jac(t, {state}, p)"]
            lines += [f"J[{i * dim + j}] = own[{i}][{j}]" for i in range(dim) for j in range(dim)]
        if derivative.kind == "jacobian":
            return [*lines, f"for i in range({dim * dim}):", f"    {self.put('r', 'i', 'J[i]')}"]
        if derivative.kind == "vjp":
            lines.append(f"for first in range({dim}):")
            combined = self._combined(f"range({derivative.count})", [], [f"J[i * {dim} + first]"])
            return lines + [f"    {line}" for line in combined]
        weight = self.get("a", f"j * {derivative.count} + c")
        return [
            *lines,
            f"for c in range({derivative.count}):",
            f"    for i in range({dim}):",
            "        s = zero",
            f"        for j in range({dim}):",
            f"            s = s + J[i * {dim} + j] * {weight}",
            f"        {self.put('r', f'i * {derivative.count} + c', 's')}",
        ]

    def _along(self, component: str, use: str) -> list[str]:
        """One call of the user's ``jvp``, for each ``c``."""
        if self.style == "inplace":
            call = ["    user_jvp(t, u, p, v, w)"]
        else:
            own = [as_tuple(f"{name}[{i}]" for i in range(self.dim)) for name in "uv"]
            call = [f"    e = user_jvp(t, {own[0]}, p, {own[1]})"]
            call += [f"    w[{i}] = e[{i}]" for i in range(self.dim)]
        return [
            f"    for i in range({self.dim}):",
            f"        v[i] = {component}",
            *call,
            f"    for i in range({self.dim}):",
            f"        {use}",
        ]
