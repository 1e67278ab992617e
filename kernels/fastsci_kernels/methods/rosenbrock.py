"""Rosenbrock methods: linearly implicit Runge-Kutta methods for stiff systems, as data and as the text of an attempt.

In the form without products of a matrix and a vector (Hairer and Wanner, Solving Ordinary Differential Equations II,
2nd ed., 1996, equations IV.7.25), with ``J`` and ``f_t`` the derivatives at the start of the step, stage ``i`` solves

    (I / (h gamma) - J) U_i = f(t + c_i h, u + sum_j a_ij U_j) + sum_j (C_ij / h) U_j + d_i h f_t

and the step ends at ``u + sum_i m_i U_i``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import FunctionType

from .jacobian import IMPORTS, flat_jacobian, long_jacobian, uses_time
from .linear_solve import REGISTER_LIMIT, functions, unrolled_factor, unrolled_solve

Row = tuple[float, ...]


@dataclass(frozen=True)
class Rosenbrock:
    """A Rosenbrock method; `rosenbrock_orders.check` raises unless every order condition holds.

    Parameters
    ----------
    a, coupling
        Strictly lower triangular: row ``i`` of ``a`` and of ``coupling`` (the literature's C) holds ``i`` weights.
    gamma, c, d
        The diagonal, the nodes, and the weights of ``h f_t``.
    m, error
        Weights of the step, and of its difference to the embedded formula.
    dense
        Rows of weights of ``K_1, K_2, ...``, sums of stages, in the polynomial of degree ``1 + len(dense)``
        ``u + theta (v - u) + theta (1 - theta) (K_1 + theta K_2 + ...)``.
    error_order, dense_order
        Order of the embedded formula and of the dense output.
    by_user, autonomous
        Whether the user gives the Jacobian, and whether the right-hand side does without the time: see `fitted`.
    """

    name: str
    order: int
    a: tuple[Row, ...]
    coupling: tuple[Row, ...]
    gamma: float
    c: Row
    d: Row
    m: Row
    error: Row
    dense: tuple[Row, ...]
    error_order: int
    dense_order: int
    source: str
    aliases: tuple[str, ...] = ()
    by_user: bool = False
    autonomous: bool = False

    chooses_step = False
    # Beyond it a run in registers compiles for twice as long as in memory and is no faster, for want of registers.
    flat_limit = 8
    imports = IMPORTS

    @property
    def parts(self) -> tuple[str, ...]:
        return ("jac",) if self.by_user else ()

    @property
    def stages(self) -> int:
        return len(self.m)

    @property
    def degree(self) -> int:
        return 1 + len(self.dense)

    @property
    def evaluations(self) -> int:
        """Calls of the right-hand side an attempt, those for the Jacobian not counted."""
        return 1 + sum(self._evaluates(stage) for stage in range(self.stages))

    def fitted(self, fun: FunctionType, *, jac: FunctionType | None = None) -> Rosenbrock:
        """The method for one right-hand side: without the terms in ``f_t`` where it does not read the time."""
        return replace(self, by_user=jac is not None, autonomous=not uses_time(fun))

    def slope_dim(self, dim: int) -> int:
        return dim

    def attempt_buffers(self) -> tuple[str, ...]:
        return ("row", "inverse", "ft", "increment", "argument", *(f"stage{place}" for place in range(self.stages)))

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``jacobian``, and for larger states the linear algebra, as functions compiled by ``wrap``."""
        known = {"by_user": self.by_user, "autonomous": self.autonomous}
        if flat:
            source = flat_jacobian(dim, bits, width, **known)
        else:
            source = long_jacobian(dim, bits, width, style=style, **known)
        sources = [("jacobian", source)]
        if not flat or dim > REGISTER_LIMIT:
            sources += functions(dim)
        text = f"BITS = {bits}\nWIDTH = {width}\n"
        return text + "".join(f"\n\n{source}\n\n{name} = {wrap}({name})\n" for name, source in sources)

    # --- states in registers ---

    def flat_attempt(self, dim: int, compensated: bool) -> str:
        """Source of ``attempt(t, u, c, p, h, k0, rtol, atol)``; see `adaptive.AdaptiveMethod`."""
        unrolled = dim <= REGISTER_LIMIT
        each = range(dim)
        lines = ["rows, ft = jacobian(t, u, p)", "per_h = 1.0 / h", f"diagonal = per_h * {1.0 / self.gamma!r}"]
        if not unrolled:
            lines += [f"matrix = scratch(BITS, WIDTH, {dim * dim})"]
            lines += [f"{name} = scratch(BITS, WIDTH, {dim})" for name in ("row", "inverse", "right")]
        for i in each:
            for j in each:
                place = f"m{i}_{j}" if unrolled else f"matrix[{i * dim + j}]"
                lines.append(f"{place} = {'diagonal ' if i == j else ''}-rows[{i}][{j}]")
        lines += unrolled_factor(dim) if unrolled else ["exchanged = factor(matrix, row, inverse)"]
        for stage in range(self.stages):
            lines += self._flat_stage(stage, dim, unrolled)
        lines += self._flat_end(dim, compensated)
        return "def attempt(t, u, c, p, h, k0, rtol, atol):\n" + _indent(lines)

    def _flat_stage(self, stage: int, dim: int, unrolled: bool) -> list[str]:
        each = range(dim)
        lines = []
        if self._evaluates(stage):
            increments = [self._increment(stage, f"k{{stage}}_{i}", f"g{i}") for i in each]
            lines += [f"g{i} = {increments[i]}" for i in each]
            argument = _tuple(f"u[{i}] + g{i}" for i in each)
            lines.append(f"f = rhs({_time(self.c[stage])}, {argument}, p)")
        slope = "f" if any(map(self._evaluates, range(stage + 1))) else "k0"
        if self.d[stage] and not self.autonomous:
            lines.append(f"weight = h * {self.d[stage]!r}")
        for i in each:
            lines.append(f"k{stage}_{i} = {self._right(stage, f'{slope}[{i}]', f'k{{stage}}_{i}', f'ft[{i}]')}")
        if unrolled:
            return lines + unrolled_solve(dim, f"k{stage}_")
        lines += [f"right[{i}] = k{stage}_{i}" for i in each]
        lines.append("solve(matrix, row, inverse, exchanged, right)")
        return lines + [f"k{stage}_{i} = right[{i}]" for i in each]

    def _flat_end(self, dim: int, compensated: bool) -> list[str]:
        each = range(dim)
        lines = []
        for i in each:
            increment = self._final_increment(f"k{{stage}}_{i}", f"g{i}")
            lines.append(f"g{i} = {f'c[{i}] + ({increment})' if compensated else increment}")
            lines.append(f"v{i} = u[{i}] + g{i}")
            if compensated:
                # Knuth's two-sum: what rounding took from the sum is carried to the next step.
                lines.append(f"back{i} = v{i} - u[{i}]")
                lines.append(f"low{i} = (u[{i}] - (v{i} - back{i})) + (g{i} - back{i})")
        lines.append(f"v = {_tuple(f'v{i}' for i in each)}")
        lines += _error_norm(dim, [_sum(self.error, f"k{{stage}}_{i}") for i in each])
        lines.append("k_next = rhs(t + h, v, p)")
        carried = _tuple(f"low{i}" for i in each) if compensated else "()"
        stages = _tuple(_tuple(f"k{stage}_{i}" for i in each) for stage in range(self.stages))
        return [*lines, f"return v, {carried}, k_next, error, {stages}"]

    def flat_interpolant(self, dim: int) -> str:
        """Source of ``interpolant(t, u, p, h, v, k0, k_next, data)``."""
        lines = []
        for i in range(dim):
            sums = [_sum(row, f"data[{{stage}}][{i}]") for row in self.dense]
            lines += [f"K{place}_{i} = {text}" for place, text in enumerate(sums)]
        powers = [
            _tuple(self._power(power, f"v[{i}] - u[{i}]", f"K{{place}}_{i}") for i in range(dim))
            for power in range(self.degree)
        ]
        lines.append(f"return {_tuple(powers)}")
        return "def interpolant(t, u, p, h, v, k0, k_next, data):\n" + _indent(lines)

    # --- states in memory ---

    def _long_arguments(self) -> str:
        return ", ".join(self.attempt_buffers())

    def long_attempt(self, dim: int, compensated: bool) -> str:
        """Source of ``attempt(t, u, c, p, h, k0, rtol, atol, v, c_next, k_next, *buffers)``."""
        lines = [
            f"matrix = scratch(BITS, WIDTH, {dim * dim})",
            "jacobian(t, u, p, matrix, ft)",
            "per_h = 1.0 / h",
            f"diagonal = per_h * {1.0 / self.gamma!r}",
            f"for i in range({dim * dim}):",
            "    matrix[i] = -matrix[i]",
            f"for i in range({dim}):",
            f"    matrix[i * {dim + 1}] = diagonal + matrix[i * {dim + 1}]",
            "exchanged = factor(matrix, row, inverse)",
        ]
        slope = "k0"
        for stage in range(self.stages):
            if self._evaluates(stage):
                slope = "argument"
                lines += [
                    f"for i in range({dim}):",
                    f"    increment[i] = {self._increment(stage, 'stage{stage}[i]', 'increment[i]')}",
                    "    v[i] = u[i] + increment[i]",
                    f"rhs({_time(self.c[stage])}, v, p, argument)",
                ]
            if self.d[stage] and not self.autonomous:
                lines.append(f"weight = h * {self.d[stage]!r}")
            lines += [
                f"for i in range({dim}):",
                f"    stage{stage}[i] = {self._right(stage, f'{slope}[i]', 'stage{stage}[i]', 'ft[i]')}",
                f"solve(matrix, row, inverse, exchanged, stage{stage})",
            ]
        increment = self._final_increment("stage{stage}[i]", "increment[i]")
        lines += [
            "error = 0.0",
            f"for i in range({dim}):",
            f"    increment[i] = {f'c[i] + ({increment})' if compensated else increment}",
            "    v[i] = u[i] + increment[i]",
        ]
        if compensated:
            lines += [
                "    back = v[i] - u[i]",
                "    c_next[i] = (u[i] - (v[i] - back)) + (increment[i] - back)",
            ]
        lines += [
            f"    scaled = ({_sum(self.error, 'stage{stage}[i]')}) / (atol[i] + rtol * max(abs(u[i]), abs(v[i])))",
            "    error = error + scaled * scaled",
            "rhs(t + h, v, p, k_next)",
            f"return error * {1.0 / dim!r}",
        ]
        arguments = f"t, u, c, p, h, k0, rtol, atol, v, c_next, k_next, {self._long_arguments()}"
        return f"def attempt({arguments}):\n" + _indent(lines)

    def long_interpolant(self, dim: int) -> str:
        """Source of ``interpolant(t, u, p, h, v, k0, k_next, q, *buffers)``."""
        lines = [f"for i in range({dim}):"]
        lines += [f"    K{place} = {_sum(row, 'stage{stage}[i]')}" for place, row in enumerate(self.dense)]
        for power in range(self.degree):
            lines.append(f"    q[{power * dim} + i] = {self._power(power, 'v[i] - u[i]', 'K{place}')}")
        return f"def interpolant(t, u, p, h, v, k0, k_next, q, {self._long_arguments()}):\n" + _indent(lines)

    # --- terms of both ---

    def _evaluates(self, stage: int) -> bool:
        """Whether a stage needs a slope of its own; without weights and a node it shares that of the start."""
        return any(self.a[stage])

    def _increment(self, stage: int, slope: str, before: str) -> str:
        """What a stage adds to the state; the last stages of many methods add one stage to what was there before."""
        return self._extended(self.a[stage], self.a[stage - 1], slope, before)

    def _final_increment(self, slope: str, before: str) -> str:
        return self._extended(self.m, self.a[-1], slope, before)

    @staticmethod
    def _extended(row: Row, last: Row, slope: str, before: str) -> str:
        if any(last) and row == (*last, 1.0):
            return f"{before} + {slope.format(stage=len(last))}"
        return _sum(row, slope)

    def _right(self, stage: int, slope: str, stages: str, ft: str) -> str:
        text = slope
        if any(self.coupling[stage]):
            text += f" + per_h * ({_sum(self.coupling[stage], stages)})"
        if self.d[stage] and not self.autonomous:
            text += f" + weight * {ft}"
        return text

    def _power(self, power: int, whole: str, stages: str) -> str:
        """Coefficient of ``theta**(power + 1)`` in the dense output."""
        last = len(self.dense)
        if power == 0:
            return f"{whole} + {stages.format(place=0)}"
        before = stages.format(place=power - 1)
        return f"-{before}" if power == last else f"{stages.format(place=power)} - {before}"


def _sum(weights: Row, slope: str) -> str:
    terms = [
        slope.format(stage=stage) if weight == 1.0 else f"{weight!r} * {slope.format(stage=stage)}"
        for stage, weight in enumerate(weights)
        if weight
    ]
    return " + ".join(terms)


def _error_norm(dim: int, estimates: list[str]) -> list[str]:
    """Lines of the square of the scaled error norm: a mean over the components."""
    lines = ["error = 0.0"]
    for i, estimate in enumerate(estimates):
        lines.append(f"scaled = ({estimate}) / (atol[{i}] + rtol * max(abs(u[{i}]), abs(v[{i}])))")
        lines.append("error = error + scaled * scaled")
    return [*lines, f"error = error * {1.0 / dim!r}"]


def _time(node: float) -> str:
    return {0.0: "t", 1.0: "t + h"}.get(node, f"t + h * {node!r}")


def _tuple(parts) -> str:
    return "(" + "".join(f"{part}, " for part in parts) + ")"


def _indent(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)
