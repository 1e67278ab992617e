"""A kernel matrix as a product of few columns: Cholesky's factor with pivots, found block by block.

Candidates are drawn evenly along what is left of the diagonal, so that they lie apart, and the greatest pivots among
them are taken.  A block costs one product of matrices; what has been dropped is known exactly, from the diagonal.
(Harbrecht, Peters, Schneider 2012, "On the low-rank approximation by the pivoted Cholesky decomposition"; Epperly,
Tropp, Webber 2024, "Embrace rejection", for candidates in blocks.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastsci_kernels.lowrank.kernel_pivots import pivots

from .._algebra import one_thread
from ._kernel_functions import Array, Kernel
from ._kernel_passes import each

BLOCK = 64  # columns that are taken at once
CANDIDATES = 160
LEAST = 256  # states that a thread takes at once
WORTH = 2**23  # products of two numbers that are worth another thread
KERNEL = 50  # of them take as long as a number of a kernel matrix
SHARE = 0.1  # of the greatest remainder that a pivot has at least
EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 8.0 * EPSILON  # of a diagonal entry: its remainder is not known to be less
HOPELESS = 3.0  # times the limit: the rank foreseen at which a factor is given up


@dataclass(frozen=True)
class Features:
    """Functions that are orthonormal in the space of a kernel, and span what it is at some centres.

    Attributes
    ----------
    kernel : Kernel
    centers : ndarray, (m, dim)
    triangle : ndarray, (m, m)
        Upper; its Gram matrix is the kernel's at the centres.
    """

    kernel: Kernel
    centers: Array
    triangle: Array

    def rows(self, states: Array) -> Array:
        """Their values, (m, n): a row for each; by the calling thread alone.

        NumPy's products let other threads work beside them, as SciPy's triangular solves do not.
        """
        found = self.kernel.matrix(states, self.centers, alone=True)
        for first, corner in zip(range(0, len(self.centers), BLOCK), self._corners, strict=True):
            some = slice(first, first + len(corner))
            np.matmul(found[:, some] - found[:, :first] @ self.triangle[:first, some], corner, out=found[:, some])
        return found.T

    @cached_property
    def _corners(self) -> list[Array]:
        """Inverses of blocks along the diagonal of the triangle."""
        cuts = [slice(first, first + BLOCK) for first in range(0, len(self.centers), BLOCK)]
        return [np.linalg.inv(self.triangle[some, some]) for some in cuts]

    def weights(self, combination: Array) -> Array:
        """Weights (m, r) of the kernel at the centres in combinations ``(m, r)`` of the features."""
        from scipy.linalg import solve_triangular

        return solve_triangular(self.triangle, combination, check_finite=False)


@dataclass(frozen=True)
class Factor:
    """``rows' rows`` is the kernel matrix but for a positive semidefinite remainder.

    Attributes
    ----------
    rows : ndarray, (m, n)
    pivots : ndarray, (m,), integers
    remainder : float
        Mean of the diagonal of what has been dropped.
    complete : bool
        Whether it is as small as was asked for, or than rounding lets it be.
    """

    rows: Array
    pivots: Array
    remainder: float
    complete: bool

    def features(self, kernel: Kernel, states: Array) -> Features:
        """The rows as functions of a state."""
        return Features(kernel, states[self.pivots], np.asfortranarray(np.triu(self.rows[:, self.pivots])))


def factorise(kernel: Kernel, states: Array, dropped: float, limit: int, *, patient: bool = True) -> Factor:
    """Factor the kernel matrix of states ``(n, dim)``, on our own threads.

    Parameters
    ----------
    dropped : float
        Of the diagonal, on average, that may be left out; no less than its rounding is.
    limit : int
        Columns that are taken at most.
    patient : bool
        Whether as many are taken even where they foreseeably do not suffice.
    """
    with one_thread():
        return _factorised(kernel, states, dropped, limit, patient)


def _factorised(kernel: Kernel, states: Array, dropped: float, limit: int, patient: bool) -> Factor:
    diagonal = kernel.diagonal(states)
    count, mean, greatest = len(states), float(np.mean(diagonal)), float(np.max(diagonal))
    if not np.isfinite(mean):
        raise ValueError("kernel: is not finite at these states, expected finite numbers; give a larger length_scale")
    dropped = max(dropped, EPSILON * mean)
    left = diagonal.copy()
    rows = np.empty((min(limit, 4 * BLOCK), count))
    taken: list[Any] = []
    history: list[tuple[int, float]] = []
    rank = 0
    while True:
        remainder = float(np.mean(left))
        if remainder <= dropped or float(np.max(left)) <= ROUNDING * greatest:
            return _factor(rows, taken, rank, remainder, True)
        history.append((rank, remainder))
        if rank == limit or not (patient or foreseen(history, dropped) <= HOPELESS * limit):
            return _factor(rows, taken, rank, remainder, False)
        chosen = _choose(kernel, states, rows[:rank], left, min(BLOCK, limit - rank))
        if rank + len(chosen) > len(rows):
            rows = np.concatenate([rows, np.empty((min(len(rows), limit - len(rows)), count))])
        _fill(kernel, states, rows[:rank], chosen, rows[rank : rank + len(chosen)], left)
        _check_definite(left, greatest)
        np.maximum(left, 0.0, out=left)
        left[chosen] = 0.0
        taken.append(chosen)
        rank += len(chosen)


def foreseen(history: list[tuple[int, float]], wanted: float) -> float:
    """The rank at which the remainder would be as small as wanted, did it shrink on as it has of late.

    Remainders shrink ever more slowly once they do at all, so that this is rather too small.
    """
    rank, remainder = history[-1]
    if rank < 2 * BLOCK or wanted <= 0:
        return 0.0
    earlier, then = next(pair for pair in reversed(history) if pair[0] <= rank // 2)
    rate = np.log(then / remainder) / (rank - earlier)
    return rank + float(np.log(remainder / wanted) / rate) if rate > 0 else np.inf


def _choose(kernel: Kernel, states: Array, rows: Array, left: Array, most: int) -> Array:
    """States of the next block."""
    ladder = np.cumsum(left)
    levels = (np.arange(CANDIDATES) + 0.5) * (ladder[-1] / CANDIDATES)
    drawn = np.searchsorted(ladder, levels).clip(max=len(left) - 1)
    drawn = np.unique(np.append(drawn, np.argmax(left)))
    drawn = drawn[left[drawn] > 0]
    known = rows[:, drawn]
    remainder = kernel.matrix(states[drawn], states[drawn]) - known.T @ known
    order = pivots(remainder, SHARE * float(np.max(np.diag(remainder))), most)
    # Rounding may leave nothing where the diagonal still had something.
    return drawn[order] if len(order) else np.array([np.argmax(left)])


def _fill(kernel: Kernel, states: Array, rows: Array, chosen: Array, panel: Array, left: Array) -> None:
    """The factor's rows for the states that were chosen; what they take is subtracted from what is left."""
    pivotal, known = states[chosen], rows[:, chosen].T
    corner = kernel.matrix(pivotal, pivotal) - known @ known.T
    inverse = np.linalg.inv(np.linalg.cholesky(0.5 * (corner + corner.T)))

    def fill(first: int, last: int) -> None:
        some = slice(first, last)
        sections = kernel.matrix(pivotal, states[some], alone=True)
        sections -= known @ rows[:, some]
        found = np.matmul(inverse, sections, out=panel[:, some])
        left[some] -= np.einsum("ij,ij->j", found, found)

    products = len(chosen) * (KERNEL + len(rows) + len(chosen))
    each(kernel, len(states), max(LEAST, WORTH // products), fill, products)


def _check_definite(left: Array, greatest: float) -> None:
    if float(np.min(left)) < -1e-8 * greatest:
        raise ValueError(
            "kernel: is not positive semidefinite at these states, expected a kernel whose matrices are; use one of"
            " the kernels by name"
        )


def _factor(rows: Array, taken: list[Any], rank: int, remainder: float, complete: bool) -> Factor:
    found = np.concatenate(taken) if taken else np.zeros(0, np.int64)
    return Factor(rows[:rank], found, remainder, complete)
