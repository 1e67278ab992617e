"""How much of each mode the snapshots hold."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ._dmd_coordinates import Array

REFINEMENTS = 2


class AmplitudeProblem:
    """Least squares for amplitudes ``b``: ``sum_k |snapshot_k - modes diag(eigs**k) b|^2``.

    Modes and snapshots are given by their coordinates in an orthonormal basis; what the modes cannot reach is taken out
    first, so that all that is left is ``r`` wide.

    Jovanovic, Schmid and Nichols (2014), Physics of Fluids 26, 024103, solve the normal equations; here these are
    corrected by the residual itself, which gives back the digits that squaring costs.

    Attributes
    ----------
    factor : ndarray, shape (q, r)
        Of the modes: ``modes = Q factor``; ``q`` is the number of modes that the problem began with.
    projected : ndarray, shape (q, n_times)
        Snapshots in the same basis.
    unreached : float
        Squared norm of what lies outside that basis.
    """

    def __init__(self, modes: Array, snapshots: Array, eigs: Array) -> None:
        basis, self.factor = np.linalg.qr(modes)
        self.projected = basis.conj().T @ snapshots
        self.unreached = float(np.linalg.norm(snapshots - basis @ self.projected)) ** 2
        self.eigs = eigs

    def select(self, which: Array) -> AmplitudeProblem:
        """The problem of some of the modes."""
        few = copy.copy(self)
        few.factor, few.eigs = self.factor[:, which], self.eigs[which]
        return few

    def powers(self) -> tuple[Array, Array]:
        """``eigs**k (r, n_times)`` over their largest, and the logarithm of that, (r,)."""
        steps = np.arange(self.projected.shape[1])
        with np.errstate(divide="ignore"):
            logarithms = np.log(np.abs(self.eigs))
        largest = np.maximum(logarithms, 0.0) * steps[-1]
        with np.errstate(invalid="ignore"):  # of 0 to the power 0
            sizes = np.where(steps == 0, 0.0, logarithms[:, None] * steps) - largest[:, None]
        return np.exp(sizes + 1j * np.angle(self.eigs)[:, None] * steps), largest

    def normal(self, powers: Array) -> tuple[Array, Array]:
        """Matrix (r, r) and right-hand side (r,) for amplitudes in units of the largest powers."""
        matrix = (self.factor.conj().T @ self.factor) * (powers.conj() @ powers.T)
        return matrix, np.sum(powers.conj() * (self.factor.conj().T @ self.projected), axis=1)

    def solve(self) -> Array:
        """Amplitudes of the first snapshot, (r,), that are best for all."""
        if not len(self.eigs):
            return np.zeros(0, np.complex128)
        powers, largest = self.powers()
        matrix, right = self.normal(powers)
        scale = np.sqrt(np.maximum(np.real(np.diag(matrix)), np.finfo(np.float64).tiny))
        values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
        good = values > len(values) * np.finfo(np.float64).eps * values[-1]
        vectors = vectors[:, good] / np.sqrt(values[good])
        found = vectors @ (vectors.conj().T @ (right / scale)) / scale
        for _ in range(REFINEMENTS):
            residual = self.projected - self.factor @ (found[:, None] * powers)
            right = np.sum(powers.conj() * (self.factor.conj().T @ residual), axis=1)
            found = found + vectors @ (vectors.conj().T @ (right / scale)) / scale
        return found * np.exp(-largest)

    def first(self, place: int = 0) -> Array:
        """Amplitudes of one snapshot alone, (r,)."""
        return least_squares(self.factor, self.projected[:, place])


def least_squares(modes: Array, states: Array) -> Array:
    """Amplitudes with ``modes @ amplitudes`` nearest to the states, the smallest of them where there are several."""
    found: tuple[Any, ...] = np.linalg.lstsq(modes, states.astype(np.complex128), rcond=None)
    return found[0]


def conjugate(amplitudes: Array, eigs: Array) -> Array:
    """Amplitudes (..., r) of real snapshots: exactly conjugate where eigenvalues are, and real where these are."""
    found = amplitudes.copy()
    first = np.flatnonzero(np.imag(eigs) > 0)
    found[..., first] = 0.5 * (amplitudes[..., first] + amplitudes[..., first + 1].conj())
    found[..., first + 1] = found[..., first].conj()
    real = np.imag(eigs) == 0
    found[..., real] = np.real(amplitudes[..., real])
    return found
