"""The one step routine of every explicit Runge-Kutta method, for every number type.

The step is written out from its tableau as plain Python text.  ``flat`` keeps the state in a tuple of ``dim`` numbers,
hence in registers; ``long`` keeps it in memory that a right-hand side fills in place.  Terms of equal weight are added
first, so that the classical method costs what it costs by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .method import OfState
from .tableau import Coefficient, Tableau


@dataclass(frozen=True)
class OfTableau:
    """What a tableau says of the methods made of it."""

    tableau: Tableau
    parts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.tableau.name

    @property
    def aliases(self) -> tuple[str, ...]:
        return self.tableau.aliases

    @property
    def order(self) -> int:
        return self.tableau.order

    @property
    def source(self) -> str:
        return self.tableau.source


@dataclass(frozen=True)
class RungeKutta(OfState, OfTableau):
    """A tableau as a `method.Method` of fixed steps."""

    random: bool = False

    @property
    def stages(self) -> int:
        return self.tableau.needed_stages

    def buffers(self) -> tuple[str, ...]:
        return ("stage", *(f"k{stage}" for stage in range(self.tableau.needed_stages)))

    def flat_step(self, dim: int) -> str:
        return flat_step(self.tableau, dim)

    def long_step(self, dim: int) -> str:
        return long_step(self.tableau, dim)


def _terms(weights: Sequence[Coefficient]) -> dict[float, list[int]]:
    """Stages by their common weight, zero weights left out."""
    stages: dict[float, list[int]] = defaultdict(list)
    for stage, weight in enumerate(weights):
        if weight:
            stages[float(weight)].append(stage)
    return stages


def _combination(row: str, weights: Sequence[Coefficient], slope: str) -> str:
    """Text of ``+ h a k + ...`` with the scaled weights of ``row`` and slopes named by ``slope``."""
    text = ""
    for place, stages in enumerate(_terms(weights).values()):
        slopes = " + ".join(slope.format(stage=stage) for stage in stages)
        text += f" + {row}_{place} * " + (f"({slopes})" if len(stages) > 1 else slopes)
    return text


def _scaled(row: str, weights: Sequence[Coefficient]) -> list[str]:
    """Lines that multiply the weights of one row by the step size, once for all components."""
    return [
        f"{row}_{place} = h" + ("" if weight == 1.0 else f" * {weight!r}")
        for place, weight in enumerate(_terms(weights))
    ]


def _needed(tableau: Tableau) -> list[tuple[tuple[Coefficient, ...], Coefficient]]:
    """Rows and nodes of the stages that the step itself reads; the error estimate of a pair may need more."""
    return list(zip(tableau.a, tableau.c, strict=True))[: tableau.needed_stages]


def _time(node: Coefficient) -> str:
    return {0.0: "t", 1.0: "t + h"}.get(float(node), f"t + h * {float(node)!r}")


def _tuple(parts: Sequence[str]) -> str:
    return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"


def flat_step(tableau: Tableau, dim: int) -> str:
    """Source of ``step(t, u, p, h)`` that returns the next state as a tuple; it calls ``rhs(t, u, p)``."""
    components = range(dim)
    state = _tuple([f"u{i}" for i in components])
    lines = [f"{state} = u"]
    for stage, (row, node) in enumerate(_needed(tableau)):
        lines += _scaled(f"a{stage}", row)
        argument = _tuple([f"u{i}" + _combination(f"a{stage}", row, f"k{{stage}}_{i}") for i in components])
        lines.append(f"{_tuple([f'k{stage}_{i}' for i in components])} = rhs({_time(node)}, {argument}, p)")
    lines += _scaled("b", tableau.b)
    lines.append("return " + _tuple([f"u{i}" + _combination("b", tableau.b, f"k{{stage}}_{i}") for i in components]))
    return "def step(t, u, p, h):\n" + "".join(f"    {line}\n" for line in lines)


def long_step(tableau: Tableau, dim: int) -> str:
    """Source of ``step(t, u, p, h, v, stage, k0, k1, ...)`` that fills ``v``; it calls ``rhs(t, u, p, du)``.

    ``v`` may be ``u`` itself; ``stage`` and the slopes ``k0, k1, ...`` are buffers of ``dim`` numbers each.
    """
    slopes = [f"k{stage}" for stage in range(tableau.needed_stages)]
    lines = []
    for stage, (row, node) in enumerate(_needed(tableau)):
        argument = "u"
        if any(row):
            lines += _scaled(f"a{stage}", row)
            lines.append(f"for i in range({dim}):")
            lines.append(f"    stage[i] = u[i]{_combination(f'a{stage}', row, 'k{stage}[i]')}")
            argument = "stage"
        lines.append(f"rhs({_time(node)}, {argument}, p, k{stage})")
    lines += _scaled("b", tableau.b)
    lines.append(f"for i in range({dim}):")
    lines.append(f"    v[i] = u[i]{_combination('b', tableau.b, 'k{stage}[i]')}")
    return f"def step(t, u, p, h, v, stage, {', '.join(slopes)}):\n" + "".join(f"    {line}\n" for line in lines)
