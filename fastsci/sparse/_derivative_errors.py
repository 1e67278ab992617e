"""What derivatives that were taken of samples are themselves known to err by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._problem import Array, NormalEquations
from ._trajectories import Trajectory, without_gaps


@dataclass(frozen=True)
class DerivativeErrors:
    """Sums of squared errors ``(m,)`` of the derivatives of so many samples, of which ``inflation`` count as one."""

    squares: Array
    n_samples: int
    inflation: float = 1.0

    def plus(self, other: DerivativeErrors) -> DerivativeErrors:
        """Those of both sets of samples."""
        inflation = max(self.inflation, other.inflation)
        return DerivativeErrors(self.squares + other.squares, self.n_samples + other.n_samples, inflation)

    def told(self, problem: NormalEquations) -> NormalEquations:
        """The problem with its share of them."""
        errors = self.squares * (problem.n_samples / max(self.n_samples, 1))
        return replace(problem, errors=errors, inflation=self.inflation)


def derivative_errors(every: list[Trajectory], method: Any, *, drop_nan: bool) -> DerivativeErrors | None:
    """Errors that a differentiation estimates of itself; derivatives that were given have none.

    None of a method that does not estimate them.
    """
    if not (hasattr(method, "error") and hasattr(method, "inflation")):
        return None
    total = DerivativeErrors(np.zeros(every[0].states.shape[1]), 0)
    longest = 0
    for index, one in enumerate(every):
        if one.derivatives is not None:
            total = total.plus(DerivativeErrors(np.zeros_like(total.squares), len(one.states)))
            continue
        for part in without_gaps(one, drop_nan, f"[{index}]" if len(every) > 1 else ""):
            found = method.error(np.asarray(part.states, np.float64), part.times)
            if found is not None:
                known = np.isfinite(found).all(axis=1)
                total = total.plus(DerivativeErrors(np.sum(found[known] ** 2, axis=0), int(known.sum())))
                longest = max(longest, len(part.states))
    return replace(total, inflation=method.inflation(longest)) if longest else None
