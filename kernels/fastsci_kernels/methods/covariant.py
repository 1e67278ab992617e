"""Orthonormal perturbations and the whole R of every interval, from which covariant vectors are worked out backwards.

Ginelli, Poggi, Turchi, Chate, Livi and Politi, Phys. Rev. Lett. 99 (2007) 130601.
"""

from __future__ import annotations

from dataclasses import dataclass

from .interval import Interval, triangle


@dataclass(frozen=True)
class Covariant(Interval):
    """An `interval.Interval` that keeps the upper triangle of R, column by column."""

    @property
    def name(self) -> str:
        return f"covariant vectors by {self.tangent.name}"

    @property
    def kept(self) -> int:
        return triangle(self.count)

    def flat_keep(self) -> tuple[list[str], list[str]]:
        return [], [f"r[{i}]" for i in range(self.kept)]

    def long_keep(self) -> list[str]:
        return [f"for i in range({self.kept}):", f"    v[{self.moving} + i] = r[i]"]
