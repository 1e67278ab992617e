"""What makes a Runge-Kutta method adaptive: an error estimate and an interpolant, as data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Coefficient = Fraction | float


@dataclass(frozen=True, slots=True)
class Pair:
    """Error weights and dense output that belong to a `Tableau` of ``s`` stages.

    The slopes of a step are numbered: stages ``0..s-1``, then ``s``, the slope at the end of the step
    ``f(t + h, v)``, then the extra stages, which only dense output evaluates.

    Parameters
    ----------
    error
        Rows of ``s + 1`` weights.  With one row, ``h sum e_i k_i`` is the difference to the embedded formula.  With
        two, ``n5`` and ``n3`` being the sums of squares of both scaled estimates, the norm of the error is
        ``n5 / sqrt(dim (n5 + 0.01 n3))`` (Hairer, Norsett and Wanner, section II.10, the code DOP853).
    error_order
        The step size goes with the power ``-1 / (error_order + 1)`` of the norm.
    embedded_orders
        Order of the embedded formula behind each row of ``error``; ``error_order`` unless given.
    extra, extra_c
        Row ``j`` holds the weights of the ``s + 1 + j`` slopes before extra stage ``j``; its node.
    dense
        One row a slope: the weights of ``theta, theta**2, ...`` in ``y(t + theta h) = u + h sum_i k_i b_i(theta)``.
        Empty for the cubic Hermite polynomial through both ends and their slopes.
    dense_order
        Order of the conditions that ``dense`` satisfies at every ``theta``.
    """

    error: tuple[tuple[Coefficient, ...], ...]
    error_order: int
    dense_order: int
    embedded_orders: tuple[int, ...] = ()
    extra: tuple[tuple[Coefficient, ...], ...] = ()
    extra_c: tuple[Coefficient, ...] = ()
    dense: tuple[tuple[Coefficient, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.embedded_orders:
            object.__setattr__(self, "embedded_orders", (self.error_order,) * len(self.error))

    def fits(self, stages: int) -> bool:
        """Whether all rows have the lengths that a tableau of this many stages asks for."""
        slopes = stages + 1 + len(self.extra)
        return (
            len(self.error) in (1, 2)
            and len(self.embedded_orders) == len(self.error)
            and all(len(row) == stages + 1 for row in self.error)
            and all(len(row) == stages + 1 + place for place, row in enumerate(self.extra))
            and len(self.extra_c) == len(self.extra)
            and len(self.dense) == (slopes if self.dense or self.extra else 0)
            and len({len(row) for row in self.dense}) <= 1
        )


def hermite(b: tuple[Coefficient, ...]) -> tuple[tuple[Coefficient, ...], ...]:
    """The cubic with the values and slopes of both ends of a step with weights ``b``, as a matrix like ``dense``."""
    first, *others = ((Fraction(0), 3 * weight, -2 * weight) for weight in b)
    start = tuple(weight + own for weight, own in zip(first, (1, -2, 1), strict=True))
    return (start, *others, (Fraction(0), Fraction(-1), Fraction(1)))
