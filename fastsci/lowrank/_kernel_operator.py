"""A Koopman operator of finite rank between functions that a kernel gives at some centres.

In orthonormal features ``phi`` of the kernel's space the estimate is ``G = U V'``: a function ``f = phi' c`` has the
expected value ``phi(x)' G c`` a step after ``x``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernel_functions import Array, Kernel

Complex = NDArray[np.complexfloating[Any, Any]]
BLOCK_NUMBERS = 2**20  # numbers of a kernel matrix that are held at once
SEEN = 64  # centres at which the phase of an eigenfunction is fixed


@dataclass(frozen=True)
class Span:
    """Functions ``f_j(x) = sum_i weights[i, j] k(x, centers[i])``.

    Attributes
    ----------
    kernel : Kernel
    centers : ndarray, (m, dim)
    weights : ndarray, (m, r)
    """

    kernel: Kernel
    centers: Array
    weights: Array

    def at(self, states: Array, combination: Any = None) -> Any:
        """Values (n, r), or those of combinations ``(r, q)`` of the functions, (n, q)."""
        weights = self.weights if combination is None else self.weights @ combination
        size = max(1, BLOCK_NUMBERS // max(1, len(self.centers)))
        parts = [
            self.kernel.matrix(states[first : first + size], self.centers) @ weights
            for first in range(0, len(states), size)
        ]
        return np.concatenate(parts)


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues from large to small, with right eigenvectors in columns and the inverse of their matrix."""

    values: Complex
    vectors: Complex
    inverse: Complex


@dataclass(frozen=True)
class FiniteRank:
    """The operator ``U V'``.

    Attributes
    ----------
    right, left : Span
        The functions ``phi' U`` and ``phi' V``.
    step : ndarray, (r, r)
        ``V' U``: the operator within the span of ``U``.
    right_squares : ndarray, (r, r)
        ``U' C U``: mean products of the functions ``phi' U`` over the states before a step.
    left_norms : ndarray, (r, r)
        ``V' V``: their products in the space of the kernel.
    state, observed : ndarray, (r, dim) and (r, n_observables) or None
        ``U' C_xf``: mean products of ``phi(x)' U`` with what is observed a step later.
    norm : float
        Mean of the kernel's diagonal over the states after a step.
    singular_values : ndarray, (r,)
    """

    right: Span
    left: Span
    step: Array
    right_squares: Array
    left_norms: Array
    state: Array
    observed: Array | None
    norm: float
    singular_values: Array

    @cached_property
    def spectrum(self) -> Spectrum:
        """Right eigenfunctions have mean square 1 over the training states, and a fixed phase."""
        values, vectors = np.linalg.eig(self.step)
        values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
        # Of two that are conjugate the one that turns forwards comes first, whatever rounding makes of their moduli.
        order = np.lexsort((-values.imag, -values.real, -np.round(np.abs(values), 12)))
        values, vectors = values[order], vectors[:, order]
        squares = np.einsum("ij,ik,kj->j", vectors.conj(), self.right_squares, vectors).real
        vectors = vectors / np.sqrt(np.where(squares > 0, squares, 1.0))
        if len(values):
            seen = self.right.at(self.right.centers[:SEEN], vectors)
            peak = seen[np.argmax(np.abs(seen), axis=0), np.arange(len(values))]
            vectors = vectors / np.where(peak == 0, 1.0, peak / np.where(peak == 0, 1.0, np.abs(peak)))
        return Spectrum(values, vectors, np.linalg.pinv(vectors))

    def right_eigenfunctions(self, states: Array) -> Complex:
        """``psi_j(x)``, (n, r)."""
        return self.right.at(states, self.spectrum.vectors)

    def left_eigenfunctions(self, states: Array) -> Complex:
        """``xi_j(x)``, (n, r), of inner product 1 with ``psi_j`` and 0 with the others; 0 for an eigenvalue of 0."""
        return self.left.at(states, (self._over_values(self.spectrum.inverse)).conj().T)

    def modes(self, observed: Array) -> Complex:
        """What each eigenfunction carries of observables whose means with ``phi' U`` are given, (r, n_observables)."""
        return self._over_values(self.spectrum.inverse @ observed)

    def _over_values(self, rows: Complex) -> Complex:
        values = self.spectrum.values
        visible = np.abs(values) > len(values) * np.finfo(np.float64).eps * np.max(np.abs(values), initial=0.0)
        return np.where(visible, 1.0 / np.where(visible, values, 1.0), 0.0)[:, None] * rows

    def forecast(self, states: Array, steps: int, observed: Array) -> Array:
        """Expected values of observables, (n, n_observables)."""
        return self.right.at(states, np.linalg.matrix_power(self.step, steps - 1) @ observed)

    @property
    def training_risk(self) -> float:
        """Mean of ``|phi(y) - G' phi(x)|^2`` over the pairs of the fit."""
        return self.norm - 2.0 * float(np.trace(self.left_norms)) + float(np.sum(self.left_norms * self.right_squares))

    def risk(self, before: Array, after: Array) -> float:
        """The same over other pairs."""
        ours, theirs = self.right.at(before), self.left.at(after)
        norm = float(np.mean(self.right.kernel.diagonal(after)))
        return (
            norm
            - 2.0 * float(np.sum(ours * theirs)) / len(before)
            + float(np.sum((ours @ self.left_norms) * ours)) / len(before)
        )
