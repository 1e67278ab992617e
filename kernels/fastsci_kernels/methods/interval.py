"""One interval of the tangent dynamics: some steps, a QR factorisation, and what a run keeps of R.

The state of a run is the state, ``count`` perturbations, the numbers that it keeps, and the number of steps in an
interval.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from .method import WIDE_LIMIT
from .orthonormal import flat_orthonormalise, long_orthonormalise
from .tangent import Tangent

FLAT_LIMIT = 40  # numbers of a run's state that are worth keeping in registers, as for a Lyapunov spectrum


@dataclass(frozen=True)
class Interval(ABC):
    """A `method.Method` whose step is an interval: ``h`` is its length, the last number of the state its steps."""

    tangent: Tangent

    random = False
    narrow = True
    aliases = ()
    flat_limit = FLAT_LIMIT
    wide_limit = WIDE_LIMIT

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def kept(self) -> int:
        """Numbers that a run keeps beside the state and its perturbations."""

    @abstractmethod
    def flat_keep(self) -> tuple[list[str], list[str]]:
        """Lines, and the numbers to keep as they leave them.

        They find R's upper triangle column by column in the tuple ``r``, the state before the interval in ``u``.
        """

    @abstractmethod
    def long_keep(self) -> list[str]:
        """Lines that renew the numbers to keep, at the end of ``v``, from R's upper triangle in the buffer ``r``."""

    @property
    def order(self) -> float:
        return self.tangent.order

    @property
    def source(self) -> str:
        return self.tangent.source

    @property
    def stages(self) -> int:
        return self.tangent.stages

    @property
    def parts(self) -> tuple[str, ...]:
        return self.tangent.parts

    @property
    def imports(self) -> tuple[str, ...]:
        return (*self.tangent.imports, "from fastsci_kernels.numbers.memory import lane")

    @property
    def moving(self) -> int:
        """Numbers of the state and its perturbations."""
        return self.tangent.slope.total

    @property
    def count(self) -> int:
        return self.tangent.slope.count

    @property
    def total(self) -> int:
        """Numbers of a run's state."""
        return self.moving + self.kept + 1

    def slope_dim(self, dim: int) -> int:
        return self.tangent.slope_dim(dim)

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        """``advance``, a step of the tangent dynamics, and ``orthonormalise``."""
        step = (self.tangent.flat_step if flat else self.tangent.long_step)(self.moving)
        factorise = flat_orthonormalise if flat else long_orthonormalise
        sources = {
            "advance": step.replace("def step(", "def advance(", 1),
            "orthonormalise": factorise(self.tangent.slope.size, self.count, whole=True),
        }
        text = self.tangent.preamble(style, flat, self.moving, n_params, bits, width, wrap)
        return text + "".join(f"\n\n{source}\n\n{name} = {wrap}({name})\n" for name, source in sources.items())

    def buffers(self) -> tuple[str, ...]:
        return self.tangent.buffers()

    def flat_step(self, dim: int) -> str:
        lines, kept = self.flat_keep()
        return (
            "def step(t, u, p, h):\n"
            f"    small = h / u[{dim - 1}]\n"
            f"    w = u[:{self.moving}]\n"
            f"    for taken in range(int(lane(u[{dim - 1}], 0))):\n"
            "        w = advance(t + taken * small, w, p, small)\n"
            "    w, r = orthonormalise(w)\n"
            + "".join(f"    {line}\n" for line in lines)
            + f"    return w + ({''.join(f'{number}, ' for number in kept)}u[{dim - 1}],)\n"
        )

    def long_step(self, dim: int) -> str:
        names = ", ".join(self.buffers())
        return (
            f"def step(t, u, p, h, v, {names}):\n"
            f"    small = h / u[{dim - 1}]\n"
            f"    for i in range({dim}):\n"
            "        v[i] = u[i]\n"
            f"    for taken in range(int(lane(u[{dim - 1}], 0))):\n"
            f"        advance(t + taken * small, v, p, small, v, {names})\n"
            f"    r = {self.buffers()[0]}\n"
            "    orthonormalise(v, r)\n" + "".join(f"    {line}\n" for line in self.long_keep())
        )


def triangle(count: int) -> int:
    """Numbers of an upper triangle."""
    return count * (count + 1) // 2


def place(row: int, column: int) -> int:
    """Where a number of an upper triangle is kept, column by column."""
    return column * (column + 1) // 2 + row
