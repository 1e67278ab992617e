"""Kernels by name: positive definite functions of two states, and the length in which their distances are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

NAMES = ("gaussian", "matern12", "matern32", "matern52", "polynomial", "linear")
SAMPLED = 500  # states whose distances stand for those of all
DIAGONAL_BLOCK = 64


@dataclass(frozen=True)
class Kernel:
    """A positive semidefinite function ``k(x, y)``.

    Attributes
    ----------
    name : str or callable
    length_scale : float
    coef0 : float
    degree : int
    """

    name: str | Callable[[Array, Array], Any]
    length_scale: float
    coef0: float
    degree: int

    def matrix(self, x: Array, y: Array, out: Array | None = None, *, alone: bool = False) -> Array:
        """``k(x_i, y_j)``, (n, m), of states ``x (n, dim)`` and ``y (m, dim)``; by the calling thread ``alone``."""
        if out is None:
            out = np.empty((len(x), len(y)))
        if self.name == "linear":
            return np.matmul(x, y.T, out=out)
        if not isinstance(self.name, str):
            out[:] = self._called(x, y)
            return out
        from fastsci_kernels.lowrank import kernel_matrices

        return kernel_matrices.matrix(
            x, y, kernel_matrices.KINDS[self.name], self.length_scale, self.coef0, self.degree, out, alone=alone
        )

    def diagonal(self, x: Array) -> Array:
        """``k(x_i, x_i)``, (n,)."""
        if self.name == "linear":
            return np.einsum("ij,ij->i", x, x)
        if self.name == "polynomial":
            with np.errstate(over="ignore"):  # whoever factorises looks for what is not finite
                return (np.einsum("ij,ij->i", x, x) / self.length_scale**2 + self.coef0) ** self.degree
        if isinstance(self.name, str):
            return np.ones(len(x))
        blocks = (x[first : first + DIAGONAL_BLOCK] for first in range(0, len(x), DIAGONAL_BLOCK))
        return np.concatenate([np.diag(self._called(block, block)) for block in blocks])

    def _called(self, x: Array, y: Array) -> Array:
        assert not isinstance(self.name, str)
        found = np.asarray(self.name(x, y), np.float64)
        if found.shape != (len(x), len(y)):
            raise ValueError(
                f"kernel: gave shape {found.shape} for {len(x)} and {len(y)} states, expected ({len(x)}, {len(y)}):"
                " it takes two arrays of states and gives the matrix of all pairs"
            )
        if not np.isfinite(found).all():
            raise ValueError("kernel: gave numbers that are not finite, expected finite ones; scale the states")
        return found


def resolve(kernel: Any, length_scale: Any, coef0: Any, degree: Any, states: Array) -> Kernel:
    """The kernel that the parameters of an estimator name, its length taken from the states where none is given."""
    if not (callable(kernel) or (isinstance(kernel, str) and kernel in NAMES)):
        raise ValueError(f"kernel: is {kernel!r}, expected one of {', '.join(NAMES)} or a function of two arrays")
    if isinstance(degree, bool) or not isinstance(degree, int | np.integer) or degree < 1:
        raise ValueError(f"degree: is {degree!r}, expected a power, an integer of at least 1")
    if not (isinstance(coef0, int | float | np.number) and 0 <= coef0 < np.inf):
        raise ValueError(f"coef0: is {coef0!r}, expected a finite number of at least 0, as definite kernels have it")
    if length_scale is None:
        scale = typical_norm(states) if kernel == "polynomial" else 1.0 if callable(kernel) else median_distance(states)
    elif isinstance(length_scale, int | float | np.number) and 0 < length_scale < np.inf:
        scale = float(length_scale)
    else:
        raise ValueError(f"length_scale: is {length_scale!r}, expected a positive number or None for one of the states")
    if not np.isfinite(scale):
        raise ValueError("X: distances of its states overflow, expected squares that are finite; scale the states")
    return Kernel(kernel, scale, float(coef0), int(degree))


def median_distance(states: Array) -> float:
    """Median distance of states that differ, of at most ``SAMPLED`` of them; 1 where all are one."""
    from fastsci_kernels.lowrank import kernel_matrices

    few = states[np.linspace(0, len(states) - 1, min(len(states), SAMPLED)).astype(int)]
    squares = np.empty((len(few), len(few)))
    kernel_matrices.matrix(few, few, kernel_matrices.SQUARED_DISTANCE, 1.0, 0.0, 1, squares)
    apart = np.concatenate([row[place + 1 :] for place, row in enumerate(squares)])
    apart = apart[apart > 0]
    return float(np.sqrt(np.median(apart))) if apart.size else 1.0


def typical_norm(states: Array) -> float:
    """Root mean square of the lengths of states; 1 where all are zero."""
    mean = float(np.mean(np.einsum("ij,ij->i", states, states)))
    return float(np.sqrt(mean)) if mean > 0 else 1.0
