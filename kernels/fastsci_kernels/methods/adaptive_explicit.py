"""A tableau as a method that chooses its steps; one without an error estimate keeps the step it is given."""

from __future__ import annotations

from dataclasses import dataclass

from . import embedded
from .explicit import OfTableau
from .method import FLAT_LIMIT


@dataclass(frozen=True)
class EmbeddedRungeKutta(OfTableau):
    """A tableau as an `adaptive.AdaptiveMethod`."""

    chooses_step: bool = False
    flat_limit: int = FLAT_LIMIT

    @property
    def stages(self) -> int:
        return self.tableau.stages

    @property
    def error_order(self) -> float:
        pair = self.tableau.pair
        return self.tableau.order - 1 if pair is None else pair.error_order

    @property
    def degree(self) -> int:
        return embedded.degree(self.tableau)

    @property
    def evaluations(self) -> int:
        return embedded.evaluations(self.tableau)

    def slope_dim(self, dim: int) -> int:
        return dim

    def attempt_buffers(self) -> tuple[str, ...]:
        return embedded.attempt_buffers(self.tableau)

    def preamble(self, style: str, flat: bool, dim: int, n_params: int, bits: int, width: int, wrap: str) -> str:
        return ""

    def flat_attempt(self, dim: int, compensated: bool) -> str:
        return embedded.flat_attempt(self.tableau, dim, compensated)

    def flat_interpolant(self, dim: int) -> str:
        return embedded.flat_interpolant(self.tableau, dim)

    def long_attempt(self, dim: int, compensated: bool) -> str:
        return embedded.long_attempt(self.tableau, dim, compensated)

    def long_interpolant(self, dim: int) -> str:
        return embedded.long_interpolant(self.tableau, dim)
