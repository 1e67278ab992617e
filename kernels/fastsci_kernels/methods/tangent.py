"""The tangent dynamics of a method: the state, and beside it perturbations that the linearised flow carries along.

The right-hand side is called on Duals, numbers with their derivatives along the perturbations, and what comes back is
the slope of the state and, beside it, of every perturbation.  A step is linear in its slopes.  So the step of any
explicit Runge-Kutta method, taken on the longer state as it stands, is exactly the derivative of its step (the
discrete tangent), and every driver integrates perturbations as it integrates states.

The longer state is the state and then perturbation by perturbation; where the parameters are perturbed too, they are
followed by their own perturbations in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass

from .adaptive_explicit import EmbeddedRungeKutta
from .explicit import RungeKutta
from .iteration import Iteration
from .method import TUPLE_LIMIT, WIDE_LIMIT, OverBase

FLAT_LIMIT = 24  # numbers of a state with perturbations that are worth keeping in registers (measured)
TANGENTS_A_PASS = 8  # more would save calls of the right-hand side and lose registers

IMPORTS = (
    "from fastsci_kernels.numbers.dual import dual, dual_scratch, primal, tangents",
    "from fastsci_kernels.numbers.memory import scratch",
)


@dataclass(frozen=True)
class TangentSlope:
    """The text of the right-hand side of ``count`` perturbations beside a state of ``size`` components.

    With ``by_params`` the parameters are perturbed too; with ``by_user`` the user gives ``jvp(t, u, p, v)``, the
    derivative along ``v``.
    """

    size: int
    count: int
    by_params: bool = False
    by_user: bool = False

    imports = IMPORTS

    def __str__(self) -> str:
        also = ", of the parameters too" * self.by_params + ", by the user" * self.by_user
        return f"{self.count} tangents of {self.size} components{also}"

    @property
    def total(self) -> int:
        """Numbers of the longer state."""
        return self.size * (1 + self.count)

    @property
    def parts(self) -> tuple[str, ...]:
        return ("jvp",) if self.by_user else ()

    def preamble(self, style: str, flat: bool, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``rhs`` of the longer state, around the user's."""
        given = n_params // (1 + self.count) if self.by_params else n_params
        if flat:
            source = self._flat_by_user() if self.by_user else self._flat(given)
        elif self.by_user:
            source = self._long_by_user(style, bits, width)
        else:
            source = self._long(given, bits, width)
        return f"primal_rhs = rhs\n\n\n{source}\n\ntangent_rhs = {wrap}(tangent_rhs)\nrhs = tangent_rhs\n"

    def _perturbation(self, place: int, name: str = "w") -> str:
        """Text of one perturbation as a tuple."""
        return _tuple(f"{name}[{place * self.size + i}]" for i in range(self.size))

    # --- states in registers ---

    def _flat(self, given: int) -> str:
        along = range(1, self.count + 1)
        slopes = [f"primal(f[{i}], x[0])" for i in range(self.size)]
        slopes += [f"d{i}[{j - 1}]" for j in along for i in range(self.size)]
        return _function(
            "t, w, p",
            f"x = {_duals('w', self.size, along)}",
            f"q = {_duals('p', given, along)}" if self.by_params else "q = p",
            "f = primal_rhs(t, x, q)",
            *(f"d{i} = tangents(f[{i}], x[0])" for i in range(self.size)),
            f"return {_tuple(slopes)}",
        )

    def _flat_by_user(self) -> str:
        along = range(1, self.count + 1)
        slopes = [f"f[{i}]" for i in range(self.size)] + [f"f{j}[{i}]" for j in along for i in range(self.size)]
        return _function(
            "t, w, p",
            f"u = {self._perturbation(0)}",
            "f = primal_rhs(t, u, p)",
            *(f"f{j} = user_jvp(t, u, p, {self._perturbation(j)})" for j in along),
            f"return {_tuple(slopes)}",
        )

    # --- states in memory ---

    def _long(self, given: int, bits: int, width: int) -> str:
        rest = self.count % TANGENTS_A_PASS
        whole = self.count - rest
        lines = []
        for count in ([TANGENTS_A_PASS] if whole else []) + ([rest] if rest else []):
            rooms = {"x": self.size, "f": self.size}
            if self.by_params and given > TUPLE_LIMIT:
                rooms["q"] = given
            lines += [f"{name}{count} = dual_scratch({bits}, {width}, {count}, {room})" for name, room in rooms.items()]
        if whole:
            lines.append(f"for first in range(0, {whole}, {TANGENTS_A_PASS}):")
            lines += _indented(self._pass(TANGENTS_A_PASS, given))
        if rest:
            lines += [f"first = {whole}", *self._pass(rest, given)]
        return _function("t, w, p, dw", *lines)

    def _pass(self, count: int, given: int) -> list[str]:
        """One call of the right-hand side, for the perturbations from ``first`` on."""
        size, along = self.size, [f"(first + {j + 1})" for j in range(count)]
        lines = [
            f"for i in range({size}):",
            f"    x{count}[i] = dual(w[i], {_tuple(f'w[{j} * {size} + i]' for j in along)})",
        ]
        if not self.by_params:
            params = "p"
        elif given > TUPLE_LIMIT:
            params = f"q{count}"
            lines += [
                f"for i in range({given}):",
                f"    {params}[i] = dual(p[i], {_tuple(f'p[{j} * {given} + i]' for j in along)})",
            ]
        else:
            params = _duals("p", given, along)
        return [
            *lines,
            f"primal_rhs(t, x{count}, {params}, f{count})",
            f"for i in range({size}):",
            f"    dw[i] = primal(f{count}[i], x{count}[0])",
            f"    row = tangents(f{count}[i], x{count}[0])",
            *(f"    dw[{j} * {size} + i] = row[{place}]" for place, j in enumerate(along)),
        ]

    def _long_by_user(self, style: str, bits: int, width: int) -> str:
        size = self.size
        if style == "tuple":
            lines = [f"u = {self._perturbation(0)}", "primal_rhs(t, w, p, dw)"]
            for j in range(1, self.count + 1):
                lines.append(f"f = user_jvp(t, u, p, {self._perturbation(j)})")
                lines += [f"dw[{j * size + i}] = f[{i}]" for i in range(size)]
            return _function("t, w, p, dw", *lines)
        # The user's functions see as many numbers as they have components.
        return _function(
            "t, w, p, dw",
            *(f"{name} = scratch({bits}, {width}, {size})" for name in "uvf"),
            f"for i in range({size}):",
            "    u[i] = w[i]",
            "primal_rhs(t, u, p, f)",
            f"for i in range({size}):",
            "    dw[i] = f[i]",
            f"for j in range(1, {self.count + 1}):",
            f"    for i in range({size}):",
            f"        v[i] = w[j * {size} + i]",
            "    user_jvp(t, u, p, v, f)",
            f"    for i in range({size}):",
            f"        dw[j * {size} + i] = f[i]",
        )


class OverSlope(OverBase):
    """What the tangent dynamics of a method is by its ``slope``."""

    slope: TangentSlope

    flat_limit = FLAT_LIMIT

    @property
    def name(self) -> str:
        return f"{self.base.name} with {self.slope}"

    @property
    def stages(self) -> int:
        return self.base.stages

    @property
    def parts(self) -> tuple[str, ...]:
        return self.slope.parts

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.base.imports, *self.slope.imports)

    def slope_dim(self, dim: int) -> int:
        return self.slope.size

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        return self.slope.preamble(style, flat, n_params, bits, width, wrap)


@dataclass(frozen=True)
class Tangent(OverSlope):
    """The tangent dynamics of a `method.Method`: an explicit Runge-Kutta method, or the iteration of a map."""

    base: RungeKutta | Iteration
    slope: TangentSlope

    wide_limit = WIDE_LIMIT

    def buffers(self) -> tuple[str, ...]:
        return self.base.buffers()

    def flat_step(self, dim: int) -> str:
        return self.base.flat_step(dim)

    def long_step(self, dim: int) -> str:
        return self.base.long_step(dim)


@dataclass(frozen=True)
class AdaptiveTangent(OverSlope):
    """The tangent dynamics of an `adaptive.AdaptiveMethod`, whose error estimate sees the perturbations too."""

    base: EmbeddedRungeKutta
    slope: TangentSlope

    chooses_step = False

    @property
    def error_order(self) -> float:
        return self.base.error_order

    @property
    def degree(self) -> int:
        return self.base.degree

    @property
    def evaluations(self) -> int:
        return self.base.evaluations

    def attempt_buffers(self) -> tuple[str, ...]:
        return self.base.attempt_buffers()

    def flat_attempt(self, dim: int, compensated: bool) -> str:
        return self.base.flat_attempt(dim, compensated)

    def flat_interpolant(self, dim: int) -> str:
        return self.base.flat_interpolant(dim)

    def long_attempt(self, dim: int, compensated: bool) -> str:
        return self.base.long_attempt(dim, compensated)

    def long_interpolant(self, dim: int) -> str:
        return self.base.long_interpolant(dim)


def _duals(name: str, size: int, along) -> str:
    """A tuple of Duals from a tuple of numbers and, behind them, the perturbations ``along``."""
    return _tuple(f"dual({name}[{i}], {_tuple(f'{name}[{j} * {size} + {i}]' for j in along)})" for i in range(size))


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _indented(lines) -> list[str]:
    return [f"    {line}" for line in lines]


def _function(arguments: str, *lines: str) -> str:
    return f"def tangent_rhs({arguments}):\n" + "".join(f"{line}\n" for line in _indented(lines))
